//! The established connection, at the server (RFC 9846 §4.7).

use std::sync::Arc;

use super::post_handshake_authentication::Requests;
use super::{Next, Step};
use crate::crypto::{Draw, Random, Secret};
use crate::failure::Cause;
use crate::handshake::context::Context;
use crate::handshake::decision::{self, Decision, TicketSealed};
use crate::handshake::event::{Framed, NewTicket, on};
use crate::handshake::grease::Grease;
use crate::handshake::key_update::TrafficSecrets;
use crate::key_schedule::ResumptionSecret;
use crate::message::{HEADER_BYTES, KeyUpdate, Layout, NewSessionTicket};
use crate::registry::HandshakeType;

/// Both Finished messages are exchanged.
#[derive(Debug)]
pub(in crate::handshake) struct Connected {
    pub(in crate::handshake) random: Arc<dyn Random>,
    /// Whether tickets have a reserved extension (RFC 8701).
    pub(in crate::handshake) grease: bool,
    pub(in crate::handshake) secrets: TrafficSecrets,
    pub(in crate::handshake) resumption: ResumptionSecret,
    pub(in crate::handshake) tickets_issued: u64,
    /// None if the client cannot be asked for certificates any more.
    pub(in crate::handshake) requests: Option<Requests>,
}

/// A ticket is to be issued; the embedder seals or stores its contents.
#[derive(Debug)]
pub(in crate::handshake) struct SealTicket {
    connected: Connected,
    order: NewTicket,
    age_add: u32,
    nonce: Vec<u8>,
}

impl Connected {
    pub(super) fn issue_ticket(
        mut self,
        cx: &mut Context,
        order: NewTicket,
    ) -> Step<Self, on::IssueTicket> {
        let mut age_add = [0; 4];
        self.random.fill(Draw::TicketAgeAdd, &mut age_add)?;
        let age_add = u32::from_be_bytes(age_add);
        // A counter: each nonce of a connection must be another (RFC 9846 §4.7.1).
        let nonce = ticket_nonce(self.tickets_issued);
        self.tickets_issued = self.tickets_issued.saturating_add(1);
        let psk: Secret = self.resumption.psk(&nonce);
        let (suite, scope) = (self.resumption.suite(), cx.ticket_scope.clone());
        cx.ask(|serial| {
            let question = decision::SealTicket { serial, psk, suite, age_add, order, scope };
            Decision::SealTicket(question)
        });
        Ok(Next::to(SealTicket { connected: self, order, age_add, nonce }))
    }

    pub(super) fn key_update(
        self,
        cx: &mut Context,
        update: Framed<'_, KeyUpdate>,
    ) -> Step<Self, on::KeyUpdate> {
        let secrets = self.secrets.peer_updated(cx, &update.message)?;
        Ok(Next::to(Self { secrets, ..self }))
    }

    pub(super) fn update_keys(
        self,
        cx: &mut Context,
        update: KeyUpdate,
    ) -> Step<Self, on::UpdateKeys> {
        self.with_updated_keys(cx, &update).map(Next::to)
    }

    /// In whatever state the connection goes on.
    pub(super) fn with_updated_keys(
        self,
        cx: &mut Context,
        update: &KeyUpdate,
    ) -> Result<Self, Cause> {
        let secrets = self.secrets.update(cx, update)?;
        Ok(Self { secrets, ..self })
    }
}

impl SealTicket {
    pub(super) fn ticket_sealed(
        self,
        cx: &mut Context,
        TicketSealed(ticket): TicketSealed,
    ) -> Step<Self, on::TicketSealed> {
        if let Some(ticket) = ticket {
            let message = NewSessionTicket {
                ticket_lifetime: self.order.lifetime_seconds,
                ticket_age_add: self.age_add,
                ticket_nonce: &self.nonce,
                ticket: &ticket,
                max_early_data_size: self.order.max_early_data_bytes,
                resumption_across_names: cx
                    .ticket_scope
                    .as_ref()
                    .is_some_and(|scope| scope.resumption_across_names),
            };
            let grease = Grease::draw(self.connected.grease, self.connected.random.as_ref())?;
            let layout = grease.map(|grease| grease.around(&Layout::default()));
            let layout = layout.unwrap_or_default();
            cx.send(HandshakeType::NEW_SESSION_TICKET, |w| {
                let start = w.position().saturating_sub(HEADER_BYTES);
                message.encode(w, &layout, start);
            })?;
        }
        Ok(Next::to(self.connected))
    }

    /// An update that is owed, or that the key needs, does not wait for the ticket.
    pub(super) fn update_keys(
        self,
        cx: &mut Context,
        update: KeyUpdate,
    ) -> Step<Self, on::UpdateKeys> {
        let connected = self.connected.with_updated_keys(cx, &update)?;
        Ok(Next::to(Self { connected, ..self }))
    }
}

/// The number without its leading zeros, but in two bytes at least: each number has another.
fn ticket_nonce(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take(6).take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default().to_vec()
}
