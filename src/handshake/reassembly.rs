//! Handshake messages out of arbitrary fragments (RFC 9846 §5.1).

use crate::codec::Reader;
use crate::failure::Cause;
use crate::limits::Limits;
use crate::message::HEADER_BYTES;
use crate::registry::HandshakeType;

/// The front of a stream of handshake messages.
pub(crate) enum Front<'a> {
    /// Not even a header.
    Nothing,
    /// A header, and not all of the body yet.
    Partial,
    /// A whole message, and what follows it.
    Whole { handshake_type: HandshakeType, encoded: &'a [u8], rest: &'a [u8] },
}

/// Looks at the front of `bytes`, which `gate` may refuse by its type.
///
/// # Errors
/// What `gate` says, and [`Cause::MessageTooLong`], as soon as the header is there.
pub(crate) fn front<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    gate: impl FnOnce(HandshakeType) -> Result<(), Cause>,
) -> Result<Front<'a>, Cause> {
    let mut reader = Reader::new(bytes);
    let (Ok(code), Ok(length)) = (reader.u8(), reader.u24()) else { return Ok(Front::Nothing) };
    let handshake_type = HandshakeType(code);
    gate(handshake_type)?;
    let limit = match handshake_type {
        HandshakeType::CERTIFICATE | HandshakeType::COMPRESSED_CERTIFICATE => {
            limits.certificate_message_bytes
        }
        _ => limits.message_bytes,
    };
    let length = usize::try_from(length).ok().filter(|&length| length <= limit);
    let length = length.ok_or(Cause::MessageTooLong)?;
    Ok(match bytes.split_at_checked(HEADER_BYTES + length) {
        Some((encoded, rest)) => Front::Whole { handshake_type, encoded, rest },
        None => Front::Partial,
    })
}

/// The bytes that could not be used when they came: a part of a message, or messages that wait
/// behind an open question.
#[derive(Debug, Default)]
pub(crate) struct Held(Vec<u8>);

impl Held {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes everything out, with `more` behind it.
    pub(crate) fn take_with(&mut self, more: &[u8]) -> Vec<u8> {
        let mut all = core::mem::take(&mut self.0);
        all.extend_from_slice(more);
        all
    }

    /// Puts `bytes` back, of which the last `remaining` are still unused.
    pub(crate) fn put_back(&mut self, mut bytes: Vec<u8>, remaining: usize) {
        if remaining > 0 {
            bytes.drain(..bytes.len().saturating_sub(remaining));
            self.0 = bytes;
        }
    }

    /// Keeps `bytes` behind what is there.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}
