//! The ways to write application data.

use std::num::NonZeroU16;

use countersign::connection::{Connection, Padding};
use countersign::failure::Misuse;
use countersign::record::{HEADER_BYTES, PROTECTION_OVERHEAD_BYTES};
use countersign_testing::{Setup, Socket, Wire};

fn connected() -> Wire {
    let mut wire = Wire::new(Setup::default());
    wire.run(|_, _| ());
    wire
}

/// How many bytes of content each record of a stream has.
fn contents(mut stream: &[u8]) -> Vec<usize> {
    let mut contents = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<HEADER_BYTES>() {
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        // The content type, and the tag.
        contents.push(length - 17);
        stream = &rest[length..];
    }
    contents
}

#[test]
fn pieces_share_no_record_and_arrive_in_order() {
    let mut wire = connected();
    let pieces: [&[u8]; 4] = [b"first", b"", b"second", &[b'!'; 16_385]];
    wire.client.connection.write_each(pieces, &mut wire.client.output).expect("connected");
    assert_eq!(contents(&wire.client.output), [5, 6, 16_384, 1]);
    wire.run(|_, _| ());
    assert_eq!(wire.server.data, pieces.concat());
}

#[test]
fn what_is_made_in_place_is_made_record_by_record() {
    // More than is sealed between two looks at the limit of the key.
    const BYTES: usize = 3_000_000;
    let mut wire = connected();
    let (mut made, mut records) = (0_usize, Vec::new());
    let fill = |room: &mut [u8]| {
        for byte in &mut *room {
            *byte = u8::try_from(made % 251).expect("below 251");
            made += 1;
        }
        records.push(room.len());
    };
    wire.client.connection.write_with(BYTES, &mut wire.client.output, fill).expect("connected");
    assert_eq!(contents(&wire.client.output), records);
    assert_eq!(records.len(), BYTES.div_ceil(16_384));
    wire.run(|_, _| ());
    let expected = (0..BYTES).map(|made| u8::try_from(made % 251).expect("below 251"));
    assert!(wire.server.data.iter().copied().eq(expected));
}

#[test]
fn nothing_is_made_for_a_connection_that_takes_nothing() {
    let mut wire = Wire::new(Setup::default());
    let never = |_: &mut [u8]| panic!("nobody wants it");
    let mut output = Vec::new();
    let early = wire.client.connection.write_with(1, &mut output, never);
    assert_eq!(early, Err(Misuse::NotConnected));
    wire.run(|_, _| ());
    wire.client.connection.close().expect("open");
    let late = wire.client.connection.write_with(1, &mut output, never);
    assert_eq!(late, Err(Misuse::WriteClosed));
    assert_eq!(wire.client.connection.write_each([&b"late"[..]], &mut output), late);
    assert_eq!(output, b"");
}

/// A record with room around its content.
fn with_room(content: &[u8], behind: usize) -> Vec<u8> {
    [&[0xff; HEADER_BYTES], content, &vec![0xff; behind]].concat()
}

const ROOM_BEHIND: usize = PROTECTION_OVERHEAD_BYTES - HEADER_BYTES;

#[test]
fn what_lies_in_its_place_becomes_a_record_there() {
    let mut wire = connected();
    for size in [1, 64, 16_384] {
        let content: Vec<u8> = (0..=u8::MAX).cycle().take(size).collect();
        // Nothing is touched that is not of the record.
        let mut record = with_room(&content, ROOM_BEHIND + 3);
        let taken = wire.client.connection.write_in_place(&mut record, size);
        assert_eq!(taken, Ok(size + PROTECTION_OVERHEAD_BYTES));
        assert_eq!(record.split_off(record.len() - 3), [0xff; 3]);
        assert_eq!(contents(&record), [size]);
        wire.server.input.append(&mut record);
        wire.run(|_, _| ());
        assert_eq!(std::mem::take(&mut wire.server.data), content);
    }
}

#[test]
fn what_lies_in_its_place_is_padded_there() {
    let (client, server) = Setup::default().handshakes();
    let padding = Padding::ToMultipleOf(NonZeroU16::new(100).expect("not zero"));
    let client = Socket::new(Connection::with_padding(client, padding));
    let mut wire = Wire { client, server: Socket::new(Connection::new(server)) };
    wire.run(|_, _| ());
    let mut record = with_room(b"content", 200);
    let taken = wire.client.connection.write_in_place(&mut record, 7);
    assert_eq!(taken, Ok(HEADER_BYTES + 100 + 16));
    record.truncate(HEADER_BYTES + 100 + 16);
    wire.server.input.append(&mut record);
    wire.run(|_, _| ());
    assert_eq!(wire.server.data, b"content");
}

#[test]
fn no_record_is_made_of_nothing_of_too_much_or_without_room() {
    let mut wire = connected();
    let mut record = with_room(&[7; 16_385], ROOM_BEHIND);
    let whole = record.clone();
    for content_bytes in [0, 16_385, usize::MAX] {
        let taken = wire.client.connection.write_in_place(&mut record, content_bytes);
        assert_eq!(taken, Err(Misuse::OutOfRange), "{content_bytes}");
    }
    for room in 0..PROTECTION_OVERHEAD_BYTES + 9 {
        let taken = wire.client.connection.write_in_place(&mut record[..room], 9);
        assert_eq!(taken, Err(Misuse::OutOfRange), "{room}");
    }
    assert!(record == whole && wire.client.end.is_none());
    assert!(wire.client.connection.write_in_place(&mut record, 16_384).is_ok());
}

#[test]
fn no_record_is_made_in_its_place_before_what_has_to_go_first() {
    let mut wire = connected();
    wire.server.connection.update_keys(true).expect("connected");
    wire.run(|_, _| ());
    let mut record = with_room(b"content", ROOM_BEHIND);
    let early = wire.client.connection.write_in_place(&mut record, 7);
    assert_eq!(early, Err(Misuse::Unfinished));
    // The answer of the client's goes out.
    wire.run(|_, _| ());
    assert!(wire.client.connection.write_in_place(&mut record, 7).is_ok());
    wire.server.input.append(&mut record);
    wire.run(|_, _| ());
    assert_eq!(wire.server.data, b"content");
}

#[test]
fn no_record_is_made_in_its_place_without_a_connection() {
    let mut wire = Wire::new(Setup::default());
    let mut record = with_room(b"content", ROOM_BEHIND);
    assert_eq!(wire.client.connection.write_in_place(&mut record, 7), Err(Misuse::NotConnected));
    wire.run(|_, _| ());
    wire.client.connection.close().expect("open");
    assert_eq!(wire.client.connection.write_in_place(&mut record, 7), Err(Misuse::WriteClosed));
    wire.run(|_, _| ());
    wire.server.connection.transport_write_failed();
    assert!(wire.server.connection.write_in_place(&mut record, 7).is_err());
}
