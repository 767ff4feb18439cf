//! The ways to write application data.

use countersign::failure::Misuse;
use countersign::record::HEADER_BYTES;
use countersign_testing::{Setup, Wire};

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
