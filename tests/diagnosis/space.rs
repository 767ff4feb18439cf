//! Every context there is, as a product of named values.

use std::sync::LazyLock;

use countersign::diagnosis::{
    ClientAuthentication, ClientContext, ClientPhase, Context, Diagnosis, Endpoint, Evidence, Psk,
    PskKind, ServerContext, ServerPhase, Signal, diagnose,
};
use countersign::epoch::Epoch;

use super::alert;

const EPOCHS: [Epoch; 4] = [Epoch::Initial, Epoch::EarlyData, Epoch::Handshake, Epoch::Application];

const PSKS: [Psk; 7] = [
    Psk::NotOffered,
    Psk::Offered(PskKind::External),
    Psk::Offered(PskKind::Resumption),
    Psk::OfferedAlone(PskKind::External),
    Psk::OfferedAlone(PskKind::Resumption),
    Psk::Accepted(PskKind::External),
    Psk::Accepted(PskKind::Resumption),
];

const CLIENT_PHASES: [ClientPhase; 6] = [
    ClientPhase::AwaitServerHello,
    ClientPhase::AwaitServerHelloAfterRetry,
    ClientPhase::AwaitServerFlight,
    ClientPhase::ClientAuthenticationPending,
    ClientPhase::Connected,
    ClientPhase::PostHandshakeAuthentication,
];

const AUTHENTICATIONS: [ClientAuthentication; 3] = [
    ClientAuthentication::NotRequested,
    ClientAuthentication::Declined,
    ClientAuthentication::Sent,
];

const EVIDENCE: [Evidence; 3] = [Evidence::None, Evidence::Weak, Evidence::Strong];

const SERVER_PHASES: [ServerPhase; 4] = [
    ServerPhase::AwaitClientHello,
    ServerPhase::AwaitClientHelloAfterRetry,
    ServerPhase::AwaitClientFlight,
    ServerPhase::Connected,
];

const NO_YES: [bool; 2] = [false, true];

/// Sets a field of a context to the value at a place in its list.
type Setter = dyn Fn(&mut Context, usize);

/// One field of the context: its name, the names of its values, and how to set one of them.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) values: Vec<String>,
    pub(super) set: Box<Setter>,
}

fn field<T: Copy + std::fmt::Debug + 'static>(
    name: &'static str,
    values: &[T],
    set: impl Fn(&mut Context, T) + 'static,
) -> Field {
    let options = values.to_vec();
    let values = values.iter().map(|value| format!("{value:?}")).collect();
    Field { name, values, set: Box::new(move |context, index| set(context, options[index])) }
}

fn of_client<T: Copy + std::fmt::Debug + 'static>(
    name: &'static str,
    values: &[T],
    set: impl Fn(&mut ClientContext, T) + 'static,
) -> Field {
    field(name, values, move |context, value| match &mut context.endpoint {
        Endpoint::Client(client) => set(client, value),
        Endpoint::Server(_) => panic!("{name} is a client's"),
    })
}

fn of_server<T: Copy + std::fmt::Debug + 'static>(
    name: &'static str,
    values: &[T],
    set: impl Fn(&mut ServerContext, T) + 'static,
) -> Field {
    field(name, values, move |context, value| match &mut context.endpoint {
        Endpoint::Server(server) => set(server, value),
        Endpoint::Client(_) => panic!("{name} is a server's"),
    })
}

fn of_both() -> [Field; 3] {
    [
        field("protection", &EPOCHS, |context, value| context.protection = value),
        field("peer_finished_verified", &NO_YES, |c, value| c.peer_finished_verified = value),
        field("psk", &PSKS, |context, value| context.psk = value),
    ]
}

/// A role: a context to start from, and the fields that span the others.
pub(super) struct Space {
    pub(super) name: &'static str,
    pub(super) start: Context,
    pub(super) fields: Vec<Field>,
}

/// The two roles.
pub(super) fn spaces() -> [Space; 2] {
    let [protection, verified, psk] = of_both();
    let client = vec![
        protection,
        of_client("phase", &CLIENT_PHASES, |client, value| client.phase = value),
        of_client("authentication", &AUTHENTICATIONS, |c, value| c.authentication = value),
        of_client("evidence", &EVIDENCE, |client, value| client.evidence = value),
        psk,
        of_client("early_data_sent", &NO_YES, |c, value| c.early_data_sent = value),
        of_client("server_name_sent", &NO_YES, |c, value| c.server_name_sent = value),
        of_client("protocols_offered", &NO_YES, |c, value| c.protocols_offered = value),
        verified,
    ];
    let [protection, verified, psk] = of_both();
    let server = vec![
        protection,
        of_server("phase", &SERVER_PHASES, |server, value| server.phase = value),
        psk,
        of_server("certificate_sent", &NO_YES, |s, value| s.certificate_sent = value),
        of_server("encrypted_client_hello_refused", &NO_YES, |server, value| {
            server.encrypted_client_hello_refused = value;
        }),
        verified,
    ];
    let endpoint = Endpoint::Server(ServerContext::default());
    [
        Space { name: "client", start: Context::default(), fields: client },
        Space { name: "server", start: Context { endpoint, ..Context::default() }, fields: server },
    ]
}

impl Space {
    /// Every context of this role.
    pub(super) fn contexts(&self) -> Vec<Context> {
        self.fields.iter().fold(vec![self.start], |contexts, field| {
            let spread = |context: Context| {
                (0..field.values.len()).map(move |index| {
                    let mut context = context;
                    (field.set)(&mut context, index);
                    context
                })
            };
            contexts.into_iter().flat_map(spread).collect()
        })
    }
}

/// Every context of either role.
pub(super) fn contexts() -> Vec<Context> {
    spaces().iter().flat_map(Space::contexts).collect()
}

/// Every signal there is.
pub(super) fn signals() -> impl Iterator<Item = Signal> {
    (0..=u8::MAX).map(alert).chain([Signal::TransportLost])
}

/// A signal, where it came, and what was said about it.
pub(super) type Diagnosed = (Signal, Context, Diagnosis);

/// Every telling signal in every context. Once for all tests: there are a million.
pub(super) fn diagnosed() -> &'static [Diagnosed] {
    static DIAGNOSED: LazyLock<Vec<Diagnosed>> = LazyLock::new(|| {
        let in_context = |context: Context| {
            telling_signals().map(move |signal| (signal, context, diagnose(signal, &context)))
        };
        contexts().into_iter().flat_map(in_context).collect()
    });
    &DIAGNOSED
}

/// Every signal with a meaning of its own, and some without.
fn telling_signals() -> impl Iterator<Item = Signal> {
    signals().filter(|signal| match signal {
        Signal::Alert(description) => {
            description.name().is_some() || matches!(description.0, 1 | 118 | 255)
        }
        Signal::TransportLost => true,
    })
}
