//! The driver: type, gate, parse, handler, strictly in this order; and the one place that fails.

use super::Handshake;
use super::client::ClientState;
use super::client_authentication::ClientAuthenticationState;
use super::closure::{Closure, ClosureInput};
use super::context::Context;
use super::decision::Reply;
use super::event::{End, Fact, Input, Refusal, Truncation, on};
use super::reassembly::{Front, front};
use super::server::ServerState;
use crate::alert::{Alert, AlertClass, AlertDescription, AlertLevel, ClosureAlert};
use crate::diagnosis::{
    self, ClientContext, Endpoint, Evidence, Psk, ServerContext, Signal, diagnose,
};
use crate::epoch::{Epoch, Role};
use crate::failure::{Cause, Failure, Misuse};
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
            }
            Self::Ended(_) => false,
        }
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
        if !self.closure.may_send() {
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

    /// Whether we owe the middleboxes a `change_cipher_spec` record (RFC 9846 §E.4).
    pub(crate) const fn is_in_compatibility_mode(&self) -> bool {
        self.cx.compatibility_mode
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.cx.limits
    }

    /// Whole messages are held behind an open question: what arrives now may be for other keys.
    pub(crate) fn holds_messages(&self) -> bool {
        matches!(front(self.held.as_bytes(), &self.cx.limits), Ok(Front::Whole { .. }))
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
            match front(bytes, &self.cx.limits)? {
                Front::Nothing => break,
                Front::Partial(handshake_type) => {
                    self.gate_type(handshake_type)?;
                    break;
                }
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
        if kind.ends_flight() {
            if something_follows {
                return Err(Cause::MessageSpansKeyChange);
            }
            self.flight_ended_at = Some(self.cx.receive_keys());
        }
        let message = Message::parse(kind, body, &self.cx.parse_context())?;
        let input = Input::of_message(message, encoded)?;
        self.step(input)
    }

    fn accepts(&self, kind: Kind) -> bool {
        on::Kind::of_message(kind).is_some_and(|input| self.machine.accepts(input))
    }

    /// Refuses a message by its type before its body is there.
    fn gate_type(&self, handshake_type: HandshakeType) -> Result<(), Cause> {
        let kinds = Kind::ALL.iter().filter(|kind| kind.handshake_type() == handshake_type);
        let mut kinds = kinds.peekable();
        kinds.peek().ok_or(Cause::UnknownMessageType)?;
        let accepted = kinds.any(|&kind| self.accepts(kind));
        if accepted { Ok(()) } else { Err(Cause::MessageOutOfOrder) }
    }

    pub(super) fn take_reply(&mut self, reply: Reply) -> Result<(), Cause> {
        self.step(match reply {
            Reply::CertificateAccepted(accepted) => Input::CertificateAccepted(accepted),
            Reply::CredentialSelected(selected) => Input::CredentialSelected(selected),
            Reply::ClientCredentialSelected(selected) => Input::ClientCredentialSelected(selected),
            Reply::Signed(signed) => Input::Signed(signed),
            Reply::TicketSealed(sealed) => Input::TicketSealed(sealed),
            Reply::Refused(cause) => return Err(cause),
        })?;
        // What waited behind the question.
        if !self.held.is_empty() {
            self.take_held(&[])?;
        }
        self.check_held()
    }

    pub(super) fn take_alert(
        &mut self,
        protection: Epoch,
        level: u8,
        description: u8,
    ) -> Result<(), Cause> {
        AlertLevel::from_wire(level).ok_or(Cause::AlertLevelUnknown)?;
        let alert = AlertDescription(description);
        match alert.class() {
            AlertClass::Closure(ClosureAlert::UserCanceled) => {
                self.user_canceled_in_a_row = self.user_canceled_in_a_row.saturating_add(1);
                if self.user_canceled_in_a_row > self.cx.limits.user_canceled_alerts {
                    return Err(Cause::TooManyUserCanceled);
                }
                self.cx.learn(Fact::AlertReceived(alert));
            }
            AlertClass::Closure(ClosureAlert::CloseNotify) if self.is_complete() => {
                self.cx.learn(Fact::AlertReceived(alert));
                self.close_by(ClosureInput::ReceiveCloseNotify, |_| End::Closed);
            }
            AlertClass::Closure(ClosureAlert::CloseNotify) => {
                let refusal = self.refusal(protection, level, alert);
                self.close_by(ClosureInput::ReceiveCloseNotifyEarly, |_| refusal);
            }
            AlertClass::Error => {
                let refusal = self.refusal(protection, level, alert);
                self.close_by(ClosureInput::ReceiveErrorAlert, |_| refusal);
            }
        }
        Ok(())
    }

    /// The peer ends the connection. Nothing is sent in reply (RFC 9846 §6.2).
    fn refusal(&mut self, protection: Epoch, level: u8, alert: AlertDescription) -> End {
        let context = self.circumstances(protection);
        if let Some(reply) = self.cx.client_authentication.unsettled() {
            let cause = diagnose(Signal::Alert(alert), &context).cause;
            let rejected = ClientAuthenticationState::Rejected(reply, cause);
            self.cx.client_authentication_is(rejected);
        }
        let (state, unconfirmed_bytes) = (self.state(), self.unconfirmed_bytes);
        End::Refused(Refusal { alert, level, state, context, unconfirmed_bytes })
    }

    pub(super) fn truncation(&mut self) -> End {
        let context = self.circumstances(self.cx.receive_epoch());
        self.cx.authentication_unresolved();
        let (state, unconfirmed_bytes) = (self.state(), self.unconfirmed_bytes);
        End::Truncated(Truncation { state, context, unconfirmed_bytes })
    }

    /// Moves the closure along its table; `end` says what it comes to, where that is not
    /// [`End::Closed`].
    pub(super) fn close_by(&mut self, input: ClosureInput, end: impl FnOnce(&mut Self) -> End) {
        let Some(closure) = self.closure.after(input) else { return };
        let end = match closure {
            Closure::Open | Closure::WriteClosed => None,
            Closure::ReadClosed => {
                self.cx.authentication_unresolved();
                self.cx.learn(Fact::PeerClosed);
                None
            }
            Closure::Closed => {
                self.cx.authentication_unresolved();
                Some(End::Closed)
            }
            Closure::Failed | Closure::Refused | Closure::Truncated => Some(end(self)),
        };
        self.closure = closure;
        if let Some(end) = end {
            // The state's secrets go with it.
            self.machine = Machine::Ended(self.state());
            self.held.clear();
            self.cx.end(end);
        }
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

    /// The one place that sends an error alert. Nothing can follow it but the end.
    pub(super) fn fail_if(&mut self, outcome: Result<(), Cause>) {
        let Err(cause) = outcome else { return };
        self.close_by(ClosureInput::Fail, |this| {
            let alert = this.disclosure.alert(cause);
            this.cx.abandon_flight();
            this.cx.authentication_unresolved();
            if this.closure.may_send() {
                this.cx.alert(Alert::Error(alert));
            }
            End::Failed(Failure { cause, state: this.state(), alert })
        });
    }

    /// What the meaning of an alert depends on, as of now.
    fn circumstances(&self, protection: Epoch) -> diagnosis::Context {
        let sent = |extension| self.cx.offered.contains(extension);
        let endpoint = match &self.machine {
            Machine::Client(state) => {
                let authentication = self.cx.client_authentication;
                Endpoint::Client(ClientContext {
                    phase: state.phase(authentication.unsettled().is_some()),
                    authentication: authentication.reply(),
                    evidence: match authentication.evidence() {
                        Evidence::None if self.data_has_arrived => Evidence::Weak,
                        evidence => evidence,
                    },
                    early_data_sent: false,
                    server_name_sent: sent(ExtensionType::SERVER_NAME),
                    protocols_offered: sent(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION),
                })
            }
            Machine::Server(state) => Endpoint::Server(ServerContext {
                phase: state.phase(),
                certificate_sent: self.cx.send_epoch() != Epoch::Initial,
                encrypted_client_hello_refused: false,
            }),
            Machine::Ended(_) if self.cx.role == Role::Client => {
                Endpoint::Client(ClientContext::default())
            }
            Machine::Ended(_) => Endpoint::Server(ServerContext::default()),
        };
        diagnosis::Context {
            protection,
            peer_finished_verified: self.cx.receive_epoch() == Epoch::Application,
            psk: Psk::NotOffered,
            endpoint,
        }
    }

    /// Application data has arrived.
    pub fn application_data_received(&mut self) {
        self.user_canceled_in_a_row = 0;
        self.data_has_arrived = true;
        self.cx.updates.data_received();
    }

    /// `bytes` of application data have been written.
    pub fn application_data_sent(&mut self, bytes: usize) {
        if self.cx.client_authentication.unsettled().is_some() {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            self.unconfirmed_bytes = self.unconfirmed_bytes.saturating_add(bytes);
        }
    }
}
