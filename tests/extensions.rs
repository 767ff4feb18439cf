//! Every extension in every message: placed, unsolicited, repeated, with a trailing byte, cut off
//! and empty (RFC 9846 §4.3).

use countersign::codec::{Encode, Reader, Writer};
use countersign::failure::Cause;
use countersign::limits::Limits;
use countersign::message::server_hello::HELLO_RETRY_REQUEST_RANDOM;
use countersign::message::{
    EXTENSIONS, Extension, ExtensionBlock, ExtensionSet, Kind, Message, ParseContext,
};
use countersign::registry::ExtensionType as Type;

/// The messages that carry extensions.
const CARRIERS: &[(&str, Kind)] = &[
    ("CH", Kind::ClientHello),
    ("SH", Kind::ServerHello),
    ("HRR", Kind::HelloRetryRequest),
    ("EE", Kind::EncryptedExtensions),
    ("CR", Kind::CertificateRequest),
    ("CT", Kind::Certificate),
    ("NST", Kind::NewSessionTicket),
];

/// Those that answer.
const ANSWERS: &[Kind] =
    &[Kind::ServerHello, Kind::HelloRetryRequest, Kind::EncryptedExtensions, Kind::Certificate];

/// The table of RFC 9846 §4.3, transcribed once more; `max_fragment_length` and
/// `signed_certificate_timestamp` from their IANA entries, `cached_info` from RFC 9846 §11.1,
/// `tls_flags` from draft-ietf-tls-tlsflags.
const PLACEMENT: &[(u16, &str)] = &[
    (0, "CH EE CR"),
    (1, "CH EE"),
    (5, "CH CR CT"),
    (10, "CH EE"),
    (13, "CH CR"),
    (14, "CH EE"),
    (15, "CH EE"),
    (16, "CH EE"),
    (18, "CH CR CT"),
    (19, "CH EE"),
    (20, "CH EE"),
    (21, "CH"),
    (25, "CH EE"),
    (27, "CH CR"),
    (28, "CH EE"),
    (34, "CH CR CT"),
    (39, "CH EE"),
    (41, "CH SH"),
    (42, "CH EE NST"),
    (43, "CH SH HRR"),
    (44, "CH HRR"),
    (45, "CH"),
    (47, "CH CR"),
    (48, "CR"),
    (49, "CH"),
    (50, "CH CR"),
    (51, "CH SH HRR"),
    (52, "CH CR CT"),
    (55, "CH EE"),
    (56, "CH EE"),
    (57, "CH EE"),
    (58, "CH EE"),
    (62, "CH SH HRR EE CR CT NST"),
    (64768, "CH"),
    (65037, "CH HRR EE"),
];

/// How a body ends.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// A structure: one byte more or less is a fault.
    Exactly,
    /// Opaque, or of an extension that we do not implement: any bytes will do.
    Anywhere,
}

