//! A key is updated before it has protected as many records as it may (RFC 9846 §5.5).

use countersign::crypto::aead::{Aead, AeadKey};
use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::crypto::{Provider, Suite, ring};
use countersign::handshake::{End, Fact};
use countersign_testing::{Setup, Socket, Wire};

/// How many records a key of these tests may protect.
const LIMIT: u64 = 3_000;

/// AES-128-GCM that tires early.
#[derive(Debug)]
struct Tiring;

impl Aead for Tiring {
    fn key_bytes(&self) -> usize {
        TLS_AES_128_GCM_SHA256.aead.key_bytes()
    }

    fn confidentiality_limit(&self) -> u64 {
        LIMIT
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        TLS_AES_128_GCM_SHA256.aead.key(key)
    }
}

static SUITE: Suite = Suite { aead: &Tiring, ..TLS_AES_128_GCM_SHA256 };

fn connected() -> Wire {
    let provider = Provider { suites: vec![&SUITE], ..ring::provider() };
    let mut setup = Setup::default();
    let only = || core::iter::once(SUITE.id).collect();
    setup.client.cipher_suites = only();
    setup.server.cipher_suites = only();
    setup.client.provider = provider.clone();
    setup.server.provider = provider;
    let mut wire = Wire::new(setup);
    wire.run(|_, _| ());
    wire
}

fn updates(socket: &Socket) -> usize {
    socket.facts.iter().filter(|fact| matches!(fact, Fact::PeerUpdatedKeys)).count()
}

#[test]
fn keys_are_updated_without_being_asked_before_their_limit() {
    let mut wire = connected();
    let records = usize::try_from(3 * LIMIT).expect("a small number");
    for _ in 0..records {
        wire.client.connection.write(b"x", &mut wire.client.output).expect("connected");
        wire.server.connection.write(b"yz", &mut wire.server.output).expect("connected");
    }
    wire.run(|_, _| ());
    assert_eq!((wire.server.data.len(), wire.client.data.len()), (records, 2 * records));
    for socket in [&wire.client, &wire.server] {
        assert!(updates(socket) >= 3, "{} updates", updates(socket));
        assert!(socket.end.is_none(), "{:?}", socket.end);
    }
}

#[test]
fn one_long_write_updates_the_key_on_its_way() {
    let mut wire = connected();
    let bytes = usize::try_from(2 * LIMIT).expect("a small number") * 16_384;
    wire.client.connection.write(&vec![7; bytes], &mut wire.client.output).expect("connected");
    wire.run(|_, _| ());
    assert_eq!(wire.server.data.len(), bytes);
    assert!(updates(&wire.server) >= 2);
    assert!(!matches!(wire.server.end, Some(End::Failed(_))));
}
