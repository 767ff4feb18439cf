//! What every provider does, and above all what it refuses.

mod groups;
mod hashes;
mod protection;
mod signatures;

use countersign::crypto::Draw;
use countersign::registry::{CipherSuite, NamedGroup, SignatureScheme};

use super::provider;

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
