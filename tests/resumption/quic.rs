//! Resumption with early data in the profile of QUIC (RFC 9001 §4.6, §8.3).

use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::epoch::{Direction, Epoch, Role};
use countersign::handshake::config::Profile;
use countersign::handshake::decision::Decision;
use countersign::handshake::psk::{EarlyDataTerms, PreSharedKey};
use countersign::handshake::{Destination, Fact};
use countersign::message::ProtocolName;
use countersign::registry::HandshakeType;
use countersign_testing::{Identity, Pair, Setup, messages};

fn key() -> PreSharedKey {
    let application_layer_protocol = Some(b"h3".to_vec());
    let terms = EarlyDataTerms { max_bytes: u32::MAX, application_layer_protocol };
    let key = PreSharedKey::resumption(&[9; 32], &TLS_AES_128_GCM_SHA256);
    key.expect("a key of 32 bytes").with_early_data(terms)
}

fn pair() -> Pair {
    let mut setup = Setup::default();
    setup.client.profile = Profile::Quic(b"the client's parameters".to_vec());
    setup.client.application_layer_protocols = [ProtocolName(b"h3")].into_iter().collect();
    setup.server.profile = Profile::Quic(b"the server's parameters".to_vec());
    let psks = vec![key().offered_as(b"ticket".to_vec())];
    setup.destination = Destination { psks, early_data: true, ..setup.destination };
    setup.pair()
}

/// Runs, and returns the types of the messages.
fn run(pair: &mut Pair, early_data: bool) -> Vec<HandshakeType> {
    let mut seen = Vec::new();
    pair.run_with(
        |flight| seen.extend(messages(&flight.bytes).iter().map(|m| HandshakeType(m[0]))),
        |_, decision| match decision {
            Decision::SelectCredential(question) => {
                Ok(question.psk(0, key(), Some(b"h3"), early_data).expect("it is offered"))
            }
            other => Ok(Identity::example().answer(other)),
        },
    );
    seen
}

#[test]
fn early_data_ends_without_a_word() {
    let mut pair = pair();
    let seen = run(&mut pair, true);
    let expected = [
        HandshakeType::CLIENT_HELLO,
        HandshakeType::SERVER_HELLO,
        HandshakeType::ENCRYPTED_EXTENSIONS,
        HandshakeType::FINISHED,
        HandshakeType::FINISHED,
    ];
    assert_eq!(seen, expected);
    assert!(pair.agrees(), "{pair:?}");
    for end in [&pair.client, &pair.server] {
        assert!(end.knows(|fact| matches!(fact, Fact::EarlyDataAccepted)));
        let early = end.observed.keys.iter().filter(|(_, epoch, _)| *epoch == Epoch::EarlyData);
        assert_eq!(early.count(), 1);
        assert!(end.handshake.early_exporter("label", b"", &mut [0; 32]).is_err());
    }
    let key = |keys: &[(Direction, Epoch, Vec<u8>)], way| {
        let found = keys.iter().find(|(d, epoch, _)| (*d, *epoch) == (way, Epoch::EarlyData));
        found.expect("a key").2.clone()
    };
    let (client, server) = (&pair.client.observed.keys, &pair.server.observed.keys);
    assert_eq!(key(client, Direction::Send), key(server, Direction::Receive));
}

#[test]
fn client_that_sends_early_data_can_acknowledge_under_its_handshake_key_at_once() {
    for early_data in [false, true] {
        let mut pair = pair();
        let mut hello = pair.client.settle();
        let hello = hello.remove(0);
        pair.server.handshake.receive(hello.epoch, &hello.bytes).expect("a ClientHello");
        let flights = pair.server.drain(&mut |decision| match decision {
            Decision::SelectCredential(question) => {
                Ok(question.psk(0, key(), Some(b"h3"), early_data).expect("it is offered"))
            }
            other => Err(other),
        });
        let server_hello = &flights[0];
        assert_eq!(server_hello.epoch, Epoch::Initial);
        pair.client.handshake.receive(Epoch::Initial, &server_hello.bytes).expect("it goes on");
        pair.client.settle();
        let keys = pair.client.observed.keys.iter().map(|(way, epoch, _)| (*way, *epoch));
        let mut keys: Vec<_> = keys.collect();
        keys.sort_by_key(|(_, epoch)| *epoch != Epoch::EarlyData);
        let expected = [
            (Direction::Send, Epoch::EarlyData),
            (Direction::Receive, Epoch::Handshake),
            (Direction::Send, Epoch::Handshake),
        ];
        assert_eq!(keys, expected);
    }
}

#[test]
fn early_data_that_is_refused_leaves_the_handshake_as_it_is() {
    let mut pair = pair();
    run(&mut pair, false);
    assert!(pair.agrees(), "{pair:?}");
    for (end, role) in [(&pair.client, Role::Client), (&pair.server, Role::Server)] {
        assert!(end.knows(|fact| matches!(fact, Fact::EarlyDataRejected)), "{role:?}");
    }
}
