//! Authenticated encryption of records: an algorithm, a key, and the two ends of a key's use.

use core::fmt;
use std::sync::Arc;

use crate::crypto::secret::Secret;
use crate::crypto::suite::Suite;
use crate::failure::Cause;

/// The length of a nonce, in bytes (RFC 9846 §5.3).
pub const NONCE_BYTES: usize = 12;
/// The length of an authentication tag, in bytes.
pub const TAG_BYTES: usize = 16;

/// An AEAD algorithm with 12-byte nonces and 16-byte tags.
pub trait Aead: Send + Sync + fmt::Debug {
    /// The key length in bytes.
    fn key_bytes(&self) -> usize;

    /// How many records one key may protect (RFC 9846 §5.5).
    fn confidentiality_limit(&self) -> u64;

    /// Expands a key of [`key_bytes`](Self::key_bytes) bytes.
    fn key(&self, key: &[u8]) -> Box<dyn AeadKey>;
}

/// An expanded key.
pub trait AeadKey: Send + Sync {
    /// Encrypts `content` in place; the tag belongs behind it.
    ///
    /// # Errors
    /// When the library refuses, which it does for no input that fits a record.
    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], AeadFailed>;

    /// Decrypts ciphertext and tag in place and returns the content in front.
    ///
    /// # Errors
    /// When the tag does not fit. The bytes are then unspecified.
    fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        protected: &'a mut [u8],
    ) -> Result<&'a mut [u8], AeadFailed>;
}

/// An AEAD operation did not succeed; why is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AeadFailed;

/// A traffic key, its initialization vector and its sequence number (RFC 9846 §5.3, §7.3).
struct TrafficKey {
    key: Box<dyn AeadKey>,
    initialization_vector: [u8; NONCE_BYTES],
    sequence_number: u64,
}

/// The key and the initialization vector that are made from a traffic secret (RFC 9846 §7.3).
pub(crate) fn key_and_vector(suite: &'static Suite, traffic_secret: &Secret) -> (Secret, Secret) {
    let expanded = |bytes, label| {
        Secret::filled(bytes, |out| {
            suite.hash.expand_label_into(traffic_secret, label, &[], out);
        })
    };
    (expanded(suite.aead.key_bytes(), "key"), expanded(NONCE_BYTES, "iv"))
}

impl TrafficKey {
    fn new(suite: &'static Suite, traffic_secret: &Secret, sequence_number: u64) -> Self {
        let (key, vector) = key_and_vector(suite, traffic_secret);
        let initialization_vector = vector.as_bytes().first_chunk().copied().unwrap_or_default();
        Self { key: suite.aead.key(key.as_bytes()), initialization_vector, sequence_number }
    }

    /// RFC 9846 §5.3: the sequence number, padded on the left, exclusive-or the vector.
    fn nonce(&self) -> [u8; NONCE_BYTES] {
        let mut nonce = self.initialization_vector;
        for (byte, number) in
            nonce.iter_mut().skip(NONCE_BYTES - 8).zip(self.sequence_number.to_be_bytes())
        {
            *byte ^= number;
        }
        nonce
    }

    fn advance(&mut self) -> Result<(), Cause> {
        self.sequence_number =
            self.sequence_number.checked_add(1).ok_or(Cause::KeyUsageExhausted)?;
        Ok(())
    }
}

/// A key that protects what we send. It cannot open.
pub struct Sealer {
    key: TrafficKey,
    limit: u64,
}

impl Sealer {
    /// The sealer for `traffic_secret`, at sequence number 0.
    #[must_use]
    pub fn new(suite: &'static Suite, traffic_secret: &Arc<Secret>) -> Self {
        Self::at(suite, traffic_secret, 0)
    }

    /// The sealer for `traffic_secret`, at this sequence number: each is used once.
    #[must_use]
    pub fn at(suite: &'static Suite, traffic_secret: &Arc<Secret>, sequence_number: u64) -> Self {
        Self {
            key: TrafficKey::new(suite, traffic_secret, sequence_number),
            limit: suite.aead.confidentiality_limit(),
        }
    }

    /// The number of the next record.
    #[must_use]
    pub const fn sequence_number(&self) -> u64 {
        self.key.sequence_number
    }

    /// How many more records this key may protect.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.key.sequence_number)
    }

    /// Encrypts `content` in place under the next sequence number and returns the tag.
    ///
    /// # Errors
    /// [`Cause::KeyUsageExhausted`] at the limit of RFC 9846 §5.5.
    pub fn seal(
        &mut self,
        associated_data: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Cause> {
        if self.remaining() == 0 {
            return Err(Cause::KeyUsageExhausted);
        }
        let nonce = self.key.nonce();
        self.key.advance()?;
        self.key
            .key
            .seal(nonce, associated_data, content)
            .map_err(|AeadFailed| Cause::CryptographyFailed)
    }
}

/// A key that opens what we receive. It cannot seal.
pub struct Opener {
    key: TrafficKey,
}

impl Opener {
    /// The opener for `traffic_secret`, at sequence number 0.
    #[must_use]
    pub fn new(suite: &'static Suite, traffic_secret: &Arc<Secret>) -> Self {
        Self::at(suite, traffic_secret, 0)
    }

    /// The opener for `traffic_secret`, at this sequence number.
    #[must_use]
    pub fn at(suite: &'static Suite, traffic_secret: &Arc<Secret>, sequence_number: u64) -> Self {
        Self { key: TrafficKey::new(suite, traffic_secret, sequence_number) }
    }

    /// The number of the next record.
    #[must_use]
    pub const fn sequence_number(&self) -> u64 {
        self.key.sequence_number
    }

    /// Decrypts one record in place; the sequence number moves only on success, so that rejected
    /// early data can be tried and dropped (RFC 9846 §4.3.10).
    ///
    /// # Errors
    /// [`Cause::RecordNotAuthentic`]; [`Cause::KeyUsageExhausted`] when there is no next sequence
    /// number, which RFC 9846 §5.3 forbids to wrap.
    pub fn open<'a>(
        &mut self,
        associated_data: &[u8],
        protected: &'a mut [u8],
    ) -> Result<&'a mut [u8], Cause> {
        let nonce = self.key.nonce();
        let content = self
            .key
            .key
            .open(nonce, associated_data, protected)
            .map_err(|AeadFailed| Cause::RecordNotAuthentic)?;
        self.key.advance()?;
        Ok(content)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("sequence_number", &self.key.sequence_number)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("sequence_number", &self.key.sequence_number)
            .finish_non_exhaustive()
    }
}
