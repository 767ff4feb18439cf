//! countersign, with the answers of its policies.

use std::sync::{Arc, Mutex};

use ::countersign::connection::{Connection, Polled, Step};
use ::countersign::crypto::ring::{self, TLS_AES_128_GCM_SHA256};
use ::countersign::handshake::config::{ClientAuthentication, Destination};
use ::countersign::handshake::event::NewTicket;
use ::countersign::handshake::psk::{OfferedPsk, PreSharedKey};
use ::countersign::handshake::{Answer, ClientConfig, Decision, Fact, Handshake, ServerConfig};
use ::countersign::policy::{ClientPolicy, ServerPolicy, ServerTrust};
use pki_types::UnixTime;

use crate::identities::Identities;
use crate::meeting::{End, Library, Scenario, Unwatched, meet};
use crate::pki::{NAME, trusting};

/// Configurations and policies for every scenario, and what they have kept.
#[derive(Debug)]
pub struct Countersign {
    client: Arc<ClientConfig>,
    anonymous: Arc<ClientPolicy>,
    known: Arc<ClientPolicy>,
    server: Arc<ServerConfig>,
    requiring: Arc<ServerConfig>,
    serving: Arc<ServerPolicy>,
    tickets: Arc<Tickets>,
    resumption: Option<OfferedPsk>,
}

/// The tickets of a server that keeps what they stand for.
#[derive(Debug, Default)]
struct Tickets(Mutex<Vec<(Vec<u8>, PreSharedKey)>>);

impl Countersign {
    /// Everything for these identities; it has met itself once for a ticket.
    ///
    /// # Panics
    /// If a configuration is refused.
    #[must_use]
    pub fn new(identities: &Identities) -> Self {
        let suite = || std::iter::once(TLS_AES_128_GCM_SHA256.id).collect();
        let client = ClientConfig { cipher_suites: suite(), ..ClientConfig::new(ring::provider()) };
        let server = ServerConfig { cipher_suites: suite(), ..ServerConfig::new(ring::provider()) };
        let requiring =
            ServerConfig { client_authentication: ClientAuthentication::Require, ..server.clone() };
        let trusted = || ServerTrust::Roots(trusting(&identities.root));
        let known = vec![identities.client.credential()];
        let serving = ServerPolicy {
            credentials: vec![identities.server.credential()],
            client_roots: Some(trusting(&identities.root)),
            ..ServerPolicy::default()
        };
        let mut new = Self {
            client: Arc::new(client),
            anonymous: Arc::new(ClientPolicy { servers: trusted(), credentials: Vec::new() }),
            known: Arc::new(ClientPolicy { servers: trusted(), credentials: known }),
            server: Arc::new(server),
            requiring: Arc::new(requiring),
            serving: Arc::new(serving),
            tickets: Arc::default(),
            resumption: None,
        };
        new.resumption = Some(new.ticket());
        new
    }

    fn ticket(&self) -> OfferedPsk {
        let (mut client, mut server) = meet(self, Scenario::Full, &mut Unwatched);
        let order = NewTicket { lifetime_seconds: 3600, max_early_data_bytes: None };
        server.connection.issue_ticket(order).unwrap();
        let (mut nothing, mut bytes) = (Vec::new(), Vec::new());
        server.turn(&mut nothing, &mut bytes);
        client.turn(&mut bytes, &mut nothing);
        client.ticket.take().unwrap()
    }
}

impl Library for Countersign {
    type Destination = Destination;
    type End = CountersignEnd;

    const NAME: &'static str = "countersign";
    const CONNECTION_BYTES: [usize; 2] = [size_of::<Connection>(); 2];

    fn destination(&self, scenario: Scenario) -> Destination {
        let resumption = self.resumption.iter().filter(|_| scenario == Scenario::Resumed);
        let name = NAME.try_into().unwrap();
        Destination { psks: resumption.cloned().collect(), ..Destination::named(name) }
    }

    fn client(&self, scenario: Scenario, destination: Destination) -> CountersignEnd {
        let policy = match scenario {
            Scenario::Mutual => Arc::clone(&self.known),
            Scenario::Full | Scenario::Resumed | Scenario::Refused => Arc::clone(&self.anonymous),
        };
        let handshake = Handshake::client(Arc::clone(&self.client), destination).unwrap();
        CountersignEnd::new(handshake, Policy::Client(policy))
    }

