//! The one type that holds key material.

use core::fmt;

use zeroize::Zeroize;

/// The longest secret: two shared secrets of a hybrid group, or the output of SHA-512, in bytes.
pub const MAX_SECRET_BYTES: usize = 64;

/// Key material in one heap box: moves copy the pointer, drop wipes the only copy.
///
/// It cannot be cloned or printed; two owners share it through an `Arc`.
pub struct Secret {
    bytes: Box<[u8; MAX_SECRET_BYTES]>,
    length: usize,
}

impl Secret {
    /// A secret of `length` bytes, at most [`MAX_SECRET_BYTES`], written in place by `fill`.
    #[must_use]
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        let length = length.min(MAX_SECRET_BYTES);
        let mut secret = Self { bytes: Box::new([0; MAX_SECRET_BYTES]), length };
        fill(secret.bytes.get_mut(..length).unwrap_or_default());
        secret
    }

    /// A secret with a copy of `bytes`; `None` if there are more than [`MAX_SECRET_BYTES`].
    #[must_use]
    pub fn copied_from(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self { bytes: Box::new([0; MAX_SECRET_BYTES]), length: bytes.len() };
        secret.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(secret)
    }

    /// A secret with the bytes of this one and then those of `other`; `None` if together they have
    /// more than [`MAX_SECRET_BYTES`].
    #[must_use]
    pub fn followed_by(&self, other: &Self) -> Option<Self> {
        let mut both = Self::copied_from(self.as_bytes())?;
        both.length = self.length.checked_add(other.length)?;
        both.bytes.get_mut(self.length..both.length)?.copy_from_slice(other.as_bytes());
        Some(both)
    }

    /// The secret's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
