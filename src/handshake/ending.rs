//! How a connection ends: alerts that arrive, faults of our own, and the closure table between them
//! (RFC 9846 §6). The one place that sends an error alert is here.

use super::Handshake;
use super::client_authentication::ClientAuthenticationState;
use super::closure::{Closure, ClosureInput};
use super::decision::CertificateFault;
use super::driver::Machine;
use super::event::{End, Fact, Refusal, Truncation};
use crate::alert::{Alert, AlertClass, AlertDescription, AlertLevel, ClosureAlert};
use crate::diagnosis::{
    self, ClientContext, ClientPhase, Endpoint, Evidence, ServerContext, Signal, diagnose,
};
use crate::epoch::Epoch;
use crate::failure::{Cause, Failure, Misuse};
use crate::registry::ExtensionType;

impl Handshake {
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
        let (state, unconfirmed_bytes) = (self.state(), self.cx.unconfirmed_bytes);
        End::Refused(Refusal { alert, level, state, context, unconfirmed_bytes })
    }

    pub(super) fn truncation(&mut self) -> End {
        let context = self.circumstances(self.cx.receive_epoch());
        self.cx.authentication_unresolved();
        let (state, unconfirmed_bytes) = (self.state(), self.cx.unconfirmed_bytes);
        End::Truncated(Truncation { state, context, unconfirmed_bytes })
    }

    /// Moves the closure along its table; `end` says what it comes to, where that is not
    /// [`End::Closed`].
    pub(super) fn close_by(&mut self, input: ClosureInput, end: impl FnOnce(&mut Self) -> End) {
        let Some(closure) = self.cx.closure.after(input) else { return };
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
        self.cx.closure = closure;
        if let Some(end) = end {
            // The state's secrets go with it.
            self.machine = Machine::Ended(self.state());
            self.held.clear();
            self.cx.end(end);
        }
    }

    /// The one place that sends an error alert. Nothing can follow it but the end.
    pub(super) fn fail_if(&mut self, outcome: Result<(), Cause>) {
        let Err(cause) = outcome else { return };
        self.close_by(ClosureInput::Fail, |this| {
            let alert = this.disclosure.alert(cause);
            this.cx.authentication_unresolved();
            this.cx.prepare_to_fail();
            if this.cx.closure.may_send() {
                this.cx.alert(Alert::Error(alert));
            }
            End::Failed(Failure { cause, state: this.state(), alert })
        });
    }

    /// Ends the connection, because the certificate by which the peer was accepted is acceptable no
    /// longer: it was revoked, or has expired. It may be that of the session which is resumed, in
    /// which case nobody has asked about it here. The alert is that of the fault.
    ///
    /// # Errors
    /// [`Misuse::NotConnected`] before the handshake is complete, [`Misuse::NoCertificate`] if the
    /// peer was not accepted by one, [`Misuse::Ended`].
    pub fn reject(&mut self, fault: CertificateFault) -> Result<(), Misuse> {
        self.running()?;
        if !self.is_complete() {
            return Err(Misuse::NotConnected);
        }
        let resumed = diagnosis::Psk::Accepted(diagnosis::PskKind::Resumption);
        if !self.cx.certificate_was_accepted && self.cx.psk != resumed {
            return Err(Misuse::NoCertificate);
        }
        self.fail(fault.cause(self.cx.role));
        Ok(())
    }

    /// What the meaning of an alert depends on, as of now.
    fn circumstances(&self, protection: Epoch) -> diagnosis::Context {
        let sent = |extension| self.cx.offered.contains(extension);
        let endpoint = match &self.machine {
            Machine::Client(state) => {
                let authentication = self.cx.client_authentication;
                Endpoint::Client(ClientContext {
                    phase: match authentication.unsettled() {
                        Some(_) if self.cx.authenticates_after_handshake => {
                            ClientPhase::PostHandshakeAuthentication
                        }
                        unsettled => state.phase(unsettled.is_some()),
                    },
                    authentication: authentication.reply(),
                    evidence: match authentication.evidence() {
                        Evidence::None if self.cx.data_has_arrived => Evidence::Weak,
                        evidence => evidence,
                    },
                    early_data_sent: self.cx.early_data.is_some(),
                    server_name_sent: sent(ExtensionType::SERVER_NAME),
                    protocols_offered: sent(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION),
                })
            }
            Machine::Server(state) => Endpoint::Server(ServerContext {
                phase: state.phase(),
                certificate_sent: self.cx.send_epoch() != Epoch::Initial,
                encrypted_client_hello_refused: false,
            }),
            // Nothing is received any more that could mean something.
            Machine::Ended(_) => Endpoint::Server(ServerContext::default()),
        };
        diagnosis::Context {
            protection,
            peer_finished_verified: self.cx.receive_epoch() == Epoch::Application,
            psk: self.cx.psk,
            endpoint,
        }
    }
}
