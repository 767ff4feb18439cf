//! The end-entity certificate, as far as the handshake itself must read it: its public key, and
//! whether that key may sign (RFC 9846 §4.5.1.2). Paths, names and dates are judged elsewhere. A
//! raw public key is the same without all the rest.
//!
//! Whoever validates the path reads the same bytes with another parser. What is read here can only
//! reject more: anything that the two could understand differently counts as malformed.

use pki_types::alg_id;
use x509_parser::asn1_rs::Any;
use x509_parser::certificate::X509CertificateParser;
use x509_parser::extensions::{KeyUsage, X509Extension};
use x509_parser::nom::Parser;
use x509_parser::oid_registry::OID_X509_EXT_KEY_USAGE;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::failure::Cause;

/// The kind of a public key, by its SubjectPublicKeyInfo algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// rsaEncryption.
    Rsa,
    /// id-RSASSA-PSS without parameters, for any hash.
    RsaPss,
    /// id-RSASSA-PSS, for SHA-256 only.
    RsaPssSha256,
    /// id-RSASSA-PSS, for SHA-384 only.
    RsaPssSha384,
    /// id-RSASSA-PSS, for SHA-512 only.
    RsaPssSha512,
    /// id-ecPublicKey on P-256.
    EcdsaSecp256r1,
    /// id-ecPublicKey on P-384.
    EcdsaSecp384r1,
    /// id-ecPublicKey on P-521.
    EcdsaSecp521r1,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
}

impl KeyKind {
    /// The kind that `algorithm` names, the content of a DER AlgorithmIdentifier.
    ///
    /// RFC 9846 §4.3.3 wants PSS parameters in a key to be those of the signature, which leaves one
    /// value for each hash; RFC 4055 §2.1 allows two encodings of the hash in it.
    fn named(algorithm: &[u8]) -> Option<Self> {
        let known: [(&[u8], Self); 13] = [
            (&alg_id::RSA_ENCRYPTION, Self::Rsa),
            (RSA_PSS, Self::RsaPss),
            (&alg_id::RSA_PSS_SHA256, Self::RsaPssSha256),
            (&alg_id::RSA_PSS_SHA384, Self::RsaPssSha384),
            (&alg_id::RSA_PSS_SHA512, Self::RsaPssSha512),
            (RSA_PSS_SHA256_WITHOUT_NULL, Self::RsaPssSha256),
            (RSA_PSS_SHA384_WITHOUT_NULL, Self::RsaPssSha384),
            (RSA_PSS_SHA512_WITHOUT_NULL, Self::RsaPssSha512),
            (&alg_id::ECDSA_P256, Self::EcdsaSecp256r1),
            (&alg_id::ECDSA_P384, Self::EcdsaSecp384r1),
            (&alg_id::ECDSA_P521, Self::EcdsaSecp521r1),
            (&alg_id::ED25519, Self::Ed25519),
            (&alg_id::ED448, Self::Ed448),
        ];
        known.iter().find(|(identifier, _)| *identifier == algorithm).map(|&(_, kind)| kind)
    }
}

/// What the handshake needs of the end-entity certificate, or of the key that stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    kind: KeyKind,
    subject_public_key_info: Box<[u8]>,
    bytes_before_public_key: usize,
}

