//! A connection against a peer that writes its records by hand.

use std::collections::VecDeque;
use std::mem;

use countersign::alert::Alert;
use countersign::connection::Connection;
use countersign::crypto::aead::TAG_BYTES;
use countersign::crypto::{Sealer, Secret, Suite};
use countersign::epoch::{Direction, Epoch, Role};
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::{End, Fact, Handshake, Output};
use countersign::key_schedule::{HandshakeSecret, TrafficSecret};
use countersign::limits::Limits;
use countersign::record::{Content, Inbound};
use countersign::registry::ContentType;

use crate::identity::Identity;
use crate::pair::Setup;
use crate::stop::messages;
use crate::wire::Socket;

/// Something a peer sends.
#[derive(Clone, Debug)]
pub enum Item {
    /// One handshake message in a record of its own, under the keys in use.
    Message(Vec<u8>),
    /// Any content of any type, under the keys in use, with so many zeros behind it.
    Record(ContentType, Vec<u8>, usize),
    /// Any content of any type in plaintext, whatever the keys.
    Plaintext(ContentType, Vec<u8>),
    /// Any content of any type, under a key that only the sender has.
    Forged(ContentType, Vec<u8>),
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// Nothing; but from here on this key is in use, or none.
    Key(Option<TrafficSecret>),
}

impl Item {
    /// An alert under the keys in use.
    #[must_use]
    pub fn alert(level: u8, description: u8) -> Self {
        Self::Record(ContentType::ALERT, vec![level, description], 0)
    }
}

/// A record that the connection under test has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The keys that opened it.
    pub epoch: Epoch,
    /// What it holds; [`UNOPENED`] for what comes when the peer has ended.
    pub content_type: ContentType,
    /// The content.
    pub content: Vec<u8>,
}

/// The content type of bytes that nobody has opened any more.
pub const UNOPENED: ContentType = ContentType(0);

/// An honest handshake whose records are sealed and opened here, so that any of them can be left
/// out, changed or made up.
#[derive(Debug)]
pub struct Forger {
    /// The handshake.
    pub handshake: Handshake,
    /// What the handshake wants sent and nobody has sent yet.
    pub items: VecDeque<Item>,
    /// What the connection under test has said, compatibility records left out.
    pub heard: Vec<Heard>,
    /// How it ended for the handshake.
    pub end: Option<End>,
    /// How the handshake's questions are answered.
    pub answer: fn(Decision) -> Answer,
    inbound: Inbound,
    sealer: Option<Sealer>,
}

impl Forger {
    fn new(handshake: Handshake) -> Self {
        let mut inbound = Inbound::new(handshake.role(), Limits::default());
        inbound.open_change_cipher_spec_window();
        let mut forger = Self {
            handshake,
            items: VecDeque::new(),
            heard: Vec::new(),
            end: None,
            answer: |question| Identity::example().answer(question),
            inbound,
            sealer: None,
        };
        forger.speak();
        forger
    }

    /// Collects what the handshake has to say. Keys to receive with are in use at once.
    ///
    /// # Panics
    /// If an answer does not fit.
    pub fn speak(&mut self) {
        while let Some(output) = self.handshake.poll() {
            match output {
                Output::Send { bytes, .. } => {
                    let messages = messages(&bytes).into_iter();
                    self.items.extend(messages.map(|message| Item::Message(message.to_vec())));
                }
                Output::Key { direction: Direction::Send, secret, .. } => {
                    self.items.push_back(Item::Key(Some(secret)));
                }
                Output::KeyDropped => self.items.push_back(Item::Key(None)),
                Output::Key { direction: Direction::Receive, secret, .. } => {
                    self.inbound.set_key(&secret);
                }
                Output::Decide(question) => {
                    let answer = (self.answer)(question);
                    self.handshake.answer(answer).expect("the open question");
                }
                Output::Learned(Fact::EarlyDataRejected) => self.inbound.skip_early_data(),
                Output::Learned(_) => {}
                Output::Alert { alert, .. } => self.items.push_back(alert_item(alert)),
                Output::Ended(end) => self.end = Some(end),
            }
        }
    }

