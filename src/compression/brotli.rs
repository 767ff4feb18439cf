//! Brotli (RFC 7932), by the crate of that name.

use ::brotli::BrotliCompress;
use ::brotli::enc::BrotliEncoderParams;
use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc,
};

use crate::compression::{CertificateCompression, DecompressionFailed};
use crate::registry::CertificateCompressionAlgorithm;

/// Brotli (RFC 7932).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brotli {
    /// How hard it tries, from 0 to 11. From 5 on it takes many times as long, for a few per cent:
    /// too long for each handshake, and nothing for whoever
    /// [remembers](crate::compression::Remembering).
    pub quality: u8,
}

impl Default for Brotli {
    /// Quality 4.
    fn default() -> Self {
        Self { quality: 4 }
    }
}

impl CertificateCompression for Brotli {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::BROTLI
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        let params = BrotliEncoderParams {
            quality: i32::from(self.quality.min(11)),
            lgwin: WINDOW_BITS,
            size_hint: certificate.len(),
            ..BrotliEncoderParams::default()
        };
        let mut compressed = Vec::new();
        BrotliCompress(&mut &*certificate, &mut compressed, &params).ok()?;
        (compressed.len() < certificate.len()).then_some(compressed)
    }

    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed> {
        let (mut unread, mut read) = (compressed.len(), 0);
        let (mut room, mut written, mut total) = (certificate.len(), 0, 0);
        let bounded = || Bounded { most: certificate.len().saturating_mul(2).max(LEAST_CELLS) };
        let mut state = BrotliState::new_strict(bounded(), bounded(), bounded());
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            compressed,
            &mut room,
            &mut written,
            certificate,
            &mut total,
            &mut state,
        );
        match result {
            BrotliResult::ResultSuccess if unread == 0 && room == 0 => Ok(()),
            _ => Err(DecompressionFailed),
        }
    }
}

/// The binary logarithm of the window: longer than chains are, and what the encoder allocates by.
const WINDOW_BITS: i32 = 16;

/// What a stream of any length may want at once: a window of 64 KiB, or the tables of a hundred
/// Huffman trees.
const LEAST_CELLS: usize = 1 << 17;

/// The allocator of a decoder: refuses what no certificate of the announced length has use for. A
/// stream can ask for a window of 16 MiB and have nothing to put into it.
struct Bounded {
    most: usize,
}

impl<T: Clone + Default> Allocator<T> for Bounded {
    type AllocatedMemory = <StandardAlloc as Allocator<T>>::AllocatedMemory;

    fn alloc_cell(&mut self, cells: usize) -> Self::AllocatedMemory {
        match cells <= self.most {
            true => StandardAlloc::default().alloc_cell(cells),
            false => Self::AllocatedMemory::default(),
        }
    }

    fn free_cell(&mut self, _: Self::AllocatedMemory) {}
}
