//! The handshake: messages, answers and orders in; messages, keys, questions and facts out.
//!
//! [`Handshake`] drives one of two transition tables ([`CLIENT`], [`SERVER`]). It knows messages
//! and epochs, not records; [`Connection`](crate::connection::Connection) joins it with those. QUIC
//! and tests use it as it is.

mod authentication;
pub(crate) mod carried;
mod certificate_compression;
mod client;
pub mod client_authentication;
pub mod closing;
pub mod closure;
pub mod config;
mod context;
pub mod decision;
mod driver;
mod ending;
pub mod event;
mod grease;
mod key_update;
pub mod machine;
mod negotiation;
mod oid_filters;
mod post_handshake_authentication;
pub mod psk;
mod reassembly;
mod server;
pub(crate) mod ticket;

use std::sync::Arc;

pub use self::client::CLIENT;
use self::client::{ClientState, Start};
use self::closure::{Closure, ClosureInput};
pub use self::config::{ClientConfig, Destination, ServerConfig};
use self::context::Context;
pub use self::decision::{Answer, Decision};
use self::driver::Machine;
use self::event::{Begin, Input, NewTicket, on};
pub use self::event::{End, Fact, Output};
use self::reassembly::Held;
pub use self::server::SERVER;
use self::server::{ServerState, WaitClientHello};
use crate::alert::{Alert, ClosureAlert};
use crate::epoch::{Epoch, Role};
use crate::failure::{Cause, Disclosure, Misuse};
use crate::message::{KeyUpdate, MAX_TICKET_LIFETIME_SECONDS};
use crate::registry::KeyUpdateRequest;

/// A TLS 1.3 handshake and what follows it, at one end.
///
/// A fault of the peer's is never an `Err`: it is the last thing that [`poll`](Self::poll) yields,
/// behind its alert. An `Err` is the caller's own [`Misuse`], and then nothing has moved.
#[derive(Debug)]
pub struct Handshake {
    machine: Machine,
    cx: Context,
    held: Held,
    /// How many receive keys there were when the peer's flight ended; until there are more, or the
    /// machine takes messages again, nothing may follow (RFC 9846 §5.1).
    flight_ended_at: Option<u32>,
    disclosure: Disclosure,
    report_transitions: bool,
    user_canceled_in_a_row: u32,
}

impl Handshake {
    /// A client; its ClientHello is the first output.
    ///
    /// # Errors
    /// [`Misuse::Configuration`].
    pub fn client(config: Arc<ClientConfig>, destination: Destination) -> Result<Self, Misuse> {
        config.check()?;
        let cx = Context::new(Role::Client, config.limits, &config.profile);
        let (disclosure, report_transitions) = (config.disclosure, config.report_transitions);
        let machine = Machine::Client(ClientState::Start(Start { config, destination }));
        let mut handshake = Self::new(machine, cx, disclosure, report_transitions);
        handshake.step_or_fail(Input::Begin(Begin));
        Ok(handshake)
    }

    /// A server; it waits for a ClientHello.
    ///
    /// # Errors
    /// [`Misuse::Configuration`].
    pub fn server(config: Arc<ServerConfig>) -> Result<Self, Misuse> {
        config.check()?;
        let cx = Context::new(Role::Server, config.limits, &config.profile);
        let (disclosure, report_transitions) = (config.disclosure, config.report_transitions);
        let machine = Machine::Server(ServerState::WaitClientHello(WaitClientHello { config }));
        Ok(Self::new(machine, cx, disclosure, report_transitions))
    }

    fn new(
        machine: Machine,
        cx: Context,
        disclosure: Disclosure,
        report_transitions: bool,
    ) -> Self {
        Self {
            machine,
            cx,
            held: Held::default(),
            flight_ended_at: None,
            disclosure,
            report_transitions,
            user_canceled_in_a_row: 0,
        }
    }

