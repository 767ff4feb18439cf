//! TLS over a byte stream: the handshake joined with the record layer, over buffers of the
//! caller's.
//!
//! Records are opened where they lie in the caller's input; sealed records are appended to the
//! caller's output. A connection holds no record of its own, and an idle one no buffer at all.

mod carried;
mod kernel;
mod transmit;
mod write;

use std::collections::VecDeque;

pub use self::carried::{Carried, NotNow};
pub use self::kernel::{KernelConnection, KernelKey};
use self::transmit::Compatibility;
#[cfg(feature = "conformance")]
use crate::epoch::Direction;
use crate::epoch::{Epoch, Role};
use crate::failure::{Cause, Misuse};
use crate::handshake::decision::CertificateFault;
use crate::handshake::event::{CertificateRequestId, NewTicket};
use crate::handshake::{Answer, Decision, End, Fact, Handshake};
#[cfg(feature = "conformance")]
use crate::key_schedule::TrafficSecret;
pub use crate::record::Padding;
use crate::record::{Content, HEADER_BYTES, Inbound, Outbound, peek};
use crate::registry::ContentType;

/// What to do next.
#[derive(Debug)]
#[must_use]
pub enum Step<'b> {
    /// Bytes were appended to `output`: send them, and empty it.
    Send,
    /// Nothing can be done before more bytes arrive: append them to `input`.
    Receive,
    /// Application data, decrypted in place; never empty.
    Data(&'b mut [u8]),
    /// Server: early data, which anyone can have replayed (RFC 9846 §8); never empty.
    EarlyData(&'b mut [u8]),
    /// A question; answer it now or later.
    Decide(Decision),
    /// Everything waits for the answer to a question. Reading may go on meanwhile, so that an alert
    /// is not missed.
    Waiting,
    /// Something that is now known.
    Learned(Fact),
    /// The connection is over, and all that was to be sent has been given out by [`Step::Send`].
    Ended(End),
}

/// The outcome of [`Connection::poll`].
#[derive(Debug)]
#[must_use]
pub struct Polled<'b> {
    /// How many bytes at the front of `input` are done with. They may be overwritten once the step,
    /// which may borrow from them, has been dealt with.
    pub consumed: usize,
    /// What to do next.
    pub step: Step<'b>,
}

/// A step that waits for its turn behind [`Step::Send`].
#[derive(Debug)]
enum Turn {
    Decide(Decision),
    Learned(Fact),
}

