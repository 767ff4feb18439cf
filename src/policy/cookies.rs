//! Cookies that hold what a server would have to remember between two ClientHellos
//! (RFC 9846 §4.3.2).

use std::sync::Arc;

use pki_types::UnixTime;
use zeroize::Zeroizing;

use super::sealing::{KEY_BYTES, SealingKeys};
use crate::crypto::{Draw, Random};
use crate::handshake::decision::{Answer, OpenCookie, SealCookie};

/// Seals cookies by AES-256-GCM, under keys that succeed one another; servers that are to go on
/// where another has sent a retry are given the same. A [`ServerPolicy`](super::ServerPolicy) does
/// not know where a client is, and hands the questions back that are answered here.
///
/// A cookie can be used more than once while it is good, as a ClientHello can: it shows that its
/// holder was where `binding` says not long ago, and no more.
#[derive(Debug)]
pub struct CookieSealer {
    /// How long a cookie is good: a minute unless it is changed. A key opens cookies as long after
    /// its successor has come into force.
    pub lifetime_seconds: u64,
    keys: SealingKeys,
}

impl CookieSealer {
    /// The length of a key, in bytes.
    pub const KEY_BYTES: usize = KEY_BYTES;

    /// A sealer without a key, with nonces from `random`.
    #[must_use]
    pub const fn new(random: Arc<dyn Random>) -> Self {
        Self { lifetime_seconds: 60, keys: SealingKeys::new(random, Draw::CookieNonce) }
    }

    /// Adds a key that seals from then on until the next does, and opens cookies at once: other
    /// servers may be ahead. It is random; its first 16 bytes are its name, which cookies show.
    pub fn add_key(&mut self, key: &[u8; Self::KEY_BYTES], from: UnixTime) {
        self.keys.add(key, from);
    }

    /// Forgets the keys that open nothing any more.
    pub fn retire_keys(&mut self, now: UnixTime) {
        self.keys.retire(self.lifetime_seconds, now);
    }

    /// Makes the cookie, good from `now` on for whoever has the same `binding`: the client's
    /// address, say. Without a key in force there is none, and the handshake fails.
    pub fn seal(&self, question: SealCookie, binding: &[u8], now: UnixTime) -> Answer {
        let contents = [&now.as_secs().to_be_bytes(), question.contents()].concat();
        match self.keys.seal(Zeroizing::new(contents), &bound(binding), now) {
            Some(cookie) => {
                question.sealed(cookie).unwrap_or_else(|unfit| unfit.question.unavailable())
            }
            None => question.unavailable(),
        }
    }

    /// Opens the cookie, and refuses one that is not ours, too old, or bound to something else.
    pub fn open(&self, question: OpenCookie, binding: &[u8], now: UnixTime) -> Answer {
        let (cookie, overlap_seconds) = (question.cookie(), self.lifetime_seconds);
        let opened = self.keys.open(cookie, &bound(binding), overlap_seconds, now);
        let contents = opened.as_ref().and_then(|opened| {
            let (sealed, contents) = opened.split_first_chunk()?;
            let age = now.as_secs().saturating_sub(u64::from_be_bytes(*sealed));
            (age < self.lifetime_seconds).then(|| contents.to_vec())
        });
        match contents {
            Some(contents) => question.opened(contents),
            None => question.refuse(),
        }
    }
}

/// What no ticket is bound to, so that a key that is used for both opens neither as the other.
fn bound(binding: &[u8]) -> Vec<u8> {
    [b"cookie", binding].concat()
}
