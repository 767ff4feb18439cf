//! The one `change_cipher_spec` record of either end (RFC 9846 §E.4).

use countersign::epoch::Role;
use countersign::handshake::config::{ClientAuthentication, CompatibilityMode};
use countersign_testing::{Setup, Wire};

const CCS: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const PROTECTED: u8 = 23;

/// The outer content types of all records that an end sent, repetitions left out.
fn records(bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    let mut rest = bytes;
    while let [content_type, _, _, high, low, ..] = *rest {
        types.push(content_type);
        if content_type == CCS {
            assert_eq!(rest[..6], [20, 3, 3, 0, 1, 1]);
        }
        rest = &rest[5 + usize::from(u16::from_be_bytes([high, low]))..];
    }
    assert!(rest.is_empty());
    types.dedup();
    types
}

/// The records of client and server in a handshake and one word of data each way.
fn exchange(setup: Setup) -> (Vec<u8>, Vec<u8>) {
    let (mut client, mut server) = (Vec::new(), Vec::new());
    let mut wire = Wire::new(setup);
    let mut record = |role, bytes: &mut Vec<u8>| match role {
        Role::Client => client.extend_from_slice(bytes),
        Role::Server => server.extend_from_slice(bytes),
    };
    wire.run(&mut record);
    wire.client.connection.write(b"ping", &mut wire.client.output).expect("connected");
    wire.server.connection.write(b"pong", &mut wire.server.output).expect("connected");
    wire.run(&mut record);
    assert_eq!((&wire.server.data[..], &wire.client.data[..]), (&b"ping"[..], &b"pong"[..]));
    (records(&client), records(&server))
}

#[test]
fn change_cipher_spec_is_sent_once_and_in_its_place() {
    use CompatibilityMode::{Always, WhenAsked};
    // Client's mode, server's mode, whether there is a retry: the records of either.
    type Row<'a> = (bool, CompatibilityMode, bool, &'a [u8], &'a [u8]);
    let rows: &[Row<'_>] = &[
        (true, WhenAsked, false, &[HANDSHAKE, CCS, PROTECTED], &[HANDSHAKE, CCS, PROTECTED]),
        (
            true,
            WhenAsked,
            true,
            &[HANDSHAKE, CCS, HANDSHAKE, PROTECTED],
            &[HANDSHAKE, CCS, HANDSHAKE, PROTECTED],
        ),
        (false, WhenAsked, false, &[HANDSHAKE, PROTECTED], &[HANDSHAKE, PROTECTED]),
        (false, WhenAsked, true, &[HANDSHAKE, PROTECTED], &[HANDSHAKE, PROTECTED]),
        (true, Always, false, &[HANDSHAKE, CCS, PROTECTED], &[HANDSHAKE, CCS, PROTECTED]),
        (false, Always, false, &[HANDSHAKE, PROTECTED], &[HANDSHAKE, CCS, PROTECTED]),
        (false, Always, true, &[HANDSHAKE, PROTECTED], &[HANDSHAKE, CCS, HANDSHAKE, PROTECTED]),
    ];
    for (row, &(client_mode, server_mode, retry, client, server)) in rows.iter().enumerate() {
        for authentication in [ClientAuthentication::None, ClientAuthentication::Require] {
            let mut setup = Setup::default();
            setup.client.compatibility_mode = client_mode;
            setup.server.compatibility_mode = server_mode;
            setup.server.cookie_bytes = if retry { 8 } else { 0 };
            setup.server.client_authentication = authentication;
            assert_eq!(exchange(setup), (client.to_vec(), server.to_vec()), "row {row}");
        }
    }
}

#[test]
fn a_client_that_fails_on_the_servers_flight_still_sends_it_before_its_encrypted_alert() {
    let mut wire = Wire::new(Setup::default());
    let mut sent = Vec::new();
    wire.run(|role, bytes| match role {
        Role::Client => sent.extend_from_slice(bytes),
        Role::Server => {
            let last = bytes.last_mut().expect("a flight");
            *last ^= 1;
        }
    });
    assert_eq!(records(&sent), [HANDSHAKE, CCS, PROTECTED]);
}

#[test]
fn a_client_that_fails_on_the_servers_hello_sends_its_alert_in_plaintext() {
    let mut wire = Wire::new(Setup::default());
    let mut sent = Vec::new();
    wire.run(|role, bytes| match role {
        Role::Client => sent.extend_from_slice(bytes),
        // The first byte of legacy_version.
        Role::Server => bytes[9] ^= 1,
    });
    assert_eq!(records(&sent), [HANDSHAKE, ALERT]);
}
