//! Records out: fragmented, padded and sealed where they will be sent from (RFC 9846 §5).

use core::num::NonZeroU16;

use crate::alert::Alert;
use crate::crypto::Sealer;
use crate::crypto::aead::TAG_BYTES;
use crate::epoch::Role;
use crate::failure::Cause;
use crate::key_schedule::TrafficSecret;
use crate::record::{
    CHANGE_CIPHER_SPEC_BODY, CONTENT_TYPE_BYTES, HEADER_BYTES, Header, MAXIMUM_PLAINTEXT_BYTES,
};
use crate::registry::{ContentType, ProtocolVersion};

/// How far protected records are padded, to hide how long their contents are (RFC 9846 §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Padding {
    /// Not at all.
    #[default]
    None,
    /// Until content, content type and padding together are a multiple of this many bytes, or the
    /// record is full. A multiple of more than a record holds makes every record full.
    ToMultipleOf(NonZeroU16),
}

/// The sending direction of the record protocol.
#[derive(Debug)]
pub struct Outbound {
    sealer: Option<Sealer>,
    padding: Padding,
    maximum_fragment_bytes: usize,
    version: ProtocolVersion,
}

impl Outbound {
    /// A direction without a key.
    #[must_use]
    pub const fn new(role: Role, padding: Padding) -> Self {
        let version = match role {
            Role::Client => INITIAL_CLIENT_HELLO_VERSION,
            Role::Server => ProtocolVersion::TLS12,
        };
        Self { sealer: None, padding, maximum_fragment_bytes: MAXIMUM_PLAINTEXT_BYTES, version }
    }

    /// Protects what follows under a key of `secret`.
    pub fn set_key(&mut self, secret: &TrafficSecret) {
        self.sealer = Some(Sealer::new(secret.suite, secret.secret()));
    }

    /// Gives back what can be made again of the secret when the next record comes.
    pub fn park(&mut self) {
        if let Some(sealer) = &mut self.sealer {
            sealer.park();
        }
    }

    /// Protects what follows under a key of `secret` that has been in use: this is the number of
    /// the next record.
    pub fn carry_on(&mut self, secret: &TrafficSecret, sequence_number: u64) {
        self.sealer = Some(Sealer::at(secret.suite, secret.secret(), sequence_number));
    }

    /// The number of the next record; `None` without a key.
    #[must_use]
    pub fn sequence_number(&self) -> Option<u64> {
        self.sealer.as_ref().map(Sealer::sequence_number)
    }

    /// The most bytes of content in one record.
    #[must_use]
    pub const fn maximum_fragment_bytes(&self) -> usize {
        self.maximum_fragment_bytes
    }

    /// How far records are padded.
    #[must_use]
    pub const fn padding(&self) -> Padding {
        self.padding
    }

    /// Drops the key; the connection is over.
    pub fn forget_key(&mut self) {
        self.sealer = None;
    }

    /// Puts at most `bytes` bytes of content into a record, at least 2 (an alert is never split)
    /// and never more than before, and pads no further than to one more. A peer's
    /// `record_size_limit` is one more than what belongs here, as it counts the content type too
    /// (RFC 8449 §4).
    pub fn limit_fragments(&mut self, bytes: usize) {
        self.maximum_fragment_bytes = bytes.clamp(ALERT_BYTES, self.maximum_fragment_bytes);
    }

    /// How many more records of application data this key may protect; `None` without a key.
    ///
    /// At zero the key still has a few records for what must follow: KeyUpdate or EndOfEarlyData,
    /// and alerts (RFC 9846 §5.5).
    #[must_use]
    pub fn remaining_records(&self) -> Option<u64> {
        self.sealer.as_ref().map(|sealer| sealer.remaining().saturating_sub(RESERVED_RECORDS))
    }

    /// Appends `messages` in as few records as possible; the caller ends a call where a record has
    /// to end (RFC 9846 §5.1).
    ///
    /// # Errors
    /// [`Cause::KeyUsageExhausted`]; a failure of the provider. The record at fault is not there.
    pub fn handshake(&mut self, messages: &[u8], output: &mut Vec<u8>) -> Result<(), Cause> {
        let sent = self.slice(ContentType::HANDSHAKE, messages, output);
        // RFC 9846 §5.1: only an initial ClientHello, and nothing precedes that.
        self.version = ProtocolVersion::TLS12;
        sent
    }

    /// Appends an alert, in a record of its own (RFC 9846 §5.1).
    ///
    /// # Errors
    /// As [`handshake`](Self::handshake).
    pub fn alert(&mut self, alert: Alert, output: &mut Vec<u8>) -> Result<(), Cause> {
        self.slice(ContentType::ALERT, &alert.to_wire(), output)
    }

    /// Appends `data` in as few records as possible; none for empty data.
    ///
    /// # Errors
    /// [`Cause::KeyUsageExhausted`], and nothing is appended, if it takes more than
    /// [`remaining_records`](Self::remaining_records) or there is no key; else as
    /// [`handshake`](Self::handshake).
    pub fn application_data(&mut self, data: &[u8], output: &mut Vec<u8>) -> Result<(), Cause> {
        self.check_remaining_records(data.len())?;
        self.slice(ContentType::APPLICATION_DATA, data, output)
    }

