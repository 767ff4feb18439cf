//! Signature schemes: which key each needs, and how CertificateVerify is verified (RFC 9846 §4.3.3).

use core::fmt;

use pki_types::SignatureVerificationAlgorithm;

use crate::crypto::leaf::KeyKind;
use crate::registry::SignatureScheme;

/// A signature scheme that a provider can verify.
pub struct SignatureAlgorithm {
    /// The code point; it fixes curve and hash.
    pub scheme: SignatureScheme,
    /// The verification, shared with certificate validation.
    pub algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl fmt::Debug for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.scheme, f)
    }
}

/// Whether a CertificateVerify with `scheme` can be made by a key of this kind (RFC 9846 §4.3.3).
#[must_use]
pub fn fits(scheme: SignatureScheme, key: KeyKind) -> bool {
    let _ = (scheme, key);
    false
}
