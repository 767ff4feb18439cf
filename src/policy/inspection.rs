//! A readable account of a certificate, and of why it was rejected.
//!
//! x509-parser reads it and validates nothing; no certificate is accepted for what it says here.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use pki_types::UnixTime;
use x509_parser::asn1_rs::{Any, Oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName};
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::handshake::decision::CertificateFault;

/// Why a certificate was rejected: the fault, which becomes an alert, and an account for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The fault, as the peer may learn of it (RFC 9846 §6.2).
    pub fault: CertificateFault,
    /// What is wrong, in words.
    pub reason: String,
    /// The certificate in which it was found, if there is one that can be read.
    pub certificate: Option<Box<Inspection>>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.certificate {
            Some(certificate) => write!(f, "{certificate}: {}", self.reason),
            None => write!(f, "no readable certificate: {}", self.reason),
        }
    }
}

impl core::error::Error for Rejection {}

/// What a certificate says of itself.
///
/// The texts are escaped and shortened, because whoever made the certificate chose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Whom it was issued to.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// From when it is valid, in UTC.
    pub not_before: String,
    /// Until when it is valid, in UTC.
    pub not_after: String,
    /// Its subject alternative names: DNS names and addresses as they are, the others
    /// with their kind.
    pub names: Vec<String>,
    /// What the key may be used for; empty if the certificate sets no bounds.
    pub key_usages: String,
    /// The purposes of the certificate; empty if it sets no bounds.
    pub extended_key_usages: Vec<String>,
}

impl Inspection {
    /// Reads a certificate; `None` if it is not one DER certificate from first to last byte.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let names = certificate.subject_alternative_name().ok().flatten();
        let key_usages = certificate.key_usage().ok().flatten();
        let extended = certificate.extended_key_usage().ok().flatten();
        let validity = certificate.validity();
        Some(Self {
            subject: distinguished_name(certificate.subject()),
            issuer: distinguished_name(certificate.issuer()),
            not_before: utc_text(validity.not_before),
            not_after: utc_text(validity.not_after),
            names: names.iter().flat_map(|n| &n.value.general_names).map(name_text).collect(),
            key_usages: key_usages.map(|usage| usage.value.to_string()).unwrap_or_default(),
            extended_key_usages: extended.map(|e| purposes(e.value)).unwrap_or_default(),
        })
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate for {}, issued by {}", self.subject, self.issuer)?;
        write!(f, ", valid from {} to {}", self.not_before, self.not_after)?;
        let key_usages = core::slice::from_ref(&self.key_usages);
        for (what, texts) in [
            ("names", &*self.names),
            ("key usage", key_usages),
            ("extended key usage", &*self.extended_key_usages),
        ] {
            let shown: Vec<_> = texts.iter().take(SHOWN_TEXTS).map(String::as_str).collect();
            let shown = shown.join(", ");
            match texts.len().saturating_sub(SHOWN_TEXTS) {
                0 if shown.is_empty() => {}
                0 => write!(f, ", {what} {shown}")?,
                more => write!(f, ", {what} {shown} and {more} more")?,
            }
        }
        Ok(())
    }
}

/// The content of element `index` in the DER SEQUENCE `sequence`.
pub(super) fn element(sequence: &[u8], index: usize) -> Option<&[u8]> {
    let (_, outer) = Any::from_der(sequence).ok()?;
    let mut rest = outer.data;
    let elements = core::iter::from_fn(|| {
        let (after, element) = Any::from_der(rest).ok()?;
        rest = after;
        Some(element.data)
    });
    elements.into_iter().nth(index)
}

/// `time` in words, like the dates of an [`Inspection`].
pub(super) fn utc(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    let time = seconds.and_then(|seconds| ASN1Time::from_timestamp(seconds).ok());
    time.map_or_else(|| String::from("after the year 9999"), utc_text)
}

fn utc_text(time: ASN1Time) -> String {
    let t = time.to_datetime();
    let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
    let (hour, minute, second) = (t.hour(), t.minute(), t.second());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// No control character of a peer's reaches a terminal or a log.
fn readable(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).flat_map(char::escape_debug).collect()
}

fn distinguished_name(name: &X509Name<'_>) -> String {
    let attributes = name.iter_attributes().take(SHOWN_TEXTS).map(|attribute| {
        let kind = oid2abbrev(attribute.attr_type(), oid_registry());
        let kind = kind.map_or_else(|_| oid_text(attribute.attr_type()), String::from);
        [&*kind, "=", &*readable(attribute.as_str().unwrap_or("(not text)"))].concat()
    });
    attributes.collect::<Vec<_>>().join(", ")
}

/// In digits, but for those that are long: making digits of them takes time without bounds.
fn oid_text(oid: &Oid<'_>) -> String {
    if oid.as_bytes().len() > SHOWN_OID_BYTES {
        return String::from("(long OID)");
    }
    oid.to_id_string()
}

fn name_text(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => readable(name),
        GeneralName::IPAddress(address) => address_text(address),
        GeneralName::RFC822Name(address) => format!("email:{}", readable(address)),
        GeneralName::URI(uri) => format!("URI:{}", readable(uri)),
        GeneralName::DirectoryName(name) => format!("directory:{}", distinguished_name(name)),
        _ => String::from("(other name)"),
    }
}

fn address_text(address: &[u8]) -> String {
    let version_4 = <[u8; 4]>::try_from(address).map(|octets| Ipv4Addr::from(octets).to_string());
    let version_6 =
        || <[u8; 16]>::try_from(address).map(|octets| Ipv6Addr::from(octets).to_string());
    version_4.or_else(|_| version_6()).unwrap_or_else(|_| String::from("malformed address"))
}

fn purposes(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.into_iter().filter(|(set, _)| *set).map(|(_, name)| String::from(name));
    known.chain(usage.other.iter().map(oid_text)).collect()
}

/// Texts of one kind that are shown in an account.
const SHOWN_TEXTS: usize = 8;

/// Characters of one text that are kept; the longest DNS name has fewer.
const SHOWN_CHARACTERS: usize = 256;

/// The longest OID that is shown in digits.
const SHOWN_OID_BYTES: usize = 32;
