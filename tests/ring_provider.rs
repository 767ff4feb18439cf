//! The default provider against its contract: what it computes, and above all what it refuses.

#[path = "support/der.rs"]
mod der;

use std::sync::Arc;

use countersign::crypto::aead::{Aead, AeadFailed, AeadKey};
use countersign::crypto::group::GroupFailure;
use countersign::crypto::leaf::{KeyKind, Leaf};
use countersign::crypto::ring::{SIGNATURES, TLS_AES_128_GCM_SHA256, provider};
use countersign::crypto::signature::fits;
use countersign::crypto::{Draw, Hash, Opener, Provider, Sealer, Secret, Suite};
use countersign::failure::Cause;
use countersign::registry::{CipherSuite, NamedGroup, SignatureScheme};
use der::Certificate;
use pki_types::alg_id;
use rcgen::SigningKey;
use ring::rand::SystemRandom;
use ring::signature;

#[test]
fn provider_has_what_rfc_9846_makes_mandatory_and_recommends() {
    let provider = provider();
    let suites = [
        (CipherSuite::TLS_AES_128_GCM_SHA256, 16, 32, 23_726_566),
        (CipherSuite::TLS_AES_256_GCM_SHA384, 32, 48, 23_726_566),
        (CipherSuite::TLS_CHACHA20_POLY1305_SHA256, 32, 32, u64::MAX),
    ];
    assert_eq!(provider.suites.len(), suites.len());
    for (id, key_bytes, hash_bytes, limit) in suites {
        let suite = provider.suite(id).expect("a suite of the provider");
        assert_eq!(suite.id, id);
        assert_eq!(suite.aead.key_bytes(), key_bytes);
        assert_eq!(suite.hash.output_bytes(), hash_bytes);
        assert_eq!(suite.aead.confidentiality_limit(), limit);
    }
    for id in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        assert_eq!(provider.group(id).expect("a group of the provider").id(), id);
    }
    assert!(provider.group(NamedGroup::X448).is_none());
    assert!(provider.signature(SignatureScheme::RSA_PKCS1_SHA256).is_none());
}

fn hash(id: CipherSuite) -> &'static dyn Hash {
    provider().suite(id).expect("a suite of the provider").hash
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn hashes_are_sha_256_and_sha_384() {
    for (id, of_abc) in [
        (
            CipherSuite::TLS_AES_128_GCM_SHA256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            CipherSuite::TLS_AES_256_GCM_SHA384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        ),
    ] {
        let hash = hash(id);
        assert_eq!(hex(hash.digest(&[b"a", b"", b"bc"]).as_bytes()), of_abc);
        let mut running = hash.start();
        running.update(b"ab");
        assert_eq!(running.digest_with(&[]).as_bytes(), hash.digest(&[b"ab"]).as_bytes());
        running.update(b"c");
        assert_eq!(hex(running.digest_with(&[]).as_bytes()), of_abc);
        assert_eq!(hex(running.digest_with(&[]).as_bytes()), of_abc);
    }
}

/// RFC 4231 §4.3.
#[test]
fn hmac_is_that_of_rfc_4231_and_verifies_only_whole_tags() {
    for (id, expected) in [
        (
            CipherSuite::TLS_AES_128_GCM_SHA256,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            CipherSuite::TLS_AES_256_GCM_SHA384,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e\
             8e2240ca5e69e2c78b3239ecfab21649",
        ),
    ] {
        let hash = hash(id);
        let mut tag = vec![0; hash.output_bytes()];
        let message = b"what do ya want for nothing?";
        hash.hmac(b"Jefe", &[&message[..5], &message[5..]], &mut tag);
        assert_eq!(hex(&tag), expected);
        assert!(hash.hmac_verify(b"Jefe", message, &tag));
        assert!(!hash.hmac_verify(b"Jeff", message, &tag));
        assert!(!hash.hmac_verify(b"Jefe", &message[1..], &tag));
        assert!(!hash.hmac_verify(b"Jefe", message, &[]));
        assert!(!hash.hmac_verify(b"Jefe", message, &tag[..tag.len() - 1]));
        assert!(!hash.hmac_verify(b"Jefe", message, &[&tag[..], &[0]].concat()));
        tag[0] ^= 1;
        assert!(!hash.hmac_verify(b"Jefe", message, &tag));
    }
}

#[test]
fn aead_opens_what_it_sealed_and_nothing_else() {
    for suite in provider().suites {
        let key = suite.aead.key(&vec![7; suite.aead.key_bytes()]);
        let mut sealed = b"content".to_vec();
        let tag = key.seal([1; 12], b"header", &mut sealed).expect("a usable key");
        sealed.extend_from_slice(&tag);
        let open = |key: &dyn AeadKey, nonce, header: &[u8], sealed: &[u8]| {
            key.open(nonce, header, &mut sealed.to_vec()).map(|content| content.to_vec())
        };
        assert_eq!(open(&*key, [1; 12], b"header", &sealed).expect("authentic"), b"content");
        assert_eq!(open(&*key, [2; 12], b"header", &sealed), Err(AeadFailed));
        assert_eq!(open(&*key, [1; 12], b"Header", &sealed), Err(AeadFailed));
        for length in 0..sealed.len() {
            assert_eq!(open(&*key, [1; 12], b"header", &sealed[..length]), Err(AeadFailed));
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            assert_eq!(open(&*key, [1; 12], b"header", &changed), Err(AeadFailed));
        }
    }
}

