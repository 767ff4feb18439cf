//! A handshake that is complete, as a value: what of it has to be known elsewhere to carry on.

mod form;

use std::sync::Arc;

pub(crate) use self::form::decode_u64;
use super::Handshake;
use super::client::{self, ClientState};
use super::client_authentication::ClientAuthenticationState;
use super::closure::Closure;
use super::config::{ClientConfig, ServerConfig};
use super::context::Context;
use super::driver::Machine;
use super::key_update::{TrafficSecrets, UpdateLedger};
use super::server::{self, ServerState};
use super::ticket::TicketScope;
use crate::crypto::Suite;
use crate::diagnosis::Psk;
use crate::epoch::Role;
use crate::failure::Misuse;
use crate::key_schedule::{ExporterSecret, ResumptionSecret};
use crate::message::ExtensionSet;

/// A complete handshake that waits for nothing.
#[derive(Debug)]
pub(crate) struct Established {
    endpoint: Endpoint,
    pub(crate) secrets: TrafficSecrets,
    resumption: ResumptionSecret,
    exporter: ExporterSecret,
    pub(crate) course: Course,
}

/// What only one role has.
#[derive(Debug)]
enum Endpoint {
    Client {
        takes_tickets: bool,
        protocol: Option<Vec<u8>>,
        authentication: ClientAuthenticationState,
    },
    Server {
        tickets_issued: u64,
        scope: Option<Arc<TicketScope>>,
    },
}

/// How it has gone so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) closure: Closure,
    pub(crate) updates: UpdateLedger,
    offered: ExtensionSet,
    psk: Psk,
    certificate_was_accepted: bool,
    user_canceled_in_a_row: u32,
    unconfirmed_bytes: u64,
    data_has_arrived: bool,
}

impl Handshake {
    /// What there is to know, if the handshake is complete and nothing is under way.
    ///
    /// # Errors
    /// [`Misuse::Ended`], [`Misuse::NotInThisProfile`] in QUIC, [`Misuse::NotConnected`],
    /// [`Misuse::Unfinished`].
    pub(crate) fn established(&self) -> Result<Established, Misuse> {
        self.running()?;
        if self.cx.is_quic {
            return Err(Misuse::NotInThisProfile);
        }
        let exporter = self.cx.exporter.clone().filter(|_| self.is_complete());
        let exporter = exporter.ok_or(Misuse::NotConnected)?;
        if self.is_waiting() || self.message_is_partial() || !self.cx.is_silent() {
            return Err(Misuse::Unfinished);
        }
        let (endpoint, secrets, resumption) = match &self.machine {
            // Of what a later answer rests on, nothing is carried: neither the transcript of the
            // handshake nor, at a server, what it has asked for.
            Machine::Client(ClientState::Connected(state)) if state.requests.is_none() => {
                let authentication = self.cx.client_authentication;
                let (takes_tickets, protocol) = (state.takes_tickets, state.protocol.clone());
                let endpoint = Endpoint::Client { takes_tickets, protocol, authentication };
                (endpoint, &state.secrets, &state.resumption)
            }
            Machine::Server(ServerState::Connected(state))
                if state.certificate_requests().unwrap_or_default() == 0 =>
            {
                let (tickets_issued, scope) = (state.tickets_issued, self.cx.ticket_scope.clone());
                let endpoint = Endpoint::Server { tickets_issued, scope };
                (endpoint, &state.secrets, &state.resumption)
            }
            _ => return Err(Misuse::Unfinished),
        };
        Ok(Established {
            endpoint,
            secrets: secrets.clone(),
            resumption: resumption.clone(),
            exporter,
            course: Course {
                closure: self.cx.closure,
                updates: self.cx.updates,
                offered: self.cx.offered,
                psk: self.cx.psk,
                certificate_was_accepted: self.cx.certificate_was_accepted,
                user_canceled_in_a_row: self.user_canceled_in_a_row,
                unconfirmed_bytes: self.cx.unconfirmed_bytes,
                data_has_arrived: self.cx.data_has_arrived,
            },
        })
    }

    /// Carries on as a client.
    ///
    /// # Errors
    /// [`Misuse::WrongRole`], [`Misuse::NotInThisProfile`], [`Misuse::Configuration`].
    pub(crate) fn import_client(config: &ClientConfig, from: &Established) -> Result<Self, Misuse> {
        config.check()?;
        let Endpoint::Client { takes_tickets, protocol, authentication } = &from.endpoint else {
            return Err(Misuse::WrongRole);
        };
        let mut cx = Context::new(Role::Client, config.limits, &config.profile);
        cx.client_authentication = *authentication;
        let state = client::Connected {
            secrets: from.secrets.clone(),
            resumption: from.resumption.clone(),
            takes_tickets: *takes_tickets,
            protocol: protocol.clone(),
            requests: None,
        };
        let machine = Machine::Client(ClientState::Connected(state));
        Self::new(machine, cx, config.disclosure, config.report_transitions).carry_on(from)
    }

    /// Carries on as a server.
    ///
    /// # Errors
    /// As [`import_client`](Self::import_client).
    pub(crate) fn import_server(config: &ServerConfig, from: &Established) -> Result<Self, Misuse> {
        config.check()?;
        let Endpoint::Server { tickets_issued, scope } = &from.endpoint else {
            return Err(Misuse::WrongRole);
        };
        let mut cx = Context::new(Role::Server, config.limits, &config.profile);
        cx.ticket_scope = scope.clone();
        let state = server::Connected {
            random: Arc::clone(&config.provider.random),
            grease: config.grease,
            secrets: from.secrets.clone(),
            resumption: from.resumption.clone(),
            tickets_issued: *tickets_issued,
            requests: None,
        };
        let machine = Machine::Server(ServerState::Connected(state));
        Self::new(machine, cx, config.disclosure, config.report_transitions).carry_on(from)
    }

    fn carry_on(mut self, from: &Established) -> Result<Self, Misuse> {
        let course = &from.course;
        if self.cx.is_quic {
            return Err(Misuse::NotInThisProfile);
        }
        self.cx.carry_on();
        self.cx.exporter = Some(from.exporter.clone());
        self.cx.updates = course.updates;
        self.cx.offered = course.offered;
        self.cx.psk = course.psk;
        self.cx.certificate_was_accepted = course.certificate_was_accepted;
        self.cx.unconfirmed_bytes = course.unconfirmed_bytes;
        self.cx.data_has_arrived = course.data_has_arrived;
        self.cx.closure = course.closure;
        self.user_canceled_in_a_row = course.user_canceled_in_a_row;
        Ok(self)
    }
}

impl Established {
    pub(crate) const fn role(&self) -> Role {
        match self.endpoint {
            Endpoint::Client { .. } => Role::Client,
            Endpoint::Server { .. } => Role::Server,
        }
    }

    /// The suite of all secrets.
    pub(crate) const fn suite(&self) -> &'static Suite {
        self.resumption.suite()
    }
}