    /// Opens records of the connection under test and gives the handshake what is in them.
    ///
    /// # Panics
    /// If a record is under a key that the peer of an honest connection does not have.
    fn listen(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.end.is_some() {
                // Who has ended may lack the keys, but what comes is noted.
                let content = bytes.to_vec();
                let epoch = self.handshake.receive_epoch();
                self.heard.push(Heard { epoch, content_type: UNOPENED, content });
                return;
            }
            let before = self.handshake.receive_epoch();
            let record = self.inbound.next(bytes, false).expect("a record in order");
            let record = record.expect("a whole record");
            let consumed = record.consumed;
            let (epoch, content_type, content) = match record.content {
                Content::Handshake(content) => {
                    let _ended = self.handshake.receive(before, content);
                    (before, ContentType::HANDSHAKE, content.to_vec())
                }
                Content::Alert { level, description, protected } => {
                    let epoch = if protected { before } else { Epoch::Initial };
                    let _ended = self.handshake.receive_alert(epoch, level, description);
                    (epoch, ContentType::ALERT, vec![level, description])
                }
                Content::ApplicationData(data) => {
                    (before, ContentType::APPLICATION_DATA, data.to_vec())
                }
                Content::Dropped => (before, ContentType::CHANGE_CIPHER_SPEC, Vec::new()),
            };
            if content_type != ContentType::CHANGE_CIPHER_SPEC {
                self.heard.push(Heard { epoch, content_type, content });
            }
            self.speak();
            bytes = &mut bytes[consumed..];
        }
    }

    /// The bytes of `item`, under the keys in use.
    ///
    /// # Panics
    /// If they do not fit a record.
    pub fn seal(&mut self, item: Item) -> Vec<u8> {
        match item {
            Item::Message(message) => self.seal(Item::Record(ContentType::HANDSHAKE, message, 0)),
            Item::Record(content_type, content, padding) => match &mut self.sealer {
                Some(sealer) => sealed(sealer, content_type, content, padding),
                None => plaintext(content_type, &content),
            },
            Item::Plaintext(content_type, content) => plaintext(content_type, &content),
            Item::Forged(content_type, content) => {
                let secret = foreign_secret();
                let mut sealer = Sealer::new(secret.suite, secret.secret());
                sealed(&mut sealer, content_type, content, 0)
            }
            Item::Raw(bytes) => bytes,
            Item::Key(secret) => {
                self.sealer = secret.map(|secret| Sealer::new(secret.suite, secret.secret()));
                Vec::new()
            }
        }
    }
}

fn alert_item(alert: Alert) -> Item {
    let [level, description] = alert.to_wire();
    Item::alert(level, description)
}

fn plaintext(content_type: ContentType, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).expect("a record").to_be_bytes();
    [&[content_type.0, 3, 3, high, low], content].concat()
}

fn sealed(
    sealer: &mut Sealer,
    content_type: ContentType,
    mut content: Vec<u8>,
    padding: usize,
) -> Vec<u8> {
    content.push(content_type.0);
    content.resize(content.len() + padding, 0);
    let length = u16::try_from(content.len() + TAG_BYTES).expect("a record");
    let [high, low] = length.to_be_bytes();
    let header = [ContentType::APPLICATION_DATA.0, 3, 3, high, low];
    let tag = sealer.seal(&header, &mut content).expect("a sealed record");
    [&header[..], &content, &tag].concat()
}

/// A secret that no connection shares.
fn foreign_secret() -> TrafficSecret {
    let suite: &'static Suite = &countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
    let shared = Secret::copied_from(b"nobody's").expect("a short secret");
    let stage = HandshakeSecret::without_psk(suite, shared);
    stage.traffic(Role::Client, &suite.hash.of_empty())
}

/// A connection under test and its peer. Nothing happens between two calls.
#[derive(Debug)]
pub struct Trial {
    /// The connection under test.
    pub victim: Socket,
    /// Its peer.
    pub forger: Forger,
}

impl Trial {
    /// The two ends of `setup`, of which the one with the role `victim` is under test.
    #[must_use]
    pub fn new(setup: Setup, victim: Role) -> Self {
        let (client, server) = setup.handshakes();
        let (victim, peer) = match victim {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        let victim = Socket::new(Connection::new(victim));
        let mut trial = Self { victim, forger: Forger::new(peer) };
        trial.exchange();
        trial
    }

    /// The state of the connection under test.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.victim.connection.handshake().state()
    }

    /// Goes on in order until the connection under test is in `state`. A question of that state
    /// stays open; earlier ones are answered.
    ///
    /// # Panics
    /// If the state is not on the way.
    pub fn reach(&mut self, state: &str) {
        while self.state() != state {
            assert!(self.step(), "{state} is not reached: {} is", self.state());
        }
    }

    /// Goes on in order until there is nothing left to do.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// Answers the open question, or delivers the next item; `false` if there is neither.
    ///
    /// # Panics
    /// If an answer does not fit.
    pub fn step(&mut self) -> bool {
        if let Some(question) = self.victim.question.take() {
            self.answer(Identity::example().answer(question));
            return true;
        }
        let Some(item) = self.forger.items.pop_front() else { return false };
        self.deliver(item);
        true
    }

    /// Answers the open question. An end that is over takes no answer, and says so.
    pub fn answer(&mut self, answer: Answer) {
        let _ended = self.victim.connection.answer(answer);
        self.exchange();
    }

    /// Delivers an item, whatever else waits to be sent.
    pub fn deliver(&mut self, item: Item) {
        let bytes = self.forger.seal(item);
        self.victim.input.extend_from_slice(&bytes);
        self.exchange();
    }

    /// Lets the connection under test work, and the peer hear it.
    pub fn exchange(&mut self) {
        self.victim.work(&mut Err);
        let mut bytes = mem::take(&mut self.victim.output);
        self.forger.listen(&mut bytes);
        // A key is in use as soon as what it does not protect is sent.
        while let Some(key) = self.forger.items.pop_front_if(|item| matches!(item, Item::Key(_))) {
            self.forger.seal(key);
        }
    }

    /// The alerts that the connection under test has sent: keys, level and description.
    #[must_use]
    pub fn alerts(&self) -> Vec<(Epoch, u8, u8)> {
        let alerts = self.forger.heard.iter();
        alerts
            .filter(|heard| heard.content_type == ContentType::ALERT)
            .map(|heard| match heard.content[..] {
                [level, description] => (heard.epoch, level, description),
                _ => panic!("an alert of two bytes"),
            })
            .collect()
    }
}
