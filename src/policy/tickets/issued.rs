//! Tickets that are names, under which the server keeps what they stand for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::contents::TicketContents;
use crate::crypto::{Draw, Random};

/// What the latest tickets of a server stand for. Each is found once, so that no connection can be
/// resumed twice with it (RFC 9846 §8.1), and early sessions are safe from keys that leak later.
/// Whoever has seen one on its way can use it up first, which costs the client a full handshake.
#[derive(Debug)]
pub struct IssuedTickets {
    random: Arc<dyn Random>,
    capacity: usize,
    /// In the order of issue, those that are used up included.
    names: VecDeque<Name>,
    contents: BTreeMap<Name, TicketContents>,
}

type Name = [u8; 32];

impl IssuedTickets {
    /// Keeps the latest `capacity` tickets, under names drawn from `random`.
    #[must_use]
    pub const fn new(random: Arc<dyn Random>, capacity: usize) -> Self {
        Self { random, capacity, names: VecDeque::new(), contents: BTreeMap::new() }
    }

    /// The ticket under which the contents are kept; `None` if there is no randomness, or no room.
    pub(super) fn insert(&mut self, contents: TicketContents) -> Option<Vec<u8>> {
        let mut name = Name::default();
        self.random.fill(Draw::TicketName, &mut name).ok()?;
        self.names.push_back(name);
        self.contents.insert(name, contents);
        while self.names.len() > self.capacity {
            let oldest = self.names.pop_front()?;
            self.contents.remove(&oldest);
        }
        self.contents.contains_key(&name).then(|| name.to_vec())
    }

    /// What the ticket stands for; it is not found again.
    pub(super) fn take(&mut self, ticket: &[u8]) -> Option<TicketContents> {
        self.contents.remove(ticket)
    }
}
