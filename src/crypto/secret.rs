//! The one type that holds key material, and the one that holds it for the length of a function.

use core::fmt;
use std::sync::Arc;

use zeroize::{Zeroize, Zeroizing};

use crate::crypto::hash::MAX_DIGEST_BYTES;

/// The longest secret: two shared secrets of a hybrid group, or the output of SHA-512, in bytes.
pub const MAX_SECRET_BYTES: usize = 64;

/// Key material that a function derives and uses up: on its stack, filled in place, wiped with it.
pub(crate) type Passing = Zeroizing<[u8; MAX_DIGEST_BYTES]>;

pub(crate) fn passing() -> Passing {
    Zeroizing::new([0; MAX_DIGEST_BYTES])
}

/// Key material in one place of the heap: moves and clones copy the pointer, and the last owner's
/// drop wipes the only copy. It cannot be printed.
#[derive(Clone)]
pub struct Secret {
    kept: Arc<Kept>,
}

struct Kept {
    bytes: [u8; MAX_SECRET_BYTES],
    length: usize,
}

impl Kept {
    const fn zeros(length: usize) -> Self {
        Self { bytes: [0; MAX_SECRET_BYTES], length }
    }

    fn as_mut_bytes(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }
}

impl Secret {
    /// A secret of `length` bytes, at most [`MAX_SECRET_BYTES`], written in place by `fill`.
    #[must_use]
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut kept = Arc::new(Kept::zeros(length.min(MAX_SECRET_BYTES)));
        // Nobody shares it yet.
        if let Some(kept) = Arc::get_mut(&mut kept) {
            fill(kept.as_mut_bytes());
        }
        Self { kept }
    }

    /// A secret with a copy of `bytes`; `None` if there are more than [`MAX_SECRET_BYTES`].
    #[must_use]
    pub fn copied_from(bytes: &[u8]) -> Option<Self> {
        let fits = bytes.len() <= MAX_SECRET_BYTES;
        fits.then(|| Self::filled(bytes.len(), |out| copy(bytes, out)))
    }

    /// A secret with the bytes of this one and then those of `other`; `None` if together they have
    /// more than [`MAX_SECRET_BYTES`].
    #[must_use]
    pub fn followed_by(&self, other: &Self) -> Option<Self> {
        let (first, second) = (self.as_bytes(), other.as_bytes());
        let length = first.len() + second.len();
        (length <= MAX_SECRET_BYTES).then(|| {
            Self::filled(length, |out| {
                copy(first, out);
                copy(second, out.get_mut(first.len()..).unwrap_or_default());
            })
        })
    }

    /// A secret with a copy of `bytes`, at most [`MAX_SECRET_BYTES`], in the place of this one if
    /// nobody shares it.
    pub(crate) fn replaced(mut self, bytes: &[u8]) -> Self {
        let length = bytes.len().min(MAX_SECRET_BYTES);
        match Arc::get_mut(&mut self.kept) {
            Some(kept) => {
                kept.bytes.zeroize();
                kept.length = length;
                copy(bytes, kept.as_mut_bytes());
                self
            }
            None => Self::filled(length, |out| copy(bytes, out)),
        }
    }

    /// The secret's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.kept.bytes.get(..self.kept.length).unwrap_or_default()
    }

    /// How many owners share it, this one included.
    #[must_use]
    pub fn owners(&self) -> usize {
        Arc::strong_count(&self.kept)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Copies as much as there is, or as much as fits: the lengths are never unequal, for which the
/// slice method would panic.
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..length), to.get_mut(..length)) {
        to.copy_from_slice(from);
    }
}
