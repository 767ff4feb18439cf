//! Records in: delimited, opened in place, and what must be dropped dropped (RFC 9846 §5).
//!
//! What a header alone can settle is settled before the body arrives. A failure is final: the
//! caller does not come back after one.

use crate::alert::{AlertClass, AlertDescription};
use crate::crypto::Opener;
use crate::epoch::Role;
use crate::failure::Cause;
use crate::key_schedule::TrafficSecret;
use crate::limits::Limits;
use crate::record::{CHANGE_CIPHER_SPEC_BODY, HEADER_BYTES, Header, MAXIMUM_INNER_PLAINTEXT_BYTES};
use crate::registry::ContentType;

/// The receiving direction of the record protocol.
#[derive(Debug)]
pub struct Inbound {
    role: Role,
    limits: Limits,
    opener: Option<Opener>,
    /// The longest content of a protected record, type and padding included.
    inner_plaintext_bytes: usize,
    /// Whether a record has been opened under any key: the peer has keys, its plaintext is over.
    peer_has_keys: bool,
    change_cipher_spec_window_is_open: bool,
    change_cipher_specs_left: u32,
    empty_records_left: u32,
    /// How many bytes of rejected early data may still be dropped; `None` when none is expected.
    early_data_bytes_to_skip: Option<usize>,
}

/// The record that was at the front of the input.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'b> {
    /// How many bytes of the input it took, header included.
    pub consumed: usize,
    /// What was in it.
    pub content: Content<'b>,
}

