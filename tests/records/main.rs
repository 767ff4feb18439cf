//! The record protocol (RFC 9846 §5), from both sides.

mod inbound;
mod outbound;
mod streams;
mod writing;

use countersign::crypto::aead::TAG_BYTES;
use countersign::crypto::{Sealer, Secret, Suite};
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::key_schedule::{HandshakeSecret, TrafficSecret};
use countersign::limits::Limits;
use countersign::record::{Content, Inbound};
use countersign_testing::provider;

const CCS: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
const CHANGE_CIPHER_SPEC: &[u8] = &[20, 3, 3, 0, 1, 1];
const FATAL_ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// A [`Content`] that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    Handshake(Vec<u8>),
    Alert(u8, u8, bool),
    Data(Vec<u8>),
    Dropped,
    NeedsMore,
}

fn suite() -> &'static Suite {
    provider().suites[0]
}

fn secret_of(suite: &'static Suite, name: &str) -> TrafficSecret {
    let shared = Secret::copied_from(name.as_bytes()).unwrap();
    let stage = HandshakeSecret::without_psk(suite, shared);
    stage.traffic(Role::Client, &suite.hash.of_empty())
}

fn secret(name: &str) -> TrafficSecret {
    secret_of(suite(), name)
}

fn plaintext(content_type: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[content_type, 3, 3, high, low], body].concat()
}

/// A peer that seals whatever it is told to.
struct Peer(Sealer);

impl Peer {
    fn new(name: &str) -> Self {
        Self(Sealer::new(suite(), secret(name).secret()))
    }

    fn inner_plaintext(&mut self, version: [u8; 2], mut inner: Vec<u8>) -> Vec<u8> {
        let [high, low] = u16::try_from(inner.len() + TAG_BYTES).unwrap().to_be_bytes();
        let header = [DATA, version[0], version[1], high, low];
        let tag = self.0.seal(&header, &mut inner).unwrap();
        [&header[..], &inner, &tag].concat()
    }

    fn record(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        self.inner_plaintext([3, 3], [content, &[content_type]].concat())
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.change_cipher_specs = 3;
    limits.empty_records = 2;
    limits.skipped_early_data_bytes = 100;
    limits
}

fn keyless(role: Role) -> Inbound {
    Inbound::new(role, limits())
}

fn keyed(role: Role) -> Inbound {
    let mut inbound = keyless(role);
    inbound.set_key(&secret("peer"));
    inbound
}

/// Feeds one record, after a whole handshake message.
fn take(inbound: &mut Inbound, record: &[u8]) -> Result<Taken, Cause> {
    take_within(inbound, record, false)
}

/// Feeds one record, in the middle of a handshake message or not.
fn take_within(inbound: &mut Inbound, bytes: &[u8], partial: bool) -> Result<Taken, Cause> {
    let mut input = bytes.to_vec();
    let Some(record) = inbound.next(&mut input, partial)? else { return Ok(Taken::NeedsMore) };
    assert_eq!(record.consumed, bytes.len());
    Ok(taken(record.content))
}

fn taken(content: Content<'_>) -> Taken {
    match content {
        Content::Handshake(bytes) => Taken::Handshake(bytes.to_vec()),
        Content::Alert { level, description, protected } => {
            Taken::Alert(level, description, protected)
        }
        Content::ApplicationData(bytes) => Taken::Data(bytes.to_vec()),
        Content::Dropped => Taken::Dropped,
    }
}

fn data(bytes: &[u8]) -> Result<Taken, Cause> {
    Ok(Taken::Data(bytes.to_vec()))
}

fn handshake(bytes: &[u8]) -> Result<Taken, Cause> {
    Ok(Taken::Handshake(bytes.to_vec()))
}
