//! Which credential and protocol are chosen.

use countersign::codec::Writer;
use countersign::failure::Cause;
use countersign::handshake::decision::Decision;
use countersign::policy::asked::{self, Said};
use countersign::policy::{ClientPolicy, Credential, ServerPolicy, ServerTrust};
use countersign::registry::{ExtensionType, SignatureScheme as Scheme};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use crate::chains::patched;
use crate::{ED25519, P256, P384, RAW, X509, raw_public_keys};
use countersign_testing::pki::{Authority, Issued, NAME, noon, self_signed, vector_key};

// A server's choice

/// What a ClientHello offers to the choice of a credential.
#[derive(Clone, Default)]
pub(crate) struct Offer<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) schemes: &'a [Scheme],
    pub(crate) certificate_schemes: Option<&'a [Scheme]>,
    pub(crate) protocols: &'a [&'a str],
}

impl Offer<'_> {
    pub(crate) fn client_hello(&self) -> Vec<u8> {
        let mut bytes = vec![1];
        Writer::new(&mut bytes).vector24(|writer| {
            writer.u16(0x0303);
            writer.raw(&[7; 32]);
            writer.vector8(|_| {});
            writer.vector16(|writer| writer.u16(0x1301));
            writer.vector8(|writer| writer.u8(0));
            writer.vector16(|writer| self.extensions(writer));
        });
        bytes
    }

    fn extensions(&self, writer: &mut Writer<'_>) {
        if let Some(name) = self.name {
            extension(writer, ExtensionType::SERVER_NAME, |writer| {
                writer.vector16(|writer| {
                    writer.u8(0);
                    writer.vector16(|writer| writer.raw(name.as_bytes()));
                });
            });
        }
        schemes(writer, ExtensionType::SIGNATURE_ALGORITHMS, self.schemes);
        if let Some(offered) = self.certificate_schemes {
            schemes(writer, ExtensionType::SIGNATURE_ALGORITHMS_CERT, offered);
        }
        if !self.protocols.is_empty() {
            let protocols = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
            extension(writer, protocols, |writer| {
                writer.vector16(|writer| {
                    for name in self.protocols {
                        writer.vector8(|writer| writer.raw(name.as_bytes()));
                    }
                });
            });
        }
    }
}

fn extension(writer: &mut Writer<'_>, of: ExtensionType, body: impl FnOnce(&mut Writer<'_>)) {
    writer.u16(of.0);
    writer.vector16(body);
}

fn schemes(writer: &mut Writer<'_>, of: ExtensionType, schemes: &[Scheme]) {
    extension(writer, of, |writer| {
        writer.vector16(|writer| schemes.iter().for_each(|scheme| writer.u16(scheme.0)));
    });
}

fn select(policy: &ServerPolicy, offer: &Offer<'_>) -> Said {
    let question = asked::select_credential(offer.client_hello(), X509);
    let answered = policy.answer(Decision::SelectCredential(question), noon(2030)).unwrap();
    assert_eq!(answered.rejection, None);
    answered.answer.into()
}

/// Which credential of the policy was selected, with which scheme.
pub(crate) fn chosen(policy: &ServerPolicy, offer: &Offer<'_>) -> (usize, Scheme) {
    let Said::Credential(selected, scheme, _) = select(policy, offer) else { panic!("a refusal") };
    let is_it = |own: &Credential| own.certificate() == &selected;
    (policy.credentials.iter().position(is_it).unwrap(), scheme)
}

/// 0: `a.example` P-256; 1: `*.example` P-256; 2: `*.example` Ed25519; 3: `b.example` P-384.
pub(crate) fn four_names() -> ServerPolicy {
    let root = Authority::root("root");
    let credentials = vec![
        root.issue_for(&PKCS_ECDSA_P256_SHA256, &["a.example", "*.a.example"]).credential(),
        root.issue_for(&PKCS_ECDSA_P256_SHA256, &["*.example"]).credential(),
        root.issue_for(&PKCS_ED25519, &["*.example"]).credential(),
        root.issue_for(&PKCS_ECDSA_P384_SHA384, &["b.example"]).credential(),
    ];
    ServerPolicy { credentials, ..ServerPolicy::default() }
}

