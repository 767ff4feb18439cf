//! Certificates that travel compressed, both ways (RFC 8879).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::compression::brotli::Brotli;
use countersign::compression::zlib::Zlib;
use countersign::compression::{CertificateCompression, DecompressionFailed, Remembering};
use countersign::epoch::Role;
use countersign::handshake::config::{ClientAuthentication, KeyShares, Profile};
use countersign::handshake::decision::{CertificateChain, Decision};
use countersign::message::{CertificateRequest, ClientHello, CompressedCertificate, Kind};
use countersign::registry::{
    CertificateCompressionAlgorithm as Algorithm, CertificateType, SignatureScheme,
};
use countersign_testing::{Identity, Reversed, Setup};

use crate::{bodies, by_default, connect, connect_with};

type Compressions = Vec<Arc<dyn CertificateCompression>>;

/// Both ends have certificates and these compressions.
fn setup(client: &Compressions, server: &Compressions) -> Setup {
    let mut setup = Setup::longest();
    setup.client.certificate_compressions.clone_from(client);
    setup.server.certificate_compressions.clone_from(server);
    setup
}

fn zlib() -> Arc<dyn CertificateCompression> {
    Arc::new(Zlib::default())
}

fn brotli() -> Arc<dyn CertificateCompression> {
    Arc::new(Brotli::default())
}

fn reversed() -> Arc<dyn CertificateCompression> {
    Arc::new(Reversed)
}

/// The algorithms with which the server's certificate and then the client's are compressed.
fn algorithms(setup: &Setup) -> Vec<Algorithm> {
    let bodies = bodies(setup.clone(), Kind::CompressedCertificate);
    bodies.iter().map(|body| CompressedCertificate::parse(body).expect("ours").algorithm).collect()
}

#[test]
fn each_end_compresses_with_the_first_of_its_own_that_the_other_offers() {
    let unknown = Algorithm(0x0a0a);
    let of_nobody: Arc<dyn CertificateCompression> = Arc::new(Counted::of(unknown));
    let rows: [(Compressions, Compressions, &[Algorithm]); 8] = [
        (vec![], vec![], &[]),
        (vec![zlib()], vec![], &[]),
        (vec![], vec![zlib()], &[]),
        (vec![zlib()], vec![brotli()], &[]),
        (vec![zlib()], vec![zlib()], &[Algorithm::ZLIB; 2]),
        (vec![brotli()], vec![zlib(), brotli()], &[Algorithm::BROTLI; 2]),
        (vec![brotli(), zlib()], vec![zlib(), brotli()], &[Algorithm::ZLIB, Algorithm::BROTLI]),
        (vec![of_nobody, reversed()], vec![zlib(), reversed()], &[Reversed::ALGORITHM; 2]),
    ];
    for (client, server, expected) in rows {
        let setup = setup(&client, &server);
        assert_eq!(algorithms(&setup), expected, "{client:?} {server:?}");
        let plain = bodies(setup.clone(), Kind::Certificate).len();
        assert_eq!(plain + expected.len(), 2);
        connect(setup);
    }
}

#[test]
fn algorithms_are_offered_in_both_hellos_and_in_the_request_and_only_if_there_are_any() {
    let offered = [Algorithm::BROTLI, Algorithm::ZLIB];
    for (compressions, expected) in [(vec![], None), (vec![brotli(), zlib()], Some(offered))] {
        let mut setup = setup(&compressions, &compressions);
        setup.client.key_shares = KeyShares::First(0);
        let limits = setup.client.limits;
        let mut seen = 0;
        for body in bodies(setup.clone(), Kind::ClientHello) {
            let hello = ClientHello::parse(&body, &limits).expect("ours");
            let found = hello.extensions.compress_certificate.map(|list| list.iter().collect());
            assert_eq!(found, expected.map(Vec::from));
            seen += 1;
        }
        for body in bodies(setup, Kind::CertificateRequest) {
            let request = CertificateRequest::parse(&body, &limits).expect("ours");
            let found = request.compress_certificate.map(|list| list.iter().collect());
            assert_eq!(found, expected.map(Vec::from));
            seen += 1;
        }
        assert_eq!(seen, 3);
    }
}

#[test]
fn what_does_not_get_shorter_is_sent_as_it_is() {
    // An empty list is four bytes.
    let setup = setup(&vec![brotli(), zlib()], &vec![zlib()]);
    let mut setup = setup;
    setup.server.client_authentication = ClientAuthentication::Request;
    let mut seen = Vec::new();
    let mut pair = setup.pair();
    pair.run_with(
        |flight| {
            let messages = countersign_testing::messages(&flight.bytes);
            seen.extend(messages.iter().map(|message| (flight.from, message[0])));
        },
        |_, question| match question {
            Decision::SelectClientCredential(question) => Ok(question.decline()),
            other => by_default(other),
        },
    );
    assert!(pair.agrees());
    assert!(seen.contains(&(Role::Server, 25)) && !seen.contains(&(Role::Server, 11)));
    assert!(seen.contains(&(Role::Client, 11)) && !seen.contains(&(Role::Client, 25)));
}

