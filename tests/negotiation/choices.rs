//! What is chosen behind the question: by a policy, scheme and application protocol; by the sender
//! of a certificate, its compression.

use std::sync::Arc;

use countersign::compression::{CertificateCompression, DecompressionFailed};
use countersign::epoch::Role;
use countersign::handshake::Fact;
use countersign::message::{HEADER_BYTES, ProtocolName};
use countersign::policy::ServerPolicy;
use countersign::registry::{CertificateCompressionAlgorithm, HandshakeType, SignatureScheme};
use countersign_testing::pki::{Authority, NAME, noon};
use countersign_testing::{Identity, Pair, Setup, messages};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use crate::{lists, some, subsets};

/// Runs a handshake in which the server has a policy; returns the bodies of what it has sent.
fn meet(setup: Setup, policy: &ServerPolicy) -> (Pair, Vec<(HandshakeType, Vec<u8>)>) {
    let (mut pair, mut sent) = (setup.pair(), Vec::new());
    pair.run_with(
        |flight| {
            if flight.from == Role::Server {
                let bodies = messages(&flight.bytes).into_iter();
                sent.extend(
                    bodies.map(|message| {
                        (HandshakeType(message[0]), message[HEADER_BYTES..].to_vec())
                    }),
                );
            }
        },
        |role, question| match (role, question) {
            (Role::Server, question) => {
                let answered = policy.answer(question, noon(2030));
                answered.map(|answered| answered.answer).map_err(|question| *question)
            }
            (Role::Client, question) => Ok(Identity::example().answer(question)),
        },
    );
    (pair, sent)
}

fn refused_with(pair: &Pair, alert: u8) -> bool {
    let [(_, sent)] = pair.server.observed.alerts[..] else { return false };
    sent.to_wire()[1] == alert && pair.client.observed.end.is_some()
}

/// The number that stands at the front of the server's message of this type.
fn code(sent: &[(HandshakeType, Vec<u8>)], of: HandshakeType) -> Option<u16> {
    let (_, body) = sent.iter().find(|(found, _)| *found == of)?;
    body.first_chunk().copied().map(u16::from_be_bytes)
}

#[test]
fn every_list_of_schemes_comes_to_its_first_for_which_there_is_a_key() {
    let root = Authority::root("root");
    let kinds = [
        (SignatureScheme::ECDSA_SECP256R1_SHA256, &PKCS_ECDSA_P256_SHA256),
        (SignatureScheme::ECDSA_SECP384R1_SHA384, &PKCS_ECDSA_P384_SHA384),
        (SignatureScheme::ED25519, &PKCS_ED25519),
    ];
    let issued = kinds.map(|(scheme, algorithm)| (scheme, root.issue_for(algorithm, &[NAME])));
    for own in subsets(&[0, 1, 2]).into_iter().filter(|own| !own.is_empty()) {
        let credentials = own.iter().map(|index| issued[*index].1.credential()).collect();
        let policy = ServerPolicy { credentials, ..ServerPolicy::default() };
        for offered in some(&kinds.map(|(scheme, _)| scheme)) {
            let mut setup = Setup::default();
            // What certificates are signed with is another matter.
            setup.client.certificate_signature_schemes = setup.client.signature_schemes.clone();
            setup.client.signature_schemes = offered.iter().copied().collect();
            let (pair, sent) = meet(setup, &policy);
            let has_key = |scheme: &&SignatureScheme| own.iter().any(|i| issued[*i].0 == **scheme);
            match offered.iter().find(has_key) {
                Some(scheme) => {
                    let used = code(&sent, HandshakeType::CERTIFICATE_VERIFY);
                    assert!(pair.agrees() && used == Some(scheme.0), "{offered:?} {own:?}");
                }
                None => assert!(refused_with(&pair, 40), "{offered:?} {own:?}"),
            }
        }
    }
}

#[test]
fn every_two_lists_of_protocols_come_to_the_servers_first_or_to_no_application_protocol() {
    let names: [&'static [u8]; 3] = [b"h2", b"http/1.1", b"dot"];
    let credential = || vec![Authority::root("root").issue(|_| {}).credential()];
    for own in lists(&names) {
        let policy = ServerPolicy {
            credentials: credential(),
            application_layer_protocols: own.iter().map(|name| name.to_vec()).collect(),
            ..ServerPolicy::default()
        };
        for offered in lists(&names) {
            let mut setup = Setup::default();
            let list = offered.iter().map(|name| ProtocolName(name));
            setup.client.application_layer_protocols = list.collect();
            let (pair, _) = meet(setup, &policy);
            let expected = own.iter().find(|name| offered.contains(name)).map(|name| name.to_vec());
            if expected.is_none() && !own.is_empty() && !offered.is_empty() {
                assert!(refused_with(&pair, 120), "{own:?} {offered:?}");
                continue;
            }
            // The same at both ends: they agree on all that is negotiated.
            let is_expected = |fact: &Fact| match fact {
                Fact::Negotiated(found) => found.application_layer_protocol == expected,
                _ => false,
            };
            assert!(pair.agrees() && pair.client.knows(is_expected), "{own:?} {offered:?}");
        }
    }
}

/// Leaves everything as it is, under a code point.
#[derive(Debug)]
struct Named(u16);

impl CertificateCompression for Named {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm(self.0)
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        Some(certificate.to_vec())
    }

    fn decompress(&self, compressed: &[u8], out: &mut [u8]) -> Result<(), DecompressionFailed> {
        if compressed.len() != out.len() {
            return Err(DecompressionFailed);
        }
        out.copy_from_slice(compressed);
        Ok(())
    }
}

#[test]
fn every_two_lists_of_compressions_come_to_the_servers_first_or_to_none() {
    let named = |codes: &[u16]| {
        codes.iter().map(|code| Arc::new(Named(*code)) as Arc<dyn CertificateCompression>).collect()
    };
    for own in lists(&[1, 2, 3]) {
        for offered in lists(&[1, 2]) {
            let mut setup = Setup::default();
            setup.server.certificate_compressions = named(&own);
            setup.client.certificate_compressions = named(&offered);
            let (mut pair, mut sent) = (setup.pair(), Vec::new());
            pair.run(|flight| {
                let bodies = messages(&flight.bytes).into_iter();
                sent.extend(
                    bodies.map(|message| {
                        (HandshakeType(message[0]), message[HEADER_BYTES..].to_vec())
                    }),
                );
            });
            let expected = own.iter().find(|code| offered.contains(code)).copied();
            let used = code(&sent, HandshakeType::COMPRESSED_CERTIFICATE);
            assert!(pair.agrees() && used == expected, "{own:?} {offered:?}");
        }
    }
}