/// Data of a record, for a [`Step`], which is large and better not moved for each.
enum Received<'b> {
    Data(&'b mut [u8]),
    EarlyData(&'b mut [u8]),
}

/// A TLS 1.3 connection over a byte stream.
#[derive(Debug)]
pub struct Connection {
    handshake: Handshake,
    inbound: Inbound,
    outbound: Outbound,
    turns: VecDeque<Turn>,
    end: Option<End>,
    /// Output was appended that no [`Step::Send`] has spoken of.
    unsent: bool,
    /// Nothing can be sent any more, whatever we would like to send.
    transport_broken: bool,
    /// Nothing will be received any more, once the input is used up.
    transport_ended: bool,
    compatibility: Compatibility,
    /// The longest record to accept once early data, which knows of no limit, has ended.
    limit_behind_early_data: Option<usize>,
    #[cfg(feature = "conformance")]
    installed_keys: Vec<(Direction, Epoch, TrafficSecret)>,
}

impl Connection {
    /// Carries `handshake` over a byte stream.
    #[must_use]
    pub fn new(handshake: Handshake) -> Self {
        Self::with_padding(handshake, Padding::None)
    }

    /// As [`new`](Self::new), with records padded (RFC 9846 §5.4).
    #[must_use]
    pub fn with_padding(handshake: Handshake, padding: Padding) -> Self {
        let role = handshake.role();
        let mut inbound = Inbound::new(role, handshake.limits());
        if role == Role::Client {
            // The ClientHello is the first thing that leaves.
            inbound.open_change_cipher_spec_window();
        }
        if handshake.may_follow_a_retry() {
            // What a client sends between its hellos may come to a server that knows of neither.
            inbound.open_change_cipher_spec_window();
            inbound.skip_early_data();
        }
        Self {
            inbound,
            outbound: Outbound::new(role, padding),
            handshake,
            turns: VecDeque::new(),
            end: None,
            unsent: false,
            transport_broken: false,
            transport_ended: false,
            compatibility: Compatibility::Silent,
            limit_behind_early_data: None,
            #[cfg(feature = "conformance")]
            installed_keys: Vec::new(),
        }
    }

    /// Takes bytes off the front of `input` and appends bytes to `output` until there is something
    /// for the caller to do.
    ///
    /// A failure yields its alert by [`Step::Send`] before it yields [`Step::Ended`]; a caller that
    /// sends what it is told to send can neither lose an alert nor send two.
    pub fn poll<'b>(&mut self, input: &'b mut [u8], output: &mut Vec<u8>) -> Polled<'b> {
        let mut consumed = 0;
        let mut input = input;
        loop {
            if self.transport_ended && input.is_empty() {
                self.handshake.transport_eof();
            }
            self.transmit(output);
            // What `write` appended may have been sent by the caller already.
            if core::mem::take(&mut self.unsent) && !output.is_empty() {
                return Polled { consumed, step: Step::Send };
            }
            if let Some(turn) = self.turns.pop_front() {
                let step = match turn {
                    Turn::Decide(decision) => Step::Decide(decision),
                    Turn::Learned(fact) => Step::Learned(fact),
                };
                return Polled { consumed, step };
            }
            if let Some(end) = &self.end {
                return Polled { consumed: consumed + input.len(), step: Step::Ended(end.clone()) };
            }
            if !self.handshake.closure().may_receive() {
                consumed += core::mem::take(&mut input).len();
            }
            let held_up = self.handshake.is_waiting() && self.handshake.holds_messages();
            if held_up && !input.is_empty() {
                return Polled { consumed, step: Step::Waiting };
            }
            if self.handshake.early_data_is_undecided() && starts_with_early_data(input) {
                return Polled { consumed, step: Step::Waiting };
            }
            let (record, rest) = split_record(input);
            let record_bytes = record.len();
            match self.inbound.next(record, self.handshake.message_is_partial()) {
                // What has begun to arrive will never be whole.
                Ok(None) if self.transport_ended => consumed += record_bytes,
                Ok(None) => return Polled { consumed, step: self.idle() },
                Ok(Some(record)) => {
                    consumed += record.consumed;
                    match self.take(record.content) {
                        Some(Received::Data(data)) => {
                            return Polled { consumed, step: Step::Data(data) };
                        }
                        Some(Received::EarlyData(data)) => {
                            return Polled { consumed, step: Step::EarlyData(data) };
                        }
                        None => {}
                    }
                }
                Err(cause) => self.handshake.fail(cause),
            }
            input = rest;
        }
    }

    /// As [`Handshake::answer`].
    ///
    /// # Errors
    /// [`Misuse::NotAsked`], [`Misuse::Ended`].
    pub fn answer(&mut self, answer: Answer) -> Result<(), Misuse> {
        self.handshake.answer(answer)
    }

    /// As [`Handshake::update_keys`].
    ///
    /// # Errors
    /// See there.
    pub fn update_keys(&mut self, request: bool) -> Result<(), Misuse> {
        self.handshake.update_keys(request)
    }

    /// As [`Handshake::issue_ticket`].
    ///
    /// # Errors
    /// See there.
    pub fn issue_ticket(&mut self, order: NewTicket) -> Result<(), Misuse> {
        self.handshake.issue_ticket(order)
    }

    /// As [`Handshake::request_certificate`].
    ///
    /// # Errors
    /// See there.
    pub fn request_certificate(&mut self, required: bool) -> Result<CertificateRequestId, Misuse> {
        self.handshake.request_certificate(required)
    }

    /// As [`Handshake::close`].
    ///
    /// # Errors
    /// See there.
    pub fn close(&mut self) -> Result<(), Misuse> {
        self.handshake.close()
    }

    /// As [`Handshake::cancel`].
    ///
    /// # Errors
    /// [`Misuse::Ended`].
    pub fn cancel(&mut self) -> Result<(), Misuse> {
        self.handshake.cancel()
    }

    /// As [`Handshake::reject`].
    ///
    /// # Errors
    /// See there.
    pub fn reject(&mut self, fault: CertificateFault) -> Result<(), Misuse> {
        self.handshake.reject(fault)
    }

    /// The transport takes no more bytes. Reading goes on: an alert that explains why may already
    /// have arrived, and it beats the error of the transport.
    pub fn transport_write_failed(&mut self) {
        self.transport_broken = true;
        self.unsent = false;
    }

    /// The transport has ended: nothing more will arrive. What is in `input` by then still counts,
    /// so an alert among it beats the end of the transport; the next [`poll`](Self::poll) tells.
    pub const fn transport_eof(&mut self) {
        self.transport_ended = true;
    }

    /// As [`Handshake::exporter`].
    ///
    /// # Errors
    /// See there.
    pub fn exporter(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        self.handshake.exporter(label, context, out)
    }

    /// Gives back memory until the next record in either direction: expanded keys are made again
    /// from their secrets then. For a connection that is going to be quiet.
    pub fn park(&mut self) {
        self.inbound.park();
        self.outbound.park();
    }

    /// The handshake, to be looked at.
    #[must_use]
    pub const fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// The keys that were installed since the last call, in order: for key logs.
    #[cfg(feature = "conformance")]
    pub fn take_installed_keys(&mut self) -> Vec<(Direction, Epoch, TrafficSecret)> {
        core::mem::take(&mut self.installed_keys)
    }

    /// Takes the content of one record; hands application data out.
    fn take<'b>(&mut self, content: Content<'b>) -> Option<Received<'b>> {
        let epoch = self.handshake.receive_epoch();
        match content {
            Content::Handshake(bytes) => {
                let _ended = self.handshake.receive(epoch, bytes);
                if epoch == Epoch::Initial && self.handshake.has_begun() {
                    self.inbound.open_change_cipher_spec_window();
                }
            }
            Content::Alert { level, description, protected } => {
                let protection = if protected { epoch } else { Epoch::Initial };
                let _ended = self.handshake.receive_alert(protection, level, description);
            }
            Content::ApplicationData(data) => match epoch {
                Epoch::Application if !data.is_empty() => {
                    self.handshake.application_data_received();
                    return (!self.handshake.has_ended()).then_some(Received::Data(data));
                }
                Epoch::EarlyData if !data.is_empty() => {
                    self.handshake.early_data_received(data.len());
                    return (!self.handshake.has_ended()).then_some(Received::EarlyData(data));
                }
                Epoch::Application | Epoch::EarlyData => {}
                Epoch::Initial | Epoch::Handshake => {
                    self.handshake.fail(Cause::UnexpectedApplicationData);
                }
            },
            Content::Dropped => {}
        }
        None
    }

    fn idle<'b>(&mut self) -> Step<'b> {
        if self.handshake.is_complete() && self.turns.is_empty() {
            self.turns = VecDeque::new();
        }
        if self.handshake.is_waiting() { Step::Waiting } else { Step::Receive }
    }
}

/// Whether the next record may be early data, of which nobody has yet said what becomes of it.
fn starts_with_early_data(input: &[u8]) -> bool {
    peek(input).is_some_and(|header| header.content_type == ContentType::APPLICATION_DATA)
}

/// The first record by itself, so that the rest stays free to be borrowed; all of `input` if the
/// record is not whole.
fn split_record(input: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let length = peek(input).map_or(usize::MAX, |header| HEADER_BYTES + usize::from(header.length));
    let length = length.min(input.len());
    input.split_at_mut(length)
}
