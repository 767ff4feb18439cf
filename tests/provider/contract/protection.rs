//! The protection of records.

use countersign::crypto::aead::{Aead, AeadFailed, AeadKey};
use countersign::crypto::{Opener, Sealer, Secret, Suite};
use countersign::failure::Cause;

use super::provider;

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

/// An algorithm, were its limit two records.
#[derive(Debug)]
struct TwoRecords(&'static dyn Aead);

impl Aead for TwoRecords {
    fn key_bytes(&self) -> usize {
        self.0.key_bytes()
    }

    fn confidentiality_limit(&self) -> u64 {
        2
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        self.0.key(key)
    }
}

#[test]
fn sealer_stops_at_the_limit_of_its_key_and_opener_does_not() {
    let unlimited = provider().suites[0];
    let aead: &TwoRecords = Box::leak(Box::new(TwoRecords(unlimited.aead)));
    let limited: &Suite = Box::leak(Box::new(Suite { aead, ..*unlimited }));
    let secret = Secret::filled(32, |bytes| bytes.fill(3));
    let mut sealer = Sealer::new(limited, &secret);
    let mut content = [0; 4];
    assert_eq!(sealer.remaining(), 2);
    assert!(sealer.seal(&[], &mut content).is_ok());
    assert!(sealer.seal(&[], &mut content).is_ok());
    assert_eq!(sealer.remaining(), 0);
    assert_eq!(sealer.seal(&[], &mut content), Err(Cause::KeyUsageExhausted));

    let mut sealer = Sealer::new(unlimited, &secret);
    let mut opener = Opener::new(limited, &secret);
    for _ in 0..3 {
        let mut record = vec![0; 4];
        let tag = sealer.seal(&[], &mut record).expect("a usable key");
        record.extend_from_slice(&tag);
        assert_eq!(opener.open(&[], &mut [0; 20]), Err(Cause::RecordNotAuthentic));
        assert!(opener.open(&[], &mut record).is_ok());
    }
}
