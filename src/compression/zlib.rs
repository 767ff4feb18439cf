//! zlib (RFC 1950), by miniz_oxide.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::compression::{CertificateCompression, DecompressionFailed};
use crate::registry::CertificateCompressionAlgorithm;

/// zlib (RFC 1950).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zlib {
    /// How hard it tries, from 0 to 10; more is slower and hardly shorter.
    pub level: u8,
}

impl Default for Zlib {
    /// Level 6, as everywhere.
    fn default() -> Self {
        Self { level: 6 }
    }
}

impl CertificateCompression for Zlib {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::ZLIB
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        let compressed = compress_to_vec_zlib(certificate, self.level.min(10));
        (compressed.len() < certificate.len()).then_some(compressed)
    }

    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed> {
        // The window is `certificate` itself, so there is nothing to allocate but the state.
        let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let mut state = Box::<DecompressorOxide>::default();
        let (status, read, written) = decompress(&mut state, compressed, certificate, 0, flags);
        let whole = read == compressed.len() && written == certificate.len();
        match status {
            TINFLStatus::Done if whole => Ok(()),
            _ => Err(DecompressionFailed),
        }
    }
}
