//! The cryptographic nouns of TLS 1.3, and [`Provider`], the value that supplies them.
//!
//! A provider is data: lists of suites, groups and signature algorithms, each an object that some
//! library implements. Nothing above this floor names a library.

pub mod aead;
#[cfg(feature = "aws-lc-rs")]
pub mod aws_lc_rs;
#[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
pub mod composed;
pub mod group;
pub mod hash;
pub mod hybrid;
pub mod leaf;
#[cfg(feature = "mlkem")]
pub mod libcrux;
#[cfg(feature = "ring")]
pub mod ring;
pub mod secret;
pub mod signature;
pub mod suite;
pub mod usage;

use core::fmt;
use std::sync::Arc;

pub use self::aead::{Aead, AeadKey, Opener, Sealer};
pub use self::group::{Group, KeyExchange, Share};
pub use self::hash::{Digest, Hash, RunningHash};
pub use self::hybrid::Hybrid;
pub use self::secret::Secret;
pub use self::signature::SignatureAlgorithm;
pub use self::suite::Suite;

use crate::failure::Cause;
use crate::registry::{CipherSuite, NamedGroup, SignatureScheme};

/// What a piece of randomness is for. Naming each draw makes a replay independent of call order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Draw {
    /// The random of ClientHello, 32 bytes.
    ClientRandom,
    /// The random of ServerHello, 32 bytes.
    ServerRandom,
    /// The compatibility session id, 32 bytes.
    SessionId,
    /// The private key of a key share, or what a server puts into its share with a KEM, as long as
    /// the group's provider wants. Each half of a hybrid draws under its own name.
    KeyShare(NamedGroup),
    /// The cookie of HelloRetryRequest.
    Cookie,
    /// The nonce under which a cookie is sealed, 12 bytes.
    CookieNonce,
    /// `ticket_age_add` of NewSessionTicket, 4 bytes.
    TicketAgeAdd,
    /// The nonce under which a ticket is sealed, 12 bytes.
    TicketNonce,
    /// The name under which a server keeps what a ticket stands for, 32 bytes.
    TicketName,
    /// The context of a post-handshake CertificateRequest, 16 bytes of it.
    RequestContext,
    /// GREASE values and the order of extensions.
    Grease,
}

/// No randomness was to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomnessUnavailable;

/// The source of all randomness. Implementations must not block for long.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills `bytes`, unpredictably, for the purpose that `draw` names.
    ///
    /// # Errors
    /// When the source fails; the handshake then ends with `internal_error`.
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable>;
}

impl From<RandomnessUnavailable> for Cause {
    fn from(_: RandomnessUnavailable) -> Self {
        Self::RandomnessFailed
    }
}

/// Where the cryptography comes from. Each list is in the provider's order of preference.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The cipher suites.
    pub suites: Vec<&'static Suite>,
    /// The key exchange groups.
    pub groups: Vec<Arc<dyn Group>>,
    /// The algorithms that verify CertificateVerify, by scheme.
    pub signatures: Vec<&'static SignatureAlgorithm>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}

impl Provider {
    /// The suite with this code point, if the provider has it.
    #[must_use]
    pub fn suite(&self, id: CipherSuite) -> Option<&'static Suite> {
        self.suites.iter().copied().find(|suite| suite.id == id)
    }

    /// The group with this code point, if the provider has it.
    #[must_use]
    pub fn group(&self, id: NamedGroup) -> Option<&Arc<dyn Group>> {
        self.groups.iter().find(|group| group.id() == id)
    }

    /// The algorithm for this scheme, if the provider has it.
    #[must_use]
    pub fn signature(&self, scheme: SignatureScheme) -> Option<&'static SignatureAlgorithm> {
        self.signatures.iter().copied().find(|algorithm| algorithm.scheme == scheme)
    }
}
