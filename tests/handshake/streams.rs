//! Application data over records, and its end.

use std::num::NonZeroU16;

use countersign::connection::Connection;
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::{End, Fact};
use countersign::record::Padding;
use countersign_testing::{Identity, Setup, Socket, Wire};
use proptest::prelude::*;

fn connected(padding: Padding) -> Wire {
    let (client, server) = Setup::default().handshakes();
    let socket = |handshake| Socket::new(Connection::with_padding(handshake, padding));
    let mut wire = Wire { client: socket(client), server: socket(server) };
    wire.run(|_, _| ());
    wire
}

fn socket(wire: &mut Wire, role: Role) -> &mut Socket {
    match role {
        Role::Client => &mut wire.client,
        Role::Server => &mut wire.server,
    }
}

fn write(wire: &mut Wire, role: Role, data: &[u8]) {
    let socket = socket(wire, role);
    socket.connection.write(data, &mut socket.output).expect("connected");
}

/// Bytes of which no two stretches are alike.
fn bytes(count: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .take(count)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn any_chunks_in_both_directions_arrive_whole_and_in_order(
        chunks in prop::collection::vec((any::<bool>(), 0_usize..70_000), 1..20),
        multiple in 1_u16..600,
    ) {
        let mut wire = connected(Padding::ToMultipleOf(NonZeroU16::new(multiple).unwrap()));
        let mut expected = [Vec::new(), Vec::new()];
        for (from_client, length) in chunks {
            let role = if from_client { Role::Client } else { Role::Server };
            let data = bytes(length);
            write(&mut wire, role, &data);
            expected[usize::from(from_client)].extend_from_slice(&data);
            if length % 3 == 0 {
                wire.run(|_, _| ());
            }
        }
        wire.run(|_, _| ());
        let [to_client, to_server] = expected;
        prop_assert!(wire.client.data == to_client && wire.server.data == to_server);
    }
}

#[test]
fn a_megabyte_arrives_in_one_write() {
    for role in [Role::Client, Role::Server] {
        let mut wire = connected(Padding::None);
        let data = bytes(1 << 20);
        write(&mut wire, role, &data);
        wire.run(|_, _| ());
        assert!(socket(&mut wire, role.peer()).data == data);
    }
}

#[test]
fn padding_makes_the_lengths_of_records_alike() {
    let mut wire = connected(Padding::ToMultipleOf(NonZeroU16::new(512).unwrap()));
    let mut lengths = Vec::new();
    for length in [1, 2, 100, 510, 511] {
        write(&mut wire, Role::Client, &bytes(length));
        wire.run(|_, record| lengths.push(record.len()));
    }
    assert_eq!(lengths, [5 + 512 + 16; 5]);
}

#[test]
fn a_server_may_send_data_before_the_client_has_finished() {
    let mut wire = Wire::new(Setup::default());
    let mut answer = |question| Ok(Identity::example().answer(question));
    wire.client.work(&mut answer);
    wire.server.input.append(&mut wire.client.output);
    wire.server.work(&mut answer);
    assert_eq!(wire.server.connection.handshake().state(), "WaitFinished");
    write(&mut wire, Role::Server, b"early");
    wire.run(|_, _| ());
    assert_eq!(wire.client.data, b"early");
}

#[test]
fn data_cannot_be_written_before_there_are_application_keys() {
    let mut wire = Wire::new(Setup::default());
    let mut output = Vec::new();
    for role in [Role::Client, Role::Server] {
        let misuse = socket(&mut wire, role).connection.write(b"data", &mut output);
        assert_eq!(misuse, Err(Misuse::NotConnected));
        assert!(output.is_empty());
    }
}

#[test]
fn each_direction_closes_by_itself() {
    for role in [Role::Client, Role::Server] {
        let mut wire = connected(Padding::None);
        write(&mut wire, role, b"last words");
        socket(&mut wire, role).connection.close().expect("connected");
        wire.run(|_, _| ());
        let peer = socket(&mut wire, role.peer());
        assert_eq!(peer.data, b"last words");
        assert!(peer.facts.iter().any(|fact| matches!(fact, Fact::PeerClosed)));
        assert_eq!(peer.end, None);

        // The other direction goes on, for as long as it likes.
        for _ in 0..3 {
            write(&mut wire, role.peer(), b"and on");
            wire.run(|_, _| ());
        }
        let refused = socket(&mut wire, role).connection.write(b"more", &mut Vec::new());
        assert_eq!(refused, Err(Misuse::WriteClosed));
        socket(&mut wire, role.peer()).connection.close().expect("still open");
        wire.run(|_, _| ());
        assert_eq!(socket(&mut wire, role).data, b"and onand onand on");
        for role in [Role::Client, Role::Server] {
            assert_eq!(socket(&mut wire, role).end, Some(End::Closed));
        }
    }
}
