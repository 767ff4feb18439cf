//! The bounds of RFC 9846's syntax, one row each, with the cause that breaking one has.

use countersign::codec::{Vector, Writer};
use countersign::failure::Cause::*;
use countersign::message::server_hello::{
    DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, HELLO_RETRY_REQUEST_RANDOM,
};
use countersign::message::{self, CertificateEntry, Kind, ProtocolName};
use countersign::registry::HandshakeType;

#[path = "support/syntax.rs"]
mod syntax;

use syntax::{check, hex, parse, row};

/// That a body parses as it is, and neither shorter nor longer.
fn check_whole(kind: Kind, body: &str) {
    let body = hex(body);
    assert_eq!(parse(kind, &body), Ok(()), "{}", kind.name());
    for length in 0..body.len() {
        assert!(parse(kind, &body[..length]).is_err(), "{} of {length} bytes", kind.name());
    }
    let longer = [&body[..], &[0]].concat();
    assert_eq!(parse(kind, &longer), Err(Malformed), "{} and a byte", kind.name());
}

#[test]
fn server_hello_keeps_its_bounds() {
    let hello = |rest: &str| format!("0303 09*32 {rest}");
    check(
        Kind::ServerHello,
        &[
            row("an echo of 32", hello("20 07*32 1301 00 0006 002b 0002 0304"), Ok(())),
            row("an echo of 33", hello("21 07*33 1301 00 0006 002b 0002 0304"), Err(Malformed)),
            row("a short version", hello("00 1301 00 0005 002b 0001 03"), Err(Malformed)),
            row("no extensions", hello("00 1301 00"), Err(SupportedVersionsMissing)),
            row("an empty block", hello("00 1301 00 0000"), Err(SupportedVersionsMissing)),
            row("half a block", hello("00 1301 00 0006 002b 0002"), Err(Malformed)),
            row("a byte more", hello("00 1301 00 0006 002b 0002 0304 00"), Err(Malformed)),
            row(
                "an empty share",
                hello("00 1301 00 000e 0033 0004 001d 0000 002b 0002 0304"),
                Err(Malformed),
            ),
        ],
    );
    check_whole(
        Kind::ServerHello,
        "0303 09*32 00 1301 00 0015 0033 0005 001d 0001 aa 0029 0002 0000 002b 0002 0304",
    );
}

#[test]
fn server_hello_of_an_older_version_is_judged_by_nothing_else() {
    let extensions = "00 c02f 00 0010 ff01 0001 00 0017 0000 000b 0003 02 0001";
    let marked = |mark: &[u8; 8]| {
        let mark: String = mark.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("0303 09*24 {mark} {extensions}")
    };
    let plain = format!("0303 09*32 {extensions}");
    check(
        Kind::ServerHello,
        &[
            row("extensions of TLS 1.2", plain, Err(SupportedVersionsMissing)),
            row("the mark of TLS 1.2", marked(&DOWNGRADE_TO_TLS12), Err(DowngradeDetected)),
            row("the mark of TLS 1.1", marked(&DOWNGRADE_TO_TLS11), Err(DowngradeDetected)),
        ],
    );
}

#[test]
fn hello_retry_request_keeps_its_bounds() {
    let random: String = HELLO_RETRY_REQUEST_RANDOM.iter().map(|b| format!("{b:02x}")).collect();
    let request = |rest: &str| format!("0303 {random} 00 1301 00 {rest}");
    check(
        Kind::HelloRetryRequest,
        &[
            row("no extensions", request(""), Err(RetryVersionMissing)),
            row("a group alone", request("0006 0033 0002 001d"), Err(RetryVersionMissing)),
            row("an unknown one alone", request("0004 0a0a 0000"), Err(RetryVersionMissing)),
            row("an empty cookie", request("000c 002c 0002 0000 002b 0002 0304"), Err(Malformed)),
            row("a share", request("000f 0033 0005 001d 0001 aa 002b 0002 0304"), Err(Malformed)),
        ],
    );
    check_whole(
        Kind::HelloRetryRequest,
        &request("0013 0033 0002 001d 002c 0003 0001 cc 002b 0002 0304"),
    );
}

#[test]
fn server_parameters_keep_their_bounds() {
    check(
        Kind::EncryptedExtensions,
        &[
            row("no extensions", "0000", Ok(())),
            row("no bytes", "", Err(Malformed)),
            row("a server name", "0005 0000 0001 00", Err(Malformed)),
            row("no protocol", "0006 0010 0002 0000", Err(Malformed)),
            row("two protocols", "000a 0010 0006 0004 01 61 01 62", Err(Malformed)),
            row("early_data with a body", "0008 002a 0004 00*4", Err(Malformed)),
            row("a limit of 63", "0006 001c 0002 003f", Err(RecordSizeLimitTooSmall)),
            row("no groups", "0006 000a 0002 0000", Err(Malformed)),
            row("a type of certificate", "0005 0013 0001 02", Ok(())),
            row("two of them", "0006 0014 0002 02 00", Err(Malformed)),
            row("a list of one", "0006 0014 0002 01 02", Err(Malformed)),
        ],
    );
    check_whole(Kind::EncryptedExtensions, "000d 0010 0005 0003 02 6832 002a 0000");
    check(
        Kind::CertificateRequest,
        &[
            row("an empty block", "00 0000", Ok(())),
            row("no block", "00", Err(Malformed)),
            row("a context of 255", "ff cc*255 0000", Ok(())),
            row("no schemes", "00 0006 000d 0002 0000", Err(Malformed)),
            row("a status request with a body", "00 0009 0005 0005 01 00*4", Err(Malformed)),
            row("a nameless authority", "00 0008 002f 0004 0002 0000", Err(Malformed)),
        ],
    );
    check_whole(Kind::CertificateRequest, "01 cc 0008 000d 0004 0002 0403");
}

