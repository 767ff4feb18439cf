//! Two handshakes that exchange plaintext messages.

use std::sync::Arc;

use countersign::alert::Alert;
use countersign::epoch::{Direction, Epoch, Role};
use countersign::failure::Failure;
use countersign::handshake::config::Destination;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::machine::Edge;
use countersign::handshake::{CLIENT, ClientConfig, Fact, Handshake, Output, SERVER, ServerConfig};

use crate::identity::Identity;
use crate::provider::provider;

/// Two configurations, to be changed before they meet.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The client's.
    pub client: ClientConfig,
    /// The server's.
    pub server: ServerConfig,
    /// Where the client wants to go.
    pub destination: Destination,
}

impl Default for Setup {
    /// Both with all that [`provider`] has, reporting transitions; `example.com`.
    fn default() -> Self {
        let mut client = ClientConfig::new(provider());
        let mut server = ServerConfig::new(provider());
        client.report_transitions = true;
        server.report_transitions = true;
        let name = "example.com".try_into().expect("a DNS name");
        Self { client, server, destination: Destination::named(name) }
    }
}

impl Setup {
    /// The two ends, before anything has moved.
    ///
    /// # Panics
    /// If a configuration is refused.
    #[must_use]
    pub fn handshakes(self) -> (Handshake, Handshake) {
        let client = Handshake::client(Arc::new(self.client), self.destination);
        let server = Handshake::server(Arc::new(self.server));
        (client.expect("a client"), server.expect("a server"))
    }

    /// The two ends as a pair.
    #[must_use]
    pub fn pair(self) -> Pair {
        let (client, server) = self.handshakes();
        Pair { client: End::new(client), server: End::new(server) }
    }
}

/// What one end has said so far.
#[derive(Debug, Default)]
pub struct Observed {
    /// Facts, transitions left out.
    pub facts: Vec<Fact>,
    /// Transitions: from, input, to.
    pub moves: Vec<(&'static str, &'static str, &'static str)>,
    /// Alerts, and the keys they are to be sent under.
    pub alerts: Vec<(Epoch, Alert)>,
    /// Keys, by direction and epoch, as bytes.
    pub keys: Vec<(Direction, Epoch, Vec<u8>)>,
    /// The end.
    pub end: Option<countersign::handshake::End>,
}

/// One end and what it has said. Every output is held against the contract of `poll`.
#[derive(Debug)]
pub struct End {
    /// The handshake.
    pub handshake: Handshake,
    /// What it has said.
    pub observed: Observed,
    /// A question that nobody has answered yet.
    pub question: Option<Decision>,
}

/// Messages on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Who sends.
    pub from: Role,
    /// The keys they are sent under.
    pub epoch: Epoch,
    /// Whole messages.
    pub bytes: Vec<u8>,
}

impl End {
    /// An end that has said nothing.
    #[must_use]
    pub fn new(handshake: Handshake) -> Self {
        Self { handshake, observed: Observed::default(), question: None }
    }

    /// Takes all outputs; returns what is to be sent. Questions are answered by `answer`, or kept
    /// in [`question`](Self::question) where it returns none.
    ///
    /// # Panics
    /// If an output breaks the contract of `poll`.
    pub fn drain(
        &mut self,
        answer: &mut dyn FnMut(Decision) -> Result<Answer, Decision>,
    ) -> Vec<Flight> {
        let mut flights = Vec::new();
        while let Some(output) = self.handshake.poll() {
            flights.extend(self.note(output, answer));
        }
        flights
    }

    /// Takes all outputs and leaves questions open.
    ///
    /// # Panics
    /// If an output breaks the contract of `poll`.
    pub fn settle(&mut self) -> Vec<Flight> {
        self.drain(&mut Err)
    }

    /// Takes note of one output.
    pub(crate) fn note(
        &mut self,
        output: Output,
        answer: &mut dyn FnMut(Decision) -> Result<Answer, Decision>,
    ) -> Option<Flight> {
        assert!(self.observed.end.is_none(), "an output behind the end: {output:?}");
        match output {
            Output::Send { epoch, bytes } => {
                assert!(self.error_alerts() == 0, "a message behind an error alert");
                return Some(Flight { from: self.handshake.role(), epoch, bytes });
            }
            Output::Key { direction, epoch, secret } => {
                let bytes = secret.secret().as_bytes().to_vec();
                self.observed.keys.push((direction, epoch, bytes));
            }
            Output::KeyDropped => {}
            Output::Decide(decision) => match answer(decision) {
                Ok(answer) => self.handshake.answer(answer).expect("the open question"),
                Err(decision) => self.question = Some(decision),
            },
            Output::Learned(Fact::Moved { from, input, to }) => {
                assert!(self.has_edge(from, input, to), "no row: {from} + {input} -> {to}");
                self.observed.moves.push((from, input, to));
            }
            Output::Learned(fact) => self.observed.facts.push(fact),
            Output::Alert { epoch, alert } => {
                assert!(self.error_alerts() == 0, "an alert behind an error alert");
                self.observed.alerts.push((epoch, alert));
            }
            Output::Ended(end) => self.observed.end = Some(end),
        }
        None
    }