/// A good body for an extension in a message. An extension that is not listed is one that we do not
/// implement, and the tests then insist that no body of it is a fault.
fn sample(extension_type: Type, message: Kind) -> (Vec<u8>, Ends) {
    let body: &[u8] = match (extension_type, message) {
        (Type::SERVER_NAME, Kind::ClientHello) => b"\0\x04\0\0\x01a",
        (Type::SERVER_NAME, Kind::EncryptedExtensions)
        | (Type::STATUS_REQUEST, Kind::CertificateRequest)
        | (Type::SIGNED_CERTIFICATE_TIMESTAMP, Kind::ClientHello | Kind::CertificateRequest)
        | (Type::EARLY_DATA, Kind::ClientHello | Kind::EncryptedExtensions)
        | (Type::POST_HANDSHAKE_AUTH, _) => b"",
        (Type::STATUS_REQUEST, Kind::ClientHello) => b"\x01\0\0\0\0",
        (Type::STATUS_REQUEST, _) => b"\x01\0\0\x01\x30",
        (Type::SIGNED_CERTIFICATE_TIMESTAMP, _) => b"\0\x03\0\x01s",
        (Type::SUPPORTED_GROUPS, _) => b"\0\x02\0\x1d",
        (Type::SIGNATURE_ALGORITHMS | Type::SIGNATURE_ALGORITHMS_CERT, _) => b"\0\x02\x04\x03",
        (Type::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, _) => b"\0\x03\x02h2",
        (Type::RECORD_SIZE_LIMIT, _) => b"\x40\x01",
        (Type::CLIENT_CERTIFICATE_TYPE | Type::SERVER_CERTIFICATE_TYPE, Kind::ClientHello) => {
            b"\x02\x02\0"
        }
        (Type::CLIENT_CERTIFICATE_TYPE | Type::SERVER_CERTIFICATE_TYPE, _) => b"\x02",
        (Type::PRE_SHARED_KEY, Kind::ServerHello) => b"\0\0",
        (Type::PRE_SHARED_KEY, _) => {
            b"\0\x07\0\x01p\0\0\0\0\0\x21\x20................................"
        }
        (Type::EARLY_DATA, _) => b"\0\0\x40\0",
        (Type::SUPPORTED_VERSIONS, Kind::ClientHello) => b"\x02\x03\x04",
        (Type::SUPPORTED_VERSIONS, _) => b"\x03\x04",
        (Type::COOKIE, _) => b"\0\x01c",
        (Type::PSK_KEY_EXCHANGE_MODES, _) => b"\x01\x01",
        (Type::CERTIFICATE_AUTHORITIES, _) => b"\0\x03\0\x01n",
        (Type::TICKET_REQUEST, Kind::ClientHello) => b"\x02\x01",
        (Type::TICKET_REQUEST, _) => b"\x02",
        (Type::TLS_FLAGS, Kind::NewSessionTicket) => b"\x02\0\x01",
        (Type::KEY_SHARE, Kind::ClientHello) => b"\0\x05\0\x1d\0\x01k",
        (Type::KEY_SHARE, Kind::ServerHello) => b"\0\x1d\0\x01k",
        (Type::KEY_SHARE, _) => b"\0\x1d",
        _ => return (b"opaque".to_vec(), Ends::Anywhere),
    };
    (body.to_vec(), Ends::Exactly)
}

/// Extensions in wire form, without the length in front of them.
fn extensions(list: &[(Type, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    for &(extension_type, extension_data) in list {
        Extension { extension_type, extension_data }.encode(&mut writer);
    }
    bytes
}

/// The result of parsing a message whose extensions are these bytes, given what was offered.
fn parse(message: Kind, extensions: &[u8], offered: ExtensionSet) -> Result<(), Cause> {
    let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
    let block = [&length, extensions].concat();
    let hello = |random: &[u8; 32]| [&[3, 3], &random[..], &[0, 0x13, 1, 0], &block].concat();
    let body = match message {
        Kind::ClientHello => [&[3, 3], &[9; 32][..], &[0, 0, 2, 0x13, 1, 1, 0], &block].concat(),
        Kind::ServerHello => hello(&[9; 32]),
        Kind::HelloRetryRequest => hello(&HELLO_RETRY_REQUEST_RANDOM),
        Kind::CertificateRequest => [&[0], &block[..]].concat(),
        Kind::NewSessionTicket => [&[0; 9][..], &[0, 1, 7], &block].concat(),
        Kind::Certificate => {
            let length = u8::try_from(4 + block.len()).expect("a small block");
            [&[0, 0, 0, length, 0, 0, 1, 9], &block[..]].concat()
        }
        _ => block,
    };
    let context = ParseContext { offered, limits: Limits::default() };
    Message::parse(message, &body, &context).map(|_| ())
}

/// The same with one extension `count` times, beside the version that both hellos must have.
fn parse_one(
    message: Kind,
    (extension_type, body): (Type, &[u8]),
    count: usize,
    offered: ExtensionSet,
) -> Result<(), Cause> {
    let mut list = vec![(extension_type, body); count];
    let needs_version = [Kind::ServerHello, Kind::HelloRetryRequest].contains(&message);
    if needs_version && extension_type != Type::SUPPORTED_VERSIONS {
        list.push((Type::SUPPORTED_VERSIONS, b"\x03\x04"));
    }
    parse(message, &extensions(&list), offered)
}

fn everything() -> ExtensionSet {
    ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type))
}

fn everything_but(extension_type: Type) -> ExtensionSet {
    let types = EXTENSIONS.iter().map(|row| row.extension_type);
    ExtensionSet::of(types.filter(|&row| row != extension_type))
}

