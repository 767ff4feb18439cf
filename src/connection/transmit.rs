//! What the handshake says, as records: keys, messages, alerts and the one `change_cipher_spec`.

use super::{Connection, Turn};
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::event::Negotiated;
use crate::handshake::{Fact, Output};
use crate::record::Outbound;

/// How far we are with the one `change_cipher_spec` record of ours (RFC 9846 §E.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compatibility {
    /// We have sent no message.
    Silent,
    /// The first message is out, and the record is to go before the next.
    Due,
    /// The record is out, or none is to be sent.
    Done,
}

impl Connection {
    /// Writes what the handshake wants written, and queues what it wants told.
    pub(super) fn transmit(&mut self, output: &mut Vec<u8>) {
        while let Some(next) = self.handshake.poll() {
            #[cfg(feature = "conformance")]
            if let Output::Key { direction, epoch, secret } = &next {
                self.installed_keys.push((*direction, *epoch, secret.clone()));
            }
            if let Err(cause) = self.carry_out(next, output) {
                self.handshake.fail(cause);
            }
        }
    }

    fn carry_out(&mut self, next: Output, output: &mut Vec<u8>) -> Result<(), Cause> {
        match next {
            Output::Send { bytes, .. } => self.send(&bytes, output)?,
            Output::Alert { epoch, alert } => {
                if epoch != Epoch::Initial {
                    self.change_cipher_spec(output);
                }
                self.append(output, |outbound, output| outbound.alert(alert, output))?;
            }
            Output::Key { direction: Direction::Send, epoch, secret } => {
                if epoch == Epoch::EarlyData {
                    // Right behind the ClientHello, before any early data (RFC 9846 §E.4).
                    self.change_cipher_spec(output);
                }
                self.outbound.set_key(&secret);
            }
            Output::Key { direction: Direction::Receive, epoch, secret } => {
                self.inbound.set_key(&secret);
                if epoch != Epoch::EarlyData
                    && let Some(bytes) = self.limit_behind_early_data.take()
                {
                    self.inbound.set_record_size_limit(bytes);
                }
                if epoch == Epoch::Application {
                    self.inbound.close_change_cipher_spec_window();
                }
            }
            Output::KeyDropped => self.outbound.forget_key(),
            Output::Decide(decision) => self.turns.push_back(Turn::Decide(decision)),
            Output::Learned(fact) => {
                self.heed(&fact);
                self.turns.push_back(Turn::Learned(fact));
            }
            Output::Ended(end) => {
                self.inbound.forget_key();
                self.outbound.forget_key();
                #[cfg(feature = "conformance")]
                self.installed_keys.clear();
                // Nobody waits for an answer any more.
                self.turns.retain(|turn| !matches!(turn, Turn::Decide(_)));
                self.end = Some(end);
            }
        }
        Ok(())
    }

    /// What a fact means to records.
    fn heed(&mut self, fact: &Fact) {
        match fact {
            Fact::EarlyDataRejected => self.inbound.skip_early_data(),
            Fact::Negotiated(Negotiated { record_size_limits: Some(limits), .. }) => {
                // Early data was sent before the client could know our limit.
                match self.handshake.receive_epoch() {
                    Epoch::EarlyData => {
                        self.limit_behind_early_data = Some(usize::from(limits.receive));
                    }
                    _ => self.inbound.set_record_size_limit(usize::from(limits.receive)),
                }
                // The limit counts the content type, a fragment does not.
                let fragment = usize::from(limits.send).saturating_sub(1);
                self.outbound.limit_fragments(fragment);
            }
            _ => {}
        }
    }

    /// A server's `change_cipher_spec` goes right behind its first message, a client's right before
    /// its second flight (RFC 9846 §E.4).
    fn send(&mut self, messages: &[u8], output: &mut Vec<u8>) -> Result<(), Cause> {
        if self.handshake.role() == Role::Client {
            self.change_cipher_spec(output);
        }
        self.append(output, |outbound, output| outbound.handshake(messages, output))?;
        if self.compatibility == Compatibility::Silent {
            self.compatibility = Compatibility::Due;
        }
        if self.handshake.role() == Role::Server {
            self.change_cipher_spec(output);
        }
        Ok(())
    }

    fn change_cipher_spec(&mut self, output: &mut Vec<u8>) {
        if self.compatibility == Compatibility::Due {
            self.compatibility = Compatibility::Done;
            if self.handshake.is_in_compatibility_mode() && !self.transport_broken {
                self.outbound.change_cipher_spec(output);
            }
        }
    }

    fn append(
        &mut self,
        output: &mut Vec<u8>,
        write: impl FnOnce(&mut Outbound, &mut Vec<u8>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        if self.transport_broken {
            return Ok(());
        }
        self.unsent = true;
        write(&mut self.outbound, output)
    }
}