    fn server(&self, scenario: Scenario) -> CountersignEnd {
        let config = match scenario {
            Scenario::Full | Scenario::Resumed => Arc::clone(&self.server),
            Scenario::Mutual | Scenario::Refused => Arc::clone(&self.requiring),
        };
        let policy = Policy::Server(Arc::clone(&self.serving), Arc::clone(&self.tickets));
        CountersignEnd::new(Handshake::server(config).unwrap(), policy)
    }
}

/// An end of countersign's.
#[derive(Debug)]
pub struct CountersignEnd {
    connection: Connection,
    policy: Policy,
    resumed: bool,
    alert: Option<u8>,
    ticket: Option<OfferedPsk>,
}

#[derive(Debug)]
enum Policy {
    Client(Arc<ClientPolicy>),
    Server(Arc<ServerPolicy>, Arc<Tickets>),
}

impl Policy {
    fn answer(&self, question: Decision) -> Answer {
        let now = UnixTime::now();
        let answered = match self {
            Self::Client(policy) => policy.answer(question, now),
            Self::Server(policy, tickets) => match tickets.answer(question) {
                Ok(answer) => return answer,
                Err(question) => policy.answer(question, now),
            },
        };
        answered.unwrap().answer
    }
}

impl Tickets {
    fn answer(&self, question: Decision) -> Result<Answer, Decision> {
        let mut kept = self.0.lock().unwrap();
        match question {
            Decision::SealTicket(question) => {
                let name = format!("ticket {}", kept.len()).into_bytes();
                let psk = PreSharedKey::resumption(question.psk().as_bytes(), question.suite());
                kept.push((name.clone(), psk.unwrap()));
                Ok(question.sealed(name).unwrap())
            }
            Decision::SelectCredential(question) => {
                let known = question.psk_identities().enumerate().find_map(|(index, offered)| {
                    let (_, psk) = kept.iter().find(|(name, _)| name == offered.identity)?;
                    Some((index, psk.clone()))
                });
                match known {
                    Some((index, psk)) => Ok(question.psk(index, psk, None, false).unwrap()),
                    None => Err(Decision::SelectCredential(question)),
                }
            }
            other => Err(other),
        }
    }
}

impl CountersignEnd {
    fn new(handshake: Handshake, policy: Policy) -> Self {
        let connection = Connection::new(handshake);
        Self { connection, policy, resumed: false, alert: None, ticket: None }
    }

    /// Gives back what can be made again.
    pub fn park(&mut self) {
        self.connection.park();
    }
}

impl End for CountersignEnd {
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) -> usize {
        let (mut done, mut received) = (0, 0);
        loop {
            let Polled { consumed, step } = self.connection.poll(&mut input[done..], output);
            done += consumed;
            match step {
                Step::Send | Step::EarlyData(_) => {}
                Step::Data(data) => received += data.len(),
                Step::Decide(question) => {
                    self.connection.answer(self.policy.answer(question)).unwrap();
                }
                Step::Learned(Fact::Negotiated(agreed)) => self.resumed = agreed.psk.is_some(),
                Step::Learned(Fact::Ticket(ticket)) => self.ticket = Some(ticket.offer(0)),
                Step::Learned(_) => {}
                Step::Receive | Step::Waiting => break,
                Step::Ended(end) => {
                    self.alert = alert(&end);
                    break;
                }
            }
        }
        input.drain(..done);
        received
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        self.connection.write(data, output).unwrap();
    }

    fn agrees_with(&self, scenario: Scenario) -> bool {
        match scenario {
            Scenario::Refused => self.alert == Some(116),
            complete => {
                let resumed = complete == Scenario::Resumed;
                self.connection.handshake().is_complete()
                    && (self.resumed, self.alert) == (resumed, None)
            }
        }
    }
}

/// The alert that ended a connection, whoever sent it.
fn alert(end: &::countersign::handshake::End) -> Option<u8> {
    match end {
        ::countersign::handshake::End::Refused(refusal) => Some(refusal.alert.0),
        ::countersign::handshake::End::Failed(failure) => Some(failure.alert.description().0),
        _ => None,
    }
}