/// Every extension with every message that may carry it, and a good body.
fn allowed() -> impl Iterator<Item = (Type, Kind, Vec<u8>, Ends)> {
    EXTENSIONS.iter().flat_map(|row| {
        row.messages.iter().map(|&message| {
            let (body, ends) = sample(row.extension_type, message);
            (row.extension_type, message, body, ends)
        })
    })
}

#[test]
fn table_is_that_of_the_rfc() {
    let rows = EXTENSIONS.iter().map(|row| {
        let names = CARRIERS.iter().filter(|(_, message)| row.messages.contains(message));
        let mut names: Vec<_> = names.map(|&(name, _)| name).collect();
        names.sort_unstable();
        (row.extension_type.0, names)
    });
    let expected = PLACEMENT.iter().map(|&(code, names)| {
        let mut names: Vec<_> = names.split(' ').collect();
        names.sort_unstable();
        (code, names)
    });
    assert_eq!(rows.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn extension_is_accepted_exactly_where_the_table_has_it() {
    for row in EXTENSIONS {
        for &(name, message) in CARRIERS {
            let (body, _) = sample(row.extension_type, message);
            let result = parse_one(message, (row.extension_type, &body), 1, everything());
            let expected = match row.messages.contains(&message) {
                true => Ok(()),
                false => Err(Cause::ExtensionNotAllowedHere),
            };
            assert_eq!(result, expected, "{:?} in {name}", row.extension_type);
        }
    }
}

#[test]
fn answer_that_was_not_asked_for_is_an_unsupported_extension() {
    for row in EXTENSIONS {
        for &message in ANSWERS {
            let (body, _) = sample(row.extension_type, message);
            let offered = everything_but(row.extension_type);
            let result = parse_one(message, (row.extension_type, &body), 1, offered);
            let cookie = (message, row.extension_type) == (Kind::HelloRetryRequest, Type::COOKIE);
            let expected = if cookie { Ok(()) } else { Err(Cause::ExtensionNotOffered) };
            assert_eq!(result, expected, "{:?} in {message:?}", row.extension_type);
        }
    }
}

#[test]
fn request_needs_no_offer() {
    let requests = allowed().filter(|(_, message, ..)| !ANSWERS.contains(message));
    for (extension_type, message, body, _) in requests {
        let result = parse_one(message, (extension_type, &body), 1, ExtensionSet::empty());
        assert_eq!(result, Ok(()), "{extension_type:?} in {message:?}");
    }
}

#[test]
fn extension_may_not_be_repeated() {
    for (extension_type, message, body, _) in allowed() {
        let result = parse_one(message, (extension_type, &body), 2, everything());
        assert_eq!(result, Err(Cause::ExtensionRepeated), "{extension_type:?} in {message:?}");
    }
}

#[test]
fn body_may_not_have_a_trailing_byte() {
    for (extension_type, message, mut body, ends) in allowed() {
        body.push(0);
        let result = parse_one(message, (extension_type, &body), 1, everything());
        let opaque = ends == Ends::Anywhere;
        let expected = if opaque { Ok(()) } else { Err(Cause::Malformed) };
        assert_eq!(result, expected, "{extension_type:?} in {message:?}");
    }
}

#[test]
fn body_may_not_be_cut_off() {
    for (extension_type, message, body, ends) in allowed() {
        for length in 0..body.len() {
            let result = parse_one(message, (extension_type, &body[..length]), 1, everything());
            let expected = if ends == Ends::Anywhere { Ok(()) } else { Err(Cause::Malformed) };
            assert_eq!(result, expected, "{extension_type:?} in {message:?}, {length} bytes");
        }
    }
}

#[test]
fn unknown_extension_is_ignored_in_requests_and_unsolicited_in_answers() {
    for unknown in [Type(0x0a0a), Type(0xfafa), Type::RENEGOTIATION_INFO, Type(23)] {
        for &(name, message) in CARRIERS {
            let offered = ExtensionSet::of(everything_and(unknown));
            let result = parse_one(message, (unknown, b"?"), 1, offered);
            let answer = ANSWERS.contains(&message);
            let expected = if answer { Err(Cause::ExtensionNotOffered) } else { Ok(()) };
            assert_eq!(result, expected, "{unknown:?} in {name}");
            if !answer {
                let twice = parse_one(message, (unknown, b"?"), 2, offered);
                assert_eq!(twice, Err(Cause::ExtensionRepeated), "{unknown:?} in {name}");
            }
        }
    }
}

fn everything_and(unknown: Type) -> impl Iterator<Item = Type> {
    EXTENSIONS.iter().map(|row| row.extension_type).chain([unknown])
}

#[test]
fn set_holds_what_the_table_has_and_nothing_else() {
    for row in EXTENSIONS {
        let set = ExtensionSet::of([row.extension_type]);
        for other in EXTENSIONS {
            assert_eq!(set.contains(other.extension_type), row == other);
        }
    }
    let mut set = ExtensionSet::empty();
    set.insert(Type(0x0a0a));
    assert_eq!(set, ExtensionSet::empty());
    assert!(!set.contains(Type(0x0a0a)));
}

#[test]
fn extensions_are_counted_against_the_limit() {
    let limits = Limits::default();
    let numbered = |count: u16| {
        let list: Vec<(Type, &[u8])> =
            (0..count).map(|i| (Type(0x8000 + i), b"".as_slice())).collect();
        parse(Kind::ClientHello, &extensions(&list), ExtensionSet::empty())
    };
    let limit = u16::try_from(limits.extensions).unwrap();
    assert_eq!(numbered(limit), Ok(()));
    assert_eq!(numbered(limit + 1), Err(Cause::TooManyExtensions));
    assert_eq!(numbered(16_000), Err(Cause::TooManyExtensions));
}

#[test]
fn nothing_follows_pre_shared_key_in_client_hello() {
    let (psk, _) = sample(Type::PRE_SHARED_KEY, Kind::ClientHello);
    for extension_type in EXTENSIONS.iter().map(|row| row.extension_type).chain([Type(0x0a0a)]) {
        let (body, _) = sample(extension_type, Kind::ClientHello);
        let list = [(Type::PRE_SHARED_KEY, &psk[..]), (extension_type, &body[..])];
        let result = parse(Kind::ClientHello, &extensions(&list), ExtensionSet::empty());
        let expected = match extension_type {
            Type::PRE_SHARED_KEY => Cause::ExtensionRepeated,
            Type::OID_FILTERS => Cause::ExtensionNotAllowedHere,
            _ => Cause::ExtensionAfterPreSharedKey,
        };
        assert_eq!(result, Err(expected), "{extension_type:?}");
    }
}

#[test]
fn anything_may_follow_pre_shared_key_in_server_hello() {
    let list: [(Type, &[u8]); 3] = [
        (Type::PRE_SHARED_KEY, b"\0\0"),
        (Type::SUPPORTED_VERSIONS, b"\x03\x04"),
        (Type::KEY_SHARE, b"\0\x1d\0\x01k"),
    ];
    assert_eq!(parse(Kind::ServerHello, &extensions(&list), everything()), Ok(()));
}

#[test]
fn block_fills_its_message_exactly() {
    let version = extensions(&[(Type::SUPPORTED_VERSIONS, b"\x03\x04")]);
    for &(name, message) in CARRIERS {
        let needs_version = [Kind::ServerHello, Kind::HelloRetryRequest].contains(&message);
        let good = if needs_version { version.clone() } else { Vec::new() };
        assert_eq!(parse(message, &good, everything()), Ok(()), "{name}");
        for fragment in [&b"\0"[..], b"\0\x2a", b"\0\x2a\0", b"\0\x2a\0\x01"] {
            let result = parse(message, &[&good, fragment].concat(), everything());
            assert_eq!(result, Err(Cause::Malformed), "{name} with {fragment:?}");
        }
    }
}

#[test]
fn block_is_walked_in_order() {
    let list: [(Type, &[u8]); 2] = [(Type::COOKIE, b"\0\x01c"), (Type(0x0a0a), b"raw")];
    let bytes = extensions(&list);
    let block = [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), &bytes[..]].concat();
    let mut reader = Reader::new(&block);
    let limits = Limits::default();
    let block = ExtensionBlock::parse(&mut reader, Kind::ClientHello, None, &limits).unwrap();
    let walked: Vec<_> = block.iter().map(|(found, body)| (found, body.remaining())).collect();
    assert_eq!(walked, list);
    assert_eq!(block.find(Type(0x0a0a)), Some(Reader::new(b"raw")));
    assert_eq!(block.find(Type::KEY_SHARE), None);
    assert!(reader.is_empty());
}
