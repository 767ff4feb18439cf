//! `record_size_limit` (RFC 8449): each end keeps to what the other wants to receive.

use countersign::connection::Padding;
use countersign::epoch::{Direction, Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::event::RecordSizeLimits;
use countersign::handshake::{ClientConfig, End, Fact, Handshake};
use countersign::record::Outbound;
use countersign_testing::{Setup, Socket, Wire};

const OVERHEAD: usize = 16;

fn limited(client: Option<u16>, server: Option<u16>) -> Setup {
    let mut setup = Setup::default();
    setup.client.record_size_limit = client;
    setup.server.record_size_limit = server;
    setup
}

/// The lengths of the protected records in `bytes`.
fn protected(mut bytes: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let [content_type, _, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *content_type == 23 {
            lengths.push(length - OVERHEAD);
        }
        bytes = &rest[length..];
    }
    lengths
}

fn agreed(socket: &Socket) -> Option<RecordSizeLimits> {
    socket.facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => Some(negotiated.record_size_limits),
        _ => None,
    })?
}

/// A connection with a kilobyte each way, and the longest protected record of each end.
fn converse(setup: Setup) -> (Wire, [usize; 2]) {
    let mut wire = Wire::new(setup);
    let mut longest = [0; 2];
    let mut note = |role: Role, bytes: &mut Vec<u8>| {
        let index = usize::from(role == Role::Server);
        longest[index] = protected(bytes).into_iter().fold(longest[index], usize::max);
    };
    wire.run(&mut note);
    wire.client.connection.write(&[1; 1000], &mut wire.client.output).expect("connected");
    wire.server.connection.write(&[2; 1000], &mut wire.server.output).expect("connected");
    wire.run(&mut note);
    assert_eq!((wire.client.data.len(), wire.server.data.len()), (1000, 1000));
    (wire, longest)
}

#[test]
fn records_keep_to_the_limit_of_their_receiver() {
    for (client, server) in [(64, 64), (64, 500), (300, 100), (16_385, 64)] {
        let (wire, [from_client, from_server]) = converse(limited(Some(client), Some(server)));
        assert_eq!(from_client, usize::from(server), "{client} {server}");
        // A kilobyte of data, and the server's flight, are the longest there is to send.
        assert!(from_server <= usize::from(client), "{client} {server}: {from_server}");
        assert!(from_server > 60);
        let limits = RecordSizeLimits { send: server, receive: client };
        assert_eq!(agreed(&wire.client), Some(limits));
        let limits = RecordSizeLimits { send: client, receive: server };
        assert_eq!(agreed(&wire.server), Some(limits));
    }
}

#[test]
fn one_end_alone_changes_nothing() {
    for (client, server) in [(Some(64), None), (None, Some(64)), (None, None)] {
        let (wire, [from_client, from_server]) = converse(limited(client, server));
        assert!(from_client > 1000 && from_server > 1000);
        assert_eq!((agreed(&wire.client), agreed(&wire.server)), (None, None));
    }
}

#[test]
fn records_are_no_longer_than_their_sender_wants() {
    // What the server wants to send and the client to receive; content type included, the longest.
    for (own, limit, longest) in [(100, None, 101), (100, Some(64), 64), (64, Some(300), 65)] {
        let mut wire = Wire::new(limited(limit, limit.and(Some(16_385))));
        wire.server.connection.limit_fragments(own);
        let mut seen = 0;
        let mut note = |role: Role, bytes: &mut Vec<u8>| {
            if role == Role::Server {
                seen = protected(bytes).into_iter().fold(seen, usize::max);
            }
        };
        wire.run(&mut note);
        wire.server.connection.write(&[2; 1000], &mut wire.server.output).expect("connected");
        wire.server.connection.limit_fragments(usize::MAX);
        wire.server.connection.write(&[2; 1000], &mut wire.server.output).expect("connected");
        wire.run(&mut note);
        assert_eq!((wire.client.data.len(), seen), (2000, longest), "{own} {limit:?}");
    }
}

#[test]
fn longer_record_is_record_overflow() {
    for (content_bytes, fails) in [(199, false), (200, true)] {
        let mut wire = Wire::new(limited(Some(200), Some(200)));
        wire.run(|_, _| ());
        // A server that forgets what was agreed.
        let keys = wire.server.connection.take_installed_keys();
        let is_application =
            |key: &&(Direction, Epoch, _)| (key.0, key.1) == (Direction::Send, Epoch::Application);
        let (_, _, key) = keys.iter().find(is_application).expect("connected");
        let mut outbound = Outbound::new(Role::Server, Padding::None);
        outbound.set_key(key);
        let content = vec![0; content_bytes];
        outbound.application_data(&content, &mut wire.client.input).expect("a fresh key");
        wire.client.work(&mut Err);
        match wire.client.end {
            Some(End::Failed(failure)) => assert_eq!(failure.cause, Cause::RecordTooLong),
            ref end => assert!(end.is_none(), "{end:?}"),
        }
        assert_eq!(wire.client.end.is_some(), fails, "{content_bytes}");
    }
}

#[test]
fn limit_out_of_range_is_misuse() {
    let setup = limited(None, None);
    for limit in [0, 63, 16_386, u16::MAX] {
        let config = ClientConfig { record_size_limit: Some(limit), ..setup.client.clone() };
        assert!(Handshake::client(config.into(), setup.destination.clone()).is_err(), "{limit}");
    }
}

#[test]
fn server_accepts_early_data_that_was_sent_before_its_limit_was_known() {
    let mut setup = Setup::sharing_a_key(true);
    setup.client.record_size_limit = Some(200);
    setup.server.record_size_limit = Some(100);
    let mut wire = Wire::new(setup);
    wire.client.work(&mut Err);
    let data = [7; 600];
    let taken = wire.client.connection.write_early_data(&data, &mut wire.client.output);
    assert_eq!(taken, Ok(data.len()));
    wire.run(|_, _| ());
    assert_eq!(wire.server.early_data, data);
    assert!(wire.server.connection.handshake().is_complete());

    // From then on it holds.
    wire.client.connection.write(&data, &mut wire.client.output).expect("connected");
    let mut longest = 0;
    wire.run(|_, bytes| longest = protected(bytes).into_iter().fold(longest, usize::max));
    assert_eq!((&wire.server.data[..], longest), (&data[..], 100));
}
