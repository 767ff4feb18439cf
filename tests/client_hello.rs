//! ClientHello: the bounds of its syntax, its binders, and what a second one may change.

use countersign::failure::Cause::{BinderCountDiffers, Malformed, RecordSizeLimitTooSmall};
use countersign::limits::Limits;
use countersign::message::{ClientHello, Kind};

#[path = "support/syntax.rs"]
mod syntax;

use syntax::{check, hex, row};

/// The fields of a ClientHello in front of its extensions.
const FIELDS: &str = "0303 09*32 01 07 0004 1301 1302 01 00";

/// A ClientHello with these extensions, each written `type ---- data` without its length.
fn client_hello(fields: &str, extensions: &[&str]) -> String {
    let extensions = extensions.iter().map(|extension| {
        let (code, data) = extension.split_once("----").expect("a place for the length");
        format!("{code} {:04x} {data}", hex(data).len())
    });
    let block = extensions.collect::<Vec<_>>().join(" ");
    format!("{fields} {:04x} {block}", hex(&block).len())
}

#[test]
fn client_hello_keeps_its_bounds() {
    check(
        Kind::ClientHello,
        &[
            row("no extensions at all", "0303 09*32 00 0002 1301 01 00", Ok(())),
            row("an empty block", "0303 09*32 00 0002 1301 01 00 0000", Ok(())),
            row("half a block length", "0303 09*32 00 0002 1301 01 00 00", Err(Malformed)),
            row("a byte behind the block", "0303 09*32 00 0002 1301 01 00 0000 00", Err(Malformed)),
            row("a short random", "0303 09*31", Err(Malformed)),
            row("a session id of 32", "0303 09*32 20 07*32 0002 1301 01 00", Ok(())),
            row("a session id of 33", "0303 09*32 21 07*33 0002 1301 01 00", Err(Malformed)),
            row("no suites", "0303 09*32 00 0000 01 00", Err(Malformed)),
            row("half a suite", "0303 09*32 00 0003 130113 01 00", Err(Malformed)),
            row("all suites", "0303 09*32 00 fffe 1301*32767 01 00", Ok(())),
            row("no compression methods", "0303 09*32 00 0002 1301 00", Err(Malformed)),
            row("other compression methods", "0303 09*32 00 0002 1301 02 0100", Ok(())),
            row("another version", "0301 09*32 00 0002 1301 01 00", Ok(())),
        ],
    );
}

#[test]
fn client_hello_extensions_keep_their_bounds() {
    let binder = "20 bb*32";
    let rows = [
        ("server_name: empty list", "0000 ---- 0000".to_string(), Err(Malformed)),
        ("server_name: empty name", "0000 ---- 0003 00 0000".into(), Err(Malformed)),
        ("server_name: two", "0000 ---- 0008 00 0001 61 00 0001 62".into(), Err(Malformed)),
        ("server_name: no host_name", "0000 ---- 0004 01 0001 61".into(), Err(Malformed)),
        ("server_name: another type too", "0000 ---- 0008 07 0001 61 00 0001 62".into(), Ok(())),
        ("status_request: a responder", "0005 ---- 01 0003 0001 aa 0002 bbbb".into(), Ok(())),
        ("status_request: empty id", "0005 ---- 01 0002 0000 0000".into(), Err(Malformed)),
        ("status_request: another type", "0005 ---- 02 ffff".into(), Ok(())),
        ("supported_groups: empty", "000a ---- 0000".into(), Err(Malformed)),
        ("supported_groups: odd", "000a ---- 0003 001d00".into(), Err(Malformed)),
        ("supported_groups: beyond", "000a ---- 0004 001d".into(), Err(Malformed)),
        ("signature_algorithms: empty", "000d ---- 0000".into(), Err(Malformed)),
        ("signature_algorithms: odd", "000d ---- 0001 04".into(), Err(Malformed)),
        ("signature_algorithms_cert: empty", "0032 ---- 0000".into(), Err(Malformed)),
        ("protocols: empty list", "0010 ---- 0000".into(), Err(Malformed)),
        ("protocols: empty name", "0010 ---- 0004 00 02 6832".into(), Err(Malformed)),
        ("protocols: longest name", "0010 ---- 0100 ff 61*255".into(), Ok(())),
        ("protocols: name beyond the list", "0010 ---- 0002 02 6832".into(), Err(Malformed)),
        ("client_certificate_type: empty", "0013 ---- 00".into(), Err(Malformed)),
        ("client_certificate_type: none", "0013 ----".into(), Err(Malformed)),
        ("client_certificate_type: all", "0013 ---- ff 02*255".into(), Ok(())),
        ("server_certificate_type: empty", "0014 ---- 00".into(), Err(Malformed)),
        ("server_certificate_type: beyond", "0014 ---- 02 02".into(), Err(Malformed)),
        ("server_certificate_type: unknown", "0014 ---- 02 02 fe".into(), Ok(())),
        ("record_size_limit: 63", "001c ---- 003f".into(), Err(RecordSizeLimitTooSmall)),
        ("record_size_limit: 64", "001c ---- 0040".into(), Ok(())),
        ("psk: no identities", format!("0029 ---- 0000 0021 {binder}"), Err(Malformed)),
        ("psk: empty identity", format!("0029 ---- 0006 0000 00*4 0021 {binder}"), Err(Malformed)),
        ("psk: no binders", "0029 ---- 0007 0001 70 00*4 0000".into(), Err(Malformed)),
        ("psk: binder of 31", "0029 ---- 0007 0001 70 00*4 0020 1f bb*31".into(), Err(Malformed)),
        ("psk: binder of 255", "0029 ---- 0007 0001 70 00*4 0100 ff bb*255".into(), Ok(())),
        (
            "psk: a binder too many",
            format!("0029 ---- 0007 0001 70 00*4 0042 {binder} {binder}"),
            Err(BinderCountDiffers),
        ),
        (
            "psk: a binder too few",
            format!("0029 ---- 000e 0001 70 00*4 0001 71 00*4 0021 {binder}"),
            Err(BinderCountDiffers),
        ),
        ("supported_versions: empty", "002b ---- 00".into(), Err(Malformed)),
        ("supported_versions: odd", "002b ---- 03 030403".into(), Err(Malformed)),
        ("supported_versions: 127", "002b ---- fe 0304*127".into(), Ok(())),
        ("supported_versions: 255 bytes", "002b ---- ff 03*255".into(), Err(Malformed)),
        ("cookie: empty", "002c ---- 0000".into(), Err(Malformed)),
        ("psk_key_exchange_modes: empty", "002d ---- 00".into(), Err(Malformed)),
        ("psk_key_exchange_modes: 255", "002d ---- ff 01*255".into(), Ok(())),
        ("certificate_authorities: empty", "002f ---- 0000".into(), Err(Malformed)),
        ("certificate_authorities: no name", "002f ---- 0002 0000".into(), Err(Malformed)),
        ("key_share: no share", "0033 ---- 0000".into(), Ok(())),
        ("key_share: empty share", "0033 ---- 0004 001d 0000".into(), Err(Malformed)),
        ("key_share: beyond the list", "0033 ---- 0005 001d 0002 aa".into(), Err(Malformed)),
        ("quic_transport_parameters: empty", "0039 ----".into(), Ok(())),
    ];
    check(
        Kind::ClientHello,
        &rows.map(|(name, data, result)| row(name, client_hello(FIELDS, &[&data]), result)),
    );
}

