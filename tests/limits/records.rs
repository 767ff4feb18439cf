//! The limits of the record layer, on whole connections.

use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake::End;
use countersign::message::Item;
use countersign::registry::ExtensionType;
use countersign_testing::{Setup, Socket, Wire};

use crate::peer::Peer;

fn cause(socket: &Socket) -> Option<Cause> {
    match socket.end {
        Some(End::Failed(failure)) => Some(failure.cause),
        _ => None,
    }
}

#[test]
fn change_cipher_specs_bounds_those_in_a_handshake() {
    for limit in [0, 1, 32] {
        for (count, expected) in [(limit, None), (limit + 1, Some(Cause::TooManyChangeCipherSpecs))]
        {
            for role in [Role::Client, Role::Server] {
                let mut setup = Setup::default();
                setup.client.compatibility_mode = false;
                setup.client.limits.change_cipher_specs = limit;
                setup.server.limits.change_cipher_specs = limit;
                let mut wire = Wire::new(setup);
                let mut inserted = false;
                wire.run(|from, bytes| {
                    // Behind the first record, in which the hello is.
                    if from == role.peer() && !std::mem::replace(&mut inserted, true) {
                        let first = 5 + usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
                        let records = [20, 3, 3, 0, 1, 1].repeat(count.try_into().expect("few"));
                        bytes.splice(first..first, records);
                    }
                });
                let socket = match role {
                    Role::Client => &wire.client,
                    Role::Server => &wire.server,
                };
                assert_eq!(cause(socket), expected, "{role:?}: {count} of {limit}");
            }
        }
    }
}

#[test]
fn empty_records_bounds_those_in_a_row() {
    for limit in [0, 1, 32] {
        let mut setup = Setup::default();
        setup.server.limits.empty_records = limit;
        let mut peer = Peer::connect(setup);
        // Data starts the count anew.
        for _ in 0..2 {
            peer.send(23, b"data");
            for _ in 0..limit {
                peer.send(23, b"");
            }
            assert_eq!(peer.server.end, None);
        }
        peer.send(23, b"");
        assert_eq!(cause(&peer.server), Some(Cause::TooManyEmptyRecords), "limit {limit}");
        assert_eq!(peer.server.data, b"datadata");
    }
}

/// What a server with this limit makes of early data in records of these lengths, whether or not
/// the client has `promised` it; the server takes none.
fn skip(limit: usize, promised: bool, lengths: &[u16]) -> Option<Cause> {
    let mut setup = Setup::default();
    if promised {
        let early_data = Item::Raw(ExtensionType::EARLY_DATA, Vec::new());
        setup.client.client_hello_layout.0.push(early_data);
    }
    setup.server.limits.skipped_early_data_bytes = limit;
    let mut wire = Wire::new(setup);
    let mut inserted = false;
    wire.run(|from, bytes| {
        if from == Role::Client && !std::mem::replace(&mut inserted, true) {
            for length in lengths {
                let [high, low] = length.to_be_bytes();
                bytes.extend([23, 3, 3, high, low]);
                bytes.extend(vec![0xda; usize::from(*length)]);
            }
        }
    });
    let connected = wire.server.connection.handshake().is_complete();
    assert_eq!(connected, wire.server.end.is_none());
    cause(&wire.server)
}

#[test]
fn skipped_early_data_bytes_bounds_what_was_rejected() {
    let rows: [(usize, &[u16], Option<Cause>); 6] = [
        (100, &[], None),
        (100, &[100], None),
        (100, &[40, 60], None),
        (100, &[101], Some(Cause::EarlyDataTooLong)),
        (100, &[100, 17], Some(Cause::EarlyDataTooLong)),
        (0, &[17], Some(Cause::EarlyDataTooLong)),
    ];
    for (limit, lengths, expected) in rows {
        assert_eq!(skip(limit, true, lengths), expected, "{lengths:?} of {limit}");
    }
    let unpromised = skip(100, false, &[17]);
    assert_eq!(unpromised, Some(Cause::RecordNotAuthentic), "nothing is skipped");
}

#[test]
fn a_record_that_is_too_long_is_refused_by_its_header() {
    let (plaintext, protected) = (1 << 14, (1 << 14) + 256);
    for (content_type, limit) in [(22, plaintext), (23, protected)] {
        for (length, fits) in [(limit, true), (limit + 1, false)] {
            let mut wire = Wire::new(Setup::default());
            if content_type == 23 {
                wire.run(|_, _| ());
            }
            let [high, low] = u16::try_from(length).expect("two bytes").to_be_bytes();
            wire.server.input.extend([content_type, 3, 3, high]);
            wire.server.work(&mut Err);
            assert_eq!(wire.server.end, None, "the length has not come yet");
            wire.server.input.push(low);
            wire.server.work(&mut Err);
            let expected = (!fits).then_some(Cause::RecordTooLong);
            assert_eq!(cause(&wire.server), expected, "{content_type} {length}");
        }
    }
}