    /// The next output, in order; `None` until something else has gone in.
    pub fn poll(&mut self) -> Option<Output> {
        if self.is_complete() {
            // What follows a handshake is rare.
            self.cx.rest();
        }
        self.cx.poll()
    }

    /// Takes handshake bytes that arrived under the keys of `epoch`, in fragments of any size.
    ///
    /// # Errors
    /// [`Misuse::Ended`].
    pub fn receive(&mut self, epoch: Epoch, bytes: &[u8]) -> Result<(), Misuse> {
        self.running()?;
        if self.cx.closure.may_receive() {
            self.user_canceled_in_a_row = 0;
            let outcome = self.take_bytes(epoch, bytes);
            self.fail_if(outcome);
        }
        Ok(())
    }

    /// Takes an alert that arrived under the keys of `protection`; `level` decides nothing, as long
    /// as it is one (RFC 9846 §6).
    ///
    /// # Errors
    /// [`Misuse::Ended`].
    pub fn receive_alert(
        &mut self,
        protection: Epoch,
        level: u8,
        description: u8,
    ) -> Result<(), Misuse> {
        self.running()?;
        if self.cx.closure.may_receive() {
            let outcome = self.take_alert(protection, level, description);
            self.fail_if(outcome);
        }
        Ok(())
    }

    /// Gives the answer to an open question.
    ///
    /// # Errors
    /// [`Misuse::NotAsked`] for an answer to anything else, [`Misuse::Ended`].
    pub fn answer(&mut self, answer: Answer) -> Result<(), Misuse> {
        self.running()?;
        if !self.cx.close_question(&answer) {
            return Err(Misuse::NotAsked);
        }
        let outcome = self.take_answer(answer);
        self.fail_if(outcome);
        Ok(())
    }

    /// Changes the key we send with (RFC 9846 §4.7.3); with `request`, the peer is to change its
    /// own.
    ///
    /// # Errors
    /// [`Misuse::NotConnected`], [`Misuse::UpdateAlreadyRequested`], [`Misuse::WriteClosed`],
    /// [`Misuse::NotInThisProfile`] in QUIC, [`Misuse::Ended`].
    pub fn update_keys(&mut self, request: bool) -> Result<(), Misuse> {
        self.order(on::Kind::UpdateKeys)?;
        if self.cx.is_quic {
            return Err(Misuse::NotInThisProfile);
        }
        if request && self.cx.updates.answer_awaited {
            return Err(Misuse::UpdateAlreadyRequested);
        }
        let request_update = match request {
            true => KeyUpdateRequest::UPDATE_REQUESTED,
            false => KeyUpdateRequest::UPDATE_NOT_REQUESTED,
        };
        self.step_or_fail(Input::UpdateKeys(KeyUpdate { request_update }));
        Ok(())
    }

    /// Sends the KeyUpdate that the peer has asked for, if one is owed. Whoever carries the records
    /// calls this before each application data record; one update answers any number of requests.
    pub fn answer_key_update(&mut self) {
        if self.cx.updates.answer_owed {
            // Without a way to send there is nobody to owe it to.
            let _unsent = self.update_keys(false);
        }
    }

    /// Server: issues a ticket (RFC 9846 §4.7.1); its contents are the next question.
    ///
    /// # Errors
    /// [`Misuse::WrongRole`], [`Misuse::NotConnected`], [`Misuse::OutOfRange`] for a lifetime of
    /// more than 604,800 seconds, and in QUIC for early data of a length other than `u32::MAX`;
    /// [`Misuse::NotOffered`] if the client cannot use tickets, [`Misuse::WriteClosed`],
    /// [`Misuse::Ended`].
    pub fn issue_ticket(&mut self, order: NewTicket) -> Result<(), Misuse> {
        if self.cx.role == Role::Client {
            return Err(Misuse::WrongRole);
        }
        self.order(on::Kind::IssueTicket)?;
        // RFC 9001 §4.6.1: QUIC limits early data by itself, and its tickets say so.
        let limits_quic =
            self.cx.is_quic && order.max_early_data_bytes.unwrap_or(u32::MAX) < u32::MAX;
        if order.lifetime_seconds > MAX_TICKET_LIFETIME_SECONDS || limits_quic {
            return Err(Misuse::OutOfRange);
        }
        if self.cx.ticket_scope.is_none() {
            return Err(Misuse::NotOffered);
        }
        self.step_or_fail(Input::IssueTicket(order));
        Ok(())
    }

