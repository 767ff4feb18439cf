//! The client's view of its own authentication, which a TLS 1.3 server judges a round trip after
//! the client is done (RFC 9846 §4.5.3, §F.1.2).

use crate::diagnosis::{self, ClientAuthentication, Evidence};

/// How it stands with the client's authentication; after several, with the last (RFC 9846 §4.7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuthenticationState {
    /// The server has not asked for a certificate.
    #[default]
    NotRequested,
    /// We have answered the server's request, and do not know yet what it makes of that.
    Pending(Reply),
    /// The server has shown that it processed our answer. It may have accepted it, or go on with an
    /// anonymous client: TLS does not say which.
    Processed(Reply, Evidence),
    /// The server ended the connection, and this is what that says about our certificate.
    Rejected(Reply, diagnosis::Cause),
    /// The connection ended before the server showed anything.
    Unresolved(Reply),
}

/// What the client replied to CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// A certificate.
    Sent,
    /// An empty list.
    Declined,
}

impl ClientAuthenticationState {
    /// Our reply, as long as its outcome is open.
    pub(crate) const fn unsettled(self) -> Option<Reply> {
        match self {
            Self::Pending(reply) => Some(reply),
            _ => None,
        }
    }

    /// Our reply, as a diagnosis calls it.
    pub(crate) const fn reply(self) -> ClientAuthentication {
        match self {
            Self::NotRequested => ClientAuthentication::NotRequested,
            Self::Pending(reply)
            | Self::Processed(reply, _)
            | Self::Rejected(reply, _)
            | Self::Unresolved(reply) => match reply {
                Reply::Sent => ClientAuthentication::Sent,
                Reply::Declined => ClientAuthentication::Declined,
            },
        }
    }

    /// What shows that the server has processed our reply.
    pub(crate) const fn evidence(self) -> Evidence {
        match self {
            Self::Processed(_, evidence) => evidence,
            _ => Evidence::None,
        }
    }
}