    /// Appends `bytes` bytes of application data in as few records as possible, which `fill` puts
    /// where they are sealed: for each record in turn it gets as many zeros as belong there.
    ///
    /// # Errors
    /// As [`application_data`](Self::application_data).
    pub fn application_data_with(
        &mut self,
        bytes: usize,
        output: &mut Vec<u8>,
        mut fill: impl FnMut(&mut [u8]),
    ) -> Result<(), Cause> {
        self.check_remaining_records(bytes)?;
        self.fragments(ContentType::APPLICATION_DATA, bytes, output, |bytes, output| {
            let start = output.len();
            output.resize(start + bytes, 0);
            fill(output.get_mut(start..).unwrap_or_default());
        })
    }

    fn check_remaining_records(&self, bytes: usize) -> Result<(), Cause> {
        let records = bytes.div_ceil(self.maximum_fragment_bytes);
        let remaining = self.remaining_records().unwrap_or(0);
        let is_within = u64::try_from(records).is_ok_and(|records| records <= remaining);
        is_within.then_some(()).ok_or(Cause::KeyUsageExhausted)
    }

    /// Appends the compatibility record, which is never protected (RFC 9846 §5, §E.4).
    pub fn change_cipher_spec(&self, output: &mut Vec<u8>) {
        let [body] = CHANGE_CIPHER_SPEC_BODY;
        let header = Header { content_type: ContentType::CHANGE_CIPHER_SPEC, length: 1 };
        output.extend_from_slice(&header.to_wire(ProtocolVersion::TLS12));
        output.push(body);
    }

    /// Exactly how many bytes a call appends for `content_bytes` bytes of content: headers, padding
    /// and tags included, under the key, padding and fragment limit of now.
    #[must_use]
    pub fn sealed_bytes(&self, content_bytes: usize) -> usize {
        let full_records = content_bytes / self.maximum_fragment_bytes;
        let full_record_bytes = HEADER_BYTES + self.body_bytes(self.maximum_fragment_bytes);
        let last_record_bytes = match content_bytes % self.maximum_fragment_bytes {
            0 => 0,
            rest => HEADER_BYTES + self.body_bytes(rest),
        };
        full_records.saturating_mul(full_record_bytes).saturating_add(last_record_bytes)
    }

    /// The length of the body of one record with `content_bytes` bytes of content.
    fn body_bytes(&self, content_bytes: usize) -> usize {
        match self.sealer {
            Some(_) => self.inner_plaintext_bytes(content_bytes) + TAG_BYTES,
            None => content_bytes,
        }
    }

    fn inner_plaintext_bytes(&self, content_bytes: usize) -> usize {
        let unpadded = content_bytes + CONTENT_TYPE_BYTES;
        match self.padding {
            Padding::None => unpadded,
            Padding::ToMultipleOf(multiple) => unpadded
                .next_multiple_of(usize::from(multiple.get()))
                .min(self.maximum_fragment_bytes + CONTENT_TYPE_BYTES),
        }
    }

    /// Appends `content` in as few records as possible.
    fn slice(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), Cause> {
        let mut fragments = content.chunks(self.maximum_fragment_bytes);
        self.fragments(content_type, content.len(), output, |_, output| {
            output.extend_from_slice(fragments.next().unwrap_or_default());
        })
    }

    /// Appends `bytes` bytes in as few records as possible, of each of which `append` appends the
    /// content, so many bytes.
    fn fragments(
        &mut self,
        content_type: ContentType,
        bytes: usize,
        output: &mut Vec<u8>,
        mut append: impl FnMut(usize, &mut Vec<u8>),
    ) -> Result<(), Cause> {
        output.reserve(self.sealed_bytes(bytes));
        let mut rest = bytes;
        while rest > 0 {
            let fragment = rest.min(self.maximum_fragment_bytes);
            rest -= fragment;
            self.record(content_type, fragment, output, |output| append(fragment, output))?;
        }
        Ok(())
    }

    /// Appends one record. Its room is there already.
    fn record(
        &mut self,
        content_type: ContentType,
        content_bytes: usize,
        output: &mut Vec<u8>,
        append: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Cause> {
        let body_bytes = self.body_bytes(content_bytes);
        let length = u16::try_from(body_bytes).map_err(|_| Cause::Unencodable)?;
        let Some(sealer) = &mut self.sealer else {
            output.extend_from_slice(&Header { content_type, length }.to_wire(self.version));
            append(output);
            return Ok(());
        };
        let header = Header { content_type: ContentType::APPLICATION_DATA, length }
            .to_wire(ProtocolVersion::TLS12);
        let start = output.len();
        output.extend_from_slice(&header);
        append(output);
        output.push(content_type.0);
        output.resize(start + HEADER_BYTES + body_bytes.saturating_sub(TAG_BYTES), 0);
        let body = output.get_mut(start + HEADER_BYTES..).unwrap_or_default();
        match sealer.seal(&header, body) {
            Ok(tag) => output.extend_from_slice(&tag),
            Err(cause) => {
                output.truncate(start);
                return Err(cause);
            }
        }
        Ok(())
    }
}

const ALERT_BYTES: usize = 2;

/// Records of each key that application data leaves for a KeyUpdate or EndOfEarlyData and for the
/// alerts that end a connection.
const RESERVED_RECORDS: u64 = 4;

/// RFC 9846 §5.1: for old middleboxes, in an initial ClientHello only.
const INITIAL_CLIENT_HELLO_VERSION: ProtocolVersion = ProtocolVersion(0x0301);
