//! The algorithms in the interface of ring: `library` is ring, or who has its interface too;
//! `agree` and `ecdsa` are where the two differ.

use super::library::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use super::library::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey};
use super::library::rand::SystemRandom;
use super::library::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RSA_PSS_SHA256, RsaKeyPair, VerificationAlgorithm,
};
use super::library::{digest, hmac};
use super::{agree, ecdsa};
use crate::{Aead, Algorithm, Group, Hash, MESSAGE, Signature, Work, made};

/// One execution of `algorithm`.
pub(crate) fn work(algorithm: Algorithm, rsa: &[u8]) -> Option<Work> {
    Some(match algorithm {
        Algorithm::Expand(aead) => Box::new(move || made(expanded(aead))),
        Algorithm::Seal(aead, bytes) => {
            let (key, mut content) = (expanded(aead), vec![0; bytes]);
            Box::new(move || made(seal(&key, &mut content)))
        }
        Algorithm::SealAndOpen(aead, bytes) => {
            let (key, mut record) = (expanded(aead), vec![0; bytes + 16]);
            Box::new(move || {
                let (content, tag) = record.split_at_mut(bytes);
                tag.copy_from_slice(seal(&key, content).as_ref());
                key.open_in_place(nonce(), Aad::from([0; 5]), &mut record).unwrap();
            })
        }
        Algorithm::Digest(hash, bytes) => {
            let (message, algorithm) = (vec![0; bytes], hash_algorithm(hash).digest_algorithm());
            Box::new(move || made(digest::digest(algorithm, &message)))
        }
        Algorithm::Hmac(hash, bytes) => {
            let (message, algorithm) = (vec![0; bytes], hash_algorithm(hash));
            Box::new(move || {
                let key = hmac::Key::new(
                    algorithm,
                    &[9; 48][..algorithm.digest_algorithm().output_len()],
                );
                let mut running = hmac::Context::with_key(&key);
                running.update(&message);
                made(running.sign());
            })
        }
        Algorithm::Agree(group) => agreement(group),
        Algorithm::Sign(scheme) => {
            let key = key(scheme, rsa);
            Box::new(move || made(key.sign()))
        }
        Algorithm::Verify(scheme) => {
            let key = key(scheme, rsa);
            let (signature, public_key) = (key.sign(), key.public_key());
            let algorithm = verification(scheme);
            Box::new(move || {
                let key = signature::UnparsedPublicKey::new(algorithm, &public_key);
                key.verify(&MESSAGE, &signature).unwrap();
            })
        }
    })
}

fn expanded(aead: Aead) -> LessSafeKey {
    let algorithm = match aead {
        Aead::Aes128Gcm => &aead::AES_128_GCM,
        Aead::Aes256Gcm => &aead::AES_256_GCM,
        Aead::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
    };
    LessSafeKey::new(UnboundKey::new(algorithm, aead.key()).unwrap())
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn seal(key: &LessSafeKey, content: &mut [u8]) -> aead::Tag {
    key.seal_in_place_separate_tag(nonce(), Aad::from([0; 5]), content).unwrap()
}

const fn hash_algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
    }
}

fn agreement(group: Group) -> Work {
    let algorithm = match group {
        Group::X25519 => &agreement::X25519,
        Group::Secp256r1 => &agreement::ECDH_P256,
    };
    let random = SystemRandom::new();
    let peer = EphemeralPrivateKey::generate(algorithm, &random).unwrap();
    let peer = peer.compute_public_key().unwrap().as_ref().to_vec();
    Box::new(move || {
        let key = EphemeralPrivateKey::generate(algorithm, &random).unwrap();
        made(key.compute_public_key().unwrap());
        agree(key, &UnparsedPublicKey::new(algorithm, &peer));
    })
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

fn key(scheme: Signature, rsa: &[u8]) -> Key {
    let random = SystemRandom::new();
    let new = |algorithm| {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Key::Ecdsa(ecdsa(algorithm, pkcs8.as_ref()))
    };
    match scheme {
        Signature::EcdsaSecp256r1 => new(&ECDSA_P256_SHA256_ASN1_SIGNING),
        Signature::EcdsaSecp384r1 => new(&ECDSA_P384_SHA384_ASN1_SIGNING),
        Signature::Ed25519 => {
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            Key::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
        }
        Signature::RsaPss2048 => Key::Rsa(RsaKeyPair::from_pkcs8(rsa).unwrap()),
    }
}

impl Key {
    fn sign(&self) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(key) => key.sign(&random, &MESSAGE).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(&MESSAGE).as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; 256];
                key.sign(&RSA_PSS_SHA256, &random, &MESSAGE, &mut signature).unwrap();
                signature
            }
        }
    }

    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Ecdsa(key) => key.public_key().as_ref().to_vec(),
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
        }
    }
}

fn verification(scheme: Signature) -> &'static dyn VerificationAlgorithm {
    match scheme {
        Signature::EcdsaSecp256r1 => &signature::ECDSA_P256_SHA256_ASN1,
        Signature::EcdsaSecp384r1 => &signature::ECDSA_P384_SHA384_ASN1,
        Signature::Ed25519 => &signature::ED25519,
        Signature::RsaPss2048 => &signature::RSA_PSS_2048_8192_SHA256,
    }
}
