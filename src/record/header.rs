//! The five bytes in front of every record (RFC 9846 §5.1).

use crate::failure::Cause;
use crate::record::{MAXIMUM_CIPHERTEXT_BYTES, MAXIMUM_PLAINTEXT_BYTES};
use crate::registry::{ContentType, ProtocolVersion};

/// The length of a record's header.
pub const HEADER_BYTES: usize = 5;

/// A record's header as it was received, without its version.
///
/// RFC 9846 §5.1: `legacy_record_version` "MUST be ignored for all purposes", so it is not kept;
/// the bytes that authenticate a protected record still contain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The outer content type; `application_data` for every protected record.
    pub content_type: ContentType,
    /// The number of bytes that follow the header.
    pub length: u16,
}

/// The header of the record at the front of `input`, once all of it is there; nothing is checked.
///
/// It lets a caller leave a record where it is, while a question waits for its answer.
#[must_use]
pub fn peek(input: &[u8]) -> Option<Header> {
    input.first_chunk().copied().map(Header::from_wire)
}

impl Header {
    /// Reads the five bytes; any value can be held.
    #[must_use]
    pub const fn from_wire([content_type, _, _, high, low]: [u8; HEADER_BYTES]) -> Self {
        Self { content_type: ContentType(content_type), length: u16::from_be_bytes([high, low]) }
    }

    /// The five bytes.
    #[must_use]
    pub const fn to_wire(self, version: ProtocolVersion) -> [u8; HEADER_BYTES] {
        let [major, minor] = version.0.to_be_bytes();
        let [high, low] = self.length.to_be_bytes();
        [self.content_type.0, major, minor, high, low]
    }

    /// That such a record exists at all, whatever the state of the connection.
    ///
    /// # Errors
    /// [`Cause::UnexpectedRecordType`] for an unknown type, as other protocols begin with;
    /// [`Cause::RecordTooLong`] above the limits of RFC 9846 §5.1 and §5.2.
    pub fn check(self) -> Result<(), Cause> {
        let limit = match self.content_type {
            ContentType::CHANGE_CIPHER_SPEC | ContentType::ALERT | ContentType::HANDSHAKE => {
                MAXIMUM_PLAINTEXT_BYTES
            }
            ContentType::APPLICATION_DATA => MAXIMUM_CIPHERTEXT_BYTES,
            _ => return Err(Cause::UnexpectedRecordType),
        };
        if usize::from(self.length) > limit { Err(Cause::RecordTooLong) } else { Ok(()) }
    }
}
