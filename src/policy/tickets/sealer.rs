//! Tickets that hold their own contents, for the server alone to read.

use core::fmt;

use pki_types::UnixTime;
use zeroize::Zeroizing;

use super::contents::TicketContents;
use crate::crypto::aead::{AeadKey, NONCE_BYTES};
use crate::crypto::ring::TLS_AES_256_GCM_SHA384;
use crate::crypto::{Draw, Provider};

/// Seals tickets by AES-256-GCM, under keys that succeed one another.
///
/// Servers that are to open each other's tickets are given the same keys. Whoever comes to know a
/// key can read the ticket's PSK, and with it early data, and anything that is said in a handshake
/// by PSK alone: change it often, and before it has sealed 2^32 tickets.
pub struct TicketSealer {
    /// How long after its successor has come into force a key opens tickets: a day unless it is
    /// changed.
    pub overlap_seconds: u64,
    provider: Provider,
    /// In the order in which they come into force.
    keys: Vec<Key>,
}

struct Key {
    name: [u8; NAME_BYTES],
    key: Box<dyn AeadKey>,
    /// Seconds since 1970.
    from: u64,
}

impl TicketSealer {
    /// The length of a key, in bytes.
    pub const KEY_BYTES: usize = NAME_BYTES + SECRET_BYTES;

    /// A sealer without a key, for tickets of the suites that `provider` has.
    #[must_use]
    pub const fn new(provider: Provider) -> Self {
        Self { overlap_seconds: 86_400, provider, keys: Vec::new() }
    }

    /// Adds a key that seals from then on until the next does, and opens tickets at once: other
    /// servers may be ahead. It is random; its first 16 bytes are its name, which tickets show.
    pub fn add_key(&mut self, key: &[u8; Self::KEY_BYTES], from: UnixTime) {
        let Some((name, secret)) = key.split_first_chunk() else { return };
        let key = TLS_AES_256_GCM_SHA384.aead.key(secret);
        let key = Key { name: *name, key, from: from.as_secs() };
        let place = self.keys.partition_point(|other| other.from <= key.from);
        self.keys.insert(place, key);
    }

    /// Forgets the keys that open nothing any more.
    pub fn retire_keys(&mut self, now: UnixTime) {
        let retired = self.keys.len() - self.opening(now).len();
        self.keys.drain(..retired);
    }

    /// `None` if no key is in force, or too much is to be sealed.
    pub(super) fn seal(&self, contents: &TicketContents, now: UnixTime) -> Option<Vec<u8>> {
        let key = self.keys.iter().rev().find(|key| key.from <= now.as_secs())?;
        let mut nonce = [0; NONCE_BYTES];
        self.provider.random.fill(Draw::TicketNonce, &mut nonce).ok()?;
        let mut sealed = contents.to_bytes()?;
        let tag = key.key.seal(nonce, &key.name, &mut sealed).ok()?;
        Some([&key.name[..], &nonce, &sealed, &tag].concat())
    }

    /// `None` for whatever we, or those with whom we share keys, have not sealed.
    pub(super) fn open(&self, ticket: &[u8], now: UnixTime) -> Option<TicketContents> {
        let (name, rest) = ticket.split_first_chunk::<NAME_BYTES>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let key = self.opening(now).iter().find(|key| key.name == *name)?;
        let mut contents = Zeroizing::new(sealed.to_vec());
        let contents = key.key.open(*nonce, name, &mut contents).ok()?;
        TicketContents::from_bytes(contents, &self.provider)
    }

    /// The keys that open tickets.
    fn opening(&self, now: UnixTime) -> &[Key] {
        let ends = |successor: &Key| successor.from.saturating_add(self.overlap_seconds);
        let successors = self.keys.iter().skip(1);
        let retired = successors.take_while(|successor| ends(successor) <= now.as_secs()).count();
        self.keys.get(retired..).unwrap_or_default()
    }
}

impl fmt::Debug for TicketSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketSealer")
            .field("overlap_seconds", &self.overlap_seconds)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

const NAME_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