#[test]
fn second_client_hello_may_change_only_what_a_retry_changes() {
    let (unknown, groups, versions) = ("0a0a ---- 61", "000a ---- 0002 001d", "002b ---- 02 0304");
    let (share, early, padding) = ("0033 ---- 0005 001d 0001 aa", "002a ----", "0015 ---- 00*9");
    let (cookie, other_share) = ("002c ---- 0001 cc", "0033 ---- 0005 0017 0001 bb");
    let psk = "0029 ---- 0007 0001 70 00*4 0021 20 bb*32";
    let first = client_hello(FIELDS, &[unknown, groups, share, early, versions, padding]);
    let may: &[(&str, &[&str])] = &[
        ("change nothing", &[unknown, groups, share, early, versions, padding]),
        ("drop early_data", &[unknown, groups, share, versions, padding]),
        ("drop padding", &[unknown, groups, share, early, versions]),
        ("pad otherwise", &["0015 ----", unknown, groups, share, early, versions]),
        ("return a cookie", &[unknown, cookie, groups, share, versions, padding]),
        ("change its share", &[unknown, groups, other_share, early, versions, padding]),
        ("move its share", &[share, unknown, groups, early, versions, padding]),
        ("change its PSK", &[unknown, groups, share, early, versions, padding, psk]),
    ];
    let may_not: &[(&str, &[&str])] = &[
        ("change an unknown extension", &["0a0a ---- 62", groups, share, early, versions]),
        ("rename an unknown extension", &["1a1a ---- 61", groups, share, early, versions]),
        ("drop an unknown extension", &[groups, share, early, versions]),
        ("add an unknown extension", &[unknown, "1a1a ----", groups, share, early, versions]),
        ("change its groups", &[unknown, "000a ---- 0002 0017", share, early, versions]),
        ("drop its groups", &[unknown, share, early, versions]),
        ("change the order", &[groups, unknown, share, early, versions]),
        ("ask for post-handshake authentication", &[unknown, groups, share, versions, "0031 ----"]),
    ];
    let fields = [
        ("legacy_version", "0302 09*32 01 07 0004 1301 1302 01 00"),
        ("random", "0303 08*32 01 07 0004 1301 1302 01 00"),
        ("legacy_session_id", "0303 09*32 00 0004 1301 1302 01 00"),
        ("cipher_suites", "0303 09*32 01 07 0004 1302 1301 01 00"),
        ("legacy_compression_methods", "0303 09*32 01 07 0004 1301 1302 02 0001"),
    ];
    let differs = |second: String| {
        let (first, second) = (hex(&first), hex(&second));
        let limits = Limits::default();
        let first = ClientHello::parse(&first, &limits).unwrap();
        ClientHello::parse(&second, &limits).unwrap().unchangeable() != first.unchangeable()
    };
    for (what, extensions) in may {
        assert!(!differs(client_hello(FIELDS, extensions)), "may {what}");
    }
    for (what, extensions) in may_not {
        assert!(differs(client_hello(FIELDS, extensions)), "may not {what}");
    }
    for (field, fields) in fields {
        let second = client_hello(fields, &[unknown, groups, share, early, versions, padding]);
        assert!(differs(second), "may not change {field}");
    }
}

#[test]
fn binders_are_what_a_truncated_client_hello_lacks() {
    let body = hex(&client_hello(
        FIELDS,
        &["0029 ---- 000e 0001 70 00*4 0001 71 00*4 0052 20 bb*32 30 cc*48"],
    ));
    let hello = ClientHello::parse(&body, &Limits::default()).unwrap();
    let psks = hello.extensions.pre_shared_key.unwrap();
    assert_eq!(psks.binders_bytes, 2 + 33 + 49);
    let (_, binders) = body.split_at(body.len() - psks.binders_bytes);
    assert_eq!(binders, hex("0052 20 bb*32 30 cc*48"));
}
