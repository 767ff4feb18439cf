//! Key exchange groups in the shape of a KEM, which fits (EC)DHE and hybrids alike
//! (RFC 9846 §4.3.8).

use core::fmt;

use crate::crypto::secret::Secret;
use crate::crypto::{Random, RandomnessUnavailable};
use crate::failure::Cause;
use crate::registry::NamedGroup;

/// A key exchange group.
pub trait Group: Send + Sync + fmt::Debug {
    /// The code point.
    fn id(&self) -> NamedGroup;

    /// The client's part: a fresh key pair.
    ///
    /// # Errors
    /// When randomness or the library fails.
    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure>;

    /// The server's part: a fresh share and the secret agreed with `client_share`.
    ///
    /// # Errors
    /// [`GroupFailure::InvalidShare`] when `client_share` is not a valid value of the group: wrong
    /// length, off the curve, an all-zero result.
    fn respond(
        &self,
        random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure>;
}

/// A group that lives as long as the program is one by reference, too.
impl<Referred: Group + ?Sized> Group for &Referred {
    fn id(&self) -> NamedGroup {
        (**self).id()
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        (**self).start(random)
    }

    fn respond(
        &self,
        random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        (**self).respond(random, client_share)
    }
}

/// The client's private key, until the server's share arrives.
pub trait KeyExchange: Send + Sync {
    /// The share to send.
    fn share(&self) -> &[u8];

    /// The secret agreed with `server_share`. It consumes the key: one agreement, no reuse.
    ///
    /// # Errors
    /// As [`Group::respond`].
    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure>;
}

/// A public share.
pub type Share = Vec<u8>;

/// Why a key exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupFailure {
    /// The peer's share is not a valid value of the group.
    InvalidShare,
    /// The library or the source of randomness failed.
    Failed,
}

impl From<GroupFailure> for Cause {
    fn from(failure: GroupFailure) -> Self {
        match failure {
            GroupFailure::InvalidShare => Self::KeyShareInvalid,
            GroupFailure::Failed => Self::CryptographyFailed,
        }
    }
}

impl From<RandomnessUnavailable> for GroupFailure {
    fn from(_: RandomnessUnavailable) -> Self {
        Self::Failed
    }
}
