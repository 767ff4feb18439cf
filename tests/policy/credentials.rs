//! Credentials: the keys they take, and what those sign.

use countersign::crypto::leaf::Leaf;
use countersign::crypto::ring::{LEGACY_SIGNATURES, provider};
use countersign::failure::Cause;
use countersign::handshake::decision::CertificateChain;
use countersign::policy::{Credential, CredentialFault};
use countersign::registry::SignatureScheme as Scheme;
use pki_types::PrivateKeyDer;
use pki_types::pem::PemObject;
use rcgen::{KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use countersign_testing::pki::{Authority, NAME, vector, vector_key};

const PROVED: [(&str, &str, &[Scheme]); 6] = [
    ("ecdsa-p256.pem", "ecdsa-p256.key.pem", &[Scheme::ECDSA_SECP256R1_SHA256]),
    ("ecdsa-p256.pem", "ecdsa-p256.sec1.key.pem", &[Scheme::ECDSA_SECP256R1_SHA256]),
    (
        "rsa-2048.pem",
        "rsa-2048.key.pem",
        &[Scheme::RSA_PSS_RSAE_SHA256, Scheme::RSA_PSS_RSAE_SHA384, Scheme::RSA_PSS_RSAE_SHA512],
    ),
    (
        "rsa-2048.pem",
        "rsa-2048.pkcs1.key.pem",
        &[Scheme::RSA_PSS_RSAE_SHA256, Scheme::RSA_PSS_RSAE_SHA384, Scheme::RSA_PSS_RSAE_SHA512],
    ),
    (
        "rsa-pss.pem",
        "rsa-pss.key.pem",
        &[Scheme::RSA_PSS_PSS_SHA256, Scheme::RSA_PSS_PSS_SHA384, Scheme::RSA_PSS_PSS_SHA512],
    ),
    ("rsa-pss-sha256.pem", "rsa-pss-sha256.key.pem", &[Scheme::RSA_PSS_PSS_SHA256]),
];

/// That the credential signs with exactly these schemes, and that the provider verifies each.
fn assert_signs(credential: &Credential, schemes: &[Scheme]) {
    assert_eq!(credential.schemes(), schemes);
    let leaf = Leaf::parse(&credential.certificate().entries()[0].certificate).unwrap();
    for scheme in schemes {
        let signature = credential.sign(*scheme, b"message").unwrap();
        let algorithm = provider().signature(*scheme).unwrap();
        assert_eq!(algorithm.verify(&leaf, b"message", &signature), Ok(()), "{scheme:?}");
        assert_eq!(
            algorithm.verify(&leaf, b"massage", &signature),
            Err(Cause::SignatureInvalid),
            "{scheme:?}"
        );
    }
    for other in provider().signatures.iter().filter(|other| !schemes.contains(&other.scheme)) {
        assert_eq!(credential.sign(other.scheme, b"message"), None);
    }
}

#[test]
fn every_key_format_and_kind_signs_what_the_provider_verifies() {
    for (certificate, key, schemes) in PROVED {
        let credential = Credential::from_pem(&vector(certificate), &vector(key)).unwrap();
        assert_signs(&credential, schemes);
    }
    let root = Authority::root("root");
    let generated = [
        (&PKCS_ECDSA_P256_SHA256, Scheme::ECDSA_SECP256R1_SHA256),
        (&PKCS_ECDSA_P384_SHA384, Scheme::ECDSA_SECP384R1_SHA384),
        (&PKCS_ED25519, Scheme::ED25519),
    ];
    for (algorithm, scheme) in generated {
        assert_signs(&root.issue_for(algorithm, &[NAME]).credential(), &[scheme]);
    }
    let rsa_3072 = root.issue_to(vector_key("rsa-3072.key.pem"), |_| {}).credential();
    assert_signs(&rsa_3072, PROVED[2].2);
}

#[test]
fn one_pem_text_may_hold_chain_and_key() {
    let both =
        [vector("ecdsa-p256.key.pem"), vector("ecdsa-p256.pem"), vector("root.pem")].concat();
    let credential = Credential::from_pem(&both, &both).unwrap();
    assert_eq!(credential.certificate().entries().len(), 2);
    assert_eq!(credential.names(), [NAME]);
}

#[test]
fn a_key_that_is_not_the_certificates_is_told_apart() {
    let broken = b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n".to_vec();
    let encrypted =
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let mangled = b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n".to_vec();
    let other = Authority::root("root").issue(|_| {}).key.serialize_pem().into_bytes();
    let rows = [
        ("ecdsa-p256.pem", other.clone(), CredentialFault::KeyMismatch),
        ("ecdsa-p256.pem", vector("ecdsa-p521.key.pem"), CredentialFault::KeyMismatch),
        ("ecdsa-p256.pem", vector("rsa-2048.pkcs1.key.pem"), CredentialFault::KeyMismatch),
        ("ecdsa-p256.pem", broken.clone(), CredentialFault::KeyMalformed),
        ("ecdsa-p256.pem", mangled, CredentialFault::Pem),
        ("ecdsa-p256.pem", encrypted.to_vec(), CredentialFault::NoKey),
        ("ecdsa-p256.pem", vector("ecdsa-p256.pem"), CredentialFault::NoKey),
        ("rsa-2048.pem", vector("rsa-3072.key.pem"), CredentialFault::KeyMismatch),
        ("rsa-2048.pem", vector("ecdsa-p256.key.pem"), CredentialFault::KeyMalformed),
        ("rsa-1024.pem", vector("rsa-1024.key.pem"), CredentialFault::KeyUnsupported),
        ("ecdsa-p521.pem", vector("ecdsa-p521.key.pem"), CredentialFault::KeyUnsupported),
        ("ecdsa-p256.key.pem", vector("ecdsa-p256.key.pem"), CredentialFault::NoCertificate),
    ];
    for (certificate, key, fault) in rows {
        let refused = Credential::from_pem(&vector(certificate), &key).unwrap_err();
        assert_eq!(refused, fault, "{certificate}");
    }
    let ed25519 = Authority::root("root").issue_for(&PKCS_ED25519, &[NAME]);
    let chain = || ed25519.chain.iter().cloned().collect::<CertificateChain>();
    let p256 = PrivateKeyDer::from_pem_slice(&other).unwrap();
    assert_eq!(Credential::new(chain(), &p256).unwrap_err(), CredentialFault::KeyMismatch);
    let empty = PrivateKeyDer::from_pem_slice(&broken).unwrap();
    assert_eq!(Credential::new(chain(), &empty).unwrap_err(), CredentialFault::KeyMalformed);
}

#[test]
fn a_certificate_that_cannot_sign_makes_no_credential() {
    let root = Authority::root("root");
    let issued = root.issue(|p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    let chain: CertificateChain = issued.chain.iter().cloned().collect();
    let refused = Credential::new(chain, &issued.private_key());
    let cause = Cause::CertificateCannotSign;
    assert_eq!(refused.unwrap_err(), CredentialFault::Certificate(cause));
}

#[test]
fn a_credential_never_prints_its_key() {
    let issued = Authority::root("root").issue(|_| {});
    let printed = format!("{:?}", issued.credential());
    assert!(printed.contains("SigningKey(..)"));
    let scalar = &issued.key.serialized_der()[36..68];
    assert!(!printed.contains(&format!("{:?}", &scalar[..4]).replace(['[', ']'], "")));
}

#[test]
fn what_is_stapled_travels_with_the_end_entity() {
    let issued = Authority::root("root").intermediate("intermediate").issue(|_| {});
    let list = [0, 3, 0, 1, 9];
    let credential = issued
        .credential()
        .with_ocsp_response(b"ocsp".to_vec())
        .with_signed_certificate_timestamps(list.to_vec())
        .unwrap();
    let [leaf, intermediate] = credential.certificate().entries() else { panic!() };
    assert_eq!(leaf.ocsp_response.as_deref(), Some(&b"ocsp"[..]));
    assert_eq!(leaf.signed_certificate_timestamps.as_deref(), Some(&list[..]));
    assert_eq!(
        (&intermediate.ocsp_response, &intermediate.signed_certificate_timestamps),
        (&None, &None)
    );
}

#[test]
fn what_is_no_list_of_timestamps_is_not_stapled() {
    let issued = Authority::root("root").issue(|_| {});
    for list in [&[][..], &[0, 0], &[0, 2, 0, 0], &[0, 3, 0, 1, 9, 9], b"sct"] {
        let refused = issued.credential().with_signed_certificate_timestamps(list.to_vec());
        assert_eq!(refused.unwrap_err(), CredentialFault::TimestampsMalformed, "{list:?}");
    }
}

#[test]
fn a_credential_signs_with_the_schemes_that_it_is_held_to() {
    let rsa =
        || Credential::from_pem(&vector("rsa-2048.pem"), &vector("rsa-2048.key.pem")).unwrap();
    let fewer = vec![Scheme::RSA_PSS_RSAE_SHA512];
    assert_signs(&rsa().with_schemes(fewer.clone()).unwrap(), &fewer);

    let legacy = LEGACY_SIGNATURES.iter().map(|algorithm| algorithm.scheme).collect::<Vec<_>>();
    assert!(legacy.iter().all(|scheme| rsa().sign(*scheme, b"message").is_none()));
    let credential = rsa().with_schemes(legacy).unwrap();
    let leaf = Leaf::parse(&credential.certificate().entries()[0].certificate).unwrap();
    for algorithm in &LEGACY_SIGNATURES {
        let signature = credential.sign(algorithm.scheme, b"message").unwrap();
        assert_eq!(algorithm.verify(&leaf, b"message", &signature), Ok(()));
        let wrong = Err(Cause::SignatureInvalid);
        assert_eq!(algorithm.verify(&leaf, b"massage", &signature), wrong);
    }

    let scheme = Scheme::ECDSA_SECP256R1_SHA256;
    let refused = rsa().with_schemes(vec![scheme]).unwrap_err();
    assert_eq!(refused, CredentialFault::SchemeDoesNotFit(scheme));
}