#[test]
fn what_is_stapled_is_compressed_with_the_certificate() {
    const OCSP: &[u8] = b"an OCSP response";
    let mut chain = CertificateChain::clone(&Identity::example().chain);
    chain.entries[0].ocsp_response = Some(OCSP.to_vec());
    let chain = Arc::new(chain);
    for wanted in [false, true] {
        let mut setup = setup(&vec![brotli()], &vec![brotli()]);
        setup.client.request_ocsp_response = wanted;
        let mut judged = 0;
        connect_with(setup, |role, question| match question {
            Decision::SelectCredential(question) => {
                let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
                Ok(question.certificate(Arc::clone(&chain), scheme, None).expect("offered"))
            }
            Decision::VerifyCertificate(question) if role == Role::Client => {
                assert_eq!(question.ocsp_response(), wanted.then_some(OCSP));
                let mut seen = question.certificates();
                assert!(seen.all(|seen| seen == chain.entries[0].certificate));
                drop(seen);
                judged += 1;
                Ok(question.accept())
            }
            other => by_default(other),
        });
        assert_eq!(judged, 1);
    }
}

#[test]
fn certificates_are_compressed_over_quic_as_well() {
    let mut setup = setup(&vec![brotli()], &vec![brotli()]);
    setup.client.application_layer_protocols =
        [countersign::message::ProtocolName(b"h3")].into_iter().collect();
    setup.client.profile = Profile::Quic(Vec::new());
    setup.server.profile = Profile::Quic(Vec::new());
    connect_with(setup, |_, question| match question {
        Decision::SelectCredential(question) => crate::with_protocol(question, b"h3"),
        other => by_default(other),
    });
}

#[test]
fn no_room_is_made_for_a_certificate_that_is_longer_than_the_limit() {
    for role in [Role::Client, Role::Server] {
        let counted = Arc::new(Counted::of(Reversed::ALGORITHM));
        let theirs = vec![reversed()];
        let ours: Compressions = vec![Arc::clone(&counted) as _];
        let mut setup = match role {
            Role::Client => setup(&ours, &theirs),
            Role::Server => setup(&theirs, &ours),
        };
        let limits = match role {
            Role::Client => &mut setup.client.limits,
            Role::Server => &mut setup.server.limits,
        };
        let certificate = bodies(Setup::longest(), Kind::Certificate)[0].len();
        limits.certificate_message_bytes = certificate + 8;
        connect(setup.clone());
        assert_eq!(counted.decompressed.load(Ordering::Relaxed), 1);
        let mut pair = setup.pair();
        pair.run(|flight| {
            // The announced length of a CompressedCertificate.
            let mut at = 0;
            let lengths: Vec<usize> = countersign_testing::messages(&flight.bytes)
                .iter()
                .map(|message| message.len())
                .collect();
            for length in lengths {
                if flight.from != role && flight.bytes[at] == 25 {
                    flight.bytes[at + 6..at + 9].copy_from_slice(&[0, 0xff, 0xff]);
                }
                at += length;
            }
        });
        let failure = pair.end(role).failure().expect("a failure");
        assert_eq!(failure.cause, countersign::failure::Cause::CompressedCertificateTooLong);
        assert_eq!(counted.decompressed.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_server_that_remembers_compresses_a_chain_once() {
    for (most, expected) in [(0, 4), (1, 4), (2, 2)] {
        let counted = Counted::of(Reversed::ALGORITHM);
        let compressed = Arc::clone(&counted.compressed);
        let compression = Arc::new(Remembering::new(counted, most));
        for _ in 0..2 {
            for body in [&b"one"[..], b"another"] {
                let reversed = body.iter().rev().copied().collect();
                assert_eq!(compression.compress(body), Some(reversed));
            }
        }
        assert_eq!(compressed.load(Ordering::Relaxed), expected, "{most}");
        assert!(!format!("{compression:?}").contains("101"), "bodies are not for printing");
        let theirs: Compressions = vec![reversed()];
        connect(setup(&theirs, &vec![compression]));
    }
}

#[test]
fn raw_public_keys_are_compressed_like_certificates() {
    let mut setup = setup(&vec![reversed()], &vec![reversed()]);
    let only = || std::iter::once(CertificateType::RAW_PUBLIC_KEY).collect();
    setup.client.server_certificate_types = only();
    setup.client.client_certificate_types = only();
    setup.server.server_certificate_types = only();
    setup.server.client_certificate_types = only();
    assert_eq!(algorithms(&setup), [Reversed::ALGORITHM; 2]);
    let mut judged = Vec::new();
    connect_with(setup, |role, question| {
        if let Decision::VerifyCertificate(question) = &question {
            assert_eq!(question.certificate_type(), CertificateType::RAW_PUBLIC_KEY);
            let key = Identity::example().raw_public_key();
            assert_eq!(question.subject_public_key_info(), &*key);
            judged.push(role);
        }
        by_default(question)
    });
    assert_eq!(judged, [Role::Client, Role::Server]);
}

/// As [`Reversed`], and counts what it does.
#[derive(Debug)]
struct Counted {
    algorithm: Algorithm,
    compressed: Arc<AtomicUsize>,
    decompressed: AtomicUsize,
}

impl Counted {
    fn of(algorithm: Algorithm) -> Self {
        Self { algorithm, compressed: Arc::default(), decompressed: AtomicUsize::new(0) }
    }
}

impl CertificateCompression for Counted {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        self.compressed.fetch_add(1, Ordering::Relaxed);
        Reversed.compress(certificate)
    }

    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed> {
        self.decompressed.fetch_add(1, Ordering::Relaxed);
        Reversed.decompress(compressed, certificate)
    }
}