#[test]
fn key_of_the_wrong_length_neither_seals_nor_opens() {
    for suite in provider().suites {
        for length in [0, suite.aead.key_bytes() - 1, suite.aead.key_bytes() + 1] {
            let key = suite.aead.key(&vec![7; length]);
            assert_eq!(key.seal([0; 12], &[], &mut [0; 4]), Err(AeadFailed));
            assert_eq!(key.open([0; 12], &[], &mut [0; 20]), Err(AeadFailed));
        }
    }
}

/// AES-128-GCM, were its limit two records.
static TWO_RECORDS: Suite = Suite {
    id: CipherSuite::TLS_AES_128_GCM_SHA256,
    hash: TLS_AES_128_GCM_SHA256.hash,
    aead: &TwoRecords,
};

#[derive(Debug)]
struct TwoRecords;

impl Aead for TwoRecords {
    fn key_bytes(&self) -> usize {
        16
    }

    fn confidentiality_limit(&self) -> u64 {
        2
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        TLS_AES_128_GCM_SHA256.aead.key(key)
    }
}

#[test]
fn sealer_stops_at_the_limit_of_its_key_and_opener_does_not() {
    let secret = Arc::new(Secret::filled(32, |bytes| bytes.fill(3)));
    let mut sealer = Sealer::new(&TWO_RECORDS, &secret);
    let mut content = [0; 4];
    assert_eq!(sealer.remaining(), 2);
    assert!(sealer.seal(&[], &mut content).is_ok());
    assert!(sealer.seal(&[], &mut content).is_ok());
    assert_eq!(sealer.remaining(), 0);
    assert_eq!(sealer.seal(&[], &mut content), Err(Cause::KeyUsageExhausted));

    let mut sealer = Sealer::new(&TLS_AES_128_GCM_SHA256, &secret);
    let mut opener = Opener::new(&TWO_RECORDS, &secret);
    for _ in 0..3 {
        let mut record = vec![0; 4];
        let tag = sealer.seal(&[], &mut record).expect("a usable key");
        record.extend_from_slice(&tag);
        assert_eq!(opener.open(&[], &mut [0; 20]), Err(Cause::RecordNotAuthentic));
        assert!(opener.open(&[], &mut record).is_ok());
    }
}

#[test]
fn groups_agree_on_fresh_secrets() {
    let provider = provider();
    let random = provider.random.as_ref();
    for (group, share_bytes, secret_bytes) in [
        (NamedGroup::X25519, 32, 32),
        (NamedGroup::SECP256R1, 65, 32),
        (NamedGroup::SECP384R1, 97, 48),
    ] {
        let group = provider.group(group).expect("a group of the provider");
        let exchange = group.start(random).expect("a key share");
        let other = group.start(random).expect("a key share");
        assert_eq!(exchange.share().len(), share_bytes);
        assert_ne!(exchange.share(), other.share());
        let (share, secret) = group.respond(random, exchange.share()).expect("an answer");
        assert_eq!(share.len(), share_bytes);
        assert_eq!(secret.as_bytes().len(), secret_bytes);
        assert_eq!(exchange.finish(&share).expect("a secret").as_bytes(), secret.as_bytes());
        assert_ne!(other.finish(&share).expect("a secret").as_bytes(), secret.as_bytes());
    }
}

fn refuses(provider: &Provider, group: NamedGroup, share: &[u8]) {
    let random = provider.random.as_ref();
    let group = provider.group(group).expect("a group of the provider");
    let answered = group.respond(random, share).err();
    assert_eq!(answered, Some(GroupFailure::InvalidShare), "{group:?} {share:02x?}");
    let finished = group.start(random).expect("a key share").finish(share).err();
    assert_eq!(finished, Some(GroupFailure::InvalidShare), "{group:?} {share:02x?}");
}

