//! What the connections of one process know of each other: tickets, sessions, and a clock.

use std::collections::HashMap;

use countersign::crypto::Suite;
use countersign::failure::Misuse;
use countersign::handshake::decision::SealTicket;
use countersign::handshake::event::{Negotiated, Ticket};
use countersign::handshake::psk::{EarlyDataTerms, OfferedPsk, PreSharedKey};
use countersign::registry::{CertificateType, CipherSuite, SignatureScheme};

/// The memory of a process.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Milliseconds, which only tests put forward: the runner compares ages to the second.
    clock: u64,
    issued: HashMap<Vec<u8>, Issued>,
    /// Client: the newest session of the last connection.
    pub(crate) session: Option<Session>,
}

/// Who the peer is, and what was made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) certificate_type: Option<CertificateType>,
    /// SHA-256 of the first certificate, if it is all that was kept.
    pub(crate) hash: Option<Vec<u8>>,
    pub(crate) ocsp_response: Option<Vec<u8>>,
    pub(crate) timestamps: Option<Vec<u8>>,
    pub(crate) scheme: Option<SignatureScheme>,
    pub(crate) is_verified: bool,
}

/// What a server knows of a ticket of its own.
#[derive(Debug)]
pub(crate) struct Issued {
    secret: Vec<u8>,
    suite: &'static Suite,
    at: u64,
    age_add: u32,
    lifetime_seconds: u32,
    early_data: Option<EarlyDataTerms>,
    /// What early data depends on besides, in QUIC.
    pub(crate) early_data_context: Vec<u8>,
    pub(crate) peer: Option<Peer>,
}

/// A ticket at a client, and what the connection was that it comes from.
#[derive(Debug)]
pub(crate) struct Session {
    ticket: Ticket,
    at: u64,
    pub(crate) negotiated: Negotiated,
    pub(crate) peer: Option<Peer>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { clock: START_MILLISECONDS, issued: HashMap::new(), session: None }
    }

    pub(crate) const fn put_clock_forward(&mut self, seconds: u64) {
        self.clock = self.clock.saturating_add(seconds.saturating_mul(1000));
    }

    pub(crate) const fn now(&self) -> u64 {
        self.clock
    }

    /// Keeps what a ticket stands for, and gives it a name.
    pub(crate) fn issue(
        &mut self,
        question: &SealTicket,
        protocol: Option<Vec<u8>>,
        early_data_context: Vec<u8>,
        peer: Option<Peer>,
    ) -> Vec<u8> {
        let name = format!("ticket {} of this process", self.issued.len()).into_bytes();
        let terms = |max_bytes| EarlyDataTerms { max_bytes, application_layer_protocol: protocol };
        let issued = Issued {
            secret: question.psk().as_bytes().to_vec(),
            suite: question.suite(),
            at: self.now(),
            age_add: question.age_add(),
            lifetime_seconds: question.order().lifetime_seconds,
            early_data: question.order().max_early_data_bytes.map(terms),
            early_data_context,
            peer,
        };
        self.issued.insert(name.clone(), issued);
        name
    }

    /// The ticket of this name, if it has not expired.
    pub(crate) fn issued(&self, name: &[u8]) -> Option<&Issued> {
        let issued = self.issued.get(name)?;
        (issued.age(self.now()) / 1000 <= u64::from(issued.lifetime_seconds)).then_some(issued)
    }
}

impl Issued {
    fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.at)
    }

    /// By how many seconds the client believes the ticket to be older than we do.
    pub(crate) fn age_skew(&self, obfuscated_age: u32, now: u64) -> i64 {
        let theirs = i64::from(obfuscated_age.wrapping_sub(self.age_add));
        let ours = i64::try_from(self.age(now)).unwrap_or(i64::MAX);
        // To the nearest second: the runner's clock has run on by a little.
        theirs.saturating_sub(ours).saturating_add(500).div_euclid(1000)
    }

    pub(crate) fn key(&self) -> Result<PreSharedKey, Misuse> {
        let key = PreSharedKey::resumption(&self.secret, self.suite)?;
        Ok(match self.early_data.clone() {
            Some(terms) => key.with_early_data(terms),
            None => key,
        })
    }

    /// The same hash would do (RFC 9846 §4.3.11); the runner wants the same suite.
    pub(crate) fn fits(&self, suite: CipherSuite) -> bool {
        self.suite.id == suite
    }

    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        self.early_data.as_ref()?.application_layer_protocol.as_deref()
    }

    pub(crate) const fn permits_early_data(&self) -> bool {
        self.early_data.is_some()
    }
}

impl Session {
    pub(crate) const fn new(
        ticket: Ticket,
        at: u64,
        negotiated: Negotiated,
        peer: Option<Peer>,
    ) -> Self {
        Self { ticket, at, negotiated, peer }
    }

    pub(crate) const fn permits_early_data(&self) -> bool {
        matches!(self.ticket.max_early_data_bytes, Some(1..))
    }

    /// The offer of the ticket; `None` if it has expired.
    pub(crate) fn offer(self, now: u64) -> Option<OfferedPsk> {
        let age = now.saturating_sub(self.at);
        let lifetime = u64::from(self.ticket.lifetime_seconds).saturating_mul(1000);
        let age = u32::try_from(age).ok().filter(|age| u64::from(*age) < lifetime)?;
        Some(self.ticket.offer(age))
    }
}

const START_MILLISECONDS: u64 = 1_000_000;