    /// Sends `close_notify`: we will send nothing more, and go on receiving (RFC 9846 §6.1).
    ///
    /// # Errors
    /// [`Misuse::NotConnected`] before application keys: [`cancel`](Self::cancel) is for that;
    /// [`Misuse::WriteClosed`], [`Misuse::NotInThisProfile`] in QUIC, [`Misuse::Ended`].
    pub fn close(&mut self) -> Result<(), Misuse> {
        self.may_send_application_data()?;
        if self.cx.is_quic {
            return Err(Misuse::NotInThisProfile);
        }
        self.cx.alert(Alert::Closure(ClosureAlert::CloseNotify));
        self.close_by(ClosureInput::SendCloseNotify, |_| End::Closed);
        Ok(())
    }

    /// Gives the connection up: `user_canceled` during the handshake, then `close_notify`, then the
    /// end (RFC 9846 §6.1).
    ///
    /// # Errors
    /// [`Misuse::Ended`].
    pub fn cancel(&mut self) -> Result<(), Misuse> {
        self.running()?;
        if self.cx.closure.may_send() && !self.cx.is_quic {
            if !self.is_complete() {
                self.cx.prepare_to_fail();
                self.cx.alert(Alert::Closure(ClosureAlert::UserCanceled));
            }
            self.cx.alert(Alert::Closure(ClosureAlert::CloseNotify));
        }
        self.close_by(ClosureInput::Cancel, |_| End::Closed);
        Ok(())
    }

    /// The transport has ended: nothing more will arrive. Without `close_notify` before it the end
    /// is [`End::Truncated`].
    pub fn transport_eof(&mut self) {
        if self.running().is_ok() {
            self.close_by(ClosureInput::TransportEnds, Self::truncation);
        }
    }

    /// Reports a fault that was found below: in a record, in a frame. That a client is denied is
    /// not found there, and for want of a verified certificate said without a reason.
    pub fn fail(&mut self, cause: Cause) {
        self.fail_if(Err(match cause {
            Cause::ClientDenied => Cause::RefusedWithoutReason,
            found => found,
        }));
    }

    /// Fills `out` with keying material for `label` and `context` (RFC 9846 §7.5). No context is
    /// the empty context. Before the client's Finished a server must not trust it to authenticate.
    ///
    /// # Errors
    /// [`Misuse::NotConnected`], [`Misuse::OutOfRange`], [`Misuse::Ended`].
    pub fn exporter(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        self.running()?;
        self.cx.exporter.as_ref().ok_or(Misuse::NotConnected)?.export(label, context, out)
    }

    /// The state, by its name in the transition table; after the end, the last one.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.machine.name()
    }

    /// Our role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.cx.role
    }

    /// How far the connection is closed.
    #[must_use]
    pub const fn closure(&self) -> Closure {
        self.cx.closure
    }

    /// Whether both Finished messages are exchanged, as far as this end knows.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.machine.is_complete()
    }

    /// Whether everything waits for the answer to a question.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.cx.question_is_open()
    }

    /// The keys in use for sending.
    #[must_use]
    pub const fn send_epoch(&self) -> Epoch {
        self.cx.send_epoch()
    }

    /// The keys in use for receiving.
    #[must_use]
    pub const fn receive_epoch(&self) -> Epoch {
        self.cx.receive_epoch()
    }
}
