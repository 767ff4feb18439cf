//! Every honest handshake: both ends connect and agree.

use countersign::handshake::config::ClientAuthentication;
use countersign_testing::{Setup, Wire};

#[test]
fn full_handshake_connects_and_agrees() {
    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
}

#[test]
fn mutual_handshake_connects_and_agrees() {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
}

#[test]
fn data_flows_both_ways_over_records() {
    let mut wire = Wire::new(Setup::default());
    wire.run(|_, _| ());
    wire.client.connection.write(b"ping", &mut wire.client.output).expect("connected");
    wire.server.connection.write(b"pong", &mut wire.server.output).expect("connected");
    wire.run(|_, _| ());
    assert_eq!((&wire.server.data[..], &wire.client.data[..]), (&b"ping"[..], &b"pong"[..]));
}
