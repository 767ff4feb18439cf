//! The first inputs of each target: scripts of what the tests do, and the messages of RFC 8448.
//!
//! `cargo run --example seeds` writes them to `seeds/`.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::epoch::Role;
use countersign::message::Kind;
use countersign::registry::HandshakeType;

use crate::mutation::split;
use crate::script::Script;
use crate::setup::setup;
use crate::{answers, differential, state, x509};

/// Every seed: the target it is for, its name, its bytes.
///
/// # Panics
/// If a vector cannot be read.
#[must_use]
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for flags in FLAGS {
        let [first, middle, last] = flags;
        let name = format!("setup-{first:02x}{middle:02x}{last:02x}");
        // Zeros: what an honest world does.
        let talk = [&flags[..], &[0; 24]].concat();
        let may_ask = flags[2] & 0x40 != 0;
        for (act, bytes) in ACTS.iter().filter(|(act, _)| may_ask || *act != "asks") {
            let script = [&talk[..], bytes].concat();
            seeds.push(("client", format!("{name}-{act}"), script.clone()));
            seeds.push(("server", format!("{name}-{act}"), script));
        }
        for (attack, bytes) in ATTACKS {
            let script = [&flags[..], &[0], bytes].concat();
            seeds.push(("pair", format!("{name}-{attack}"), script));
        }
        for (attack, bytes) in RECORD_ATTACKS.iter().filter(|(act, _)| may_ask || *act != "asks") {
            let script = [&flags[..], &[1], bytes].concat();
            seeds.push(("pair", format!("{name}-records-{attack}"), script));
        }
    }
    for (name, bytes) in STREAMS {
        seeds.push(("records", String::from(*name), bytes.to_vec()));
    }
    for (answers, bytes) in ANSWERS {
        // The question of a server opens behind the ClientHello, that of a client behind five
        // messages; a server that asks for a certificate has it behind five messages too.
        for (role, flow, before) in
            [("server", 0, 1), ("client", 0, 5), ("server", 6, 6), ("client", 6, 8)]
        {
            for before in before..before + 4 {
                let script = [&[flow, 0, 0], &vec![0; before][..], &[7], bytes].concat();
                seeds.push((role, format!("{answers}-{flow}-{before}"), script));
            }
        }
    }
    for (number, script) in differential::seeds::SCRIPTS.iter().enumerate() {
        seeds.push(("differential", format!("script-{number:02}"), script.to_vec()));
    }
    seeds.extend(state::seeds().into_iter().map(|(name, bytes)| ("state", name, bytes)));
    seeds.extend(certificates().into_iter().map(|(name, bytes)| ("x509", name, bytes)));
    let messages = conversations().into_iter().chain(rfc8448());
    seeds.extend(messages.map(|(name, message)| ("decode", name, body_by_kind(&message))));
    seeds
}

/// Setups: what changes the course, what changes the content, PSKs.
const FLAGS: &[[u8; 3]] = &[
    [0x00, 0, 0],
    [0x01, 0x0c, 0],
    [0x02, 0x20, 0],
    [0x0b, 0x09, 0],
    [0x14, 0x16, 0],
    [0x20, 0, 0],
    [0x00, 0, 0x07],
    [0x01, 0, 0x06],
    [0x40, 0x40, 0x0a],
    [0x10, 0x84, 0x12],
    [0x34, 0x08, 0x06],
    [0x80, 0, 0x30],
    [0x02, 0, 0x80],
    [0x04, 0x18, 0xc0],
    [0x00, 0, 0x40],
    [0x02, 0x03, 0],
    [0x00, 0, 0x28],
];

/// What comes behind an honest handshake, for one end.
const ACTS: &[(&str, &[u8])] = &[
    ("ends", &[]),
    ("updates", &[9, 0, 9, 1, 10, 1, 0, 9, 10, 0]),
    ("tickets", &[9, 4, 0, 7, 0, 7, 0, 10, 4, 0, 7, 0, 0, 0]),
    ("asks", &[9, 13, 0, 0, 0, 0, 0, 10, 13, 1, 0, 0, 0, 0, 0, 0]),
    ("early-data", &[9, 11, 0, 9, 9, 12, 0, 9, 10, 11, 0, 9]),
    ("closes", &[10, 2, 0, 9, 2, 0]),
    ("cancels", &[9, 3]),
    ("fails", &[9, 6, 0]),
    ("alert", &[8, 2, 40]),
];

