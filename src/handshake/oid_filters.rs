//! The conditions that a server sets for client certificates (RFC 9846 §4.3.5).

use crate::codec::List;
use crate::crypto::usage;
use crate::failure::Cause;
use crate::message::OidFilter;

/// That a server may send these: each extension once, and key usages that a certificate can have.
pub(crate) fn check(filters: List<'_, OidFilter<'_>>) -> Result<(), Cause> {
    let mut ids: Vec<_> = filters.iter().map(|filter| filter.certificate_extension_oid).collect();
    ids.sort_unstable();
    if ids.iter().zip(ids.iter().skip(1)).any(|(id, next)| id == next) {
        return Err(Cause::OidFilterRepeated);
    }
    let valid = filters.iter().all(|filter| {
        usage::is_valid(filter.certificate_extension_oid, filter.certificate_extension_values)
    });
    if valid { Ok(()) } else { Err(Cause::OidFilterInvalid) }
}

/// Whether a certificate, in DER, meets all of these as far as we know their extensions.
pub(crate) fn are_met(filters: List<'_, OidFilter<'_>>, certificate: &[u8]) -> bool {
    filters.iter().all(|filter| {
        let OidFilter { certificate_extension_oid, certificate_extension_values } = filter;
        usage::meets(certificate, certificate_extension_oid, certificate_extension_values)
    })
}
