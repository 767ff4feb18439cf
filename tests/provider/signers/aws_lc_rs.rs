//! The keys of AWS-LC.

use ::aws_lc_rs as library;
use library::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm};

pub(super) use self::interface::sign;

#[path = "interface.rs"]
mod interface;

fn ecdsa_key(algorithm: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).expect("our own")
}
