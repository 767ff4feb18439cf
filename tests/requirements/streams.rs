//! Requirements that take a stream of records.

use std::num::NonZeroU16;

use countersign::connection::Connection;
use countersign::epoch::Role;
use countersign::handshake::Fact;
use countersign::handshake::config::{ClientAuthentication, KeyShares};
use countersign::message::Item as Extension;
use countersign::record::Padding;
use countersign::registry::{ContentType, ExtensionType};
use countersign_testing::{Item, Setup, Socket, Trial, Wire, messages};

// Behind the handshake

/// A NewSessionTicket, and a KeyUpdate that asks for one.
const TICKET: [u8; 18] = [4, 0, 0, 14, 0, 0, 0, 60, 1, 2, 3, 4, 0, 0, 1, 9, 0, 0];
const UPDATE: [u8; 5] = [24, 0, 0, 1, 1];

#[test]
fn client_takes_tickets_and_key_updates_right_behind_the_servers_finished() {
    for authentication in [ClientAuthentication::None, ClientAuthentication::Request] {
        let mut setup = Setup::default();
        setup.server.client_authentication = authentication;
        let mut trial = Trial::new(setup, Role::Client);
        trial.reach("WaitFinished");
        let finished = trial.forger.items.pop_front().expect("the server's Finished");
        trial.deliver(finished);
        trial.deliver(Item::Message(TICKET.to_vec()));
        trial.deliver(Item::Message(UPDATE.to_vec()));
        let asks = authentication == ClientAuthentication::Request;
        assert_eq!(trial.victim.question.is_some(), asks);
        while trial.victim.question.is_some() {
            trial.step();
        }
        assert_eq!((trial.state(), &trial.victim.end), ("Connected", &None));
        let knows = |is_it: fn(&Fact) -> bool| trial.victim.facts.iter().any(is_it);
        assert!(knows(|fact| matches!(fact, Fact::Ticket(_))));
        assert!(knows(|fact| matches!(fact, Fact::PeerUpdatedKeys)));
    }
}

#[test]
fn data_under_the_old_key_arrives_while_an_update_is_awaited() {
    let mut wire = Wire::new(Setup::default());
    wire.run(|_, _| ());
    for _ in 0..20 {
        wire.server.connection.write(b"x", &mut wire.server.output).expect("connected");
    }
    wire.client.connection.update_keys(true).expect("connected");
    wire.run(|_, _| ());
    assert_eq!(wire.client.data, [b'x'; 20]);
    assert_eq!((&wire.client.end, &wire.server.end), (&None, &None));
}

#[test]
fn client_in_compatibility_mode_sends_change_cipher_spec_before_early_data() {
    let mut wire = Wire::new(Setup::sharing_a_key(true));
    let Socket { connection, output, .. } = &mut wire.client;
    connection.write_early_data(b"early", output).expect("an early key");
    let mut types = Vec::new();
    wire.run(|role, bytes| {
        if role == Role::Client {
            types.extend(records(bytes).iter().map(|record| record[0]));
        }
    });
    assert_eq!(types[..3], [22, 20, 23]);
    assert_eq!(types.iter().filter(|content_type| **content_type == 20).count(), 1);
}

// Records

/// The records of a stream.
fn records(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let [_, _, _, high, low, ..] = *stream {
        let length = 5 + usize::from(u16::from_be_bytes([high, low]));
        let (record, rest) = stream.split_at(length);
        records.push(record);
        stream = rest;
    }
    assert!(stream.is_empty(), "half a record");
    records
}

