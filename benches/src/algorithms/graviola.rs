//! graviola.

use ::graviola::aead::{AesGcm, ChaCha20Poly1305};
use ::graviola::hashing::hmac::Hmac;
use ::graviola::hashing::{Hash, Sha256, Sha384};
use ::graviola::key_agreement::{p256, x25519};
use ::graviola::signing::ecdsa::{Curve, P256, P384, SigningKey, VerifyingKey};
use ::graviola::signing::eddsa::{Ed25519SigningKey, Ed25519VerifyingKey};
use ::graviola::signing::rsa;

use crate::{Aead, Algorithm, Group, MESSAGE, Signature, Work, made};

/// One execution of `algorithm`.
pub(crate) fn work(algorithm: Algorithm, rsa: &[u8]) -> Option<Work> {
    Some(match algorithm {
        Algorithm::Expand(aead) => Box::new(move || made(Key::new(aead))),
        Algorithm::Seal(aead, bytes) => {
            let (key, mut content) = (Key::new(aead), vec![0; bytes]);
            Box::new(move || made(key.seal(&mut content)))
        }
        Algorithm::SealAndOpen(aead, bytes) => {
            let (key, mut content) = (Key::new(aead), vec![0; bytes]);
            Box::new(move || {
                let tag = key.seal(&mut content);
                key.open(&mut content, &tag);
            })
        }
        Algorithm::Digest(crate::Hash::Sha256, bytes) => digest::<Sha256>(bytes),
        Algorithm::Digest(crate::Hash::Sha384, bytes) => digest::<Sha384>(bytes),
        Algorithm::Hmac(crate::Hash::Sha256, bytes) => hmac::<Sha256>(bytes, &[9; 32]),
        Algorithm::Hmac(crate::Hash::Sha384, bytes) => hmac::<Sha384>(bytes, &[9; 48]),
        Algorithm::Agree(group) => agreement(group),
        Algorithm::Sign(Signature::EcdsaSecp256r1) => sign_ecdsa::<P256, Sha256>(),
        Algorithm::Sign(Signature::EcdsaSecp384r1) => sign_ecdsa::<P384, Sha384>(),
        Algorithm::Sign(Signature::Ed25519) => {
            let key = Ed25519SigningKey::generate().unwrap();
            Box::new(move || made(key.sign(&MESSAGE)))
        }
        Algorithm::Sign(Signature::RsaPss2048) => {
            let key = rsa::SigningKey::from_pkcs8_der(rsa).unwrap();
            Box::new(move || made(key.sign_pss_sha256(&mut [0; 256], &MESSAGE).unwrap().len()))
        }
        Algorithm::Verify(Signature::EcdsaSecp256r1) => {
            verify_ecdsa::<P256, Sha256>(VerifyingKey::from_x962_uncompressed)
        }
        Algorithm::Verify(Signature::EcdsaSecp384r1) => {
            verify_ecdsa::<P384, Sha384>(VerifyingKey::from_x962_uncompressed)
        }
        Algorithm::Verify(Signature::Ed25519) => {
            let key = Ed25519SigningKey::generate().unwrap();
            let (signature, public_key) = (key.sign(&MESSAGE), key.public_key().as_bytes());
            Box::new(move || {
                let key = Ed25519VerifyingKey::from_bytes(&public_key).unwrap();
                key.verify(&signature, &MESSAGE).unwrap();
            })
        }
        Algorithm::Verify(Signature::RsaPss2048) => {
            let key = rsa::SigningKey::from_pkcs8_der(rsa).unwrap();
            let (mut public_key, mut signature) = (vec![0; 1024], vec![0; 256]);
            key.sign_pss_sha256(&mut signature, &MESSAGE).unwrap();
            let bytes = key.public_key().to_pkcs1_der(&mut public_key).unwrap().len();
            public_key.truncate(bytes);
            Box::new(move || {
                let key = rsa::VerifyingKey::from_pkcs1_der(&public_key).unwrap();
                key.verify_pss_sha256(&signature, &MESSAGE).unwrap();
            })
        }
    })
}

enum Key {
    AesGcm(Box<AesGcm>),
    ChaCha20Poly1305(ChaCha20Poly1305),
}

impl Key {
    fn new(aead: Aead) -> Self {
        match aead {
            Aead::ChaCha20Poly1305 => {
                Self::ChaCha20Poly1305(ChaCha20Poly1305::new(aead.key().try_into().unwrap()))
            }
            Aead::Aes128Gcm | Aead::Aes256Gcm => Self::AesGcm(Box::new(AesGcm::new(aead.key()))),
        }
    }

    fn seal(&self, content: &mut [u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        match self {
            Self::AesGcm(key) => key.encrypt(&[0; 12], &[0; 5], content, &mut tag),
            Self::ChaCha20Poly1305(key) => key.encrypt(&[0; 12], &[0; 5], content, &mut tag),
        }
        tag
    }

    fn open(&self, content: &mut [u8], tag: &[u8]) {
        match self {
            Self::AesGcm(key) => key.decrypt(&[0; 12], &[0; 5], content, tag).unwrap(),
            Self::ChaCha20Poly1305(key) => key.decrypt(&[0; 12], &[0; 5], content, tag).unwrap(),
        }
    }
}

fn digest<H: Hash>(bytes: usize) -> Work {
    let message = vec![0; bytes];
    Box::new(move || made(H::hash(&message)))
}

fn hmac<H: Hash>(bytes: usize, key: &'static [u8]) -> Work {
    let message = vec![0; bytes];
    Box::new(move || {
        let mut running = Hmac::<H>::new(key);
        running.update(&message);
        made(running.finish());
    })
}

fn agreement(group: Group) -> Work {
    match group {
        Group::X25519 => {
            let peer = x25519::PrivateKey::new_random().unwrap().public_key().as_bytes();
            Box::new(move || {
                let key = x25519::PrivateKey::new_random().unwrap();
                made(key.public_key());
                key.diffie_hellman(&x25519::PublicKey::from_array(&peer)).unwrap();
            })
        }
        Group::Secp256r1 => {
            let peer = p256::PrivateKey::new_random().unwrap().public_key_uncompressed();
            Box::new(move || {
                let key = p256::PrivateKey::new_random().unwrap();
                made(key.public_key_uncompressed());
                let peer = p256::PublicKey::from_x962_uncompressed(&peer).unwrap();
                key.diffie_hellman(&peer).unwrap();
            })
        }
    }
}

fn sign_ecdsa<C: Curve + 'static, H: Hash>() -> Work {
    let key = SigningKey::<C>::generate().unwrap();
    Box::new(move || made(key.sign_asn1::<H>(&[&MESSAGE], &mut [0; 128]).unwrap().len()))
}

fn verify_ecdsa<C: Curve + 'static, H: Hash>(
    parse: fn(&[u8]) -> Result<VerifyingKey<C>, ::graviola::Error>,
) -> Work {
    let key = SigningKey::<C>::generate().unwrap();
    let (mut public_key, mut signature) = (vec![0; 256], vec![0; 128]);
    let bytes = key.sign_asn1::<H>(&[&MESSAGE], &mut signature).unwrap().len();
    signature.truncate(bytes);
    let bytes = key.to_spki_der(&mut public_key).unwrap().len();
    public_key.truncate(bytes);
    // The point stands last, uncompressed, behind a 4.
    let point = match bytes {
        91 => public_key.split_off(bytes - 65),
        _ => public_key.split_off(bytes - 97),
    };
    Box::new(move || parse(&point).unwrap().verify_asn1::<H>(&[&MESSAGE], &signature).unwrap())
}
