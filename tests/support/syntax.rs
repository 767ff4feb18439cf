//! Bodies of messages in hexadecimal, in tables of what parsing them must give.

use countersign::failure::Cause;
use countersign::message::{EXTENSIONS, ExtensionSet, Kind, Message, ParseContext};

/// Bytes from hexadecimal digits; `xx*n` repeats a byte, and everything else is skipped.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        let (digits, count) = word.split_once('*').unwrap_or((word, "1"));
        let once: Vec<u8> = (0..digits.len() / 2)
            .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        bytes.extend(once.repeat(count.parse().unwrap()));
    }
    bytes
}

/// Parses a body where everything was offered.
pub(crate) fn parse(kind: Kind, body: &[u8]) -> Result<(), Cause> {
    let offered = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    let context = ParseContext { offered, ..ParseContext::default() };
    Message::parse(kind, body, &context).map(|_| ())
}

pub(crate) type Row = (&'static str, String, Result<(), Cause>);

pub(crate) fn row(name: &'static str, body: impl Into<String>, expected: Result<(), Cause>) -> Row {
    (name, body.into(), expected)
}

pub(crate) fn check(kind: Kind, rows: &[Row]) {
    for (name, body, expected) in rows {
        assert_eq!(parse(kind, &hex(body)), *expected, "{} with {name}", kind.name());
    }
}
