//! Who speaks, in which direction, and under which keys.

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that sends ClientHello.
    Client,
    /// The end that answers it.
    Server,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A direction of travel, as seen from this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From us to the peer.
    Send,
    /// From the peer to us.
    Receive,
}

/// The keys that protect a message (RFC 9846 §7; the encryption levels of RFC 9001 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Epoch {
    /// Plaintext over a stream; Initial packets in QUIC.
    Initial,
    /// `client_early_traffic_secret`, from client to server only.
    EarlyData,
    /// The handshake traffic secrets.
    Handshake,
    /// The application traffic secrets, of any generation.
    Application,
}
