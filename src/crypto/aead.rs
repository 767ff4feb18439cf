//! Authenticated encryption of records: an algorithm, a key, and the two ends of a key's use.

use core::fmt;

use crate::crypto::secret::{Secret, passing};
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

/// What protects records under one traffic secret, and the sequence number (RFC 9846 §5.3).
struct TrafficKey {
    suite: &'static Suite,
    secret: Secret,
    /// Made of the secret when it is needed; the larger part by far.
    expanded: Option<Expanded>,
    sequence_number: u64,
}

/// Fills in the key that is made of a traffic secret, and returns the initialization vector
/// (RFC 9846 §7.3).
pub(crate) fn key_and_vector(
    suite: &Suite,
    traffic_secret: &Secret,
    key: &mut [u8],
) -> [u8; NONCE_BYTES] {
    let (secret, mut initialization_vector) = (traffic_secret.as_bytes(), [0; NONCE_BYTES]);
    suite.hash.expand_label_into(secret, "key", &[], key);
    suite.hash.expand_label_into(secret, "iv", &[], &mut initialization_vector);
    initialization_vector
}

/// A traffic key and its initialization vector.
struct Expanded {
    key: Box<dyn AeadKey>,
    initialization_vector: [u8; NONCE_BYTES],
}

impl Expanded {
    fn new(suite: &Suite, traffic_secret: &Secret) -> Self {
        let mut key = passing();
        let key = key.get_mut(..suite.aead.key_bytes()).unwrap_or_default();
        let initialization_vector = key_and_vector(suite, traffic_secret, key);
        Self { key: suite.aead.key(key), initialization_vector }
    }

    /// RFC 9846 §5.3: the sequence number, padded on the left, exclusive-or the vector.
    fn nonce(&self, sequence_number: u64) -> [u8; NONCE_BYTES] {
        let mut nonce = self.initialization_vector;
        for (byte, number) in
            nonce.iter_mut().skip(NONCE_BYTES - 8).zip(sequence_number.to_be_bytes())
        {
            *byte ^= number;
        }
        nonce
    }
}

impl TrafficKey {
    fn new(suite: &'static Suite, traffic_secret: &Secret, sequence_number: u64) -> Self {
        Self { suite, secret: traffic_secret.clone(), expanded: None, sequence_number }
    }

    /// The key, and the nonce of the next record.
    fn next(&mut self) -> (&dyn AeadKey, [u8; NONCE_BYTES]) {
        let Self { suite, secret, expanded, sequence_number } = self;
        let expanded = expanded.get_or_insert_with(|| Expanded::new(suite, secret));
        (expanded.key.as_ref(), expanded.nonce(*sequence_number))
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
    pub fn new(suite: &'static Suite, traffic_secret: &Secret) -> Self {
        Self::at(suite, traffic_secret, 0)
    }

    /// The sealer for `traffic_secret`, at this sequence number: each is used once.
    #[must_use]
    pub fn at(suite: &'static Suite, traffic_secret: &Secret, sequence_number: u64) -> Self {
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
        let (key, nonce) = self.key.next();
        let tag = key.seal(nonce, associated_data, content);
        self.key.advance()?;
        tag.map_err(|AeadFailed| Cause::CryptographyFailed)
    }

    /// Gives back the expanded key until the next record.
    pub fn park(&mut self) {
        self.key.expanded = None;
    }
}

/// A key that opens what we receive. It cannot seal.
pub struct Opener {
    key: TrafficKey,
}

impl Opener {
    /// The opener for `traffic_secret`, at sequence number 0.
    #[must_use]
    pub fn new(suite: &'static Suite, traffic_secret: &Secret) -> Self {
        Self::at(suite, traffic_secret, 0)
    }

    /// The opener for `traffic_secret`, at this sequence number.
    #[must_use]
    pub fn at(suite: &'static Suite, traffic_secret: &Secret, sequence_number: u64) -> Self {
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
        let (key, nonce) = self.key.next();
        let content = key
            .open(nonce, associated_data, protected)
            .map_err(|AeadFailed| Cause::RecordNotAuthentic)?;
        self.key.advance()?;
        Ok(content)
    }

    /// Gives back the expanded key until the next record.
    pub fn park(&mut self) {
        self.key.expanded = None;
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
