//! Finding and changing the extensions of a message, whoever has written it.

use std::collections::HashSet;

use countersign::message::HEADER_BYTES;
use countersign::registry::{ExtensionType, HandshakeType};

use crate::mutation::split;
use crate::script::Script;

/// The extensions of a message, and where they stand in it.
pub(super) struct Extensions {
    /// Where their common length stands.
    start: usize,
    pub(super) entries: Vec<(ExtensionType, Vec<u8>)>,
}

impl Extensions {
    /// Those of a message with its header; of a Certificate, those of its first entry.
    pub(super) fn of(message: &[u8]) -> Option<Self> {
        let skip = |at: usize, length_bytes: usize| {
            Some(number(message, at, length_bytes)? + at + length_bytes)
        };
        let body = HEADER_BYTES;
        let start = match HandshakeType(*message.first()?) {
            HandshakeType::CLIENT_HELLO => skip(skip(skip(body + 34, 1)?, 2)?, 1)?,
            HandshakeType::SERVER_HELLO => skip(body + 34, 1)? + 3,
            HandshakeType::ENCRYPTED_EXTENSIONS => body,
            HandshakeType::CERTIFICATE_REQUEST => skip(body, 1)?,
            HandshakeType::CERTIFICATE => skip(skip(body, 1)? + 3, 3)?,
            HandshakeType::NEW_SESSION_TICKET => skip(skip(body + 8, 1)?, 2)?,
            _ => return None,
        };
        let mut rest = message.get(start + 2..)?.get(..number(message, start, 2)?)?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let length = number(rest, 2, 2)?;
            let extension_type = ExtensionType(u16::from_be_bytes([rest[0], rest[1]]));
            entries.push((extension_type, rest.get(4..4 + length)?.to_vec()));
            rest = &rest[4 + length..];
        }
        Some(Self { start, entries })
    }

    /// Those of a message, or none.
    pub(super) fn entries(message: &[u8]) -> Vec<(ExtensionType, Vec<u8>)> {
        Self::of(message).map_or_else(Vec::new, |all| all.entries)
    }

    pub(super) fn find(&self, wanted: ExtensionType) -> Option<&[u8]> {
        let mut entries = self.entries.iter();
        entries.find(|(extension_type, _)| *extension_type == wanted).map(|(_, data)| &data[..])
    }

    /// Puts them into `message` in place of what is there; all lengths are those of what is in it.
    fn write(&self, message: &mut Vec<u8>) {
        let Some(old) = number(message, self.start, 2) else { return };
        let mut block = Vec::new();
        for (extension_type, data) in &self.entries {
            let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
            block.extend_from_slice(&extension_type.0.to_be_bytes());
            block.extend_from_slice(&length.to_be_bytes());
            block.extend_from_slice(data);
        }
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        let (end, new) = (self.start + 2 + old, block.len());
        message.splice(self.start..end, [&length.to_be_bytes()[..], &block].concat());
        let grow = |message: &mut Vec<u8>, at: usize| {
            let outer = number(message, at, 3).unwrap_or_default();
            let [.., a, b, c] = (outer + new).saturating_sub(old).to_be_bytes();
            message[at..at + 3].copy_from_slice(&[a, b, c]);
        };
        grow(message, 1);
        if HandshakeType(message[0]) == HandshakeType::CERTIFICATE {
            let context = usize::from(message[HEADER_BYTES]);
            grow(message, HEADER_BYTES + 1 + context);
        }
    }
}

/// A number of so many bytes at a place in `bytes`.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + length)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// Those that one implementation or the other knows, and two that nobody does.
const KNOWN: &[u16] = &[
    0, 5, 10, 11, 13, 16, 18, 19, 20, 21, 23, 27, 28, 35, 41, 42, 43, 44, 45, 47, 48, 49, 50, 51,
    57, 58, 0xfe0d, 0xff01, 0x0a0a, 0x4321,
];

/// Changes the extensions of a message; one without any stays as it is.
pub(super) fn change(script: &mut Script<'_>, message: &mut Vec<u8>) {
    let Some(mut extensions) = Extensions::of(message) else { return };
    let Extensions { entries, .. } = &mut extensions;
    let position = usize::from(script.byte()) % entries.len().max(1);
    let kind = script.byte() % 6;
    match (kind, entries.get_mut(position)) {
        (0, _) => {
            let added = (ExtensionType(script.choose(KNOWN)), script.bytes().to_vec());
            entries.insert(position, added);
        }
        (1, Some(_)) => drop(entries.remove(position)),
        (2, Some(entry)) => {
            let again = entry.clone();
            entries.push(again);
        }
        (3, Some((_, data))) => *data = script.bytes().to_vec(),
        (4, Some((_, data))) => {
            let at = usize::from(script.byte()) % data.len().max(1);
            let difference = script.byte();
            data.get_mut(at).into_iter().for_each(|byte| *byte ^= difference);
        }
        (5, Some((extension_type, _))) => *extension_type = ExtensionType(script.choose(KNOWN)),
        _ => {}
    }
    extensions.write(message);
}

/// How many changes there are said to be in what is new from end to end.
pub(super) const SEVERAL: usize = 2;

/// In how many places a message is not as its sender has said it: the end is one, and so is every
/// byte, or every type of extension if all else is the same.
pub(super) fn changes(honest: &[u8], message: &[u8]) -> usize {
    let bare = |message: &[u8]| {
        let Extensions { start, .. } = Extensions::of(message)?;
        let mut bare = message.to_vec();
        Extensions { start, entries: Vec::new() }.write(&mut bare);
        Some(bare)
    };
    let first = split(&[message, &[0]].concat()).first().map_or(0, Vec::len);
    match (bare(honest), bare(message)) {
        (Some(honest_bare), Some(bare)) if honest_bare == bare => {
            let honest = Extensions::entries(honest);
            changed(&honest, message).collect::<HashSet<_>>().len()
        }
        // What follows is read as something else.
        _ if first != message.len() => SEVERAL,
        _ if honest.len() == message.len() => {
            honest.iter().zip(message).filter(|(honest, byte)| honest != byte).count()
        }
        _ => {
            let (honest, body) = (&honest[HEADER_BYTES..], &message[HEADER_BYTES..]);
            if honest.starts_with(body) || body.starts_with(honest) { 1 } else { SEVERAL }
        }
    }
}

/// The types of the extensions that are in `message` and not among the honest ones, or the other
/// way round.
pub(super) fn changed(
    honest: &[(ExtensionType, Vec<u8>)],
    message: &[u8],
) -> impl Iterator<Item = ExtensionType> {
    let (mut missing, mut new) = (honest.to_vec(), Extensions::entries(message));
    new.retain(|entry| {
        let place = missing.iter().position(|honest| honest == entry);
        place.map(|place| missing.remove(place)).is_none()
    });
    new.into_iter().chain(missing).map(|(extension_type, _)| extension_type)
}