/// Answers other than the one that goes on; each question has a dozen at most.
const ANSWERS: &[(&str, &[u8])] = &[
    ("answer-1", &[1]),
    ("answer-2", &[2]),
    ("answer-3", &[3]),
    ("answer-4", &[4]),
    ("answer-5", &[5]),
    ("answer-6", &[6]),
    ("answer-7", &[7]),
    ("answer-8", &[8]),
    ("answer-9", &[9]),
    ("answer-10", &[10]),
    ("answer-11", &[11]),
];

/// What happens to the first flights of a pair: a number of changes, then each change.
const ATTACKS: &[(&str, &[u8])] = &[
    ("honest", &[]),
    ("flip", &[1, 0, 0, 0, 0, 0, 9, 1, 0]),
    ("flip-in-answer", &[0, 1, 0, 1, 0, 0, 0, 9, 1, 0]),
    ("doubled", &[0, 1, 0, 2, 1]),
    ("dropped", &[0, 0, 1, 0, 1, 2]),
    ("swapped", &[0, 0, 1, 0, 0, 3, 0, 1]),
    ("replayed", &[0, 0, 0, 1, 0, 0, 5, 0, 1]),
];

/// What happens to the records of a pair: how they are padded; then for each end in turn an order,
/// a number of changes, the changes, and whether to hold something back.
const RECORD_ATTACKS: &[(&str, &[u8])] = &[
    ("data", &[0, 0, 0, 0, 0, 0, 0, 1, 3, 7, 7, 7, 0, 0, 1, 2, 8, 8, 0, 0, 0, 0, 0]),
    ("early-data", &[16, 2, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0, 1, 1, 9, 0, 0, 3, 1, 0, 0]),
    ("early-data-in-full-records", &[249, 2, 1, 0, 0]),
    ("held-back", &[0, 0, 0, 1, 0, 9, 0, 0, 1, 0, 33, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 70]),
    ("flip", &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 40, 1, 0]),
    ("replayed", &[0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 5, 0]),
    ("alert", &[0, 0, 1, 0, 0, 0, 0, 6, 1, 2, 40, 0]),
    (
        "asks",
        &[
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0, 0, 3, 1, 0,
            0, 10, 0, 0, 0,
        ],
    ),
    ("closed", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 1, 2, 5, 5, 0, 0, 6, 0, 0]),
];

/// Role, key, window, early data, size of pieces; then what is sent, and after each thing whether
/// to change a byte of it.
const STREAMS: &[(&str, &[u8])] = &[
    ("protected", &[0, 0, 0, 0, 7, 0, 4, 1, 2, 3, 4, 0, 1, 3, 5, 6, 7, 0, 2, 0, 3, 0]),
    ("parked", &[0, 0, 0, 0, 9, 8, 0, 9, 0, 7, 0, 1, 1, 5, 0, 8, 70, 0, 0, 2, 0]),
    ("plain", &[1, 1, 0, 0, 3, 0, 4, 1, 0, 0, 0, 0, 3, 0, 2, 0]),
    ("skipping", &[1, 0, 0, 1, 1, 6, 6, 23, 3, 3, 0, 1, 9, 0, 0, 1, 2, 0]),
    ("fragments", &[0, 0, 0, 0, 255, 5, 0, 9, 0, 4, 1, 0, 0, 1, 3, 1, 1, 1, 0]),
    ("changed", &[0, 0, 0, 0, 16, 1, 3, 1, 2, 3, 1, 0, 9, 255, 1, 1, 1, 0]),
    ("plaintext-handshake", &[0, 0, 0, 0, 9, 6, 6, 22, 3, 3, 0, 1, 1, 0]),
    ("plaintext-alert", &[0, 0, 0, 0, 9, 6, 7, 21, 3, 3, 0, 2, 2, 40, 0]),
    ("plaintext-alert-to-server", &[1, 0, 0, 0, 9, 6, 7, 21, 3, 3, 0, 2, 2, 40, 0]),
    ("data-without-key", &[0, 1, 0, 0, 9, 6, 6, 23, 3, 3, 0, 1, 0, 0]),
    ("data-in-a-plain-message", &[0, 1, 0, 1, 9, 0, 1, 1, 0, 6, 6, 23, 3, 3, 0, 1, 0, 0]),
    ("data-in-a-message", &[0, 0, 0, 0, 9, 0, 1, 1, 0, 1, 1, 7, 0]),
    ("alert-in-a-message", &[0, 0, 0, 0, 9, 0, 1, 1, 0, 2, 0]),
    ("alert-of-three-bytes", &[0, 1, 0, 0, 9, 6, 8, 21, 3, 3, 0, 3, 1, 0, 0, 0]),
    ("change-cipher-spec-of-two", &[0, 0, 0, 0, 9, 6, 6, 20, 3, 3, 0, 1, 2, 0]),
    ("change-cipher-spec-too-early", &[0, 0, 1, 0, 9, 3, 0]),
    ("unknown-type", &[0, 1, 0, 0, 9, 6, 6, 99, 3, 3, 0, 1, 2, 0]),
    ("raw", &[1, 1, 1, 0, 2, 6, 7, 21, 3, 3, 0, 2, 1, 0, 0, 6, 5, 22, 3, 3, 255, 255, 0]),
];

