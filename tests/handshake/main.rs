//! Every honest handshake: both ends connect, agree, and then do what connected ends do.

mod authentication;
mod compatibility;
mod compression;
mod exporter;
mod extensions;
mod key_update;
mod parameters;
mod quic;
mod raw_public_keys;
mod streams;
mod tickets;

use countersign::epoch::Role;
use countersign::handshake::decision::{Answer, Decision, SelectCredential};
use countersign::handshake::{Fact, event::Negotiated};
use countersign::message::{HEADER_BYTES, Kind};
use countersign::registry::{HandshakeType, SignatureScheme};
use countersign_testing::{Flight, Identity, Pair, Setup, messages};

/// Connects the two ends, and holds their keys and parameters against each other.
fn connect(setup: Setup) -> Pair {
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    pair
}

/// As [`connect`], with answers of one's own.
fn connect_with(setup: Setup, answer: impl FnMut(Role, Decision) -> Decided) -> Pair {
    let mut pair = setup.pair();
    pair.run_with(|_| (), answer);
    assert!(pair.agrees(), "{pair:?}");
    pair
}

type Decided = Result<Answer, Decision>;

fn by_default(question: Decision) -> Decided {
    Ok(Identity::example().answer(question))
}

/// The server's credential, with this protocol.
fn with_protocol(question: SelectCredential, protocol: &[u8]) -> Decided {
    let certificate_type = question.certificate_type().expect("one in common");
    let certificate = Identity::example().certificate(certificate_type);
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    Ok(question.certificate(certificate, scheme, Some(protocol)).expect("both are offered"))
}

fn negotiated(pair: &Pair) -> Negotiated {
    let facts = &pair.server.observed.facts;
    let found = facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => Some(negotiated.clone()),
        _ => None,
    });
    found.expect("parameters")
}

/// Runs the handshake and returns the messages of this kind, headers left out.
fn bodies(setup: Setup, kind: Kind) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    setup.pair().run(|flight: &mut Flight| {
        for message in messages(&flight.bytes) {
            let body = &message[HEADER_BYTES..];
            if Kind::of(HandshakeType(message[0]), body) == Ok(kind) {
                bodies.push(body.to_vec());
            }
        }
    });
    bodies
}

#[test]
fn defaults_connect() {
    let pair = connect(Setup::default());
    for end in [&pair.client, &pair.server] {
        assert!(end.knows(|fact| matches!(fact, Fact::Complete)));
        assert!(end.observed.alerts.is_empty() && end.observed.end.is_none());
        assert_eq!(end.handshake.state(), "Connected");
    }
}
