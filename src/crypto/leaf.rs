//! The end-entity certificate, as far as the handshake itself must read it: its public key, and
//! whether that key may sign (RFC 9846 §4.5.1.2). Paths, names and dates are judged elsewhere. A
//! raw public key is the same without all the rest.
//!
//! Whoever validates the path reads the same bytes with another parser. What is read here can only
//! reject more: anything that the two could understand differently counts as malformed. What does
//! not bear on the key is left to the other.

use der::asn1::{AnyRef, BitStringRef};
use der::{Error, Reader, SliceReader, Tag, TagNumber, Tagged};
use pki_types::alg_id;

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
        let (key, extensions) = key_and_extensions(der).map_err(|_| malformed)?;
        let may_sign = may_sign(extensions).map_err(|_| malformed)?;
        let leaf = Self::of(key, malformed)?;
        if may_sign { Ok(leaf) } else { Err(Cause::CertificateCannotSign) }
    }

    /// Reads a raw public key (RFC 7250 §3).
    ///
    /// # Errors
    /// [`Cause::RawPublicKeyMalformed`] when it is not one SubjectPublicKeyInfo in DER from first
    /// to last byte, and [`Cause::CertificateTypeUnsupported`] for a key that is no [`KeyKind`].
    pub fn parse_raw_public_key(der: &[u8]) -> Result<Self, Cause> {
        Self::of(der, Cause::RawPublicKeyMalformed)
    }

    fn of(subject_public_key_info: &[u8], malformed: Cause) -> Result<Self, Cause> {
        let parts = algorithm_and_key(subject_public_key_info).map_err(|_| malformed)?;
        let (algorithm, public_key) = parts;
        let kind = KeyKind::named(algorithm).ok_or(Cause::CertificateTypeUnsupported)?;
        let bytes_before_public_key = subject_public_key_info.len().checked_sub(public_key.len());
        Ok(Self {
            kind,
            subject_public_key_info: subject_public_key_info.into(),
            bytes_before_public_key: bytes_before_public_key.ok_or(malformed)?,
        })
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

/// The SubjectPublicKeyInfo of a certificate, and what is in its `extensions` if it has the field
/// (RFC 5280 §4.1).
fn key_and_extensions(der: &[u8]) -> Result<(&[u8], Option<SliceReader<'_>>), Error> {
    let mut certificate = only(SliceReader::new(der)?, Tag::Sequence)?;
    let mut to_be_signed = element(&mut certificate, Tag::Sequence)?;
    let _signature_algorithm = element(&mut certificate, Tag::Sequence)?;
    let _signature_value: BitStringRef<'_> = certificate.decode()?;
    certificate.finish()?;
    let _version = optional(&mut to_be_signed, VERSION)?;
    let _serial_number = element(&mut to_be_signed, Tag::Integer)?;
    let _signature = element(&mut to_be_signed, Tag::Sequence)?;
    let _issuer = element(&mut to_be_signed, Tag::Sequence)?;
    let _validity = element(&mut to_be_signed, Tag::Sequence)?;
    let _subject = element(&mut to_be_signed, Tag::Sequence)?;
    let subject_public_key_info = to_be_signed.tlv_bytes()?;
    let _issuer_unique_id = optional(&mut to_be_signed, ISSUER_UNIQUE_ID)?;
    let _subject_unique_id = optional(&mut to_be_signed, SUBJECT_UNIQUE_ID)?;
    let extensions = optional(&mut to_be_signed, EXTENSIONS)?;
    to_be_signed.finish()?;
    Ok((subject_public_key_info, extensions))
}

/// The content of the AlgorithmIdentifier, and the key, of a SubjectPublicKeyInfo (RFC 5280 §4.1).
fn algorithm_and_key(der: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let mut fields = only(SliceReader::new(der)?, Tag::Sequence)?;
    let algorithm: AnyRef<'_> = fields.decode()?;
    algorithm.tag().assert_eq(Tag::Sequence)?;
    let key: BitStringRef<'_> = fields.decode()?;
    fields.finish()?;
    let key = key.as_bytes().ok_or_else(|| Tag::BitString.value_error())?;
    Ok((algorithm.value(), key))
}

/// Whether KeyUsage, if there is one, has digitalSignature (RFC 5280 §4.2.1.3).
fn may_sign(extensions: Option<SliceReader<'_>>) -> Result<bool, Error> {
    let Some(extensions) = extensions else { return Ok(true) };
    let mut extensions = only(extensions, Tag::Sequence)?;
    let mut usage = None;
    while !extensions.is_finished() {
        let mut extension = element(&mut extensions, Tag::Sequence)?;
        let id: AnyRef<'_> = extension.decode()?;
        id.tag().assert_eq(Tag::ObjectIdentifier)?;
        let _critical = optional(&mut extension, Tag::Boolean)?;
        let value = element(&mut extension, Tag::OctetString)?;
        extension.finish()?;
        if id.value() == KEY_USAGE && usage.replace(value).is_some() {
            return Err(Tag::ObjectIdentifier.value_error().into());
        }
    }
    let Some(mut usage) = usage else { return Ok(true) };
    let bits: BitStringRef<'_> = usage.decode()?;
    usage.finish()?;
    Ok(bits.get(DIGITAL_SIGNATURE).unwrap_or(false))
}

/// The content of the next element, which must have this tag.
fn element<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<SliceReader<'a>, Error> {
    let element: AnyRef<'a> = reader.decode()?;
    element.tag().assert_eq(tag)?;
    SliceReader::new(element.value())
}

/// The content of the next element if it has this tag.
fn optional<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<Option<SliceReader<'a>>, Error> {
    if !reader.is_finished() && Tag::peek(reader)? == tag {
        element(reader, tag).map(Some)
    } else {
        Ok(None)
    }
}

/// The content of the one element that there is, which must have this tag.
fn only<'a>(mut reader: SliceReader<'a>, tag: Tag) -> Result<SliceReader<'a>, Error> {
    let content = element(&mut reader, tag)?;
    reader.finish()?;
    Ok(content)
}

/// The tags of the optional fields of a TBSCertificate (RFC 5280 §4.1).
const VERSION: Tag = field(0, true);
const ISSUER_UNIQUE_ID: Tag = field(1, false);
const SUBJECT_UNIQUE_ID: Tag = field(2, false);
const EXTENSIONS: Tag = field(3, true);

const fn field(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(number) }
}

/// 2.5.29.15, without tag and length.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

/// Which bit of KeyUsage it is.
const DIGITAL_SIGNATURE: usize = 0;

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
