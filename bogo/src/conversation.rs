//! One connection: its questions answered, its facts kept.

use std::collections::VecDeque;
use std::sync::Arc;

use countersign::epoch::Epoch;
use countersign::failure::Misuse;
use countersign::handshake::event::{Negotiated, NewTicket, PskKind, Ticket};
use countersign::handshake::{Decision, End, Fact, Handshake};

use crate::configuration::{self, MAX_EARLY_DATA_BYTES};
use crate::identity::{Identity, identities};
use crate::memory::{Memory, Peer, Session};
use crate::options::Options;
use crate::socket::Socket;
use crate::stop::Stop;
use crate::stream::Event;
use crate::transport::Transport;

/// A connection under way.
#[derive(Debug)]
pub(crate) struct Conversation<'m> {
    pub(crate) transport: Transport,
    pub(crate) options: Options,
    pub(crate) identities: Vec<Identity>,
    pub(crate) memory: &'m mut Memory,
    pub(crate) seen: Seen,
    /// A question that is kept until nothing else can be done.
    late: Option<Decision>,
    /// Application data that has arrived.
    data: VecDeque<u8>,
    pub(crate) end: Option<End>,
    tickets_due: u32,
}

/// What has become known.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) negotiated: Option<Negotiated>,
    pub(crate) peer: Option<Peer>,
    /// What the client knows from the session that it offers.
    pub(crate) offered: Option<(Negotiated, Option<Peer>)>,
    pub(crate) early_data: EarlyData,
    /// Why early data is not offered or not taken, as BoringSSL calls it.
    pub(crate) early_data_reason: Option<&'static str>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) ticket_age_skew: i64,
    pub(crate) credential: Option<i64>,
    pub(crate) transport_parameters: Option<Vec<u8>>,
    pub(crate) is_retried: bool,
    pub(crate) is_complete: bool,
    pub(crate) is_closed_by_peer: bool,
    /// The last input of the transition table.
    pub(crate) last_input: &'static str,
}

/// What became of early data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EarlyData {
    #[default]
    NotOffered,
    Offered,
    Accepted,
    Rejected,
}

impl<'m> Conversation<'m> {
    pub(crate) fn begin(options: Options, memory: &'m mut Memory) -> Result<Self, Stop> {
        let identities = identities(&options)?;
        let mut seen = Seen::default();
        let handshake = match options.server {
            true => Handshake::server(Arc::new(configuration::server(&options)?)),
            false => {
                let config = configuration::client(&options)?;
                let mut destination = configuration::destination(&options, memory, &mut seen)?;
                for identity in &identities {
                    destination.psks.extend(identity.offers()?);
                }
                Handshake::client(Arc::new(config), destination)
            }
        };
        let mut transport = Transport::new(handshake?, Socket::connect(&options)?, options.quic);
        if let Some(bytes) = options.fragment_bytes {
            transport.limit_fragments(bytes);
        }
        Ok(Self {
            tickets_due: if options.server && !options.no_ticket { TICKETS } else { 0 },
            transport,
            options,
            identities,
            memory,
            seen,
            late: None,
            data: VecDeque::new(),
            end: None,
        })
    }

    /// Does one thing.
    pub(crate) fn advance(&mut self) -> Result<(), Stop> {
        match self.transport.next()? {
            Event::Moved => {}
            Event::Data(data) => self.data.extend(data),
            Event::Decide(decision) if self.options.late => self.late = Some(decision),
            Event::Decide(decision) => self.answer(decision)?,
            Event::Waiting => {
                let decision = self.late.take();
                self.answer(decision.ok_or_else(|| Stop::broken("waiting for nothing"))?)?;
            }
            Event::Learned(fact) => self.learn(fact)?,
            Event::Ended(end) => self.end = Some(end),
        }
        Ok(())
    }

    fn learn(&mut self, fact: Fact) -> Result<(), Stop> {
        match fact {
            Fact::Retried => self.seen.is_retried = true,
            Fact::EarlyDataAccepted => self.seen.early_data = EarlyData::Accepted,
            Fact::EarlyDataRejected => self.seen.early_data = EarlyData::Rejected,
            Fact::Negotiated(negotiated) => {
                if !self.options.server {
                    self.learn_psk(&negotiated);
                }
                self.seen.negotiated = Some(negotiated);
            }
            Fact::Complete => {
                self.seen.is_complete = true;
                self.issue_ticket()?;
            }
            Fact::Ticket(ticket) => self.seen.ticket = Some(ticket),
            Fact::TransportParameters(parameters) => {
                self.seen.transport_parameters = Some(parameters);
            }
            Fact::PeerClosed => self.seen.is_closed_by_peer = true,
            Fact::Moved { input, .. } => self.seen.last_input = input,
            _ => {}
        }
        Ok(())
    }