#[test]
fn a_server_chooses_by_name_then_by_the_clients_order_then_by_its_own() {
    let policy = four_names();
    let rows: [(Option<&str>, &[Scheme], _); 11] = [
        (Some("a.example"), &[ED25519, P256], (0, P256)),
        (Some("A.Example"), &[P256], (0, P256)),
        (Some("a.example"), &[ED25519], (2, ED25519)),
        (Some("x.a.example"), &[P256], (0, P256)),
        (Some("b.example"), &[P256, P384], (3, P384)),
        (Some("c.example"), &[P256, ED25519], (1, P256)),
        (Some("c.example"), &[ED25519, P256], (2, ED25519)),
        (Some("elsewhere.test"), &[P384, P256], (3, P384)),
        (Some("x.y.example"), &[P256], (0, P256)),
        (None, &[P256], (0, P256)),
        (None, &[ED25519, P256], (2, ED25519)),
    ];
    for (name, schemes, expected) in rows {
        let offer = Offer { name, schemes, ..Offer::default() };
        assert_eq!(chosen(&policy, &offer), expected, "{name:?} {schemes:?}");
    }
}

#[test]
fn a_server_refuses_what_it_cannot_serve() {
    let policy = four_names();
    let strict = ServerPolicy { require_known_name: true, ..four_names() };
    let rows: [(&ServerPolicy, Option<&str>, &[Scheme], Cause); 5] = [
        (
            &policy,
            Some("b.example"),
            &[Scheme::RSA_PSS_RSAE_SHA256],
            Cause::NoCommonSignatureScheme,
        ),
        (&policy, None, &[Scheme::RSA_PSS_RSAE_SHA256], Cause::NoCommonSignatureScheme),
        (&strict, Some("elsewhere.test"), &[P256], Cause::NameNotServed),
        (&strict, Some(".example"), &[P256], Cause::NameNotServed),
        (&strict, Some("example"), &[P256], Cause::NameNotServed),
    ];
    for (policy, name, schemes, cause) in rows {
        let offer = Offer { name, schemes, ..Offer::default() };
        assert_eq!(select(policy, &offer), Said::Refused(cause), "{name:?}");
    }
    let nameless = Offer { schemes: &[P256], ..Offer::default() };
    assert_eq!(chosen(&strict, &nameless), (0, P256));
}

#[test]
fn a_server_prefers_a_chain_that_the_client_can_verify_throughout() {
    let rsa_root = Authority::root_with("rsa", vector_key("rsa-3072.key.pem"));
    let ecdsa_root = Authority::root("ecdsa");
    let issued = [rsa_root.issue(|_| {}), ecdsa_root.issue(|_| {})];
    let credentials = issued.iter().map(Issued::credential).collect();
    let policy = ServerPolicy { credentials, ..ServerPolicy::default() };
    let rows: [(Option<&[Scheme]>, usize); 4] = [
        (None, 1),
        (Some(&[P256]), 1),
        (Some(&[Scheme::RSA_PKCS1_SHA256]), 0),
        (Some(&[ED25519]), 0),
    ];
    for (certificate_schemes, expected) in rows {
        let offer = Offer { schemes: &[P256], certificate_schemes, ..Offer::default() };
        assert_eq!(chosen(&policy, &offer), (expected, P256), "{certificate_schemes:?}");
    }
}

/// RFC 9846 §4.3.3, §4.5.1.2.
#[test]
fn a_server_sends_a_chain_with_sha_1_only_for_want_of_another_to_a_client_that_takes_it() {
    let root = Authority::root_with("rsa", vector_key("rsa-3072.key.pem"));
    let rsa = |last: u8| [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last];
    let with_sha1 = || patched(root.issue(|_| {}), &rsa(11), &rsa(5)).credential();
    let sha256 = || root.issue(|_| {}).credential();
    let (old, new) = (Scheme(0x0201), Scheme::RSA_PKCS1_SHA256);
    let policy = |credentials| ServerPolicy { credentials, ..ServerPolicy::default() };
    let both = policy(vec![with_sha1(), sha256()]);
    let rows: [(&[Scheme], usize); 4] = [(&[old, new], 1), (&[new], 1), (&[old], 0), (&[P384], 1)];
    for (listed, expected) in rows {
        let certificate_schemes = Some(listed);
        let offer = Offer { schemes: &[P256], certificate_schemes, ..Offer::default() };
        assert_eq!(chosen(&both, &offer), (expected, P256), "{listed:?}");
    }
    let offer = Offer { schemes: &[P256], ..Offer::default() };
    let refused = Said::Refused(Cause::NoCommonSignatureScheme);
    assert_eq!(select(&policy(vec![with_sha1()]), &offer), refused);
}

