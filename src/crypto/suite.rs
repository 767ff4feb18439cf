//! A cipher suite: a hash and an AEAD (RFC 9846 §B.4).

use crate::crypto::aead::Aead;
use crate::crypto::hash::Hash;
use crate::registry::CipherSuite;

/// A cipher suite as a provider supplies it.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// The code point.
    pub id: CipherSuite,
    /// The hash of the transcript and the key schedule.
    pub hash: &'static dyn Hash,
    /// The protection of records.
    pub aead: &'static dyn Aead,
}
