//! Who meets whom: configurations, identities, and what happens on the way.

use std::error::Error;

use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::handshake::config::{
    ClientAuthentication, ClientConfig, Destination, ServerConfig,
};
use countersign::policy::{ClientPolicy, ServerPolicy, ServerTrust};
use pki_types::ServerName;

use crate::identities::{Authority, Purpose, SERVER_NAME};

/// A year in which nobody will run this.
pub(crate) const FAR: i32 = 2098;

/// Two ends before they meet.
pub(crate) struct Scene {
    /// The authority that both trust.
    pub(crate) authority: Authority,
    pub(crate) client: ClientConfig,
    pub(crate) server: ServerConfig,
    pub(crate) destination: Destination,
    pub(crate) client_policy: ClientPolicy,
    pub(crate) server_policy: ServerPolicy,
    pub(crate) path: Path,
    /// What they do when all is said, or sooner.
    pub(crate) acts: Vec<(Role, Act)>,
}

/// What becomes of messages on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Honest,
    /// Someone on the way keeps ClientHello, and answers with an alert.
    Filtered,
    /// The last flight of the client gets lost.
    CutWhenClientIsConnected,
}

/// What an end does of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Sends application data, when the other side is silent.
    Speak(&'static str),
    /// Sends application data as soon as it is connected.
    SpeakAtOnce(&'static str),
    /// Changes its keys, and asks the peer to do the same.
    UpdateKeys,
    Close,
    LoseTransport,
}

impl Scene {
    /// A client and a server who trust the same authority and have certificates of it; the server
    /// requires the client's.
    pub(crate) fn mutual() -> Result<Self, Box<dyn Error>> {
        let authority = Authority::new("Example CA")?;
        let mut client = ClientConfig::new(ring::provider());
        let mut server = ServerConfig::new(ring::provider());
        client.report_transitions = true;
        server.report_transitions = true;
        server.client_authentication = ClientAuthentication::Require;
        Ok(Self {
            destination: Destination::named(ServerName::try_from(SERVER_NAME)?),
            client_policy: ClientPolicy {
                servers: ServerTrust::Roots(authority.roots()?),
                credentials: vec![authority.issue("alice", Purpose::ClientAuth, FAR)?],
            },
            server_policy: ServerPolicy {
                credentials: vec![authority.issue(SERVER_NAME, Purpose::ServerAuth, FAR)?],
                client_roots: Some(authority.roots()?),
                ..ServerPolicy::default()
            },
            path: Path::Honest,
            acts: Vec::new(),
            authority,
            client,
            server,
        })
    }

    /// As [`mutual`](Self::mutual), with another certificate for the client.
    pub(crate) fn with_client_certificate(
        purpose: Purpose,
        last_year: i32,
    ) -> Result<Self, Box<dyn Error>> {
        let mut scene = Self::mutual()?;
        scene.client_policy.credentials = vec![scene.authority.issue("alice", purpose, last_year)?];
        Ok(scene)
    }

    /// As [`mutual`](Self::mutual), but the server does not ask for a certificate.
    pub(crate) fn server_only() -> Result<Self, Box<dyn Error>> {
        let mut scene = Self::mutual()?;
        scene.server.client_authentication = ClientAuthentication::None;
        Ok(scene)
    }

    /// Whether `role` leaves the verdict to an application that lets nobody in.
    pub(crate) const fn denies(&self, role: Role) -> bool {
        matches!(role, Role::Server) && self.server_policy.client_roots.is_none()
    }
}