/// The content of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Content<'b> {
    /// Bytes of handshake messages, at least one.
    Handshake(&'b [u8]),
    /// An alert, its bytes as they came.
    Alert {
        /// The level byte.
        level: u8,
        /// The description byte.
        description: u8,
        /// Whether it was encrypted; a plaintext alert may come from anyone.
        protected: bool,
    },
    /// Application data, possibly empty; always protected.
    ApplicationData(&'b mut [u8]),
    /// Nothing: a legal `change_cipher_spec`, or early data that was rejected.
    Dropped,
}

impl Inbound {
    /// A direction without a key.
    #[must_use]
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            opener: None,
            inner_plaintext_bytes: MAXIMUM_INNER_PLAINTEXT_BYTES,
            peer_has_keys: false,
            change_cipher_spec_window_is_open: false,
            change_cipher_specs_left: limits.change_cipher_specs,
            empty_records_left: limits.empty_records,
            early_data_bytes_to_skip: None,
        }
    }

    /// Opens what follows under a key of `secret`. No handshake message may be partial now
    /// (RFC 9846 §5.1), which the caller has checked.
    pub fn set_key(&mut self, secret: &TrafficSecret) {
        self.opener = Some(Opener::new(secret.suite, secret.secret()));
    }

    /// Opens what follows under a key of `secret` that the peer, long connected, has been using:
    /// this is the number of its next record.
    pub fn carry_on(&mut self, secret: &TrafficSecret, sequence_number: u64) {
        self.opener = Some(Opener::at(secret.suite, secret.secret(), sequence_number));
        self.peer_has_keys = true;
        self.close_change_cipher_spec_window();
    }

    /// The number of the next record; `None` without a key.
    #[must_use]
    pub fn sequence_number(&self) -> Option<u64> {
        self.opener.as_ref().map(Opener::sequence_number)
    }

    /// The longest content of a protected record, type and padding included.
    #[must_use]
    pub const fn record_size_limit(&self) -> usize {
        self.inner_plaintext_bytes
    }

    /// Holds protected records to our own `record_size_limit`, which counts content, content type
    /// and padding (RFC 8449 §4).
    pub fn set_record_size_limit(&mut self, bytes: usize) {
        self.inner_plaintext_bytes = bytes.min(MAXIMUM_INNER_PLAINTEXT_BYTES);
    }

    /// Gives back what can be made again of the secret when the next record comes.
    pub fn park(&mut self) {
        if let Some(opener) = &mut self.opener {
            opener.park();
        }
    }

    /// Drops the key; the connection is over.
    pub fn forget_key(&mut self) {
        self.opener = None;
    }

    /// Expects early data that was rejected and drops it, up to the limit (RFC 9846 §4.3.10).
    ///
    /// While there is no key (after HelloRetryRequest) every `application_data` record is dropped,
    /// until the first handshake record. With a key, every record that does not open is dropped,
    /// until the first that does.
    pub const fn skip_early_data(&mut self) {
        self.early_data_bytes_to_skip = Some(self.limits.skipped_early_data_bytes);
    }

    /// From now on a compatibility `change_cipher_spec` record is dropped (RFC 9846 §5). The client
    /// calls this when it has sent, the server when it has received, the first ClientHello.
    pub const fn open_change_cipher_spec_window(&mut self) {
        self.change_cipher_spec_window_is_open = true;
    }

    /// From now on a `change_cipher_spec` record is a failure: the peer's Finished has come.
    pub const fn close_change_cipher_spec_window(&mut self) {
        self.change_cipher_spec_window_is_open = false;
    }

    /// Takes the next record off the front of `input`, in place; `None` if not all of it is there.
    ///
    /// `message_is_partial` says that the last handshake record ended inside a message. Then only
    /// handshake bytes may follow (RFC 9846 §5.1), or an error alert, which ends everything anyway.
    ///
    /// # Errors
    /// The rule of RFC 9846 §5 that the record breaks.
    pub fn next<'b>(
        &mut self,
        input: &'b mut [u8],
        message_is_partial: bool,
    ) -> Result<Option<Record<'b>>, Cause> {
        let Some((&mut header_bytes, rest)) = input.split_first_chunk_mut::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = Header::from_wire(header_bytes);
        self.admit(header, message_is_partial)?;
        let Some((body, _)) = rest.split_at_mut_checked(usize::from(header.length)) else {
            return Ok(None);
        };
        let consumed = HEADER_BYTES + body.len();
        let content = match header.content_type {
            ContentType::CHANGE_CIPHER_SPEC => self.drop_change_cipher_spec(body)?,
            ContentType::APPLICATION_DATA => self.open(header_bytes, body, message_is_partial)?,
            content_type => self.content(content_type, body, message_is_partial, false)?,
        };
        Ok(Some(Record { consumed, content }))
    }

    /// All that a header can settle.
    fn admit(&self, header: Header, message_is_partial: bool) -> Result<(), Cause> {
        header.check()?;
        let keyed = self.opener.is_some();
        match header.content_type {
            ContentType::CHANGE_CIPHER_SPEC
                if !self.change_cipher_spec_window_is_open
                    || message_is_partial
                    || usize::from(header.length) != CHANGE_CIPHER_SPEC_BODY.len() =>
            {
                Err(Cause::UnexpectedChangeCipherSpec)
            }
            ContentType::HANDSHAKE if keyed => Err(Cause::UnexpectedRecordType),
            ContentType::ALERT if keyed && !self.may_be_plaintext_alert(header) => {
                Err(Cause::UnexpectedRecordType)
            }
            ContentType::APPLICATION_DATA if !keyed && message_is_partial => {
                Err(Cause::MessageInterleaved)
            }
            ContentType::APPLICATION_DATA if !keyed && self.early_data_bytes_to_skip.is_none() => {
                Err(Cause::UnexpectedApplicationData)
            }
            _ => Ok(()),
        }
    }

    /// A client that fails on the server's flight may do so before it has keys (RFC 9846 §A.1); a
    /// server has sent its own flight under keys, so from a server this cannot be.
    fn may_be_plaintext_alert(&self, header: Header) -> bool {
        self.role == Role::Server && !self.peer_has_keys && header.length == 2
    }

    fn drop_change_cipher_spec(&mut self, body: &[u8]) -> Result<Content<'static>, Cause> {
        if body != CHANGE_CIPHER_SPEC_BODY {
            return Err(Cause::UnexpectedChangeCipherSpec);
        }
        self.change_cipher_specs_left =
            self.change_cipher_specs_left.checked_sub(1).ok_or(Cause::TooManyChangeCipherSpecs)?;
        Ok(Content::Dropped)
    }

    fn open<'b>(
        &mut self,
        header: [u8; HEADER_BYTES],
        body: &'b mut [u8],
        message_is_partial: bool,
    ) -> Result<Content<'b>, Cause> {
        let body_bytes = body.len();
        let opened = match &mut self.opener {
            Some(opener) => opener.open(&header, body),
            None => Err(Cause::RecordNotAuthentic),
        };
        let inner_plaintext = match (opened, self.early_data_bytes_to_skip) {
            (Err(Cause::RecordNotAuthentic), Some(left)) => return self.skip(left, body_bytes),
            (opened, _) => opened?,
        };
        self.peer_has_keys = true;
        self.early_data_bytes_to_skip = None;
        if inner_plaintext.len() > self.inner_plaintext_bytes {
            return Err(Cause::RecordTooLong);
        }
        let (content_type, content) = split_inner_plaintext(inner_plaintext)?;
        self.content(content_type, content, message_is_partial, true)
    }

    fn skip(&mut self, left: usize, body_bytes: usize) -> Result<Content<'static>, Cause> {
        // An empty record counts too, or there could be any number of them.
        let left = left.checked_sub(body_bytes.max(1)).ok_or(Cause::EarlyDataTooLong)?;
        self.early_data_bytes_to_skip = Some(left);
        Ok(Content::Dropped)
    }

    fn content<'b>(
        &mut self,
        content_type: ContentType,
        content: &'b mut [u8],
        message_is_partial: bool,
        protected: bool,
    ) -> Result<Content<'b>, Cause> {
        match content_type {
            ContentType::HANDSHAKE if content.is_empty() => Err(Cause::EmptyFragment),
            ContentType::HANDSHAKE => {
                self.early_data_bytes_to_skip = None;
                self.empty_records_left = self.limits.empty_records;
                Ok(Content::Handshake(content))
            }
            ContentType::ALERT => alert(content, message_is_partial, protected),
            ContentType::APPLICATION_DATA if message_is_partial => Err(Cause::MessageInterleaved),
            ContentType::APPLICATION_DATA => {
                self.empty_records_left = if content.is_empty() {
                    self.empty_records_left.checked_sub(1).ok_or(Cause::TooManyEmptyRecords)?
                } else {
                    self.limits.empty_records
                };
                Ok(Content::ApplicationData(content))
            }
            ContentType::CHANGE_CIPHER_SPEC => Err(Cause::UnexpectedChangeCipherSpec),
            _ => Err(Cause::UnexpectedRecordType),
        }
    }
}

/// The content type is the last byte that is not zero; what follows it is padding, what precedes it
/// content (RFC 9846 §5.4).
fn split_inner_plaintext(inner: &mut [u8]) -> Result<(ContentType, &mut [u8]), Cause> {
    let end = inner.iter().rposition(|&byte| byte != 0).ok_or(Cause::RecordWithoutContentType)?;
    match inner.split_at_mut_checked(end) {
        Some((content, [content_type, ..])) => Ok((ContentType(*content_type), content)),
        _ => Err(Cause::RecordWithoutContentType),
    }
}

fn alert(
    content: &[u8],
    message_is_partial: bool,
    protected: bool,
) -> Result<Content<'static>, Cause> {
    let (level, description) = match *content {
        [] => return Err(Cause::EmptyFragment),
        [level, description] => (level, description),
        _ => return Err(Cause::AlertMalformed),
    };
    match AlertDescription(description).class() {
        AlertClass::Closure(_) if message_is_partial => Err(Cause::MessageInterleaved),
        _ => Ok(Content::Alert { level, description, protected }),
    }
}
