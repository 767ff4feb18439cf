//! The established connection, at the client (RFC 9846 §4.7).

use super::post_handshake_authentication::Requests;
use super::{Next, Step};
use crate::diagnosis::Evidence;
use crate::failure::Cause;
use crate::handshake::context::Context;
use crate::handshake::event::{Fact, Framed, Ticket, on};
use crate::handshake::key_update::TrafficSecrets;
use crate::key_schedule::ResumptionSecret;
use crate::message::{KeyUpdate, MAX_TICKET_LIFETIME_SECONDS, NewSessionTicket};
use crate::registry::KeyUpdateRequest;

/// Both Finished messages are exchanged.
#[derive(Debug)]
pub(in crate::handshake) struct Connected {
    pub(in crate::handshake) secrets: TrafficSecrets,
    pub(in crate::handshake) resumption: ResumptionSecret,
    pub(in crate::handshake) takes_tickets: bool,
    /// The application protocol, to which tickets are bound.
    pub(in crate::handshake) protocol: Option<Vec<u8>>,
    /// None if the server may not ask for certificates any more.
    pub(in crate::handshake) requests: Option<Requests>,
}

impl Connected {
    pub(super) fn new_session_ticket(
        self,
        cx: &mut Context,
        ticket: Framed<'_, NewSessionTicket<'_>>,
    ) -> Step<Self, on::NewSessionTicket> {
        let message = ticket.message;
        // RFC 9001 §4.6.1: QUIC's own limits apply, and this one says that there is none.
        if cx.is_quic && message.max_early_data_size.is_some_and(|size| size != u32::MAX) {
            return Err(Cause::TicketEarlyDataLimited);
        }
        // A server that asked for a certificate can send this only once it has our Finished
        // (RFC 9846 §4.7.1).
        cx.handshake_processed();
        if self.takes_tickets && message.ticket_lifetime > 0 {
            cx.learn(Fact::Ticket(Ticket {
                ticket: message.ticket.to_vec(),
                psk: self.resumption.psk(message.ticket_nonce),
                suite: self.resumption.suite(),
                lifetime_seconds: message.ticket_lifetime.min(MAX_TICKET_LIFETIME_SECONDS),
                age_add: message.ticket_age_add,
                max_early_data_bytes: message.max_early_data_size,
                application_layer_protocol: self.protocol.clone(),
                resumption_across_names: message.resumption_across_names,
            }));
        }
        Ok(Next::to(self))
    }

    pub(super) fn key_update(
        self,
        cx: &mut Context,
        update: Framed<'_, KeyUpdate>,
    ) -> Step<Self, on::KeyUpdate> {
        let asks = update.message.request_update == KeyUpdateRequest::UPDATE_REQUESTED;
        if cx.updates.answer_is_evidence && !asks {
            // It answers our request, which stood behind our Finished.
            cx.authentication_processed(Evidence::Strong);
        }
        let secrets = self.secrets.peer_updated(cx, &update.message)?;
        Ok(Next::to(Self { secrets, ..self }))
    }

    pub(super) fn update_keys(
        self,
        cx: &mut Context,
        update: KeyUpdate,
    ) -> Step<Self, on::UpdateKeys> {
        let secrets = self.secrets.update(cx, &update)?;
        Ok(Next::to(Self { secrets, ..self }))
    }
}
