//! How certificates are compressed (RFC 8879): an algorithm is a value, as cryptography is.
//!
//! A configuration lists the algorithms it has, in order of preference. All of them are offered for
//! what the peer sends; what we send is compressed by the first that the peer offers as well.

#[cfg(feature = "brotli")]
pub mod brotli;
#[cfg(feature = "zlib")]
pub mod zlib;

use core::fmt;
use std::collections::VecDeque;
use std::sync::Mutex;

use crate::failure::Cause;
use crate::registry::CertificateCompressionAlgorithm;

/// An algorithm that makes certificates shorter.
pub trait CertificateCompression: Send + Sync + fmt::Debug {
    /// The code point.
    fn algorithm(&self) -> CertificateCompressionAlgorithm;

    /// The body of a Certificate, compressed; `None` if it is to be sent as it is, because nothing
    /// is gained. The same body always gives the same result.
    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>>;

    /// Fills `certificate` with what the whole of `compressed` stands for.
    ///
    /// A peer wrote `compressed` that nobody knows yet. It may stand for more than there is room
    /// for, and what this takes in memory and time must not grow with that.
    ///
    /// # Errors
    /// [`DecompressionFailed`] when `compressed` is broken, stands for another number of bytes, or
    /// goes on behind its end.
    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed>;
}

/// What the peer compressed does not come to what it announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecompressionFailed;

impl From<DecompressionFailed> for Cause {
    fn from(_: DecompressionFailed) -> Self {
        Self::CompressedCertificateInvalid
    }
}

/// An algorithm that remembers what it has compressed. A server sends the same few certificates to
/// everybody, and can so afford to compress them well.
pub struct Remembering<Compression> {
    compression: Compression,
    most: usize,
    remembered: Mutex<VecDeque<Remembered>>,
}

/// A body and its compressed form.
type Remembered = (Vec<u8>, Option<Vec<u8>>);

impl<Compression> Remembering<Compression> {
    /// Remembers the last `most` bodies. Each certificate chain has one, and another one for
    /// clients that want nothing stapled to it. What a client answers after the handshake is a new
    /// one each time, because it repeats the context of its request.
    #[must_use]
    pub const fn new(compression: Compression, most: usize) -> Self {
        Self { compression, most, remembered: Mutex::new(VecDeque::new()) }
    }

    fn recall(&self, certificate: &[u8]) -> Option<Option<Vec<u8>>> {
        let remembered = self.remembered.lock().ok()?;
        let found = remembered.iter().find(|(body, _)| body == certificate);
        found.map(|(_, compressed)| compressed.clone())
    }

    fn remember(&self, certificate: &[u8], compressed: &Option<Vec<u8>>) {
        let Ok(mut remembered) = self.remembered.lock() else { return };
        remembered.push_front((certificate.to_vec(), compressed.clone()));
        remembered.truncate(self.most);
    }
}

impl<Compression: CertificateCompression> CertificateCompression for Remembering<Compression> {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.compression.algorithm()
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        self.recall(certificate).unwrap_or_else(|| {
            let compressed = self.compression.compress(certificate);
            self.remember(certificate, &compressed);
            compressed
        })
    }

    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed> {
        self.compression.decompress(compressed, certificate)
    }
}

impl<Compression: fmt::Debug> fmt::Debug for Remembering<Compression> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembering")
            .field("compression", &self.compression)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
