//! Every type that is on the wire by itself: what was written is read again as it was, and nothing
//! else is; in the messages of `codec.rs` these stand behind one another.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::codec::{Encode, Reader, Writer};
use countersign::failure::Cause;
use countersign::message::{
    CertificateEntry, DistinguishedName, Extension, KeyShareEntry, Kind, OidFilter, ProtocolName,
    PskBinder, PskIdentity, TicketRequest,
};
use countersign::record::{HEADER_BYTES, Header, peek};
use countersign::registry::{
    CertificateCompressionAlgorithm, CertificateType, CipherSuite, ContentType, ExtensionType,
    HandshakeType, KeyUpdateRequest, NamedGroup, ProtocolVersion, PskKeyExchangeMode,
    SignatureScheme,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Miri takes its time.
const CASES: u32 = if cfg!(miri) { 2 } else { 64 };

/// What a value is made of.
#[derive(Clone, Debug)]
struct Parts {
    number: u32,
    octet: u8,
    short: Vec<u8>,
    long: Vec<u8>,
    option: Option<Vec<u8>>,
}

impl Parts {
    fn u16(&self) -> u16 {
        let [high, low, ..] = self.number.to_be_bytes();
        u16::from_be_bytes([high, low])
    }
}

prop_compose! {
    fn parts()(
        (number, octet) in any::<(u32, u8)>(),
        short in vec(any::<u8>(), 32..=255),
        long in vec(any::<u8>(), 1..600),
        option in option::of(vec(any::<u8>(), 1..80)),
    ) -> Parts {
        Parts { number, octet, short, long, option }
    }
}

/// The names of the types, and a property for each.
macro_rules! items {
    ($($test:ident: $name:ident = $value:expr;)+) => {
        const ITEMS: &[&str] = &[$(stringify!($name)),+];

        $(proptest! {
            #![proptest_config(ProptestConfig::with_cases(CASES))]
            #[test]
            fn $test(parts in parts()) {
                let make: fn(&Parts) -> $name = $value;
                let (value, mut encoded) = (make(&parts), Vec::new());
                let mut writer = Writer::new(&mut encoded);
                value.encode(&mut writer);
                prop_assert!(!writer.overflowed());
                prop_assert_eq!(Reader::new(&encoded).only(), Ok(value));
                for length in 0..encoded.len() {
                    let cut = Reader::new(&encoded[..length]).only::<$name>();
                    prop_assert_eq!(cut, Err(Cause::Malformed), "{} bytes", length);
                }
                encoded.push(parts.octet);
                let longer = Reader::new(&encoded).only::<$name>();
                prop_assert_eq!(longer, Err(Cause::Malformed));
            }
        })+
    };
}

items! {
    octet_is_read_as_it_was: u8 = |parts| parts.octet;
    number_of_two_octets_is_read_as_it_was: u16 = Parts::u16;
    number_of_four_octets_is_read_as_it_was: u32 = |parts| parts.number;
    protocol_version_is_read_as_it_was: ProtocolVersion = |parts| ProtocolVersion(parts.u16());
    content_type_is_read_as_it_was: ContentType = |parts| ContentType(parts.octet);
    handshake_type_is_read_as_it_was: HandshakeType = |parts| HandshakeType(parts.octet);
    extension_type_is_read_as_it_was: ExtensionType = |parts| ExtensionType(parts.u16());
    cipher_suite_is_read_as_it_was: CipherSuite = |parts| CipherSuite(parts.u16());
    named_group_is_read_as_it_was: NamedGroup = |parts| NamedGroup(parts.u16());
    signature_scheme_is_read_as_it_was: SignatureScheme = |parts| SignatureScheme(parts.u16());
    psk_key_exchange_mode_is_read_as_it_was: PskKeyExchangeMode =
        |parts| PskKeyExchangeMode(parts.octet);
    key_update_request_is_read_as_it_was: KeyUpdateRequest = |parts| KeyUpdateRequest(parts.octet);
    certificate_type_is_read_as_it_was: CertificateType = |parts| CertificateType(parts.octet);
    compression_is_read_as_it_was: CertificateCompressionAlgorithm =
        |parts| CertificateCompressionAlgorithm(parts.u16());
    psk_identity_is_read_as_it_was: PskIdentity =
        |parts| PskIdentity { identity: &parts.long, obfuscated_ticket_age: parts.number };
    psk_binder_is_read_as_it_was: PskBinder = |parts| PskBinder(&parts.short);
    ticket_request_is_read_as_it_was: TicketRequest = |parts| {
        let [new_session_count, resumption_count] = parts.u16().to_be_bytes();
        TicketRequest { new_session_count, resumption_count }
    };
    key_share_is_read_as_it_was: KeyShareEntry =
        |parts| KeyShareEntry { group: NamedGroup(parts.u16()), key_exchange: &parts.long };
    protocol_name_is_read_as_it_was: ProtocolName = |parts| ProtocolName(&parts.short);
    distinguished_name_is_read_as_it_was: DistinguishedName =
        |parts| DistinguishedName(&parts.long);
    oid_filter_is_read_as_it_was: OidFilter = |parts| OidFilter {
        certificate_extension_oid: &parts.short,
        certificate_extension_values: parts.option.as_deref().unwrap_or_default(),
    };
    extension_is_read_as_it_was: Extension = |parts| Extension {
        extension_type: ExtensionType(parts.u16()),
        extension_data: parts.option.as_deref().unwrap_or_default(),
    };
    certificate_entry_is_read_as_it_was: CertificateEntry = |parts| CertificateEntry {
        ocsp_response: parts.option.as_deref(),
        ..CertificateEntry::bare(&parts.long)
    };
}

/// Private: to a recording, where it is bytes as they were; and to its extension, with which
/// `codec.rs` reads and writes it.
const ELSEWHERE: &[&str] = &["Encoded", "ServerName"];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| if path.is_dir() { source_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The types for which the text implements a trait, by their names.
fn implementors(text: &str, of: &str) -> Vec<String> {
    let is_name = |character: char| character.is_alphanumeric();
    let headers = text.lines().filter(|line| line.trim_start().starts_with("impl"));
    let named = headers.filter_map(|line| line.split_once(of)?.1.split_once(" for "));
    let names = named.filter(|(generics, _)| !generics.contains(' '));
    names.map(|(_, name)| name.chars().take_while(|of| is_name(*of)).collect()).collect()
}

/// The code points, for which a macro implements what it takes: `Name(u16 u16) {`.
fn code_points(text: &str) -> impl Iterator<Item = String> {
    let declared = text.lines().filter_map(|line| line.trim().strip_suffix(") {")?.split_once('('));
    let declared = declared.filter(|(_, integer)| ["u8 u8", "u16 u16"].contains(integer));
    declared.map(|(name, _)| name.to_owned())
}

#[test]
fn every_type_of_the_codec_is_among_these() {
    if cfg!(miri) {
        // It reads files, of which Miri knows nothing.
        return;
    }
    let mut found = BTreeSet::new();
    for path in source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).expect("a file of the source");
        for of in [" Decode", " Encode"] {
            found.extend(implementors(&text, of).into_iter().filter(|name| !name.is_empty()));
        }
        if path.ends_with("registry.rs") {
            found.extend(code_points(&text));
        }
    }
    let known: BTreeSet<String> =
        ITEMS.iter().chain(ELSEWHERE).map(|name| (*name).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn every_message_goes_to_the_wire_and_back() {
    if cfg!(miri) {
        // It searches a text, for which Miri takes minutes.
        return;
    }
    let tests = include_str!("codec.rs");
    for kind in Kind::ALL {
        assert!(tests.contains(&format!("Message::{}(", kind.name())), "{kind:?}");
    }
}

proptest! {
    #[test]
    fn record_header_is_read_as_it_was_once_it_is_there(
        (content_type, version, length) in any::<(u8, u16, u16)>(),
        body in vec(any::<u8>(), 0..4),
    ) {
        let header = Header { content_type: ContentType(content_type), length };
        let wire = header.to_wire(ProtocolVersion(version));
        prop_assert_eq!(Header::from_wire(wire), header);
        prop_assert_eq!(peek(&[&wire, &body[..]].concat()), Some(header));
        for cut in 0..HEADER_BYTES {
            prop_assert_eq!(peek(&wire[..cut]), None);
        }
    }
}
