//! What the end-entity certificate must be, and which keys may sign with which scheme.

#[path = "support/der.rs"]
mod der;

use countersign::crypto::leaf::{KeyKind, Leaf};
use countersign::crypto::signature::fits;
use countersign::failure::Cause;
use countersign::registry::SignatureScheme;
use der::{Certificate, element, sequence};
use pki_types::{CertificateDer, alg_id};
use proptest::prelude::*;

const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
const NULL: &[u8] = b"\x05\x00";

fn rsa_pss(parameters: &[u8]) -> Vec<u8> {
    [&element(0x06, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"]), parameters].concat()
}

/// id-RSASSA-PSS with its parameters written out (RFC 4055 §3.1).
fn rsa_pss_with(hash: &[u8], mask_hash: &[u8], salt_bytes: u8, hash_parameters: &[u8]) -> Vec<u8> {
    let identifier = |hash| sequence(&[&element(0x06, &[hash]), hash_parameters]);
    let mask_generation = element(0x06, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"]);
    rsa_pss(&sequence(&[
        &element(0xa0, &[&identifier(hash)]),
        &element(0xa1, &[&sequence(&[&mask_generation, &identifier(mask_hash)])]),
        &element(0xa2, &[&element(0x02, &[&[salt_bytes]])]),
    ]))
}

#[test]
fn each_kind_of_key_is_told_by_its_algorithm() {
    for (algorithm, kind) in [
        (alg_id::RSA_ENCRYPTION.to_vec(), KeyKind::Rsa),
        (rsa_pss(&[]), KeyKind::RsaPss),
        (rsa_pss_with(SHA256, SHA256, 32, NULL), KeyKind::RsaPssSha256),
        (rsa_pss_with(SHA384, SHA384, 48, NULL), KeyKind::RsaPssSha384),
        (rsa_pss_with(SHA512, SHA512, 64, NULL), KeyKind::RsaPssSha512),
        (rsa_pss_with(SHA256, SHA256, 32, &[]), KeyKind::RsaPssSha256),
        (rsa_pss_with(SHA384, SHA384, 48, &[]), KeyKind::RsaPssSha384),
        (rsa_pss_with(SHA512, SHA512, 64, &[]), KeyKind::RsaPssSha512),
        (alg_id::ECDSA_P256.to_vec(), KeyKind::EcdsaSecp256r1),
        (alg_id::ECDSA_P384.to_vec(), KeyKind::EcdsaSecp384r1),
        (alg_id::ECDSA_P521.to_vec(), KeyKind::EcdsaSecp521r1),
        (alg_id::ED25519.to_vec(), KeyKind::Ed25519),
        (alg_id::ED448.to_vec(), KeyKind::Ed448),
    ] {
        let certificate = Certificate::new(&algorithm, b"the key");
        let leaf = Leaf::parse(&certificate.der()).expect("a readable certificate");
        assert_eq!(leaf.kind(), kind);
        assert_eq!(leaf.public_key(), b"the key");
        assert_eq!(leaf.subject_public_key_info(), certificate.subject_public_key_info());
    }
}

#[test]
fn key_that_no_scheme_of_tls_1_3_uses_is_an_unsupported_certificate() {
    let x25519 = element(0x06, &[b"\x2b\x65\x6e"]);
    for algorithm in [
        alg_id::ECDSA_P256K1.to_vec(),
        alg_id::ML_DSA_44.to_vec(),
        alg_id::RSA_PKCS1_SHA256.to_vec(),
        x25519,
        [&alg_id::ED25519, NULL].concat(),
        alg_id::RSA_ENCRYPTION.strip_suffix(NULL).expect("parameters").to_vec(),
        rsa_pss(NULL),
        rsa_pss(&sequence(&[])),
        rsa_pss_with(SHA1, SHA1, 20, NULL),
        rsa_pss_with(SHA256, SHA1, 32, NULL),
        rsa_pss_with(SHA256, SHA384, 32, NULL),
        rsa_pss_with(SHA256, SHA256, 20, NULL),
        rsa_pss_with(SHA256, SHA256, 33, NULL),
    ] {
        let der = Certificate::new(&algorithm, b"the key").der();
        assert_eq!(Leaf::parse(&der), Err(Cause::CertificateTypeUnsupported), "{algorithm:02x?}");
    }
}

#[test]
fn key_usage_when_present_must_have_digital_signature() {
    let bits = |bits: &[u8]| element(0x03, &[bits]);
    for (key_usage, expected) in [
        (bits(b"\x07\x80"), None),
        (bits(b"\x05\xa0"), None),
        (bits(b"\x07\x80\x80"), None),
        (bits(b"\x00"), Some(Cause::CertificateCannotSign)),
        (bits(b"\x05\x20"), Some(Cause::CertificateCannotSign)),
        (bits(b"\x06\x40"), Some(Cause::CertificateCannotSign)),
        (bits(b"\x03\x08"), Some(Cause::CertificateCannotSign)),
        (bits(b"\x07\x00\x80"), Some(Cause::CertificateCannotSign)),
        (bits(b""), Some(Cause::CertificateMalformed)),
        (element(0x04, &[b"\x07\x80"]), Some(Cause::CertificateMalformed)),
        (Vec::new(), Some(Cause::CertificateMalformed)),
    ] {
        let mut certificate = Certificate::new(&alg_id::ED25519, b"the key");
        certificate.key_usages = vec![key_usage.clone()];
        assert_eq!(Leaf::parse(&certificate.der()).err(), expected, "{key_usage:02x?}");
    }
}

#[test]
fn certificate_that_two_parsers_could_read_differently_is_malformed() {
    let good = Certificate::new(&alg_id::ED25519, b"the key");
    let usage = element(0x03, &[b"\x07\x80"]);
    for (what, bad) in [
        ("bytes behind the certificate", [good.der(), vec![0]].concat()),
        ("a second certificate behind it", good.der().repeat(2)),
        (
            "an element behind the key",
            Certificate { after_public_key: NULL.to_vec(), ..good.clone() }.der(),
        ),
        ("a byte behind the key", Certificate { after_public_key: vec![0], ..good.clone() }.der()),
        ("a key of no whole bytes", Certificate { unused_bits: 1, ..good.clone() }.der()),
        ("KeyUsage twice", Certificate { key_usages: vec![usage; 2], ..good.clone() }.der()),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(Leaf::parse(&bad), Err(Cause::CertificateMalformed), "{what}");
    }
}

#[test]
fn certificate_cut_short_anywhere_is_malformed() {
    let der = Certificate::new(&alg_id::ED25519, b"the key").der();
    for length in 0..der.len() {
        assert_eq!(Leaf::parse(&der[..length]), Err(Cause::CertificateMalformed), "{length}");
    }
}

#[test]
fn raw_public_key_is_read_as_the_key_of_a_certificate_is() {
    for algorithm in [&alg_id::RSA_ENCRYPTION, &alg_id::ECDSA_P256, &alg_id::ED25519] {
        for length in [1, 32, 100, 117, 125, 126, 127, 200, 240, 255, 256, 600, 60_000] {
            let certificate = Certificate::new(algorithm, &vec![7; length]);
            let der = certificate.subject_public_key_info();
            let leaf = Leaf::parse_raw_public_key(&der).expect("a readable key");
            assert_eq!(leaf.subject_public_key_info(), der);
            assert_eq!(leaf.public_key(), certificate.public_key);
            assert_eq!(Leaf::parse(&certificate.der()), Ok(leaf));
        }
    }
}

#[test]
fn raw_public_key_in_other_than_der_is_malformed() {
    let good = Certificate::new(&alg_id::ED25519, b"the key");
    let der = good.subject_public_key_info();
    let content = &der[2..];
    let (algorithm, key) = content.split_at(2 + alg_id::ED25519.len());
    let cases = [
        ("nothing", Vec::new()),
        ("a certificate", good.der()),
        ("a byte behind it", [&der[..], &[0]].concat()),
        ("another behind it", der.repeat(2)),
        ("a byte behind the key", sequence(&[content, &[0]])),
        ("an element behind the key", sequence(&[content, NULL])),
        ("a key of no whole bytes", sequence(&[algorithm, &element(0x03, &[&[1], b"the key"])])),
        ("a key of no type", sequence(&[key])),
        ("a key in an OCTET STRING", sequence(&[algorithm, &element(0x04, &[&[0], b"the key"])])),
        ("a SET", element(0x31, &[content])),
        ("a long length of the whole", [&[0x30, 0x81, der[1]], content].concat()),
        ("a long length of the key", sequence(&[algorithm, &[0x03, 0x81], &key[1..]])),
        ("a long length of the type", sequence(&[&[0x30, 0x81], &algorithm[1..], key])),
        ("no length at all", [&[0x30, 0x80], content, &[0, 0]].concat()),
    ];
    for (what, bad) in cases {
        let read = Leaf::parse_raw_public_key(&bad);
        assert_eq!(read, Err(Cause::RawPublicKeyMalformed), "{what}");
    }
    for length in 0..der.len() {
        let read = Leaf::parse_raw_public_key(&der[..length]);
        assert_eq!(read, Err(Cause::RawPublicKeyMalformed), "{length}");
    }
}

#[test]
fn raw_public_key_that_no_scheme_uses_is_an_unsupported_certificate() {
    for algorithm in [element(0x06, &[b"\x2b\x65\x6e"]), alg_id::ECDSA_P256K1.to_vec()] {
        let der = Certificate::new(&algorithm, b"the key").subject_public_key_info();
        let read = Leaf::parse_raw_public_key(&der);
        assert_eq!(read, Err(Cause::CertificateTypeUnsupported), "{algorithm:02x?}");
    }
}

#[test]
fn each_scheme_fits_its_own_kind_of_key_and_no_other() {
    let kinds = [
        KeyKind::Rsa,
        KeyKind::RsaPss,
        KeyKind::RsaPssSha256,
        KeyKind::RsaPssSha384,
        KeyKind::RsaPssSha512,
        KeyKind::EcdsaSecp256r1,
        KeyKind::EcdsaSecp384r1,
        KeyKind::EcdsaSecp521r1,
        KeyKind::Ed25519,
        KeyKind::Ed448,
    ];
    for scheme in (0..=u16::MAX).map(SignatureScheme) {
        let expected: &[KeyKind] = match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => &[KeyKind::EcdsaSecp256r1],
            SignatureScheme::ECDSA_SECP384R1_SHA384 => &[KeyKind::EcdsaSecp384r1],
            SignatureScheme::ECDSA_SECP521R1_SHA512 => &[KeyKind::EcdsaSecp521r1],
            SignatureScheme::ED25519 => &[KeyKind::Ed25519],
            SignatureScheme::ED448 => &[KeyKind::Ed448],
            SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA512
            | SignatureScheme::RSA_PKCS1_SHA256_LEGACY
            | SignatureScheme::RSA_PKCS1_SHA384_LEGACY
            | SignatureScheme::RSA_PKCS1_SHA512_LEGACY => &[KeyKind::Rsa],
            SignatureScheme::RSA_PSS_PSS_SHA256 => &[KeyKind::RsaPss, KeyKind::RsaPssSha256],
            SignatureScheme::RSA_PSS_PSS_SHA384 => &[KeyKind::RsaPss, KeyKind::RsaPssSha384],
            SignatureScheme::RSA_PSS_PSS_SHA512 => &[KeyKind::RsaPss, KeyKind::RsaPssSha512],
            // Everything else, and with it what is for certificates only.
            _ => &[],
        };
        for kind in kinds {
            assert_eq!(fits(scheme, kind), expected.contains(&kind), "{scheme:?} {kind:?}");
        }
    }
}

fn real_certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
    let key = rcgen::KeyPair::generate_for(algorithm).expect("a key pair");
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.self_signed(&key).expect("a certificate").der().to_vec()
}

#[test]
fn certificates_of_the_three_usual_kinds_are_read() {
    for (algorithm, kind) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, KeyKind::EcdsaSecp256r1),
        (&rcgen::PKCS_ECDSA_P384_SHA384, KeyKind::EcdsaSecp384r1),
        (&rcgen::PKCS_ED25519, KeyKind::Ed25519),
    ] {
        assert_eq!(Leaf::parse(&real_certificate(algorithm)).map(|leaf| leaf.kind()), Ok(kind));
    }
}

fn mutation() -> impl Strategy<Value = (usize, Vec<u8>, usize)> {
    (any::<usize>(), proptest::collection::vec(any::<u8>(), 0..4), 0..4_usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Replaces a few bytes of a certificate by a few others.
    #[test]
    fn key_is_the_one_that_path_validation_reads(
        mutations in proptest::collection::vec(mutation(), 1..3),
    ) {
        let mut der = real_certificate(&rcgen::PKCS_ED25519);
        for (at, new, replaced) in mutations {
            let at = at % der.len();
            let end = der.len().min(at + replaced);
            der.splice(at..end, new);
        }
        let validated = CertificateDer::from(der.as_slice());
        if let (Ok(leaf), Ok(validated)) =
            (Leaf::parse(&der), webpki::EndEntityCert::try_from(&validated))
        {
            let validated = validated.subject_public_key_info();
            prop_assert_eq!(leaf.subject_public_key_info(), validated.as_ref());
        }
    }
}
