//! The traces of RFC 8448; `vectors/README.md` describes their form.

use std::fs;
use std::path::Path;

use countersign::crypto::{Digest, Hash};
use countersign::epoch::{Epoch, Role};
use countersign::registry::{ContentType, HandshakeType};
use countersign::transcript::Transcript;

use crate::stop::messages;

/// A trace: named values in the order of the RFC.
#[derive(Debug)]
pub struct Trace {
    name: String,
    values: Vec<(String, Vec<u8>)>,
}

/// A record of a trace.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Who sends it.
    pub sender: Role,
    /// The keys that protect it.
    pub epoch: Epoch,
    /// What its content is.
    pub content_type: ContentType,
    /// The content.
    pub payload: &'a [u8],
    /// The whole record.
    pub complete: &'a [u8],
}

/// A handshake message with its header, and the transcript on either side of it.
#[derive(Debug)]
pub struct Point {
    /// Who sends it.
    pub sender: Role,
    /// The type in the header.
    pub kind: HandshakeType,
    /// The hash of all messages before it.
    pub before: Digest,
    /// The message.
    pub message: Vec<u8>,
    /// The hash of all messages through it.
    pub through: Digest,
}

impl Trace {
    /// The trace in `vectors/rfc8448/{name}.txt`.
    ///
    /// # Panics
    /// If there is no such file, or it has another form.
    #[must_use]
    pub fn load(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/rfc8448");
        let text = fs::read_to_string(path.join(name).with_extension("txt"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let values = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (name, hex) = line.split_once(" =").unwrap_or_else(|| panic!("{line}"));
                (name.to_owned(), from_hex(hex.trim_start()))
            })
            .collect();
        Self { name: name.to_owned(), values }
    }

    /// The name it was loaded by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The only value of this name, if there is one.
    ///
    /// # Panics
    /// If there are two.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.iter().filter(|(other, _)| *other == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{}: {name} comes twice", self.name);
        value
    }

    /// The only value of this name.
    ///
    /// # Panics
    /// If there is none, or two.
    #[must_use]
    pub fn get(&self, name: &str) -> &[u8] {
        self.find(name).unwrap_or_else(|| panic!("{}: no {name}", self.name))
    }

    /// Every record, in the order of sending.
    ///
    /// # Panics
    /// If a record is of an unknown type.
    #[must_use]
    pub fn records(&self) -> Vec<Record<'_>> {
        let offers_early_data = self.find("client.c_e_traffic.expanded").is_some();
        let mut client_keys = if offers_early_data { Epoch::EarlyData } else { Epoch::Handshake };
        let mut server_keys = Epoch::Handshake;
        let mut records = Vec::new();
        for ((_, payload), (name, complete)) in self.iter().zip(self.iter().skip(1)) {
            let Some(step) = name.strip_suffix("_record.complete") else { continue };
            let sender = sender(step);
            let keys = match sender {
                Role::Client => &mut client_keys,
                Role::Server => &mut server_keys,
            };
            let epoch = match complete.first() {
                Some(&outer) if outer == ContentType::APPLICATION_DATA.0 => *keys,
                _ => Epoch::Initial,
            };
            let content_type = match step.split_once('.').map(|(_, what)| what) {
                Some("handshake") => ContentType::HANDSHAKE,
                Some("application_data") => ContentType::APPLICATION_DATA,
                Some("alert") => ContentType::ALERT,
                Some("change_cipher_spec") => ContentType::CHANGE_CIPHER_SPEC,
                _ => panic!("{}: {name}", self.name),
            };
            let record = Record { sender, epoch, content_type, payload, complete };
            match record.messages().last().map(|message| kind(message)) {
                Some(HandshakeType::END_OF_EARLY_DATA) => *keys = Epoch::Handshake,
                Some(HandshakeType::FINISHED) => *keys = Epoch::Application,
                _ => {}
            }
            records.push(record);
        }
        records
    }

    /// Every handshake message from the last ClientHello on, and the transcript by `hash`.
    #[must_use]
    pub fn points(&self, hash: &'static dyn Hash) -> Vec<Point> {
        let records = self.records();
        let is_client_hello =
            |&(_, message): &(Role, &[u8])| kind(message) == HandshakeType::CLIENT_HELLO;
        let sent: Vec<(Role, &[u8])> = records
            .iter()
            .flat_map(|record| record.messages().into_iter().map(|sent| (record.sender, sent)))
            .collect();
        let (mut transcript, rest) = match sent.as_slice() {
            [(_, first), (_, retry), rest @ ..] if rest.first().is_some_and(is_client_hello) => {
                (Transcript::after_retry(hash, &hash.digest(&[first]), retry), rest)
            }
            all => (Transcript::new(hash), all),
        };
        rest.iter()
            .map(|&(sender, message)| {
                let before = transcript.digest();
                transcript.add(message);
                let through = transcript.digest();
                Point { sender, kind: kind(message), before, message: message.to_vec(), through }
            })
            .collect()
    }
}

impl<'a> Record<'a> {
    /// The handshake messages in it, none if it has other content.
    ///
    /// # Panics
    /// If a message is not whole.
    #[must_use]
    pub fn messages(&self) -> Vec<&'a [u8]> {
        match self.content_type {
            ContentType::HANDSHAKE => messages(self.payload),
            _ => Vec::new(),
        }
    }
}

impl Point {
    /// What is signed, if the message is CertificateVerify (RFC 9846 §4.5.2).
    #[must_use]
    pub fn signed_content(&self) -> Vec<u8> {
        let context: &[u8] = match self.sender {
            Role::Client => b"TLS 1.3, client CertificateVerify\0",
            Role::Server => b"TLS 1.3, server CertificateVerify\0",
        };
        [&[b' '; 64], context, self.before.as_bytes()].concat()
    }
}

fn sender(name: &str) -> Role {
    if name.starts_with("client.") { Role::Client } else { Role::Server }
}

fn kind(message: &[u8]) -> HandshakeType {
    HandshakeType(message[0])
}

/// Bytes out of hexadecimal digits.
///
/// # Panics
/// If they are none, or half a byte is left.
#[must_use]
pub fn from_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte: {hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}
