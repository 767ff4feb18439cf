//! AWS-LC, by way of aws-lc-rs.

#[path = "interface.rs"]
mod interface;

use ::aws_lc_rs as library;
use ::aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ::aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm};

pub(crate) use self::interface::work;

fn agree(key: EphemeralPrivateKey, peer: &UnparsedPublicKey<&[u8]>) {
    agree_ephemeral(key, peer, (), |secret| {
        assert_eq!(secret.len(), 32);
        Ok(())
    })
    .unwrap();
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).unwrap()
}