#[test]
fn authentication_keeps_its_bounds() {
    let chain = |count: u32| format!("00 {:06x} 000001aa0000*{count}", 6 * count);
    check(
        Kind::Certificate,
        &[
            row("no certificate", "00 000000", Ok(())),
            row("an empty certificate", "00 000005 000000 0000", Err(Malformed)),
            row("no extension block", "00 000004 000001 aa", Err(Malformed)),
            row("a list that is too short", "00 000005 000001 aa 0000", Err(Malformed)),
            row("an OCSP response of length 0", status("01 000000"), Err(Malformed)),
            row("a status of another type", status("02 000001 aa"), Err(Malformed)),
            row("an OCSP response", status("01 000001 aa"), Ok(())),
            row("an empty list of timestamps", timestamps("0000"), Err(Malformed)),
            row("an empty timestamp", timestamps("0002 0000"), Err(Malformed)),
            row("a timestamp", timestamps("0003 0001 aa"), Ok(())),
            row(
                "a fault in the second entry",
                "00 00000b 000001aa0000 000000 0000",
                Err(Malformed),
            ),
            row("ten certificates", chain(10), Ok(())),
            row("eleven certificates", chain(11), Err(TooManyCertificates)),
        ],
    );
    check_whole(Kind::Certificate, "01 cc 000006 000001 aa 0000");
    check(Kind::CertificateVerify, &[row("an empty signature", "0403 0000", Ok(()))]);
    check_whole(Kind::CertificateVerify, "0403 0003 aabbcc");
    check(
        Kind::Finished,
        &[row("no verify_data", "", Err(Malformed)), row("32 bytes", "aa*32", Ok(()))],
    );
}

/// A Certificate with a `status_request`.
fn status(data: &str) -> String {
    let length = hex(data).len();
    format!("00 {:06x} 000001 aa {:04x} 0005 {length:04x} {data}", 10 + length, 4 + length)
}

/// A Certificate with a `signed_certificate_timestamp`.
fn timestamps(data: &str) -> String {
    let length = hex(data).len();
    format!("00 {:06x} 000001 aa {:04x} 0012 {length:04x} {data}", 10 + length, 4 + length)
}

#[test]
fn messages_behind_the_handshake_keep_their_bounds() {
    check(
        Kind::NewSessionTicket,
        &[
            row("an empty nonce", "00*8 00 0001 77 0000", Ok(())),
            row("an empty ticket", "00*8 00 0000 0000", Err(Malformed)),
            row("no block", "00*8 00 0001 77", Err(Malformed)),
            row("early_data without a size", "00*8 00 0001 77 0004 002a 0000", Err(Malformed)),
            row("no flags", "00*8 00 0001 77 0005 003e 0001 00", Err(Malformed)),
            row("flags and more", "00*8 00 0001 77 0007 003e 0003 01 01 00", Err(Malformed)),
            row("a flag", "00*8 00 0001 77 0006 003e 0002 01 01", Ok(())),
            row(
                "no flag at the end",
                "00*8 00 0001 77 0007 003e 0003 02 01 00",
                Err(FlagsNotMinimal),
            ),
        ],
    );
    check_whole(Kind::NewSessionTicket, "00*8 02 0001 0003 777777 0008 002a 0004 00004000");
    check(
        Kind::KeyUpdate,
        &[
            row("0", "00", Ok(())),
            row("1", "01", Ok(())),
            row("2", "02", Err(KeyUpdateRequestUnknown)),
            row("255", "ff", Err(KeyUpdateRequestUnknown)),
            row("no byte", "", Err(Malformed)),
            row("two bytes", "0000", Err(Malformed)),
        ],
    );
    check(Kind::EndOfEarlyData, &[row("no byte", "", Ok(())), row("a byte", "00", Err(Malformed))]);
}

#[test]
fn kind_follows_from_type_and_random() {
    let retry = [&[3, 3], &HELLO_RETRY_REQUEST_RANDOM[..]].concat();
    for code in 0..=u8::MAX {
        let handshake_type = HandshakeType(code);
        let known: Vec<Kind> = Kind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.handshake_type() == handshake_type)
            .collect();
        let expected = known.first().copied().ok_or(UnknownMessageType);
        assert_eq!(Kind::of(handshake_type, b""), expected);
        assert_eq!(
            Kind::of(handshake_type, &retry),
            known.last().copied().ok_or(UnknownMessageType)
        );
    }
    let almost = &retry[..retry.len() - 1];
    assert_eq!(Kind::of(HandshakeType::SERVER_HELLO, almost), Ok(Kind::ServerHello));
    let unknown = [HandshakeType::COMPRESSED_CERTIFICATE, HandshakeType::MESSAGE_HASH];
    assert!(unknown.iter().all(|&code| Kind::of(code, b"") == Err(UnknownMessageType)));
}

#[test]
fn message_that_outgrows_a_length_is_not_encoded() {
    let mut out = b"before".to_vec();
    let long = vec![0; 1 << 16];
    let too_long = |writer: &mut Writer<'_>| writer.vector16(|writer| writer.raw(&long));
    assert_eq!(message::encode(HandshakeType::FINISHED, &mut out, too_long), Err(Unencodable));
    assert_eq!(out, b"before");
    assert!(!Vector::<ProtocolName<'_>>::new().push(&ProtocolName(&[b'a'; 256])));
    let entry = CertificateEntry {
        cert_data: b"certificate",
        ocsp_response: Some(&long),
        signed_certificate_timestamps: None,
    };
    assert!(!Vector::<CertificateEntry<'_>>::new().push(&entry));
}
