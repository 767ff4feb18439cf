//! Signature schemes: which key each needs, and how CertificateVerify is verified
//! (RFC 9846 §4.3.3).

use core::fmt;

use pki_types::SignatureVerificationAlgorithm;

use crate::crypto::leaf::{KeyKind, Leaf};
use crate::failure::Cause;
use crate::registry::SignatureScheme;

/// A signature scheme that a provider can verify.
pub struct SignatureAlgorithm {
    /// The code point; it fixes curve and hash.
    pub scheme: SignatureScheme,
    /// The verification, shared with certificate validation.
    pub algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl SignatureAlgorithm {
    /// Verifies what CertificateVerify signs, `message`, by the key of `leaf` (RFC 9846 §4.5.2).
    ///
    /// # Errors
    /// [`Cause::SignatureSchemeDoesNotFit`] when no key of that kind signs with this scheme, and
    /// [`Cause::SignatureInvalid`] when the signature is not the key's for `message`.
    pub fn verify(&self, leaf: &Leaf, message: &[u8], signature: &[u8]) -> Result<(), Cause> {
        if !fits(self.scheme, leaf.kind()) {
            return Err(Cause::SignatureSchemeDoesNotFit);
        }
        self.algorithm
            .verify_signature(leaf.public_key(), message, signature)
            .map_err(|_| Cause::SignatureInvalid)
    }
}

impl fmt::Debug for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.scheme, f)
    }
}

/// Whether a CertificateVerify with `scheme` can be made by a key of this kind (RFC 9846 §4.3.3).
///
/// A scheme that is not in the table, as are those for certificates only, fits no key.
#[must_use]
pub fn fits(scheme: SignatureScheme, key: KeyKind) -> bool {
    FITTING_KEYS.iter().any(|(listed, keys)| *listed == scheme && keys.contains(&key))
}

const FITTING_KEYS: [(SignatureScheme, &[KeyKind]); 14] = [
    (SignatureScheme::ECDSA_SECP256R1_SHA256, &[KeyKind::EcdsaSecp256r1]),
    (SignatureScheme::ECDSA_SECP384R1_SHA384, &[KeyKind::EcdsaSecp384r1]),
    (SignatureScheme::ECDSA_SECP521R1_SHA512, &[KeyKind::EcdsaSecp521r1]),
    (SignatureScheme::ED25519, &[KeyKind::Ed25519]),
    (SignatureScheme::ED448, &[KeyKind::Ed448]),
    (SignatureScheme::RSA_PSS_RSAE_SHA256, &[KeyKind::Rsa]),
    (SignatureScheme::RSA_PSS_RSAE_SHA384, &[KeyKind::Rsa]),
    (SignatureScheme::RSA_PSS_RSAE_SHA512, &[KeyKind::Rsa]),
    (SignatureScheme::RSA_PKCS1_SHA256_LEGACY, &[KeyKind::Rsa]),
    (SignatureScheme::RSA_PKCS1_SHA384_LEGACY, &[KeyKind::Rsa]),
    (SignatureScheme::RSA_PKCS1_SHA512_LEGACY, &[KeyKind::Rsa]),
    (SignatureScheme::RSA_PSS_PSS_SHA256, &[KeyKind::RsaPss, KeyKind::RsaPssSha256]),
    (SignatureScheme::RSA_PSS_PSS_SHA384, &[KeyKind::RsaPss, KeyKind::RsaPssSha384]),
    (SignatureScheme::RSA_PSS_PSS_SHA512, &[KeyKind::RsaPss, KeyKind::RsaPssSha512]),
];
