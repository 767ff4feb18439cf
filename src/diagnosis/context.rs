//! Where a connection stood when the signal came: all that a diagnosis may look at.

use crate::epoch::{Epoch, Role};

/// Where the connection stood when the signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// The keys under which an alert came; for a lost transport, those in use for receiving.
    pub protection: Epoch,
    /// The peer's Finished has been verified.
    pub peer_finished_verified: bool,
    /// What became of pre-shared keys.
    pub psk: Psk,
    /// Our role, and what only that role knows.
    pub endpoint: Endpoint,
}

/// Our role, and what only that role knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// We are the client.
    Client(ClientContext),
    /// We are the server.
    Server(ServerContext),
}

/// What a client knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientContext {
    /// How far the handshake has come.
    pub phase: ClientPhase,
    /// What we answered to a CertificateRequest.
    pub authentication: ClientAuthentication,
    /// What shows that the server has processed our last authentication messages.
    pub evidence: Evidence,
    /// Early data was sent.
    pub early_data_sent: bool,
    /// The `server_name` extension was sent.
    pub server_name_sent: bool,
    /// The `application_layer_protocol_negotiation` extension was sent.
    pub protocols_offered: bool,
}

/// How far the handshake of a client has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientPhase {
    /// ClientHello is sent; no ServerHello has come.
    #[default]
    AwaitServerHello,
    /// HelloRetryRequest was answered; no ServerHello has come.
    AwaitServerHelloAfterRetry,
    /// ServerHello has come, and the server's Finished has not.
    AwaitServerFlight,
    /// Our Finished is sent, and the server's verdict on our certificate, or on the lack of one, is
    /// out (RFC 9846 §F.1.2).
    ClientAuthenticationPending,
    /// The handshake is complete as far as we can know.
    Connected,
    /// A post-handshake CertificateRequest was answered (RFC 9846 §4.7.2).
    PostHandshakeAuthentication,
}

/// What a client answered to a CertificateRequest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientAuthentication {
    /// There was none, or it has not been answered yet.
    #[default]
    NotRequested,
    /// The empty Certificate message.
    Declined,
    /// A certificate.
    Sent,
}

/// What shows that the server has processed our last Finished. Processed is not accepted: the
/// server may treat us as anonymous (RFC 9846 §F.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Nothing.
    #[default]
    None,
    /// Application data, which a server may send before it has our Finished (RFC 9846 §2).
    Weak,
    /// NewSessionTicket, the answer to a KeyUpdate of ours, or a post-handshake CertificateRequest
    /// (RFC 9846 §4.7).
    Strong,
}

/// What became of pre-shared keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Psk {
    /// ClientHello has no `pre_shared_key`.
    #[default]
    NotOffered,
    /// Offered beside certificates, and not selected, or not yet.
    Offered(PskKind),
    /// Offered, and no certificate could take its place: ClientHello has no `signature_algorithms`.
    OfferedAlone(PskKind),
    /// Selected by the server.
    Accepted(PskKind),
}

/// Where a pre-shared key comes from (RFC 9846 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PskKind {
    /// Agreed outside TLS.
    External,
    /// From a ticket.
    Resumption,
}

/// What a server knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServerContext {
    /// How far the handshake has come.
    pub phase: ServerPhase,
    /// We sent a certificate.
    pub certificate_sent: bool,
    /// ClientHello has the `encrypted_client_hello` extension, and it was not accepted (RFC 9849).
    pub encrypted_client_hello_refused: bool,
}

/// How far the handshake of a server has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServerPhase {
    /// No ClientHello has come.
    #[default]
    AwaitClientHello,
    /// HelloRetryRequest is sent; no second ClientHello has come.
    AwaitClientHelloAfterRetry,
    /// Our Finished is sent, and the client's Finished has not come.
    AwaitClientFlight,
    /// The handshake is complete.
    Connected,
}

impl Context {
    /// Our role.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self.endpoint {
            Endpoint::Client(_) => Role::Client,
            Endpoint::Server(_) => Role::Server,
        }
    }

    /// Whether what comes now is known to come from the peer that the handshake authenticated.
    /// Handshake keys alone do not say so: anyone can agree on keys.
    #[must_use]
    pub const fn authenticated(&self) -> bool {
        matches!(self.protection, Epoch::Handshake | Epoch::Application)
            && self.peer_finished_verified
    }
}

/// A client that has sent its first ClientHello and heard nothing.
impl Default for Context {
    fn default() -> Self {
        Self {
            protection: Epoch::Initial,
            peer_finished_verified: false,
            psk: Psk::default(),
            endpoint: Endpoint::Client(ClientContext::default()),
        }
    }
}
