//! The verification of what each library signs.

use countersign::crypto::SignatureAlgorithm;
use countersign::crypto::leaf::{KeyKind, Leaf};
use countersign::crypto::signature::fits;
use countersign::failure::Cause;
use countersign::registry::SignatureScheme;
use pki_types::alg_id;

use super::provider;
use crate::der::Certificate;
use crate::signers::{SIGNERS, Signer};

fn signers_and_algorithms() -> impl Iterator<Item = (Signer, &'static SignatureAlgorithm)> {
    SIGNERS.iter().flat_map(|&signer| {
        provider().signatures.into_iter().map(move |algorithm| (signer, algorithm))
    })
}

/// A leaf whose key has this algorithm, and the signature of that key over `message`.
fn signed(signer: Signer, scheme: SignatureScheme, algorithm: &[u8]) -> (Leaf, Vec<u8>) {
    let (key, signature) = signer(scheme, b"message");
    (Leaf::parse(&Certificate::new(algorithm, &key).der()).expect("a leaf"), signature)
}

#[test]
fn each_scheme_verifies_what_a_fitting_key_signed_and_nothing_else() {
    for (signer, algorithm) in signers_and_algorithms() {
        let identifier = algorithm.algorithm.public_key_alg_id();
        let (leaf, signature) = signed(signer, algorithm.scheme, &identifier);
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
        for other in provider().signatures {
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
    let with_pss = signers_and_algorithms().filter(|(_, algorithm)| {
        [alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA512]
            .contains(&algorithm.algorithm.public_key_alg_id())
    });
    for (signer, algorithm) in with_pss {
        let (leaf, signature) = signed(signer, algorithm.scheme, without);
        assert_eq!(leaf.kind(), KeyKind::RsaPss);
        assert_eq!(algorithm.verify(&leaf, b"message", &signature), Ok(()));
    }
}
