//! Any bytes as any message: no panic, and what parses survives being written and read again.

use countersign::codec::List;
use countersign::crypto::leaf::Leaf;
use countersign::message::{
    EXTENSIONS, ExtensionSet, HEADER_BYTES, Kind, Layout, Message, ParseContext,
};

use crate::build::encoded;
use crate::script::Script;

/// Parses `bytes` as the body of each kind of message, and as a certificate or raw public key.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    let everything = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    let mut script = Script::new(bytes);
    let kind = script.choose(Kind::ALL);
    let body = bytes.get(1..).unwrap_or_default();
    for offered in [everything, ExtensionSet::empty()] {
        let context = ParseContext { offered, ..ParseContext::default() };
        if let Ok(message) = Message::parse(kind, body, &context) {
            check_round_trip(kind, message, &context);
        }
    }
    for leaf in [Leaf::parse(body), Leaf::parse_raw_public_key(body)].into_iter().flatten() {
        assert!(leaf.subject_public_key_info().ends_with(leaf.public_key()));
    }
}

fn check_round_trip(kind: Kind, message: Message<'_>, context: &ParseContext) {
    let message = as_ours(message);
    let written = encoded(&message, &Layout::default());
    let Some(body) = written.get(HEADER_BYTES..) else { panic!("unencodable: {message:?}") };
    let again = Message::parse(kind, body, context);
    assert_eq!(again.map(as_ours), Ok(message), "it comes back as another one");
    assert_eq!(encoded(&message, &Layout::default()), written);
}

/// A parsed ClientHello keeps its block of extensions as it came, unknown ones included; one of our
/// own has none.
fn as_ours(message: Message<'_>) -> Message<'_> {
    match message {
        Message::ClientHello(mut hello) => {
            hello.extensions.received = List::default();
            Message::ClientHello(hello)
        }
        other => other,
    }
}
