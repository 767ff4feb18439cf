//! The compressions that the runner has for certificates: each exchanges what is in front of one.

use std::sync::Arc;

use countersign::compression::{CertificateCompression, DecompressionFailed};
use countersign::registry::CertificateCompressionAlgorithm;

use crate::stop::Stop;

/// Writes `compressed` where `plain` is.
#[derive(Debug)]
struct Exchange {
    code: u16,
    plain: &'static [u8],
    compressed: &'static [u8],
}

/// In the order of preference that the runner expects: the first makes certificates longer, the
/// second shorter, and what the third puts there may be anything.
const ALL: [Exchange; 3] = [
    Exchange { code: 0xff02, plain: &[], compressed: &[1, 2, 3, 4] },
    Exchange { code: 0xff01, plain: &[0, 0], compressed: &[] },
    Exchange { code: 0xff03, plain: &[], compressed: &[0x5a] },
];

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn CertificateCompression>> {
    ALL.into_iter().map(|exchange| Arc::new(exchange) as _).collect()
}

/// The one with this code point.
pub(crate) fn one(code: u16) -> Result<Vec<Arc<dyn CertificateCompression>>, Stop> {
    let found: Vec<_> = all().into_iter().filter(|own| own.algorithm().0 == code).collect();
    match found.is_empty() {
        true => Err(Stop::Unimplemented(format!("the compression {code}"))),
        false => Ok(found),
    }
}

impl CertificateCompression for Exchange {
    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm(self.code)
    }

    fn compress(&self, certificate: &[u8]) -> Option<Vec<u8>> {
        certificate.strip_prefix(self.plain).map(|rest| [self.compressed, rest].concat())
    }

    fn decompress(
        &self,
        compressed: &[u8],
        certificate: &mut [u8],
    ) -> Result<(), DecompressionFailed> {
        let split = compressed.split_at_checked(self.compressed.len());
        let plain = split.map(|(_, rest)| [self.plain, rest].concat());
        let plain = plain.filter(|plain| plain.len() == certificate.len());
        certificate.copy_from_slice(&plain.ok_or(DecompressionFailed)?);
        Ok(())
    }
}