#[test]
fn a_server_chooses_the_protocol_by_its_own_order() {
    let spoken = |names: &[&str]| ServerPolicy {
        application_layer_protocols: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
        ..four_names()
    };
    let rows: [(&[&str], &[&str], _); 5] = [
        (&["h2", "http/1.1"], &["http/1.1", "h2"], Ok(Some("h2"))),
        (&["h2"], &["h3", "h2"], Ok(Some("h2"))),
        (&["h2"], &[], Ok(None)),
        (&[], &["h2"], Ok(None)),
        (&["h2"], &["h3"], Err(Cause::NoCommonApplicationProtocol)),
    ];
    for (own, protocols, expected) in rows {
        let offer = Offer { schemes: &[P256], protocols, ..Offer::default() };
        let said = match select(&spoken(own), &offer) {
            Said::Credential(_, _, protocol) => Ok(protocol),
            Said::Refused(cause) => Err(cause),
            other => panic!("{other:?}"),
        };
        let expected = expected.map(|name| name.map(|name| name.as_bytes().to_vec()));
        assert_eq!(said, expected, "{own:?} {protocols:?}");
    }
}

// A client's choice

pub(crate) fn certificate_request(offered: &[Scheme], authorities: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.vector8(|_| {});
    writer.vector16(|writer| {
        schemes(writer, ExtensionType::SIGNATURE_ALGORITHMS, offered);
        if !authorities.is_empty() {
            extension(writer, ExtensionType::CERTIFICATE_AUTHORITIES, |writer| {
                writer.vector16(|writer| {
                    for name in authorities {
                        writer.vector16(|writer| writer.raw(name));
                    }
                });
            });
        }
    });
    bytes
}

/// The DER name of whom a certificate was issued to.
fn subject(certificate: &[u8]) -> Vec<u8> {
    use x509_parser::prelude::FromDer;
    let (_, read) = x509_parser::certificate::X509Certificate::from_der(certificate).unwrap();
    read.subject().as_raw().to_vec()
}

#[test]
fn a_client_chooses_by_authority_then_by_the_servers_order_and_else_declines() {
    let (red, blue) = (Authority::root("red"), Authority::root("blue"));
    let teal = blue.intermediate("teal");
    let credentials = vec![
        red.issue_for(&PKCS_ECDSA_P256_SHA256, &[NAME]).credential(),
        teal.issue_for(&PKCS_ECDSA_P256_SHA256, &[NAME]).credential(),
        red.issue_for(&PKCS_ED25519, &[NAME]).credential(),
    ];
    let policy = ClientPolicy { servers: ServerTrust::Application, credentials };
    let [red, blue, teal] = [&red, &blue, &teal].map(|who| subject(who.certificate()));
    let rows: [(&[Scheme], &[&[u8]], _); 8] = [
        (&[P256], &[], Some((0, P256))),
        (&[ED25519, P256], &[], Some((2, ED25519))),
        (&[P256], &[&blue], Some((1, P256))),
        (&[P256], &[&teal], Some((1, P256))),
        (&[P256, ED25519], &[&red], Some((0, P256))),
        (&[ED25519], &[&blue], None),
        (&[P384], &[], None),
        (&[P256], &[&subject(self_signed().leaf())], None),
    ];
    for (offered, authorities, expected) in rows {
        let request = certificate_request(offered, authorities);
        let question = asked::select_client_credential(request, X509);
        let question = Decision::SelectClientCredential(question);
        let answered = policy.answer(question, noon(2030)).unwrap();
        let Said::ClientCredential(selected) = Said::from(answered.answer) else { panic!() };
        let selected = selected.map(|(selected, scheme)| {
            let is_it = |own: &Credential| own.certificate() == &selected;
            (policy.credentials.iter().position(is_it).unwrap(), scheme)
        });
        assert_eq!(selected, expected, "{offered:?}");
    }
}

/// An extension and its values.
type Filter<'a> = (&'a [u8], &'a [u8]);

