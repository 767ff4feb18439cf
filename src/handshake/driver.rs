//! The driver: type, gate, parse, handler, strictly in this order; and the one place that fails.

use super::Handshake;
use super::client::ClientState;
use super::context::Context;
use super::decision::{Answer, Reply};
use super::event::{Answered, Fact, Input, on};
use super::reassembly::{Front, front};
use super::server::ServerState;
use crate::epoch::Epoch;
use crate::failure::{Cause, Misuse};
use crate::limits::Limits;
use crate::message::{HEADER_BYTES, Kind, Message};
use crate::registry::{ExtensionType, HandshakeType};

/// The state of either role.
#[derive(Debug)]
pub(super) enum Machine {
    Client(ClientState),
    Server(ServerState),
    /// The end, and the name of the last state.
    Ended(&'static str),
}

impl Machine {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Client(state) => state.name(),
            Self::Server(state) => state.name(),
            Self::Ended(name) => name,
        }
    }

    pub(super) const fn accepts(&self, input: on::Kind) -> bool {
        match self {
            Self::Client(state) => state.accepts(input),
            Self::Server(state) => state.accepts(input),
            Self::Ended(_) => false,
        }
    }

    pub(super) const fn is_complete(&self) -> bool {
        match self {
            Self::Client(state) => matches!(state, ClientState::Connected(_)),
            Self::Server(state) => {
                matches!(state, ServerState::Connected(_) | ServerState::SealTicket(_))
                    || state.is_amid_authentication()
            }
            Self::Ended(_) => false,
        }
    }

    /// How many requests for a certificate are open after the handshake; `None` where there can be
    /// none (RFC 9846 §4.7.2).
    pub(super) fn certificate_requests(&self) -> Option<usize> {
        match self {
            Self::Client(ClientState::Connected(connected)) => connected.certificate_requests(),
            Self::Server(ServerState::Connected(connected)) => connected.certificate_requests(),
            _ => None,
        }
    }

    const fn is_amid_authentication(&self) -> bool {
        matches!(self, Self::Server(state) if state.is_amid_authentication())
    }

    fn step(self, cx: &mut Context, input: Input<'_>) -> Result<Self, Cause> {
        match self {
            Self::Client(state) => state.step(cx, input).map(Self::Client),
            Self::Server(state) => state.step(cx, input).map(Self::Server),
            Self::Ended(_) => Err(Cause::MessageOutOfOrder),
        }
    }
}

impl Handshake {
    pub(super) fn running(&self) -> Result<(), Misuse> {
        match self.machine {
            Machine::Ended(_) => Err(Misuse::Ended),
            _ => Ok(()),
        }
    }

    /// Whether application data may be sent now.
    ///
    /// # Errors
    /// [`Misuse::Ended`], [`Misuse::WriteClosed`], [`Misuse::NotConnected`].
    pub fn may_send_application_data(&self) -> Result<(), Misuse> {
        self.running()?;
        if !self.cx.closure.may_send() {
            return Err(Misuse::WriteClosed);
        }
        match self.cx.send_epoch() {
            Epoch::Application => Ok(()),
            _ => Err(Misuse::NotConnected),
        }
    }

    /// Whether the caller may give the order that the table calls `input`.
    pub(super) fn order(&self, input: on::Kind) -> Result<(), Misuse> {
        self.may_send_application_data()?;
        if self.machine.accepts(input) { Ok(()) } else { Err(Misuse::NotConnected) }
    }

    /// The first message has gone one way or the other.
    pub(crate) const fn has_begun(&self) -> bool {
        !matches!(
            self.machine,
            Machine::Client(ClientState::Start(_))
                | Machine::Server(ServerState::WaitClientHello(_))
        )
    }

    /// A ClientHello may come that answers the retry of another server, behind whatever else the
    /// client has sent since its first.
    pub(crate) fn may_follow_a_retry(&self) -> bool {
        match &self.machine {
            Machine::Server(ServerState::WaitClientHello(state)) => {
                state.config.stateless_retry.is_some()
            }
            _ => false,
        }
    }

    /// Whether we owe the middleboxes a `change_cipher_spec` record (RFC 9846 §E.4).
    pub(crate) const fn is_in_compatibility_mode(&self) -> bool {
        self.cx.compatibility_mode
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.cx.limits
    }