    /// Client: a PSK stands for whom it was agreed with.
    fn learn_psk(&mut self, negotiated: &Negotiated) {
        let Some(psk) = &negotiated.psk else { return };
        if psk.kind == PskKind::Resumption {
            self.seen.peer = self.seen.offered.as_ref().and_then(|(_, peer)| peer.clone());
        }
        let own = self.identities.iter().find(|own| own.is_imported_as(&psk.identity));
        self.seen.credential = own.map(|own| own.number);
    }

    /// Server: issues the next of the tickets that are due.
    pub(crate) fn issue_ticket(&mut self) -> Result<(), Stop> {
        let Some(left) = self.tickets_due.checked_sub(1) else { return Ok(()) };
        self.tickets_due = left;
        // RFC 9001 §4.6.1: in QUIC it is a switch.
        let bytes = if self.options.quic { u32::MAX } else { MAX_EARLY_DATA_BYTES };
        let max_early_data_bytes = self.options.early_data.then_some(bytes);
        let order = NewTicket { lifetime_seconds: TICKET_LIFETIME_SECONDS, max_early_data_bytes };
        match self.transport.issue_ticket(order) {
            // The client cannot use them.
            Err(Misuse::NotOffered) => {
                self.tickets_due = 0;
                Ok(())
            }
            issued => Ok(issued?),
        }
    }

    /// Whether a ticket took the place of other proofs.
    pub(crate) fn is_resumed(&self) -> bool {
        let psk = self.seen.negotiated.as_ref().and_then(|negotiated| negotiated.psk.as_ref());
        psk.is_some_and(|psk| psk.kind == PskKind::Resumption)
    }

    /// Whether it was a key from outside that proved who the peer is.
    pub(crate) fn is_by_external_key(&self) -> bool {
        let psk = self.seen.negotiated.as_ref().and_then(|negotiated| negotiated.psk.as_ref());
        psk.is_some_and(|psk| psk.kind != PskKind::Resumption)
    }

    /// Whether the client has keys for early data, and none for anything better.
    pub(crate) fn is_sending_early_data(&self) -> bool {
        !self.options.server && self.transport.handshake().send_epoch() == Epoch::EarlyData
    }

    /// Whether what there is to do before application data is done.
    pub(crate) fn is_ready(&self) -> bool {
        let has_issued = self.tickets_due == 0 && !self.transport.handshake().is_waiting();
        let takes_early_data = self.options.server && self.seen.early_data == EarlyData::Accepted;
        (self.seen.is_complete && has_issued)
            || (takes_early_data && self.seen.negotiated.is_some())
            || (self.is_sending_early_data() && self.transport.has_begun())
    }

    /// Goes on until `done`, or the end, which is an error.
    pub(crate) fn advance_until(&mut self, done: impl Fn(&Self) -> bool) -> Result<(), Stop> {
        while !done(self) {
            if let Some(end) = &self.end {
                return Err(Stop::ended(end));
            }
            self.advance()?;
        }
        Ok(())
    }

    /// Writes all of `data`: as early data as far as that is permitted.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Stop> {
        let mut rest = data;
        if self.is_sending_early_data() {
            let taken = self.transport.write_early(data)?;
            rest = data.get(taken..).unwrap_or_default();
        }
        if !rest.is_empty() {
            self.advance_until(|this| {
                this.seen.is_complete
                    || this.seen.early_data == EarlyData::Accepted && this.options.server
            })?;
            self.transport.write(rest)?;
        }
        Ok(())
    }

    /// At most `size` bytes of the data that has arrived.
    pub(crate) fn take_data(&mut self, size: usize) -> Vec<u8> {
        self.data.drain(..self.data.len().min(size)).collect()
    }

    pub(crate) fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    /// Client: keeps the session for the next connection.
    pub(crate) fn remember(&mut self) {
        let (ticket, negotiated) = (self.seen.ticket.take(), self.seen.negotiated.clone());
        let now = self.memory.now();
        self.memory.session = ticket.zip(negotiated).map(|(ticket, negotiated)| {
            Session::new(ticket, now, negotiated, self.seen.peer.clone())
        });
    }
}

/// How many tickets a server issues at once.
const TICKETS: u32 = 1;

const TICKET_LIFETIME_SECONDS: u32 = 172_800;
