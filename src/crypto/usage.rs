//! What a certificate's key may be used for, and whether that includes what somebody wants: the two
//! extensions for which RFC 9846 §4.3.5 defines matching.

use x509_parser::asn1_rs::{FromDer, Oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::KeyUsage;
use x509_parser::oid_registry::{OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_KEY_USAGE};

/// What such an extension says.
#[derive(Debug)]
enum Usages<'a> {
    /// Key Usage: a bit each.
    Bits(u16),
    /// Extended Key Usage: an OID each.
    Purposes(Vec<Oid<'a>>),
}

impl<'a> Usages<'a> {
    /// The value of the extension `id`, in DER, from first to last byte.
    fn of(id: &Oid<'_>, value: &'a [u8]) -> Option<Self> {
        let (rest, usages) = if *id == OID_X509_EXT_KEY_USAGE {
            let (rest, usage) = KeyUsage::from_der(value).ok()?;
            (rest, Self::Bits(usage.flags))
        } else {
            let (rest, purposes) = <Vec<Oid<'_>>>::from_der(value).ok()?;
            (rest, Self::Purposes(purposes))
        };
        rest.is_empty().then_some(usages)
    }

    fn include(&self, wanted: &Usages<'_>) -> bool {
        match (self, wanted) {
            (Self::Bits(own), Usages::Bits(wanted)) => own & wanted == *wanted,
            (Self::Purposes(own), Usages::Purposes(wanted)) => {
                wanted.iter().all(|purpose| own.contains(purpose))
            }
            _ => false,
        }
    }
}

/// The extension that `oid` names in DER, if it is one of the two.
fn known(oid: &[u8]) -> Option<Oid<'_>> {
    let (rest, id) = Oid::from_der(oid).ok()?;
    let known = [OID_X509_EXT_KEY_USAGE, OID_X509_EXT_EXTENDED_KEY_USAGE].contains(&id);
    (rest.is_empty() && known).then_some(id)
}

/// Whether a filter is one that may be used: of an extension that we do not know, without values,
/// or with values in DER that are not `anyExtendedKeyUsage`.
#[must_use]
pub fn is_valid(oid: &[u8], values: &[u8]) -> bool {
    let Some(id) = known(oid).filter(|_| !values.is_empty()) else { return true };
    match Usages::of(&id, values) {
        Some(Usages::Purposes(purposes)) => {
            purposes.iter().all(|purpose| purpose.as_bytes() != ANY_EXTENDED_KEY_USAGE)
        }
        Some(Usages::Bits(_)) => true,
        None => false,
    }
}

/// Whether the certificate has the extension that the filter names, with all of its values. A
/// filter of an extension that we do not know is met by all.
#[must_use]
pub fn meets(certificate: &[u8], oid: &[u8], values: &[u8]) -> bool {
    let Some(id) = known(oid) else { return true };
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let Ok(Some(extension)) = certificate.get_extension_unique(&id) else { return false };
    let own = Usages::of(&id, extension.value);
    let wanted = Usages::of(&id, values);
    values.is_empty() || own.zip(wanted).is_some_and(|(own, wanted)| own.include(&wanted))
}

/// 2.5.29.37.0, without tag and length.
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