/// A CertificateRequest with these filters.
fn filtered(filters: &[Filter<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.vector8(|_| {});
    writer.vector16(|writer| {
        schemes(writer, ExtensionType::SIGNATURE_ALGORITHMS, &[P256]);
        extension(writer, ExtensionType::OID_FILTERS, |writer| {
            writer.vector16(|writer| {
                for (oid, values) in filters {
                    writer.vector8(|writer| writer.raw(oid));
                    writer.vector16(|writer| writer.raw(values));
                }
            });
        });
    });
    bytes
}

/// Key Usage (2.5.29.15), and sets of it: digitalSignature, keyAgreement, both, keyCertSign.
const KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x0f";
const SIGN: &[u8] = b"\x03\x02\x07\x80";
const AGREE: &[u8] = b"\x03\x02\x03\x08";
const SIGN_AND_AGREE: &[u8] = b"\x03\x02\x03\x88";
const CERTIFY: &[u8] = b"\x03\x02\x02\x04";

/// Extended Key Usage (2.5.29.37), and lists of it: serverAuth, clientAuth, both, none.
const PURPOSES: &[u8] = b"\x06\x03\x55\x1d\x25";
const SERVERS: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
const CLIENTS: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
const SERVERS_AND_CLIENTS: &[u8] = b"\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\
    \x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
const NO_PURPOSE: &[u8] = b"\x30\x00";

/// An extension that nobody knows, and one of the two without its tag and length.
const UNKNOWN: &[u8] = b"\x06\x03\x55\x1d\x7f";
const BARE: &[u8] = b"\x55\x1d\x0f";

#[test]
fn a_client_passes_over_credentials_that_lack_a_usage_the_server_asks_for() {
    use rcgen::ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    use rcgen::KeyUsagePurpose::{DigitalSignature, KeyAgreement};
    let root = Authority::root("root");
    let credential = |usages: &[_], purposes: &[_]| {
        let issued = root.issue(|params| {
            params.key_usages = usages.to_vec();
            params.extended_key_usages = purposes.to_vec();
        });
        issued.credential()
    };
    let credentials = vec![
        credential(&[], &[]),
        credential(&[DigitalSignature], &[ServerAuth]),
        credential(&[DigitalSignature, KeyAgreement], &[ClientAuth]),
        credential(&[DigitalSignature], &[ClientAuth, ServerAuth]),
        credential(&[DigitalSignature], &[Any]),
        raw_public_keys::credential(&raw_public_keys::key()),
    ];
    let policy = ClientPolicy { servers: ServerTrust::Application, credentials };
    let rows: [(&[Filter<'_>], _); 16] = [
        (&[], Some(0)),
        (&[(UNKNOWN, b"anything")], Some(0)),
        (&[(BARE, AGREE)], Some(0)),
        (&[(KEY_USAGE, b"")], Some(1)),
        (&[(KEY_USAGE, SIGN)], Some(1)),
        (&[(KEY_USAGE, AGREE)], Some(2)),
        (&[(KEY_USAGE, SIGN_AND_AGREE)], Some(2)),
        (&[(KEY_USAGE, CERTIFY)], None),
        (&[(PURPOSES, b"")], Some(1)),
        (&[(PURPOSES, NO_PURPOSE)], Some(1)),
        (&[(PURPOSES, SERVERS)], Some(1)),
        (&[(PURPOSES, CLIENTS)], Some(2)),
        (&[(PURPOSES, SERVERS_AND_CLIENTS)], Some(3)),
        (&[(UNKNOWN, b""), (PURPOSES, CLIENTS), (KEY_USAGE, SIGN)], Some(2)),
        (&[(PURPOSES, SERVERS), (KEY_USAGE, AGREE)], None),
        (&[(KEY_USAGE, b"no DER")], None),
    ];
    // A raw public key has no usages.
    let with_types = rows
        .into_iter()
        .flat_map(|(filters, expected)| [(filters, X509, expected), (filters, RAW, Some(5))]);
    for (filters, wanted, expected) in with_types {
        let question = asked::select_client_credential(filtered(filters), wanted);
        let seen: Vec<_> = question
            .oid_filters()
            .map(|seen| (seen.certificate_extension_oid, seen.certificate_extension_values))
            .collect();
        assert_eq!(seen, filters);
        let question = Decision::SelectClientCredential(question);
        let answered = policy.answer(question, noon(2030)).unwrap();
        let Said::ClientCredential(selected) = Said::from(answered.answer) else { panic!() };
        let selected = selected.map(|(selected, _)| {
            let is_it = |own: &Credential| own.certificate() == &selected;
            policy.credentials.iter().position(is_it).unwrap()
        });
        assert_eq!(selected, expected, "{filters:x?} {wanted:?}");
    }
}
