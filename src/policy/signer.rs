//! Private keys that sign CertificateVerify, over ring: the one file of this floor that names it.
//!
//! ring signs with RSA keys of 2048 to 4096 bits, and has neither P-521 nor Ed448.

use core::fmt;

use pki_types::PrivateKeyDer;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use x509_parser::asn1_rs::{Any, FromDer};

use super::credential::CredentialFault;
use super::inspection::element;
use crate::crypto::leaf::{KeyKind, Leaf};
use crate::registry::SignatureScheme;

/// A private key in memory. ring does not wipe it.
pub(super) enum SigningKey {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// `key`, if it is the private key to the public key of `leaf`, which says of what kind it is.
    pub(super) fn of(leaf: &Leaf, key: &PrivateKeyDer<'_>) -> Result<Self, CredentialFault> {
        let public_key = leaf.public_key();
        let private_key = content(key).ok_or(CredentialFault::KeyMalformed)?;
        match leaf.kind() {
            KeyKind::EcdsaSecp256r1 => {
                ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, private_key, public_key)
            }
            KeyKind::EcdsaSecp384r1 => {
                ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, private_key, public_key)
            }
            KeyKind::Ed25519 => ed25519(private_key, public_key),
            KeyKind::Rsa
            | KeyKind::RsaPss
            | KeyKind::RsaPssSha256
            | KeyKind::RsaPssSha384
            | KeyKind::RsaPssSha512 => rsa(private_key, public_key),
            KeyKind::EcdsaSecp521r1 | KeyKind::Ed448 => Err(CredentialFault::KeyUnsupported),
        }
    }

    /// The signature; `None` if the key is not for this scheme or ring fails.
    pub(super) fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
            Self::Ed25519(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding(scheme)?, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// What PKCS #8 wraps (RFC 5958 §2), and the other formats are.
fn content<'a>(key: &'a PrivateKeyDer<'_>) -> Option<&'a [u8]> {
    match key {
        PrivateKeyDer::Pkcs8(key) => element(key.secret_pkcs8_der(), 2),
        key => Some(key.secret_der()),
    }
}

/// From an ECPrivateKey (RFC 5915 §3).
fn ecdsa(
    algorithm: &'static EcdsaSigningAlgorithm,
    private_key: &[u8],
    public_key: &[u8],
) -> Result<SigningKey, CredentialFault> {
    let scalar = element(private_key, 1).ok_or(CredentialFault::KeyMalformed)?;
    let random = SystemRandom::new();
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, public_key, &random)
        .map(SigningKey::Ecdsa)
        .map_err(|_| CredentialFault::KeyMismatch)
}

/// From a CurvePrivateKey (RFC 8410 §7).
fn ed25519(private_key: &[u8], public_key: &[u8]) -> Result<SigningKey, CredentialFault> {
    let (_, seed) = Any::from_der(private_key).map_err(|_| CredentialFault::KeyMalformed)?;
    Ed25519KeyPair::from_seed_and_public_key(seed.data, public_key)
        .map(SigningKey::Ed25519)
        .map_err(|_| CredentialFault::KeyMismatch)
}

/// From an RSAPrivateKey (RFC 8017 §A.1.2); the public key is an RSAPublicKey.
fn rsa(private_key: &[u8], public_key: &[u8]) -> Result<SigningKey, CredentialFault> {
    let modulus = element(public_key, 0).ok_or(CredentialFault::KeyMalformed)?;
    let modulus_bytes = modulus.iter().skip_while(|byte| **byte == 0).count();
    if !RSA_MODULUS_BYTES.contains(&modulus_bytes) {
        return Err(CredentialFault::KeyUnsupported);
    }
    let key = RsaKeyPair::from_der(private_key).map_err(|_| CredentialFault::KeyMalformed)?;
    if key.public_key().as_ref() == public_key {
        Ok(SigningKey::Rsa(key))
    } else {
        Err(CredentialFault::KeyMismatch)
    }
}

const RSA_MODULUS_BYTES: core::ops::RangeInclusive<usize> = 256..=512;

/// The salt is as long as the hash (RFC 9846 §4.3.3), which is ring's only way.
fn padding(scheme: SignatureScheme) -> Option<&'static dyn RsaEncoding> {
    match scheme {
        SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => {
            Some(&RSA_PSS_SHA256)
        }
        SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => {
            Some(&RSA_PSS_SHA384)
        }
        SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => {
            Some(&RSA_PSS_SHA512)
        }
        SignatureScheme::RSA_PKCS1_SHA256_LEGACY => Some(&RSA_PKCS1_SHA256),
        SignatureScheme::RSA_PKCS1_SHA384_LEGACY => Some(&RSA_PKCS1_SHA384),
        SignatureScheme::RSA_PKCS1_SHA512_LEGACY => Some(&RSA_PKCS1_SHA512),
        _ => None,
    }
}
