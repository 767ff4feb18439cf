//! countersign, with the answers of its policies.

use std::sync::{Arc, Mutex};

use ::countersign::connection::{Connection, Polled, Step};
use ::countersign::crypto::{Provider, ring};
use ::countersign::handshake::config::{ClientAuthentication, Destination, Vector};
use ::countersign::handshake::event::NewTicket;
use ::countersign::handshake::psk::{OfferedPsk, PreSharedKey};
use ::countersign::handshake::{Answer, ClientConfig, Decision, Fact, Handshake, ServerConfig};
use ::countersign::policy::{ClientPolicy, ServerPolicy, ServerTrust};
use ::countersign::record::PROTECTION_OVERHEAD_BYTES;
use ::countersign::registry::{CipherSuite, NamedGroup};
use pki_types::UnixTime;

use crate::identities::Identities;
use crate::meeting::{End, Library, Scenario, Unwatched, meet};
use crate::pki::{NAME, trusting};

/// Configurations and policies for every scenario, and what they have kept.
pub struct Countersign {
    name: &'static str,
    client: Arc<ClientConfig>,
    anonymous: Arc<ClientPolicy>,
    known: Arc<ClientPolicy>,
    remembering: Arc<ClientPolicy>,
    server: Arc<ServerConfig>,
    requiring: Arc<ServerConfig>,
    hybrid: Option<(Arc<ClientConfig>, Arc<ServerConfig>)>,
    serving: Arc<ServerPolicy>,
    /// Of the client, and of the server.
    signers: [Option<Signer>; 2],
    tickets: Arc<Tickets>,
    resumption: Option<OfferedPsk>,
}

/// As many as a client of many servers might have; here it meets two.
const REMEMBERED_SIGNATURES: usize = 256;

/// Signs in place of the policy, which has ring for that.
type Signer = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// With AWS-LC.
#[cfg(feature = "aws-lc-rs")]
fn signers(identities: &Identities) -> [Option<Signer>; 2] {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

    [&identities.client, &identities.server].map(|issued| {
        let private_key = issued.key.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &private_key).unwrap();
        let random = SystemRandom::new();
        let sign = move |message: &[u8]| key.sign(&random, message).unwrap().as_ref().to_vec();
        Some(Arc::new(sign) as Signer)
    })
}

fn only<T>(item: T) -> Vector<T>
where
    Vector<T>: FromIterator<T>,
{
    std::iter::once(item).collect()
}

/// The tickets of a server that keeps what they stand for.
#[derive(Debug, Default)]
struct Tickets(Mutex<Vec<(Vec<u8>, PreSharedKey)>>);

impl Countersign {
    /// Over ring.
    #[must_use]
    pub fn on_ring(identities: &Identities) -> Self {
        Self::new("countersign, ring", &ring::provider(), identities, [None, None])
    }

    /// Over AWS-LC.
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn on_aws_lc(identities: &Identities) -> Self {
        let provider = ::countersign::crypto::aws_lc_rs::provider();
        Self::new("countersign, AWS-LC", &provider, identities, signers(identities))
    }

    /// Over both, as composed.
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn composed(identities: &Identities) -> Self {
        let provider = ::countersign::crypto::composed::provider();
        Self::new("countersign, composed", &provider, identities, signers(identities))
    }

