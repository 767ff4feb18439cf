//! The default cryptography, with a note taken of every secret that it makes.

use std::sync::{Arc, Mutex};

use countersign::crypto::group::GroupFailure;
use countersign::crypto::hash::{Digest, Hash, RunningHash};
use countersign::crypto::{Group, KeyExchange, Provider, Random, Secret, Share, Suite, ring};
use countersign::registry::{CipherSuite, NamedGroup};

use crate::memory::{Piece, find, masked};

/// What was noted: what it is, and a piece of it.
static NOTES: Mutex<Vec<(String, Piece)>> = Mutex::new(Vec::new());

fn note(what: &str, secret: &[u8]) {
    let mut notes = NOTES.lock().expect("one test");
    notes.extend(masked(secret).into_iter().map(|piece| (what.to_owned(), piece)));
}

/// Forgets what was noted.
pub(crate) fn forget() {
    NOTES.lock().expect("one test").clear();
}

/// The names of the secrets noted that are on the heap now.
pub(crate) fn left() -> Vec<String> {
    let notes = NOTES.lock().expect("one test");
    let pieces: Vec<Piece> = notes.iter().map(|(_, piece)| *piece).collect();
    let mut names: Vec<String> =
        find(&pieces).into_iter().map(|(index, _)| notes[index].0.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// How many secrets of this name were noted.
pub(crate) fn noted(what: &str) -> usize {
    NOTES.lock().expect("one test").iter().filter(|(name, _)| name == what).count()
}

/// ring, watched, with one suite.
pub(crate) fn provider(suite: &'static Suite) -> Provider {
    Provider { suites: vec![suite], groups: vec![Arc::new(&X25519)], ..ring::provider() }
}

/// Every suite that ring has.
pub(crate) static SUITES: [Suite; 3] = [
    watched(&ring::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_128_GCM_SHA256, &SHA256),
    watched(&ring::TLS_AES_256_GCM_SHA384, CipherSuite::TLS_AES_256_GCM_SHA384, &SHA384),
    watched(
        &ring::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        &SHA256,
    ),
];

static SHA256: WatchedHash = WatchedHash(&ring::TLS_AES_128_GCM_SHA256);
static SHA384: WatchedHash = WatchedHash(&ring::TLS_AES_256_GCM_SHA384);
static X25519: WatchedGroup = WatchedGroup(&ring::X25519);

const fn watched(suite: &'static Suite, id: CipherSuite, hash: &'static WatchedHash) -> Suite {
    Suite { id, hash, aead: suite.aead }
}

#[derive(Debug)]
struct WatchedHash(&'static Suite);

impl Hash for WatchedHash {
    fn output_bytes(&self) -> usize {
        self.0.hash.output_bytes()
    }

    fn start(&self) -> Box<dyn RunningHash> {
        self.0.hash.start()
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        self.0.hash.digest(parts)
    }

    /// What HKDF makes is secret, but for what the application has asked for. What is made of one
    /// part is a secret only if HKDF-Extract makes it, of a secret or of nothing; otherwise it is a
    /// MAC, and sent.
    fn hmac(&self, key: &[u8], parts: &[&[u8]], out: &mut [u8]) {
        self.0.hash.hmac(key, parts, out);
        match *parts {
            [_, label, &[_]] => match label_of(label) {
                Some(b"exporter") | None => {}
                Some(label) => note(&String::from_utf8_lossy(label), out),
            },
            [input] if is_input_key_material(input) => note("extracted", out),
            _ => {}
        }
    }

    fn hmac_verify(&self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        self.0.hash.hmac_verify(key, message, tag)
    }
}

/// The label in an HkdfLabel (RFC 9846 §7.1).
fn label_of(hkdf_label: &[u8]) -> Option<&[u8]> {
    let (length, rest) = hkdf_label.get(2..)?.split_first()?;
    rest.get(..usize::from(*length))?.strip_prefix(b"tls13 ")
}

fn is_input_key_material(input: &[u8]) -> bool {
    let notes = NOTES.lock().expect("one test");
    let first = masked(input).into_iter().next();
    input.iter().all(|byte| *byte == 0) || notes.iter().any(|(_, piece)| Some(*piece) == first)
}

#[derive(Debug)]
struct WatchedGroup(&'static dyn Group);

impl Group for WatchedGroup {
    fn id(&self) -> NamedGroup {
        self.0.id()
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        Ok(Box::new(WatchedExchange(self.0.start(random)?)))
    }

    fn respond(
        &self,
        random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let (share, secret) = self.0.respond(random, client_share)?;
        note("agreed", secret.as_bytes());
        Ok((share, secret))
    }
}

struct WatchedExchange(Box<dyn KeyExchange>);

impl KeyExchange for WatchedExchange {
    fn share(&self) -> &[u8] {
        self.0.share()
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        let secret = self.0.finish(server_share)?;
        note("agreed", secret.as_bytes());
        Ok(secret)
    }
}
