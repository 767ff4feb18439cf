//! Certificates that travel compressed (RFC 8879), for either role.

use std::sync::Arc;

use crate::codec::{List, Vector, Writer};
use crate::compression::CertificateCompression;
use crate::failure::Cause;
use crate::limits::Limits;
use crate::message::{self, CompressedCertificate, HEADER_BYTES};
use crate::registry::{CertificateCompressionAlgorithm, HandshakeType};

/// Algorithms, in order of preference.
pub(crate) type Compressions = [Arc<dyn CertificateCompression>];

/// Their code points, for `compress_certificate`.
pub(crate) fn offered(ours: &Compressions) -> Vector<CertificateCompressionAlgorithm> {
    ours.iter().map(|compression| compression.algorithm()).collect()
}

/// The first of ours that the peer offers.
pub(crate) fn in_common(
    ours: &Compressions,
    theirs: Option<List<'_, CertificateCompressionAlgorithm>>,
) -> Option<Arc<dyn CertificateCompression>> {
    let theirs = theirs?;
    ours.iter().find(|compression| theirs.contains(compression.algorithm())).cloned()
}

/// A Certificate of ours, compressed.
pub(crate) struct Compressed {
    algorithm: CertificateCompressionAlgorithm,
    uncompressed_length: u32,
    bytes: Vec<u8>,
}

impl Compressed {
    pub(crate) fn message(&self) -> CompressedCertificate<'_> {
        CompressedCertificate {
            algorithm: self.algorithm,
            uncompressed_length: self.uncompressed_length,
            compressed_certificate_message: &self.bytes,
        }
    }
}

/// Compresses the body of a Certificate; none if it is sent as it is.
pub(crate) fn compress(
    compression: &dyn CertificateCompression,
    certificate: impl FnOnce(&mut Writer<'_>),
) -> Result<Option<Compressed>, Cause> {
    let mut plain = Vec::new();
    message::encode(HandshakeType::CERTIFICATE, &mut plain, certificate)?;
    let body = plain.get(HEADER_BYTES..).unwrap_or_default();
    let uncompressed_length = u32::try_from(body.len()).map_err(|_| Cause::Unencodable)?;
    let algorithm = compression.algorithm();
    let compressed = compression.compress(body);
    Ok(compressed.map(|bytes| Compressed { algorithm, uncompressed_length, bytes }))
}

/// The body of the Certificate that the peer has compressed.
pub(crate) fn decompress(
    ours: &Compressions,
    compressed: &CompressedCertificate<'_>,
    limits: &Limits,
) -> Result<Vec<u8>, Cause> {
    let compression = ours.iter().find(|own| own.algorithm() == compressed.algorithm);
    let compression = compression.ok_or(Cause::CompressionNotOffered)?;
    let length = usize::try_from(compressed.uncompressed_length).ok();
    let length = length.filter(|&length| length <= limits.certificate_message_bytes);
    let mut body = vec![0; length.ok_or(Cause::CompressedCertificateTooLong)?];
    compression.decompress(compressed.compressed_certificate_message, &mut body)?;
    Ok(body)
}