    /// Everything for these identities; it has met itself once for a ticket.
    ///
    /// # Panics
    /// If a configuration is refused.
    fn new(
        name: &'static str,
        provider: &Provider,
        identities: &Identities,
        signers: [Option<Signer>; 2],
    ) -> Self {
        let configs = |group: NamedGroup| {
            provider.group(group)?;
            let client = ClientConfig::new(provider.clone());
            let server = ServerConfig::new(provider.clone());
            let (cipher_suites, groups) = (only(CipherSuite::TLS_AES_128_GCM_SHA256), only(group));
            Some((
                ClientConfig {
                    cipher_suites: cipher_suites.clone(),
                    groups: groups.clone(),
                    ..client
                },
                ServerConfig { cipher_suites, groups, ..server },
            ))
        };
        let (client, server) = configs(NamedGroup::X25519).unwrap();
        let hybrid = configs(NamedGroup::X25519MLKEM768);
        let requiring =
            ServerConfig { client_authentication: ClientAuthentication::Require, ..server.clone() };
        let roots = || {
            let mut roots = trusting(&identities.root);
            roots.algorithms = provider.signatures.iter().map(|known| known.algorithm).collect();
            roots
        };
        let trusting = |roots, credentials| {
            Arc::new(ClientPolicy { servers: ServerTrust::Roots(roots), credentials })
        };
        let known = vec![identities.client.credential()];
        let serving = ServerPolicy {
            credentials: vec![identities.server.credential()],
            client_roots: Some(roots()),
            ..ServerPolicy::default()
        };
        let mut new = Self {
            name,
            client: Arc::new(client),
            anonymous: trusting(roots(), Vec::new()),
            known: trusting(roots(), known),
            remembering: trusting(roots().remembering(REMEMBERED_SIGNATURES), Vec::new()),
            server: Arc::new(server),
            requiring: Arc::new(requiring),
            hybrid: hybrid.map(|(client, server)| (Arc::new(client), Arc::new(server))),
            serving: Arc::new(serving),
            signers,
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

    const CONNECTION_BYTES: [usize; 2] = [size_of::<Connection>(); 2];

    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, scenario: Scenario) -> bool {
        scenario != Scenario::Hybrid || self.hybrid.is_some()
    }

    fn destination(&self, scenario: Scenario) -> Destination {
        let resumption = self.resumption.iter().filter(|_| scenario == Scenario::Resumed);
        let name = NAME.try_into().unwrap();
        Destination { psks: resumption.cloned().collect(), ..Destination::named(name) }
    }

    fn client(&self, scenario: Scenario, destination: Destination) -> CountersignEnd {
        let policy = match scenario {
            Scenario::Mutual => &self.known,
            Scenario::Remembered => &self.remembering,
            _ => &self.anonymous,
        };
        let config = match (scenario, &self.hybrid) {
            (Scenario::Hybrid, Some((hybrid, _))) => hybrid,
            _ => &self.client,
        };
        let [signer, _] = &self.signers;
        let handshake = Handshake::client(Arc::clone(config), destination).unwrap();
        CountersignEnd::new(handshake, Policy::Client(Arc::clone(policy)), signer.clone())
    }

    fn server(&self, scenario: Scenario) -> CountersignEnd {
        let config = match (scenario, &self.hybrid) {
            (Scenario::Mutual | Scenario::Refused, _) => &self.requiring,
            (Scenario::Hybrid, Some((_, hybrid))) => hybrid,
            _ => &self.server,
        };
        let [_, signer] = &self.signers;
        let policy = Policy::Server(Arc::clone(&self.serving), Arc::clone(&self.tickets));
        let handshake = Handshake::server(Arc::clone(config)).unwrap();
        CountersignEnd::new(handshake, policy, signer.clone())
    }
}

/// An end of countersign's.
pub struct CountersignEnd {
    connection: Connection,
    policy: Policy,
    signer: Option<Signer>,
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
    fn new(handshake: Handshake, policy: Policy, signer: Option<Signer>) -> Self {
        let connection = Connection::new(handshake);
        Self { connection, policy, signer, resumed: false, alert: None, ticket: None }
    }

    fn answer(&self, question: Decision) -> Answer {
        match (question, &self.signer) {
            (Decision::Sign(question), Some(sign)) => {
                let signature = sign(question.message());
                question.signature(signature)
            }
            (question, _) => self.policy.answer(question),
        }
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
                    self.connection.answer(self.answer(question)).unwrap();
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

    fn make_room(&self, content_bytes: usize, count: usize, wire: &mut Vec<u8>) {
        wire.resize(count * (content_bytes + PROTECTION_OVERHEAD_BYTES), 0);
    }

    fn send_in_place(&mut self, data: &[u8], nth: usize, wire: &mut Vec<u8>) {
        let record_bytes = data.len() + PROTECTION_OVERHEAD_BYTES;
        // What lies there does as well as anything else.
        let record = &mut wire[nth * record_bytes..][..record_bytes];
        self.connection.write_in_place(record, data.len()).unwrap();
    }

    fn send_each(&mut self, data: &[u8], times: usize, output: &mut Vec<u8>) {
        self.connection.write_each(std::iter::repeat_n(data, times), output).unwrap();
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
