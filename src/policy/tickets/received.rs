//! The tickets that a client has been given.

use std::collections::VecDeque;

use pki_types::{ServerName, UnixTime};

use crate::handshake::config::Destination;
use crate::handshake::event::Ticket;
use crate::handshake::psk::OfferedPsk;

/// The latest tickets of the servers that a client has been to last. Each is given out once, so
/// that nobody can link two connections by it (RFC 9846 §C.4).
///
/// A server is known by its name: clients that verify or connect differently under one name keep
/// their tickets apart.
#[derive(Debug)]
pub struct ReceivedTickets {
    capacity: usize,
    /// Those used last at the end.
    servers: VecDeque<Server>,
}

#[derive(Debug)]
struct Server {
    name: ServerName<'static>,
    /// When each was received, in seconds since 1970; the latest at the end.
    tickets: VecDeque<(u64, Ticket)>,
}

impl ReceivedTickets {
    /// Keeps tickets of the last `capacity` servers, four of each.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, servers: VecDeque::new() }
    }

    /// Keeps a ticket that was received at `now` from the server of that name.
    pub fn insert(&mut self, name: ServerName<'static>, ticket: Ticket, now: UnixTime) {
        let tickets = self.remove(&name).map(|server| server.tickets);
        let mut server = Server { name, tickets: tickets.unwrap_or_default() };
        server.tickets.push_back((now.as_secs(), ticket));
        if server.tickets.len() > TICKETS_OF_ONE_SERVER {
            server.tickets.pop_front();
        }
        self.servers.push_back(server);
        while self.servers.len() > self.capacity {
            self.servers.pop_front();
        }
    }

    /// The latest ticket of that server, if one is still good at `now`.
    pub fn take(&mut self, name: &ServerName<'_>, now: UnixTime) -> Option<OfferedPsk> {
        let mut server = self.remove(name)?;
        let now = now.as_secs();
        let age = |received| now.saturating_sub(received);
        server.tickets.retain(|(received, ticket)| age(*received) < ticket.lifetime_seconds.into());
        let (received, ticket) = server.tickets.pop_back()?;
        if !server.tickets.is_empty() {
            self.servers.push_back(server);
        }
        // Seven days in milliseconds fit.
        let age_milliseconds = u32::try_from(age(received).saturating_mul(1_000)).ok()?;
        Some(ticket.offer(age_milliseconds))
    }

    /// Forgets the tickets of that server: when a connection to it has failed, those that came of
    /// it should not be used (RFC 9846 §6).
    pub fn forget(&mut self, name: &ServerName<'_>) {
        self.remove(name);
    }

    /// The way to that server, with a ticket if there is one.
    pub fn destination(&mut self, name: ServerName<'static>, now: UnixTime) -> Destination {
        let psks = self.take(&name, now).into_iter().collect();
        Destination { psks, ..Destination::named(name) }
    }

    fn remove(&mut self, name: &ServerName<'_>) -> Option<Server> {
        let place = self.servers.iter().position(|server| server.name == *name)?;
        self.servers.remove(place)
    }
}

const TICKETS_OF_ONE_SERVER: usize = 4;