/// Certificates that are valid, some of them changed; and PEM texts.
fn certificates() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (index, certificate) in (0..).zip(x509::CHAINS.iter()) {
        seeds.push((format!("valid-{index}"), vec![0, index, index % 3]));
        seeds.push((format!("flip-{index}"), vec![0, index, 0, 1, 1, index, 0, 0, 1]));
        seeds.push((format!("cut-{index}"), vec![0, index, 1, 1, 0, 99, 9, 1, 0]));
        seeds.push((format!("alone-{index}"), [&[1], certificate.as_ref()].concat()));
    }
    seeds.push((String::from("root"), vec![2, 1, 0, 99, 1, 0, 1]));
    for name in ["ed25519", "ecdsa-p256"] {
        let text = [x509::read(name), x509::read(&format!("{name}.key"))].concat();
        seeds.push((format!("pem-{name}"), [&[4], &text[..]].concat()));
    }
    seeds
}

/// The messages of honest pairs.
fn conversations() -> Vec<(String, Vec<u8>)> {
    let mut messages = BTreeMap::new();
    for flags in FLAGS {
        let mut pair = setup(&mut Script::new(flags)).pair();
        let [first, middle, last] = flags;
        let mut count = 0;
        pair.run_with(
            |flight| {
                for message in split(&flight.bytes) {
                    count += 1;
                    let from = if flight.from == Role::Client { "client" } else { "server" };
                    messages.insert(
                        format!("setup-{first:02x}{middle:02x}{last:02x}-{count:02}-{from}"),
                        message,
                    );
                }
            },
            |_, question| Ok(answers::answer(question, &mut Script::new(&[]))),
        );
    }
    messages.into_iter().collect()
}

/// The messages of RFC 8448, from the vectors.
fn rfc8448() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/rfc8448");
    let mut messages = BTreeMap::new();
    for trace in ["simple_1rtt", "resumed_0rtt", "hello_retry", "client_auth", "compatibility"] {
        let text = std::fs::read_to_string(directory.join(trace).with_extension("txt"));
        for line in text.expect("a trace").lines() {
            if let Some((name, hex)) = line.split_once(".message = ") {
                let digits = hex.as_bytes().chunks(2);
                let digits = digits.map(|pair| core::str::from_utf8(pair).expect("digits"));
                let bytes = digits.map(|pair| u8::from_str_radix(pair, 16).expect("digits"));
                messages.insert(format!("rfc8448-{trace}-{name}"), bytes.collect());
            }
        }
    }
    messages.into_iter().collect()
}

/// The body behind the position of the message's kind.
fn body_by_kind(message: &[u8]) -> Vec<u8> {
    let (header, body) = message.split_at(4);
    let kind = Kind::of(HandshakeType(header[0]), body).expect("a message");
    let position = Kind::ALL.iter().position(|other| *other == kind);
    let position = position.and_then(|position| u8::try_from(position).ok());
    [&[position.expect("one of a dozen")], body].concat()
}
