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

    /// Makes one record of application data where it lies in `record`, behind room for a header.
    /// Returns how many bytes of `record` that takes; `None` if they are not all there, or if so
    /// many bytes of content are more than one record takes, or none.
    ///
    /// # Errors
    /// [`Cause::KeyUsageExhausted`] without a key or near its limit, [`Cause::CryptographyFailed`].
    pub fn application_data_in_place(
        &mut self,
        record: &mut [u8],
        content_bytes: usize,
    ) -> Result<Option<usize>, Cause> {
        if !(1..=self.maximum_fragment_bytes).contains(&content_bytes) {
            return Ok(None);
        }
        let record_bytes = self.record_bytes(content_bytes);
        let Some(record) = record.get_mut(..record_bytes) else { return Ok(None) };
        self.check_remaining_records(content_bytes)?;
        let sealer = self.sealer.as_mut().ok_or(Cause::KeyUsageExhausted)?;
        protect(sealer, ContentType::APPLICATION_DATA, content_bytes, record)?;
        Ok(Some(record_bytes))
    }

    fn check_remaining_records(&self, bytes: usize) -> Result<(), Cause> {
        let remaining = self.remaining_records().unwrap_or(0);
        let is_within = |records| u64::try_from(records).is_ok_and(|records| records <= remaining);
        // Each record has a byte at least. Most often that settles it, without a division.
        let fits = is_within(bytes) || is_within(bytes.div_ceil(self.maximum_fragment_bytes));
        fits.then_some(()).ok_or(Cause::KeyUsageExhausted)
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
        let maximum = self.maximum_fragment_bytes;
        // Most often there is one, and no need to divide.
        if (1..=maximum).contains(&content_bytes) {
            return self.record_bytes(content_bytes);
        }
        let (full_records, full_record_bytes) =
            (content_bytes / maximum, self.record_bytes(maximum));
        let last_record_bytes = match content_bytes % maximum {
            0 => 0,
            rest => self.record_bytes(rest),
        };
        full_records.saturating_mul(full_record_bytes).saturating_add(last_record_bytes)
    }

    /// The length of one record with so many bytes of content.
    fn record_bytes(&self, content_bytes: usize) -> usize {
        match self.sealer {
            Some(_) => HEADER_BYTES + self.inner_plaintext_bytes(content_bytes) + TAG_BYTES,
            None => HEADER_BYTES + content_bytes,
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
        let (start, record_bytes) = (output.len(), self.record_bytes(content_bytes));
        let Some(sealer) = &mut self.sealer else {
            let length = u16::try_from(content_bytes).map_err(|_| Cause::Unencodable)?;
            output.extend_from_slice(&Header { content_type, length }.to_wire(self.version));
            append(output);
            return Ok(());
        };
        output.extend_from_slice(&[0; HEADER_BYTES]);
        append(output);
        output.resize(start + record_bytes, 0);
        let record = output.get_mut(start..).unwrap_or_default();
        let protected = protect(sealer, content_type, content_bytes, record);
        if protected.is_err() {
            output.truncate(start);
        }
        protected
    }
}

/// Makes a record of all of `record`, in which the content lies behind room for the header: around
/// it come header, content type, padding and tag (RFC 9846 §5.2).
fn protect(
    sealer: &mut Sealer,
    content_type: ContentType,
    content_bytes: usize,
    record: &mut [u8],
) -> Result<(), Cause> {
    let (header, body) = record.split_first_chunk_mut().ok_or(Cause::Unencodable)?;
    let length = u16::try_from(body.len()).map_err(|_| Cause::Unencodable)?;
    *header = Header { content_type: ContentType::APPLICATION_DATA, length }
        .to_wire(ProtocolVersion::TLS12);
    let (inner, tag) = body.split_last_chunk_mut().ok_or(Cause::Unencodable)?;
    let (first, padding) = inner
        .get_mut(content_bytes..)
        .and_then(<[u8]>::split_first_mut)
        .ok_or(Cause::Unencodable)?;
    *first = content_type.0;
    padding.fill(0);
    *tag = sealer.seal(header, inner)?;
    Ok(())
}

const ALERT_BYTES: usize = 2;

/// Records of each key that application data leaves for a KeyUpdate or EndOfEarlyData and for the
/// alerts that end a connection.
const RESERVED_RECORDS: u64 = 4;

/// RFC 9846 §5.1: for old middleboxes, in an initial ClientHello only.
const INITIAL_CLIENT_HELLO_VERSION: ProtocolVersion = ProtocolVersion(0x0301);
