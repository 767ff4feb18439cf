//! A compression that a test can do by hand.

use countersign::compression::{CertificateCompression, DecompressionFailed};
use countersign::registry::CertificateCompressionAlgorithm;

/// Turns the bytes round, and calls that compressed.
#[derive(Clone, Copy, Debug)]
pub struct Reversed;

impl Reversed {
    /// A code point for private use.
    pub const ALGORITHM: CertificateCompressionAlgorithm = CertificateCompressionAlgorithm(0xff00);
}

impl CertificateCompression for Reversed {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        Self::ALGORITHM
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        Some(certificate.iter().rev().copied().collect())
    }

    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed> {
        if compressed.len() != certificate.len() {
            return Err(DecompressionFailed);
        }
        certificate.copy_from_slice(compressed);
        certificate.reverse();
        Ok(())
    }
}