    /// How this end failed, if it did.
    #[must_use]
    pub const fn failure(&self) -> Option<Failure> {
        match self.observed.end {
            Some(countersign::handshake::End::Failed(failure)) => Some(failure),
            _ => None,
        }
    }

    fn error_alerts(&self) -> usize {
        self.observed.alerts.iter().filter(|(_, alert)| matches!(alert, Alert::Error(_))).count()
    }

    fn has_edge(&self, from: &str, input: &str, to: &str) -> bool {
        let table: &[Edge] = match self.handshake.role() {
            Role::Client => CLIENT,
            Role::Server => SERVER,
        };
        table.iter().any(|edge| edge.from == from && edge.input == input && edge.to.contains(&to))
    }

    /// Whether this fact was learned.
    #[must_use]
    pub fn knows(&self, is_it: impl Fn(&Fact) -> bool) -> bool {
        self.observed.facts.iter().any(is_it)
    }
}

/// Two ends that exchange messages in plaintext.
#[derive(Debug)]
pub struct Pair {
    /// The client.
    pub client: End,
    /// The server.
    pub server: End,
}

impl Pair {
    /// Runs until nobody has anything to say. Every flight passes through `tamper`, which may
    /// change or empty it; questions go to [`Identity::example`].
    pub fn run(&mut self, tamper: impl FnMut(&mut Flight)) {
        self.run_with(tamper, |_, decision| Ok(Identity::example().answer(decision)));
    }

    /// As [`run`](Self::run), with answers of one's own; a question that comes back stays open.
    /// Alerts are delivered under the keys they are sent under.
    ///
    /// # Panics
    /// If an end breaks the contract of `poll`, or the two never fall silent.
    pub fn run_with(
        &mut self,
        mut tamper: impl FnMut(&mut Flight),
        mut answer: impl FnMut(Role, Decision) -> Result<Answer, Decision>,
    ) {
        for _ in 0..64 {
            let mut silent = true;
            for role in [Role::Client, Role::Server] {
                let (from, to) = match role {
                    Role::Client => (&mut self.client, &mut self.server),
                    Role::Server => (&mut self.server, &mut self.client),
                };
                let alerts_before = from.observed.alerts.len();
                for mut flight in from.drain(&mut |decision| answer(role, decision)) {
                    silent = false;
                    tamper(&mut flight);
                    if !flight.bytes.is_empty() {
                        // An end that is over takes nothing any more, and says so.
                        let _ended = to.handshake.receive(flight.epoch, &flight.bytes);
                    }
                }
                for (epoch, alert) in from.observed.alerts.iter().skip(alerts_before) {
                    silent = false;
                    let [level, description] = alert.to_wire();
                    let _ended = to.handshake.receive_alert(*epoch, level, description);
                }
            }
            if silent {
                return;
            }
        }
        panic!("the two ends never fall silent");
    }

    /// Whether both ends are connected and agree on keys and parameters.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let keys = |end: &End, direction| -> Vec<(Epoch, Vec<u8>)> {
            // A server that rejects early data never has its key.
            let shared = |epoch| epoch != Epoch::EarlyData;
            let keys = end.observed.keys.iter();
            let keys = keys.filter(|(d, epoch, _)| *d == direction && shared(*epoch));
            keys.map(|(_, epoch, bytes)| (*epoch, bytes.clone())).collect()
        };
        let negotiated = |end: &End| {
            end.observed.facts.iter().find_map(|fact| match fact {
                Fact::Negotiated(negotiated) => Some(negotiated.clone()),
                _ => None,
            })
        };
        self.client.handshake.is_complete()
            && self.server.handshake.is_complete()
            && keys(&self.client, Direction::Send) == keys(&self.server, Direction::Receive)
            && keys(&self.client, Direction::Receive) == keys(&self.server, Direction::Send)
            && negotiated(&self.client).is_some()
            && negotiated(&self.client) == negotiated(&self.server)
    }
}
