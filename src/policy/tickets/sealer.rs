//! Tickets that hold their own contents, for the server alone to read.

use std::sync::Arc;

use pki_types::UnixTime;

use super::contents::TicketContents;
use crate::crypto::{Draw, Provider};
use crate::policy::sealing::{KEY_BYTES, SealingKeys};

/// Seals tickets by AES-256-GCM, under keys that succeed one another.
///
/// Servers that are to open each other's tickets are given the same keys. Whoever comes to know a
/// key can read the ticket's PSK, and with it early data, and anything that is said in a handshake
/// by PSK alone: change it often, and before it has sealed 2^32 tickets.
#[derive(Debug)]
pub struct TicketSealer {
    /// How long after its successor has come into force a key opens tickets: a day unless it is
    /// changed.
    pub overlap_seconds: u64,
    provider: Provider,
    keys: SealingKeys,
}

impl TicketSealer {
    /// The length of a key, in bytes.
    pub const KEY_BYTES: usize = KEY_BYTES;

    /// A sealer without a key, for tickets of the suites that `provider` has.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        let keys = SealingKeys::new(Arc::clone(&provider.random), Draw::TicketNonce);
        Self { overlap_seconds: 86_400, provider, keys }
    }

    /// Adds a key that seals from then on until the next does, and opens tickets at once: other
    /// servers may be ahead. It is random; its first 16 bytes are its name, which tickets show.
    pub fn add_key(&mut self, key: &[u8; Self::KEY_BYTES], from: UnixTime) {
        self.keys.add(key, from);
    }

    /// Forgets the keys that open nothing any more.
    pub fn retire_keys(&mut self, now: UnixTime) {
        self.keys.retire(self.overlap_seconds, now);
    }

    /// `None` if no key is in force, or too much is to be sealed.
    pub(super) fn seal(&self, contents: &TicketContents, now: UnixTime) -> Option<Vec<u8>> {
        self.keys.seal(contents.to_bytes()?, NO_BINDING, now)
    }

    /// `None` for whatever we, or those with whom we share keys, have not sealed.
    pub(super) fn open(&self, ticket: &[u8], now: UnixTime) -> Option<TicketContents> {
        let contents = self.keys.open(ticket, NO_BINDING, self.overlap_seconds, now)?;
        TicketContents::from_bytes(&contents, &self.provider)
    }
}

const NO_BINDING: &[u8] = &[];
