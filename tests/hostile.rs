//! Whatever bytes arrive: no parser panics, and what one accepts means the same when written again.

use countersign::codec::{Decode, Encode, Reader, Writer};
use countersign::message::server_hello::HELLO_RETRY_REQUEST_RANDOM;
use countersign::message::{EXTENSIONS, Extension, HEADER_BYTES, Kind, Layout, Message};
use countersign::registry::{ExtensionType, HandshakeType};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[path = "support/messages.rs"]
mod messages;

use messages::{as_ours, encode, everything_offered};

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Writer::new(&mut bytes));
    bytes
}

/// Bodies of extensions, with lengths that often enough fit.
fn extension_data() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(prop_oneof![0..=4_u8, any::<u8>()], 0..12);
    let vector8 = |inner: &[u8]| written(|w| w.vector8(|w| w.raw(inner)));
    let vector16 = |inner: &[u8]| written(|w| w.vector16(|w| w.raw(inner)));
    prop_oneof![
        Just(Vec::new()),
        bytes(),
        bytes().prop_map(move |inner| vector8(&inner)),
        bytes().prop_map(move |inner| vector16(&inner)),
        bytes().prop_map(move |inner| vector16(&vector8(&inner))),
        bytes().prop_map(move |inner| vector16(&vector16(&inner))),
        bytes().prop_map(move |inner| [vec![0, 29], vector16(&inner)].concat()),
        bytes().prop_map(move |inner| vector16(&[vec![0, 29], vector16(&inner)].concat())),
        bytes().prop_map(move |inner| vector16(&[vec![0], vector16(&inner)].concat())),
        bytes().prop_map(move |inner| [vec![1, 0], vector16(&inner)].concat()),
        bytes().prop_map(move |inner| {
            let identity = [vector16(&inner), vec![0; 4]].concat();
            [vector16(&identity), vector16(&vector8(&[7; 32]))].concat()
        }),
    ]
}

/// Extensions that the message may carry, now and then another.
fn extensions(kind: Kind) -> impl Strategy<Value = Vec<u8>> {
    let rows = EXTENSIONS.iter().filter(move |row| row.messages.contains(&kind));
    let allowed: Vec<_> = rows.map(|row| row.extension_type).collect();
    let any_type = any::<u16>().prop_map(ExtensionType);
    let extension_type = match allowed.is_empty() {
        true => any_type.boxed(),
        false => prop_oneof![20 => select(allowed), 1 => any_type].boxed(),
    };
    vec((extension_type, extension_data()), 0..5).prop_map(move |extensions| {
        written(|writer| {
            if matches!(kind, Kind::ServerHello | Kind::HelloRetryRequest) {
                writer.raw(&[0, 43, 0, 2, 3, 4]);
            }
            for (extension_type, extension_data) in &extensions {
                Extension { extension_type: *extension_type, extension_data }.encode(writer);
            }
        })
    })
}

/// A body whose fixed part is right, around the extensions.
fn body(kind: Kind, extensions: &[u8]) -> Vec<u8> {
    let server_hello = |random: &[u8; 32]| {
        let fields = [&[3, 3], random.as_slice(), &[0, 0x13, 1, 0]].concat();
        [fields, written(|w| w.vector16(|w| w.raw(extensions)))].concat()
    };
    let block = written(|w| w.vector16(|w| w.raw(extensions)));
    match kind {
        Kind::ClientHello => {
            [&[3, 3], [9; 32].as_slice(), &[0, 0, 2, 0x13, 1, 1, 0], &block].concat()
        }
        Kind::ServerHello => server_hello(&[9; 32]),
        Kind::HelloRetryRequest => server_hello(&HELLO_RETRY_REQUEST_RANDOM),
        Kind::NewSessionTicket => [[0; 8].as_slice(), &[0, 0, 1, 7], &block].concat(),
        Kind::EncryptedExtensions => block,
        Kind::CertificateRequest => [vec![0], block].concat(),
        Kind::Certificate => {
            let entry = [vec![0, 0, 1, 9], block].concat();
            [vec![0], written(|w| w.vector24(|w| w.raw(&entry)))].concat()
        }
        Kind::EndOfEarlyData
        | Kind::CompressedCertificate
        | Kind::CertificateVerify
        | Kind::Finished
        | Kind::KeyUpdate => block,
    }
}

/// That parsing ends well, and that what it yields is what its own encoding yields.
fn assert_sound(kind: Kind, body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(message) = Message::parse(kind, body, &everything_offered()) else { return Ok(()) };
    let (_, encoded) = encode(&message, &Layout::default());
    let encoded = encoded.expect("what came in its lengths goes out in them");
    let again = Message::parse(kind, &encoded[HEADER_BYTES..], &everything_offered());
    prop_assert_eq!(again.map(as_ours), Ok(as_ours(message)));
    Ok(())
}

fn kind() -> impl Strategy<Value = Kind> {
    select(Kind::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn arbitrary_bytes_are_no_danger(kind in kind(), body in vec(any::<u8>(), 0..200)) {
        assert_sound(kind, &body)?;
    }

    #[test]
    fn arbitrary_bytes_of_an_arbitrary_type_have_a_kind_or_none(
        code in any::<u8>(), body in vec(any::<u8>(), 0..40),
    ) {
        let known = Kind::ALL.iter().any(|kind| kind.handshake_type() == HandshakeType(code));
        prop_assert_eq!(Kind::of(HandshakeType(code), &body).is_ok(), known);
    }

    #[test]
    fn arbitrary_extensions_are_no_danger(
        (kind, extensions) in kind().prop_flat_map(|kind| (Just(kind), extensions(kind))),
    ) {
        assert_sound(kind, &body(kind, &extensions))?;
    }

    #[test]
    fn damaged_messages_are_no_danger(
        (kind, extensions) in kind().prop_flat_map(|kind| (Just(kind), extensions(kind))),
        (cut, at, value) in any::<(prop::sample::Index, prop::sample::Index, u8)>(),
    ) {
        let mut body = body(kind, &extensions);
        if !body.is_empty() {
            let at = at.index(body.len());
            body[at] = value;
            assert_sound(kind, &body)?;
            assert_sound(kind, &body[..cut.index(body.len())])?;
        }
    }

    #[test]
    fn block_of_extensions_reads_as_its_parts(extensions in extensions(Kind::ClientHello)) {
        let mut reader = Reader::new(&extensions);
        let mut copy = Vec::new();
        while !reader.is_empty() {
            Extension::decode(&mut reader).unwrap().encode(&mut Writer::new(&mut copy));
        }
        prop_assert_eq!(copy, extensions);
    }
}