impl Leaf {
    /// Reads the first certificate of a chain.
    ///
    /// # Errors
    /// [`Cause::CertificateMalformed`] when it is not one DER certificate from first to last byte,
    /// [`Cause::CertificateTypeUnsupported`] for a key that is no [`KeyKind`], and
    /// [`Cause::CertificateCannotSign`] when it has a KeyUsage without digitalSignature.
    pub fn parse(der: &[u8]) -> Result<Self, Cause> {
        let malformed = Cause::CertificateMalformed;
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, certificate) = parser.parse(der).map_err(|_| malformed)?;
        let may_sign = may_sign(certificate.extensions())?;
        if !rest.is_empty() {
            return Err(malformed);
        }
        let leaf = Self::of(certificate.public_key(), malformed)?;
        if !may_sign {
            return Err(Cause::CertificateCannotSign);
        }
        Ok(leaf)
    }

    /// Reads a raw public key (RFC 7250 §3).
    ///
    /// # Errors
    /// [`Cause::RawPublicKeyMalformed`] when it is not one SubjectPublicKeyInfo in DER from first
    /// to last byte, and [`Cause::CertificateTypeUnsupported`] for a key that is no [`KeyKind`].
    pub fn parse_raw_public_key(der: &[u8]) -> Result<Self, Cause> {
        let malformed = Cause::RawPublicKeyMalformed;
        let (rest, key) = SubjectPublicKeyInfo::from_der(der).map_err(|_| malformed)?;
        if rest.is_empty() { Self::of(&key, malformed) } else { Err(malformed) }
    }

    fn of(key: &SubjectPublicKeyInfo<'_>, malformed: Cause) -> Result<Self, Cause> {
        let SubjectPublicKeyInfo { raw, subject_public_key: public_key, .. } = key;
        // The parser drops what follows the key inside the sequence; the sequence's own length,
        // which is then more than it kept, gives that away.
        let (_, sequence) = Any::from_der(raw).map_err(|_| malformed)?;
        let (_, algorithm) = Any::from_der(sequence.data).map_err(|_| malformed)?;
        // Nor does it mind lengths that are longer than DER has them.
        let bit_string = element_bytes(1 + public_key.data.len());
        let in_der = element_bytes(element_bytes(algorithm.data.len()) + bit_string);
        if raw.len() != in_der || public_key.unused_bits != 0 {
            return Err(malformed);
        }
        let kind = KeyKind::named(algorithm.data).ok_or(Cause::CertificateTypeUnsupported)?;
        let bytes_before_public_key =
            raw.len().checked_sub(public_key.data.len()).ok_or(malformed)?;
        Ok(Self { kind, subject_public_key_info: (*raw).into(), bytes_before_public_key })
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The DER SubjectPublicKeyInfo, exactly as it stands in the certificate, or by itself.
    #[must_use]
    pub fn subject_public_key_info(&self) -> &[u8] {
        &self.subject_public_key_info
    }

    /// The content of its BIT STRING `subjectPublicKey`, which is how algorithms take keys.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.subject_public_key_info.get(self.bytes_before_public_key..).unwrap_or_default()
    }
}

/// Whether KeyUsage, if there is one, has digitalSignature.
fn may_sign(extensions: &[X509Extension<'_>]) -> Result<bool, Cause> {
    let malformed = Cause::CertificateMalformed;
    let mut usages = extensions.iter().filter(|one| one.oid == OID_X509_EXT_KEY_USAGE);
    match (usages.next(), usages.next()) {
        (None, _) => Ok(true),
        (Some(usage), None) => {
            let (rest, usage) = KeyUsage::from_der(usage.value).map_err(|_| malformed)?;
            if rest.is_empty() { Ok(usage.digital_signature()) } else { Err(malformed) }
        }
        (Some(_), Some(_)) => Err(malformed),
    }
}

/// The length in DER of an element with so many bytes in it, fewer than 2^24.
const fn element_bytes(content: usize) -> usize {
    content
        + match content {
            0..=0x7f => 2,
            0x80..=0xff => 3,
            0x100..=0xffff => 4,
            _ => 5,
        }
}

const RSA_PSS: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

const RSA_PSS_SHA256_WITHOUT_NULL: &[u8] = b"\
    \x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x30\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\
    \x01\x65\x03\x04\x02\x01\xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\
    \x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\xa2\x03\x02\x01\x20";

const RSA_PSS_SHA384_WITHOUT_NULL: &[u8] = b"\
    \x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x30\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\
    \x01\x65\x03\x04\x02\x02\xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\
    \x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\xa2\x03\x02\x01\x30";

const RSA_PSS_SHA512_WITHOUT_NULL: &[u8] = b"\
    \x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x30\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\
    \x01\x65\x03\x04\x02\x03\xa1\x1a\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\
    \x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\xa2\x03\x02\x01\x40";
