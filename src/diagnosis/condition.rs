//! Conditions on a context, by the names that the table uses.

use core::fmt;

use super::{
    ClientAuthentication, ClientContext, ClientPhase, Context, Endpoint, Evidence, Psk, PskKind,
    ServerContext, ServerPhase,
};
use crate::epoch::Epoch;

/// Something that holds in a context, or does not.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    text: &'static str,
    holds: Predicate,
}

/// A condition on what one role knows does not hold in the other.
#[derive(Clone, Copy, Debug)]
enum Predicate {
    Any(fn(&Context) -> bool),
    Client(fn(&ClientContext) -> bool),
    Server(fn(&ServerContext) -> bool),
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, context: &Context) -> bool {
        match (self.holds, &context.endpoint) {
            (Predicate::Any(holds), _) => holds(context),
            (Predicate::Client(holds), Endpoint::Client(client)) => holds(client),
            (Predicate::Server(holds), Endpoint::Server(server)) => holds(server),
            _ => false,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

const fn any(text: &'static str, holds: fn(&Context) -> bool) -> Condition {
    Condition { text, holds: Predicate::Any(holds) }
}

const fn client(text: &'static str, holds: fn(&ClientContext) -> bool) -> Condition {
    Condition { text, holds: Predicate::Client(holds) }
}

const fn server(text: &'static str, holds: fn(&ServerContext) -> bool) -> Condition {
    Condition { text, holds: Predicate::Server(holds) }
}

// Keys
pub(super) const PROTECTED: Condition = any("under handshake or application keys", |context| {
    matches!(context.protection, Epoch::Handshake | Epoch::Application)
});
pub(super) const UNDER_APPLICATION_KEYS: Condition =
    any("under application keys", |context| context.protection == Epoch::Application);
pub(super) const AUTHENTICATED: Condition =
    any("from the authenticated server", Context::authenticated);

// Phases
pub(super) const BEFORE_PEER_FINISHED: Condition =
    any("before the peer's Finished", |context| match context.endpoint {
        Endpoint::Client(client) => matches!(
            client.phase,
            ClientPhase::AwaitServerHello
                | ClientPhase::AwaitServerHelloAfterRetry
                | ClientPhase::AwaitServerFlight
        ),
        Endpoint::Server(server) => server.phase != ServerPhase::Connected,
    });
pub(super) const AWAITING_FIRST_SERVER_HELLO: Condition =
    client("before ServerHello and HelloRetryRequest", |client| {
        client.phase == ClientPhase::AwaitServerHello
    });
pub(super) const AWAITING_SERVER_HELLO: Condition = client("before ServerHello", |client| {
    matches!(client.phase, ClientPhase::AwaitServerHello | ClientPhase::AwaitServerHelloAfterRetry)
});
pub(super) const AFTER_OUR_HELLO: Condition =
    server("after HelloRetryRequest or ServerHello, before the client's Finished", |server| {
        matches!(
            server.phase,
            ServerPhase::AwaitClientHelloAfterRetry | ServerPhase::AwaitClientFlight
        )
    });
pub(super) const AWAITING_CLIENT_FLIGHT: Condition =
    server("after our Finished, before the client's", |server| {
        server.phase == ServerPhase::AwaitClientFlight
    });

// Certificates
pub(super) const NOT_REQUESTED: Condition = client("no client certificate asked for", |client| {
    client.authentication == ClientAuthentication::NotRequested
});
pub(super) const DECLINED: Condition =
    client("client certificate asked for, none sent", |client| {
        client.authentication == ClientAuthentication::Declined
    });
pub(super) const SENT: Condition =
    client("client certificate sent", |client| client.authentication == ClientAuthentication::Sent);
pub(super) const UNDECIDED: Condition = client("verdict still due", |client| {
    client.authentication != ClientAuthentication::NotRequested
        && client.evidence != Evidence::Strong
        && matches!(
            client.phase,
            ClientPhase::ClientAuthenticationPending | ClientPhase::PostHandshakeAuthentication
        )
});
pub(super) const NO_EVIDENCE: Condition =
    client("nothing heard since our Finished", |client| client.evidence == Evidence::None);
pub(super) const NO_STRONG_EVIDENCE: Condition =
    client("our Finished not known to be processed", |client| client.evidence != Evidence::Strong);
pub(super) const CERTIFICATE_SENT: Condition =
    server("server certificate sent", |server| server.certificate_sent);

// Pre-shared keys
pub(super) const PSK_NOT_OFFERED: Condition =
    any("no PSK offered", |context| context.psk == Psk::NotOffered);
pub(super) const PSK_OFFERED: Condition =
    any("PSK or ticket offered", |context| context.psk != Psk::NotOffered);
pub(super) const PSK_OFFERED_ALONE: Condition =
    any("PSK or ticket offered, and nothing else", |context| {
        matches!(context.psk, Psk::OfferedAlone(_))
    });
pub(super) const PSK_ACCEPTED: Condition =
    any("PSK or ticket accepted", |context| matches!(context.psk, Psk::Accepted(_)));
pub(super) const EXTERNAL_PSK_ACCEPTED: Condition =
    any("external PSK accepted", |context| context.psk == Psk::Accepted(PskKind::External));
pub(super) const TICKET_ACCEPTED: Condition =
    any("ticket accepted", |context| context.psk == Psk::Accepted(PskKind::Resumption));
pub(super) const RESUMING: Condition = any("ticket offered or accepted", |context| {
    matches!(
        context.psk,
        Psk::Offered(PskKind::Resumption)
            | Psk::OfferedAlone(PskKind::Resumption)
            | Psk::Accepted(PskKind::Resumption)
    )
});

// The rest of ClientHello
pub(super) const SERVER_NAME_SENT: Condition =
    client("server_name sent", |client| client.server_name_sent);
pub(super) const SERVER_NAME_NOT_SENT: Condition =
    client("no server_name sent", |client| !client.server_name_sent);
pub(super) const PROTOCOLS_OFFERED: Condition =
    client("application protocols offered", |client| client.protocols_offered);
pub(super) const EARLY_DATA_SENT: Condition =
    client("early data sent", |client| client.early_data_sent);
pub(super) const ENCRYPTED_CLIENT_HELLO_REFUSED: Condition =
    server("Encrypted ClientHello refused", |server| server.encrypted_client_hello_refused);