    /// Whole messages are held behind an open question: what arrives now may be for other keys.
    pub(crate) fn holds_messages(&self) -> bool {
        let front = front(self.held.as_bytes(), &self.cx.limits, |_| Ok(()));
        matches!(front, Ok(Front::Whole { .. }))
    }

    /// A message has begun to arrive and not ended.
    pub(crate) fn message_is_partial(&self) -> bool {
        !self.held.is_empty()
    }

    pub(super) fn take_bytes(&mut self, epoch: Epoch, bytes: &[u8]) -> Result<(), Cause> {
        if epoch != self.cx.receive_epoch() {
            return Err(Cause::WrongEpoch);
        }
        if self.cx.question_is_open() {
            if self.flight_ended_at == Some(self.cx.receive_keys()) {
                return Err(Cause::MessageSpansKeyChange);
            }
            self.held.push(bytes);
        } else if self.held.is_empty() {
            let rest = self.take_messages(bytes)?;
            self.held.push(rest);
        } else {
            self.take_held(bytes)?;
        }
        self.check_held()
    }

    fn take_held(&mut self, more: &[u8]) -> Result<(), Cause> {
        let held = self.held.take_with(more);
        let remaining = self.take_messages(&held)?.len();
        self.held.put_back(held, remaining);
        Ok(())
    }

    /// A message under way is bounded by its header; what waits behind a question, here.
    fn check_held(&self) -> Result<(), Cause> {
        let limit = self.cx.limits.pending_bytes;
        match self.cx.question_is_open() && self.held.as_bytes().len() > limit {
            true => Err(Cause::TooMuchPending),
            false => Ok(()),
        }
    }

