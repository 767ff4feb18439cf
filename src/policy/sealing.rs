//! AES-256-GCM under keys that succeed one another: what seals tickets and cookies.

use core::fmt;
use std::sync::Arc;

use pki_types::UnixTime;
use zeroize::Zeroizing;

use crate::crypto::aead::{AeadKey, NONCE_BYTES};
use crate::crypto::ring::TLS_AES_256_GCM_SHA384;
use crate::crypto::{Draw, Random};

/// Keys that seal one after the other, and open for a while longer.
pub(super) struct SealingKeys {
    random: Arc<dyn Random>,
    /// What nonces are drawn as.
    draw: Draw,
    /// In the order in which they come into force.
    keys: Vec<Key>,
}

struct Key {
    name: [u8; NAME_BYTES],
    key: Box<dyn AeadKey>,
    /// Seconds since 1970.
    from: u64,
}

impl SealingKeys {
    pub(super) const fn new(random: Arc<dyn Random>, draw: Draw) -> Self {
        Self { random, draw, keys: Vec::new() }
    }

    /// Adds a key, whose first bytes are its name.
    pub(super) fn add(&mut self, key: &[u8; KEY_BYTES], from: UnixTime) {
        let Some((name, secret)) = key.split_first_chunk() else { return };
        let key = TLS_AES_256_GCM_SHA384.aead.key(secret);
        let key = Key { name: *name, key, from: from.as_secs() };
        let place = self.keys.partition_point(|other| other.from <= key.from);
        self.keys.insert(place, key);
    }

    /// Forgets the keys that open nothing any more.
    pub(super) fn retire(&mut self, overlap_seconds: u64, now: UnixTime) {
        let retired = self.keys.len() - self.opening(overlap_seconds, now).len();
        self.keys.drain(..retired);
    }

    /// Seals `contents`, bound to `binding`; `None` if no key is in force, or too much is sealed.
    pub(super) fn seal(
        &self,
        mut contents: Zeroizing<Vec<u8>>,
        binding: &[u8],
        now: UnixTime,
    ) -> Option<Vec<u8>> {
        let key = self.keys.iter().rev().find(|key| key.from <= now.as_secs())?;
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill(self.draw, &mut nonce).ok()?;
        let associated_data = [&key.name, binding].concat();
        let tag = key.key.seal(nonce, &associated_data, &mut contents).ok()?;
        Some([&key.name[..], &nonce, &contents, &tag].concat())
    }

    /// What was sealed, bound to the same; `None` for whatever we, or those with whom we share
    /// keys, have not sealed. A key opens for `overlap_seconds` after its successor has come into
    /// force.
    pub(super) fn open(
        &self,
        sealed: &[u8],
        binding: &[u8],
        overlap_seconds: u64,
        now: UnixTime,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (name, rest) = sealed.split_first_chunk::<NAME_BYTES>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let key = self.opening(overlap_seconds, now).iter().find(|key| key.name == *name)?;
        let mut contents = Zeroizing::new(sealed.to_vec());
        let associated_data = [name, binding].concat();
        let length = key.key.open(*nonce, &associated_data, &mut contents).ok()?.len();
        contents.truncate(length);
        Some(contents)
    }

    /// The keys that open.
    fn opening(&self, overlap_seconds: u64, now: UnixTime) -> &[Key] {
        let ends = |successor: &Key| successor.from.saturating_add(overlap_seconds);
        let successors = self.keys.iter().skip(1);
        let retired = successors.take_while(|successor| ends(successor) <= now.as_secs()).count();
        self.keys.get(retired..).unwrap_or_default()
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.keys.len())
    }
}

/// The length of a key with its name, in bytes.
pub(super) const KEY_BYTES: usize = NAME_BYTES + SECRET_BYTES;

const NAME_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
