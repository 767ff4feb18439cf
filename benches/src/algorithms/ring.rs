//! ring.

#[path = "interface.rs"]
mod interface;

use ::ring as library;
use ::ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ::ring::rand::SystemRandom;
use ::ring::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm};

pub(crate) use self::interface::work;

fn agree(key: EphemeralPrivateKey, peer: &UnparsedPublicKey<&[u8]>) {
    agree_ephemeral(key, peer, |secret| assert_eq!(secret.len(), 32)).unwrap();
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new()).unwrap()
}
