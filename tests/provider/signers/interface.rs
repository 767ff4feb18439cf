//! Keys over the interface of ring, which aws-lc-rs has too; each of the two includes this file.

use super::ecdsa_key;
use super::library::rand::SystemRandom;
use super::library::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
    RsaEncoding, RsaKeyPair,
};
use countersign::registry::SignatureScheme as Scheme;

use super::super::{RSA_2048, RSA_2048_SIGNATURE_BYTES};

pub(crate) fn sign(scheme: Scheme, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match scheme {
        Scheme::ECDSA_SECP256R1_SHA256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, message),
        Scheme::ECDSA_SECP384R1_SHA384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, message),
        Scheme::ED25519 => ed25519(message),
        Scheme::RSA_PSS_RSAE_SHA256 | Scheme::RSA_PSS_PSS_SHA256 => rsa(&RSA_PSS_SHA256, message),
        Scheme::RSA_PSS_RSAE_SHA384 | Scheme::RSA_PSS_PSS_SHA384 => rsa(&RSA_PSS_SHA384, message),
        Scheme::RSA_PSS_RSAE_SHA512 | Scheme::RSA_PSS_PSS_SHA512 => rsa(&RSA_PSS_SHA512, message),
        _ => panic!("no key for {scheme:?}"),
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let key = ecdsa_key(algorithm, key.as_ref());
    let signature = key.sign(&random, message).expect("a signature");
    (key.public_key().as_ref().to_vec(), signature.as_ref().to_vec())
}

fn ed25519(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("our own");
    (key.public_key().as_ref().to_vec(), key.sign(message).as_ref().to_vec())
}

fn rsa(padding: &'static dyn RsaEncoding, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = RsaKeyPair::from_pkcs8(RSA_2048).expect("a key of 2048 bits");
    let mut signature = vec![0; RSA_2048_SIGNATURE_BYTES];
    key.sign(padding, &SystemRandom::new(), message, &mut signature).expect("a signature");
    (key.public_key().as_ref().to_vec(), signature)
}