#[test]
fn every_record_has_a_known_type_and_version_and_length() {
    let mutual = |setup: &mut Setup| {
        setup.server.client_authentication = ClientAuthentication::Require;
        setup.server.cookie_bytes = 16;
    };
    let setups: [fn(&mut Setup); 4] = [
        |_| (),
        mutual,
        |setup| *setup = Setup::sharing_a_key(true),
        |setup| setup.client.key_shares = KeyShares::First(0),
    ];
    for change in setups {
        let mut setup = Setup::default();
        change(&mut setup);
        let mut wire = Wire::new(setup);
        let mut sent = [0, 0];
        let mut look = |role: Role, bytes: &mut Vec<u8>| {
            for record in records(bytes) {
                let number = &mut sent[usize::from(role == Role::Server)];
                assert!((20..=23).contains(&record[0]), "{record:02x?}");
                let first = role == Role::Client && *number == 0;
                assert_eq!(record[1..3], [3, if first { 1 } else { 3 }], "{record:02x?}");
                let longest = if record[0] == 23 { (1 << 14) + 256 } else { 1 << 14 };
                assert!((1..=longest).contains(&(record.len() - 5)));
                *number += 1;
            }
        };
        wire.run(&mut look);
        let data = vec![7; 40_000];
        wire.client.connection.write(&data, &mut wire.client.output).expect("connected");
        wire.server.connection.write(&data, &mut wire.server.output).expect("connected");
        wire.client.connection.update_keys(true).expect("connected");
        wire.run(&mut look);
        wire.client.connection.close().expect("connected");
        wire.run(&mut look);
        assert_eq!((wire.client.data.len(), wire.server.data.len()), (40_000, 40_000));
    }
}

#[test]
fn messages_that_end_a_flight_end_their_record() {
    for (early_data, role) in [(false, Role::Client), (true, Role::Server), (false, Role::Server)] {
        let setup = if early_data { Setup::sharing_a_key(true) } else { Setup::longest() };
        let mut trial = Trial::new(setup, role);
        trial.run();
        trial.victim.connection.update_keys(true).expect("connected");
        trial.exchange();
        let heard = trial.forger.heard.iter();
        let heard = heard.filter(|heard| heard.content_type == ContentType::HANDSHAKE);
        let mut ends = 0;
        for record in heard {
            let types: Vec<u8> = messages(&record.content).iter().map(|m| m[0]).collect();
            let (last, others) = types.split_last().expect("a message");
            let ends_flight = |code: &u8| [1, 2, 5, 20, 24].contains(code);
            assert!(!others.iter().any(ends_flight), "{types:?}");
            ends += usize::from(ends_flight(last));
        }
        assert!(ends >= 3, "{ends}");
    }
}

#[test]
fn records_of_the_handshake_can_be_padded_to_one_length() {
    let padding = Padding::ToMultipleOf(NonZeroU16::new(4_096).expect("not zero"));
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let (client, server) = setup.handshakes();
    let socket = |handshake| Socket::new(Connection::with_padding(handshake, padding));
    let mut wire = Wire { client: socket(client), server: socket(server) };
    let mut protected = 0;
    wire.run(|_, bytes| {
        for record in records(bytes).into_iter().filter(|record| record[0] == 23) {
            assert_eq!(record.len(), 5 + 4_096 + 16);
            protected += 1;
        }
    });
    assert!(wire.server.connection.handshake().is_complete());
    assert!(protected >= 2);
}

#[test]
fn record_size_limit_above_the_maximum_permits_no_longer_records() {
    let mut setup = Setup::default();
    let limit = Extension::Raw(ExtensionType::RECORD_SIZE_LIMIT, vec![0xff, 0xff]);
    setup.client.client_hello_layout.0.push(limit);
    setup.server.record_size_limit = Some(16_385);
    let mut wire = Wire::new(setup);
    wire.run(|_, _| ());
    assert!(wire.server.connection.handshake().is_complete());
    wire.server.connection.write(&[7; 100_000], &mut wire.server.output).expect("connected");
    let mut longest = 0;
    wire.run(|_, bytes| {
        longest = records(bytes).iter().fold(longest, |longest, record| longest.max(record.len()));
    });
    assert_eq!((longest, wire.client.data.len()), (5 + 16_384 + 1 + 16, 100_000));
}
