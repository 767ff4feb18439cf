//! What no configuration may say.

use crate::codec::{List, Reader, Vector};
use crate::crypto::Provider;
use crate::failure::Misuse;
use crate::handshake::oid_filters;
use crate::message::{OidFilter, ProtocolName};
use crate::registry::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};

pub(super) fn offer(
    provider: &Provider,
    cipher_suites: &Vector<CipherSuite>,
    groups: &Vector<NamedGroup>,
    signature_schemes: &Vector<SignatureScheme>,
) -> Result<(), Misuse> {
    if !cipher_suites.list().iter().any(|id| provider.suite(id).is_some()) {
        return Err(Misuse::Configuration("no cipher suite that the provider has"));
    }
    if !groups.list().iter().any(|id| provider.group(id).is_some()) {
        return Err(Misuse::Configuration("no group that the provider has"));
    }
    let mut earlier = Vec::new();
    for group in groups.list().iter() {
        if earlier.contains(&group) {
            return Err(Misuse::Configuration("a group that is listed twice"));
        }
        earlier.push(group);
    }
    if !signature_schemes.list().iter().any(|scheme| provider.signature(scheme).is_some()) {
        return Err(Misuse::Configuration("no signature scheme that the provider has"));
    }
    Ok(())
}

/// RFC 9846 §4.5.1: there is no third type.
pub(super) fn certificate_types(types: &Vector<CertificateType>) -> Result<(), Misuse> {
    let known = [CertificateType::X509, CertificateType::RAW_PUBLIC_KEY];
    if types.is_empty() || !types.list().iter().all(|of| known.contains(&of)) {
        return Err(Misuse::Configuration("types of certificate are X509, RAW_PUBLIC_KEY or both"));
    }
    Ok(())
}

pub(super) fn protocols(protocols: &Vector<ProtocolName<'static>>) -> Result<(), Misuse> {
    List::<ProtocolName<'_>>::parse(Reader::new(protocols.list().as_bytes()))
        .map_err(|_| Misuse::Configuration("an application protocol with an empty name"))?;
    Ok(())
}

/// RFC 9846 §4.3.5: what a client would refuse is not asked for.
pub(super) fn filters(filters: &Vector<OidFilter<'static>>) -> Result<(), Misuse> {
    List::<OidFilter<'_>>::parse(Reader::new(filters.list().as_bytes()))
        .and_then(oid_filters::check)
        .map_err(|_| Misuse::Configuration("an OID filter that may not be sent"))
}

/// RFC 8449 §4: at least 64, and no more than the protocol's own limit.
pub(super) fn record_size_limit(limit: Option<u16>) -> Result<(), Misuse> {
    match limit {
        None | Some(64..=16_385) => Ok(()),
        Some(_) => Err(Misuse::Configuration("record_size_limit is not from 64 to 16,385")),
    }
}
