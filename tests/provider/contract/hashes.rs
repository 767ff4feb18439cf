//! Hashes and the HMAC over them.

use countersign::crypto::Hash;
use countersign::registry::CipherSuite;

use super::provider;

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
fn hash_of_nothing_is_known_without_computing_it() {
    for suite in provider().suites {
        assert_eq!(suite.hash.of_empty().as_bytes(), suite.hash.digest(&[]).as_bytes());
    }
}

/// RFC 9846 §7.1: a hash that knows it knows what everybody else computes.
#[test]
fn the_salt_without_a_psk_is_derived_from_an_early_secret_of_nothing() {
    for id in [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384] {
        let hash = hash(id);
        let zeros = vec![0; hash.output_bytes()];
        let early = hash.extract(&zeros, &zeros);
        let salt = hash.expand_label(&early, "derived", hash.of_empty().as_bytes());
        let known = hash.salt_without_psk().expect("it is known");
        assert_eq!(known.as_bytes(), salt.as_bytes(), "{id:?}");
    }
}
