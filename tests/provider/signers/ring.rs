//! The keys of ring.

use ::ring as library;
use library::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm};

pub(super) use self::interface::sign;

#[path = "interface.rs"]
mod interface;

fn ecdsa_key(algorithm: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]) -> EcdsaKeyPair {
    let random = library::rand::SystemRandom::new();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &random).expect("our own")
}