    /// Takes whole messages off the front of `bytes` until a question opens; returns the rest.
    fn take_messages<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], Cause> {
        while !self.cx.question_is_open() {
            match front(bytes, &self.cx.limits, |of| self.gate_type(of))? {
                Front::Nothing | Front::Partial => break,
                Front::Whole { handshake_type, encoded, rest } => {
                    self.take_message(handshake_type, encoded, !rest.is_empty())?;
                    bytes = rest;
                }
            }
        }
        Ok(bytes)
    }

    fn take_message(
        &mut self,
        handshake_type: HandshakeType,
        encoded: &[u8],
        something_follows: bool,
    ) -> Result<(), Cause> {
        let body = encoded.get(HEADER_BYTES..).unwrap_or_default();
        let kind = Kind::of(handshake_type, body)?;
        if !self.accepts(kind) {
            return Err(Cause::MessageOutOfOrder);
        }
        // After the handshake Finished changes no keys, and anything may follow it.
        if kind.ends_flight() && !self.machine.is_amid_authentication() {
            if something_follows {
                return Err(Cause::MessageSpansKeyChange);
            }
            self.flight_ended_at = Some(self.cx.receive_keys());
        }
        let message = Message::parse(kind, body, &self.cx.parse_context())?;
        self.step(Input::of_message(message, encoded))
    }

    fn accepts(&self, kind: Kind) -> bool {
        // RFC 9846 §4.7.2: after the handshake a request needs a client that has offered it, and a
        // certificate a request that is open.
        let open = self.machine.certificate_requests();
        let may_be_asked = !self.is_complete() || open.is_some();
        let may_answer = !self.is_complete() || open.is_some_and(|open| open > 0);
        let permitted = match kind {
            // RFC 9001 §6: QUIC changes keys by itself, and a KeyUpdate is unexpected_message.
            Kind::KeyUpdate => !self.cx.is_quic,
            Kind::CertificateRequest => may_be_asked,
            Kind::Certificate => may_answer,
            // RFC 8879 §4: only for whoever has offered to take it.
            Kind::CompressedCertificate => {
                may_answer && self.cx.offered.contains(ExtensionType::COMPRESS_CERTIFICATE)
            }
            _ => true,
        };
        permitted && self.machine.accepts(on::Kind::of_message(kind))
    }

    /// Refuses a message by its type before its body is there.
    fn gate_type(&self, handshake_type: HandshakeType) -> Result<(), Cause> {
        let kinds = Kind::ALL.iter().filter(|kind| kind.handshake_type() == handshake_type);
        let mut kinds = kinds.peekable();
        kinds.peek().ok_or(Cause::UnknownMessageType)?;
        let accepted = kinds.any(|&kind| self.accepts(kind));
        if accepted { Ok(()) } else { Err(Cause::MessageOutOfOrder) }
    }

    pub(super) fn take_answer(&mut self, answer: Answer) -> Result<(), Cause> {
        let Answer { serial: question, reply } = answer;
        self.step(match reply {
            Reply::CookieSealed(sealed) => Input::CookieSealed(sealed),
            Reply::CookieOpened(opened) => Input::CookieOpened(opened),
            Reply::CertificateAccepted(accepted) => Input::CertificateAccepted(accepted),
            Reply::CredentialSelected(selected) => Input::CredentialSelected(selected),
            Reply::ClientCredentialSelected(answer) => {
                Input::ClientCredentialSelected(Answered { question, answer })
            }
            Reply::Signed(answer) => Input::Signed(Answered { question, answer }),
            Reply::TicketSealed(sealed) => Input::TicketSealed(sealed),
            Reply::Refused(cause) => return Err(cause),
        })?;
        // What waited behind the question.
        if !self.held.is_empty() {
            self.take_held(&[])?;
        }
        self.check_held()
    }

    pub(super) fn step_or_fail(&mut self, input: Input<'_>) {
        let outcome = self.step(input);
        self.fail_if(outcome);
    }

    fn step(&mut self, input: Input<'_>) -> Result<(), Cause> {
        let (from, input_name) = (self.state(), input.kind().name());
        let machine = core::mem::replace(&mut self.machine, Machine::Ended(from));
        self.machine = machine.step(&mut self.cx, input)?;
        if self.report_transitions {
            self.cx.learn(Fact::Moved { from, input: input_name, to: self.state() });
        }
        if !self.cx.question_is_open() {
            self.cx.flush();
        }
        Ok(())
    }

    /// Whether the peer's early data can neither be opened nor skipped yet.
    pub(crate) const fn early_data_is_undecided(&self) -> bool {
        self.cx.early_data_is_undecided
    }

    /// Whether [`poll`](Self::poll) has nothing to give out.
    pub(crate) fn is_silent(&self) -> bool {
        self.cx.is_silent()
    }

    pub(crate) const fn has_ended(&self) -> bool {
        matches!(self.machine, Machine::Ended(_))
    }

    /// Client: how many bytes of early data may still be sent.
    ///
    /// # Errors
    /// [`Misuse::NotOffered`] when early data is not, or no longer, possible.
    pub fn early_data_permitted(&self) -> Result<usize, Misuse> {
        let early = self.cx.send_epoch() == Epoch::EarlyData && !self.has_ended();
        let left = self.cx.early_data.filter(|_| early).ok_or(Misuse::NotOffered)?;
        Ok(usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Client: `bytes` of early data have been sent.
    pub fn early_data_sent(&mut self, bytes: usize) {
        self.cx.spend_early_data(bytes);
    }

    /// Server: `bytes` of early data have arrived. Too many are a failure (RFC 9846 §4.3.10).
    pub fn early_data_received(&mut self, bytes: usize) {
        if !self.cx.spend_early_data(bytes) {
            self.fail(Cause::EarlyDataTooLong);
        }
    }

    /// Fills `out` with keying material for early data (RFC 9846 §7.5).
    ///
    /// # Errors
    /// [`Misuse::NotOffered`] when there is none, [`Misuse::OutOfRange`], [`Misuse::Ended`].
    pub fn early_exporter(
        &self,
        label: &str,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<(), Misuse> {
        self.running()?;
        self.cx.early_exporter.as_ref().ok_or(Misuse::NotOffered)?.export(label, context, out)
    }

    /// Application data has arrived. Between the messages of an authentication that is a failure
    /// (RFC 9846 §4.7.2).
    pub fn application_data_received(&mut self) {
        if self.machine.is_amid_authentication() {
            return self.fail(Cause::AnswerInterrupted);
        }
        self.user_canceled_in_a_row = 0;
        self.cx.data_has_arrived = true;
        self.cx.updates.data_received();
    }

    /// `bytes` of application data have been written.
    pub fn application_data_sent(&mut self, bytes: usize) {
        if self.cx.client_authentication.unsettled().is_some() {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            self.cx.unconfirmed_bytes = self.cx.unconfirmed_bytes.saturating_add(bytes);
        }
    }
}