/// RFC 9846 §4.3.8.2 and §7.4.2: lengths, form and membership of points, and an all-zero result.
#[test]
fn shares_that_are_no_values_of_the_group_are_refused() {
    let provider = provider();
    let random = provider.random.as_ref();
    for group in &provider.groups {
        let good = group.start(random).expect("a key share").share().to_vec();
        refuses(&provider, group.id(), &[]);
        refuses(&provider, group.id(), &good[1..]);
        refuses(&provider, group.id(), &good[..good.len() - 1]);
        refuses(&provider, group.id(), &[&good[..], &[0]].concat());
        refuses(&provider, group.id(), &vec![0; good.len()]);
    }
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let exchange = provider.group(group).expect("a group").start(random).expect("a key share");
        let good = exchange.share();
        let coordinate = good.len() / 2;
        let mut off_curve = good.to_vec();
        off_curve[coordinate] ^= 1;
        refuses(&provider, group, &off_curve);
        for form in [0, 2, 3, 5, 6, 7] {
            refuses(&provider, group, &[&[form], &good[1..]].concat());
        }
        for form in [2, 3] {
            refuses(&provider, group, &[&[form], &good[1..=coordinate]].concat());
        }
        refuses(&provider, group, &[&[4], &vec![0xff; coordinate * 2][..]].concat());
    }
    // The points of small order, and their encodings above the prime (RFC 7748 §5).
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut prime = minus_one;
    prime[0] = 0xed;
    let mut prime_and_one = minus_one;
    prime_and_one[0] = 0xee;
    for point in [one, minus_one, prime, prime_and_one] {
        refuses(&provider, NamedGroup::X25519, &point);
    }
}

#[test]
fn randomness_fills_everything_and_does_not_repeat() {
    let random = provider().random;
    let mut draws = [[0; 32]; 2];
    for draw in &mut draws {
        random.fill(Draw::ClientRandom, draw).expect("the system's randomness");
        assert!(draw.chunks(16).all(|half| half.iter().any(|&byte| byte != 0)));
    }
    assert_ne!(draws[0], draws[1]);
}

/// A leaf whose key has `algorithm`, and the signature of that key over `message`.
fn signed(scheme: SignatureScheme, algorithm: &[u8], message: &[u8]) -> (Leaf, Vec<u8>) {
    let (key, signature) = match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => {
            sign_with_new_key(&rcgen::PKCS_ECDSA_P256_SHA256, message)
        }
        SignatureScheme::ECDSA_SECP384R1_SHA384 => {
            sign_with_new_key(&rcgen::PKCS_ECDSA_P384_SHA384, message)
        }
        SignatureScheme::ED25519 => sign_with_new_key(&rcgen::PKCS_ED25519, message),
        SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => {
            sign_with_rsa_pss(&signature::RSA_PSS_SHA256, message)
        }
        SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => {
            sign_with_rsa_pss(&signature::RSA_PSS_SHA384, message)
        }
        SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => {
            sign_with_rsa_pss(&signature::RSA_PSS_SHA512, message)
        }
        _ => panic!("no key for {scheme:?}"),
    };
    (Leaf::parse(&Certificate::new(algorithm, &key).der()).expect("a leaf"), signature)
}

fn sign_with_new_key(
    algorithm: &'static rcgen::SignatureAlgorithm,
    message: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let key = rcgen::KeyPair::generate_for(algorithm).expect("a key pair");
    (key.public_key_raw().to_vec(), key.sign(message).expect("a signature"))
}

fn sign_with_rsa_pss(
    padding: &'static dyn signature::RsaEncoding,
    message: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let key = signature::RsaKeyPair::from_pkcs8(include_bytes!("../vectors/keys/rsa_2048.der"))
        .expect("a key of 2048 bits");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(padding, &SystemRandom::new(), message, &mut signature).expect("a signature");
    (key.public().as_ref().to_vec(), signature)
}

#[test]
fn each_scheme_verifies_what_a_fitting_key_signed_and_nothing_else() {
    for algorithm in &SIGNATURES {
        let identifier = algorithm.algorithm.public_key_alg_id();
        let (leaf, signature) = signed(algorithm.scheme, &identifier, b"message");
        let verify = |message: &[u8], signature: &[u8]| algorithm.verify(&leaf, message, signature);
        assert_eq!(verify(b"message", &signature), Ok(()), "{algorithm:?}");
        assert_eq!(verify(b"massage", &signature), Err(Cause::SignatureInvalid));
        assert_eq!(verify(b"message", &[]), Err(Cause::SignatureInvalid));
        assert_eq!(verify(b"message", &signature[1..]), Err(Cause::SignatureInvalid));
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert_eq!(verify(b"message", &changed), Err(Cause::SignatureInvalid));
        }
        for other in &SIGNATURES {
            let fitting = fits(other.scheme, leaf.kind());
            let outcome = other.verify(&leaf, b"message", &signature);
            assert_eq!(outcome == Err(Cause::SignatureSchemeDoesNotFit), !fitting);
            assert_eq!(outcome.is_ok(), other.scheme == algorithm.scheme);
        }
    }
}

#[test]
fn pss_key_without_parameters_signs_with_any_of_the_three_hashes() {
    let without = alg_id::RSA_PSS_SHA256.first_chunk::<11>().expect("an object identifier");
    for algorithm in SIGNATURES.iter().filter(|algorithm| {
        [alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA512]
            .contains(&algorithm.algorithm.public_key_alg_id())
    }) {
        let (leaf, signature) = signed(algorithm.scheme, without, b"message");
        assert_eq!(leaf.kind(), KeyKind::RsaPss);
        assert_eq!(algorithm.verify(&leaf, b"message", &signature), Ok(()));
    }
}
