//! Who we are: certificate chains and raw public keys with their private keys, and the choice among
//! them.

use core::fmt;
use std::sync::Arc;

use pki_types::pem::PemObject;
use pki_types::{
    AlgorithmIdentifier, CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, alg_id,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroize;

use super::inspection::{Inspection, element};
use super::signer::SigningKey;
use crate::crypto::leaf::Leaf;
use crate::crypto::ring::SIGNATURES;
use crate::crypto::signature::fits;
use crate::failure::Cause;
use crate::handshake::decision::{CertificateChain, ChainEntry, OwnCertificate};
use crate::message::is_timestamp_list;
use crate::registry::{CertificateType, SignatureScheme};

/// A certificate chain or a raw public key, and the private key if it is in memory.
#[derive(Debug)]
pub struct Credential {
    certificate: OwnCertificate,
    key: Option<SigningKey>,
    schemes: Vec<SignatureScheme>,
    names: Vec<String>,
    links: Vec<Link>,
}

/// By whom, and with which schemes, a certificate of the chain is signed.
#[derive(Debug)]
struct Link {
    issuer: Vec<u8>,
    self_issued: bool,
    schemes: &'static [SignatureScheme],
}

impl Credential {
    /// Reads a chain, end entity first, and its private key from PEM texts, which may be the same.
    /// The key is in PKCS #8, SEC 1 or PKCS #1, and not encrypted.
    ///
    /// # Errors
    /// [`CredentialFault::Pem`], [`CredentialFault::NoKey`], and as [`Self::new`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CredentialFault> {
        let chain: Result<CertificateChain, _> = CertificateDer::pem_slice_iter(chain).collect();
        Self::with_pem_key(chain.map_err(|_| CredentialFault::Pem)?, key)
    }

    /// Reads a raw public key (RFC 7250), under the label `PUBLIC KEY`, and its private key as
    /// [`Self::from_pem`] does.
    ///
    /// # Errors
    /// [`CredentialFault::Pem`] also without such a label, [`CredentialFault::NoKey`], and as
    /// [`Self::new`].
    pub fn raw_public_key_from_pem(public: &[u8], key: &[u8]) -> Result<Self, CredentialFault> {
        let public = SubjectPublicKeyInfoDer::from_pem_slice(public);
        Self::with_pem_key(public.map_err(|_| CredentialFault::Pem)?, key)
    }

    fn with_pem_key(
        certificate: impl Into<OwnCertificate>,
        key: &[u8],
    ) -> Result<Self, CredentialFault> {
        let mut key = match PrivateKeyDer::pem_slice_iter(key).next() {
            Some(key) => key.map_err(|_| CredentialFault::Pem)?,
            None => return Err(CredentialFault::NoKey),
        };
        let credential = Self::new(certificate, &key);
        key.zeroize();
        credential
    }

    /// A chain, with what is stapled to it, and the private key of its first certificate, or a raw
    /// public key and its private key: ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 to 4096
    /// bits.
    ///
    /// # Errors
    /// [`CredentialFault::NoCertificate`]; [`CredentialFault::Certificate`] if one cannot be used;
    /// [`CredentialFault::KeyUnsupported`]; [`CredentialFault::KeyMalformed`] if the private key is
    /// none of the certificate's kind; [`CredentialFault::KeyMismatch`] if it is another's.
    pub fn new(
        certificate: impl Into<OwnCertificate>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, CredentialFault> {
        let certificate = certificate.into();
        let leaf = end_entity(&certificate)?;
        let key = SigningKey::of(&leaf, key)?;
        let known = SIGNATURES.iter().map(|algorithm| algorithm.scheme);
        let schemes = known.filter(|scheme| fits(*scheme, leaf.kind())).collect();
        Self::assemble(certificate, Some(key), schemes)
    }

    /// A chain or raw public key whose private key is elsewhere, in a hardware module say, and
    /// signs with these schemes: it is chosen like any other, and the question to sign is handed
    /// back.
    ///
    /// # Errors
    /// [`CredentialFault::NoCertificate`]; [`CredentialFault::Certificate`] if one cannot be used;
    /// [`CredentialFault::SchemeDoesNotFit`] if a scheme is not for the end entity's kind of key.
    pub fn with_key_elsewhere(
        certificate: impl Into<OwnCertificate>,
        schemes: Vec<SignatureScheme>,
    ) -> Result<Self, CredentialFault> {
        let certificate = certificate.into();
        check_schemes(&certificate, &schemes)?;
        Self::assemble(certificate, None, schemes)
    }

    /// Signs with these schemes and no others: with fewer than the key could, or with those of
    /// RFC 9963 too, which nothing else brings in.
    ///
    /// # Errors
    /// [`CredentialFault::SchemeDoesNotFit`] if a scheme is not for the end entity's kind of key.
    pub fn with_schemes(mut self, schemes: Vec<SignatureScheme>) -> Result<Self, CredentialFault> {
        check_schemes(&self.certificate, &schemes)?;
        self.schemes = schemes;
        Ok(self)
    }

    fn assemble(
        certificate: OwnCertificate,
        key: Option<SigningKey>,
        schemes: Vec<SignatureScheme>,
    ) -> Result<Self, CredentialFault> {
        let entries = certificate.entries();
        let links: Option<_> = entries.iter().map(|entry| link(&entry.certificate)).collect();
        let links = links.ok_or(CredentialFault::Certificate(Cause::CertificateMalformed))?;
        let inspection = entries.first().and_then(|leaf| Inspection::of(&leaf.certificate));
        let names = inspection.map(|inspection| inspection.names).unwrap_or_default();
        Ok(Self { certificate, key, schemes, names, links })
    }

    /// Staples an OCSP response, in DER, to the end entity (RFC 9846 §4.5.1.1); not to a raw public
    /// key.
    #[must_use]
    pub fn with_ocsp_response(self, response: Vec<u8>) -> Self {
        self.stapled(|leaf| leaf.ocsp_response = Some(response))
    }

    /// Adds a SignedCertificateTimestampList to the end entity (RFC 6962 §3.3); not to a raw public
    /// key.
    ///
    /// # Errors
    /// [`CredentialFault::TimestampsMalformed`] if it is none, which peers would not put up with.
    pub fn with_signed_certificate_timestamps(
        self,
        list: Vec<u8>,
    ) -> Result<Self, CredentialFault> {
        match is_timestamp_list(&list) {
            true => Ok(self.stapled(|leaf| leaf.signed_certificate_timestamps = Some(list))),
            false => Err(CredentialFault::TimestampsMalformed),
        }
    }

    fn stapled(mut self, staple: impl FnOnce(&mut ChainEntry)) -> Self {
        if let OwnCertificate::Chain(chain) = &mut self.certificate {
            Arc::make_mut(chain).entries.first_mut().map(staple);
        }
        self
    }

    /// The certificates and what is stapled to them, or the raw public key.
    #[must_use]
    pub const fn certificate(&self) -> &OwnCertificate {
        &self.certificate
    }

    /// The schemes that the key signs with.
    #[must_use]
    pub fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    /// The subject alternative names of the end entity, wildcards included; a raw public key has
    /// none.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The signature of `message`; `None` if the key is elsewhere, is not for `scheme`, or fails.
    #[must_use]
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.as_ref().filter(|_| self.schemes.contains(&scheme))?;
        key.sign(scheme, message)
    }

    /// Whether this is the credential that was selected, and its key is here. What is stapled may
    /// differ.
    pub(super) fn can_sign_for(&self, selected: &OwnCertificate) -> bool {
        let is_it = match (&self.certificate, selected) {
            (OwnCertificate::Chain(own), OwnCertificate::Chain(selected)) => {
                let (own, selected) = (own.entries.first(), selected.entries.first());
                own.map(|leaf| &leaf.certificate) == selected.map(|leaf| &leaf.certificate)
            }
            (own, selected) => own == selected,
        };
        self.key.is_some() && is_it
    }

    /// Whether the certificate bears exactly this name.
    pub(super) fn bears(&self, name: &[u8]) -> bool {
        self.names.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether a wildcard of the certificate stands for this name, one label for the asterisk.
    pub(super) fn covers(&self, name: &[u8]) -> bool {
        let mut labels = name.splitn(2, |byte| *byte == b'.');
        let (Some([_, ..]), Some(parent)) = (labels.next(), labels.next()) else { return false };
        let wildcards = self.names.iter().filter_map(|own| own.strip_prefix("*."));
        wildcards.into_iter().any(|own| own.as_bytes().eq_ignore_ascii_case(parent))
    }

    /// Whether one of these authorities issued a certificate of the chain (RFC 9846 §4.3.4).
    pub(super) fn is_issued_by(&self, authorities: &[&[u8]]) -> bool {
        self.links.iter().any(|link| authorities.contains(&link.issuer.as_slice()))
    }

    /// Whether the signatures in the chain are all of these schemes; that of a root does not count.
    fn is_signed_with(&self, schemes: &[SignatureScheme]) -> bool {
        let mut links = self.links.iter().filter(|link| !link.self_issued);
        links.all(|link| link.schemes.iter().any(|scheme| schemes.contains(scheme)))
    }

    fn needs_sha1(&self) -> bool {
        let mut links = self.links.iter().filter(|link| !link.self_issued);
        links.any(|link| link.schemes.iter().any(|scheme| SHA1.contains(scheme)))
    }
}

/// The credentials of this type, in order.
pub(super) fn of_type(
    credentials: &[Credential],
    wanted: CertificateType,
) -> impl Iterator<Item = &Credential> {
    credentials.iter().filter(move |own| own.certificate.certificate_type() == wanted)
}

/// The credential for a peer that verifies these schemes, in the peer's order, then in ours. One
/// whose chain the peer can verify throughout goes before all others (RFC 9846 §4.5.1.2). One with
/// SHA-1 in its chain goes last, and only to a peer that verifies that.
pub(super) fn first_fitting<'a>(
    credentials: &[&'a Credential],
    schemes: &[SignatureScheme],
    certificate_schemes: &[SignatureScheme],
) -> Option<(&'a Credential, SignatureScheme)> {
    let fitting = || {
        schemes.iter().flat_map(|scheme| {
            let able = credentials.iter().filter(|own| own.schemes.contains(scheme));
            able.map(|own| (*own, *scheme))
        })
    };
    let verifiable = || fitting().filter(|(own, _)| own.is_signed_with(certificate_schemes));
    verifiable()
        .find(|(own, _)| !own.needs_sha1())
        .or_else(|| verifiable().next())
        .or_else(|| fitting().find(|(own, _)| !own.needs_sha1()))
}

fn end_entity(certificate: &OwnCertificate) -> Result<Leaf, CredentialFault> {
    let leaf = match certificate {
        OwnCertificate::Chain(chain) => {
            let leaf = chain.entries.first().ok_or(CredentialFault::NoCertificate)?;
            Leaf::parse(&leaf.certificate)
        }
        OwnCertificate::RawPublicKey(key) => Leaf::parse_raw_public_key(key),
    };
    leaf.map_err(CredentialFault::Certificate)
}

fn check_schemes(
    certificate: &OwnCertificate,
    schemes: &[SignatureScheme],
) -> Result<(), CredentialFault> {
    let leaf = end_entity(certificate)?;
    match schemes.iter().find(|scheme| !fits(**scheme, leaf.kind())) {
        Some(scheme) => Err(CredentialFault::SchemeDoesNotFit(*scheme)),
        None => Ok(()),
    }
}

fn link(der: &[u8]) -> Option<Link> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let (issuer, subject) = (certificate.issuer().as_raw(), certificate.subject().as_raw());
    let algorithm = element(der, 1)?;
    let known = CERTIFICATE_SIGNATURES.iter().find(|(id, _)| id.as_ref() == algorithm);
    let schemes = known.map_or(&[][..], |(_, schemes)| *schemes);
    Some(Link { issuer: issuer.to_vec(), self_issued: issuer == subject, schemes })
}

/// The schemes of RFC 9846 §4.3.3 that a signature in a certificate may count as.
const CERTIFICATE_SIGNATURES: [(AlgorithmIdentifier, &[SignatureScheme]); 13] = [
    (RSA_PKCS1_SHA1, &[SignatureScheme::RSA_PKCS1_SHA1]),
    (ECDSA_SHA1, &[SignatureScheme::ECDSA_SHA1]),
    (alg_id::ECDSA_SHA256, &[SignatureScheme::ECDSA_SECP256R1_SHA256]),
    (alg_id::ECDSA_SHA384, &[SignatureScheme::ECDSA_SECP384R1_SHA384]),
    (alg_id::ECDSA_SHA512, &[SignatureScheme::ECDSA_SECP521R1_SHA512]),
    (alg_id::ED25519, &[SignatureScheme::ED25519]),
    (alg_id::ED448, &[SignatureScheme::ED448]),
    (alg_id::RSA_PKCS1_SHA256, &[SignatureScheme::RSA_PKCS1_SHA256]),
    (alg_id::RSA_PKCS1_SHA384, &[SignatureScheme::RSA_PKCS1_SHA384]),
    (alg_id::RSA_PKCS1_SHA512, &[SignatureScheme::RSA_PKCS1_SHA512]),
    (alg_id::RSA_PSS_SHA256, RSA_PSS_SHA256),
    (alg_id::RSA_PSS_SHA384, RSA_PSS_SHA384),
    (alg_id::RSA_PSS_SHA512, RSA_PSS_SHA512),
];

/// sha1WithRSAEncryption and ecdsa-with-SHA1.
const RSA_PKCS1_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00");
const ECDSA_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01");

const SHA1: [SignatureScheme; 2] = [SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1];

const RSA_PSS_SHA256: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PSS_PSS_SHA256];

const RSA_PSS_SHA384: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_PSS_SHA384];

const RSA_PSS_SHA512: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_RSAE_SHA512, SignatureScheme::RSA_PSS_PSS_SHA512];

/// Why a chain and a key make no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialFault {
    /// A PEM text is broken.
    Pem,
    /// There is no certificate.
    NoCertificate,
    /// There is no private key, or only an encrypted one.
    NoKey,
    /// A certificate or raw public key cannot be read, or the end entity cannot sign a handshake.
    Certificate(Cause),
    /// ring cannot sign with such a key.
    KeyUnsupported,
    /// The private key cannot be read as one of the certificate's kind.
    KeyMalformed,
    /// The private key is not that of the certificate's public key.
    KeyMismatch,
    /// The SignedCertificateTimestampList is empty or cannot be read.
    TimestampsMalformed,
    /// The scheme is not for the certificate's kind of key.
    SchemeDoesNotFit(SignatureScheme),
}

impl fmt::Display for CredentialFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "a PEM text is broken",
            Self::NoCertificate => "there is no certificate",
            Self::NoKey => "there is no private key, or only an encrypted one",
            Self::Certificate(cause) => cause.text(),
            Self::KeyUnsupported => {
                "the key must be ECDSA on P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits"
            }
            Self::KeyMalformed => "the private key cannot be read as one of the certificate's kind",
            Self::KeyMismatch => "the private key is not that of the certificate's public key",
            Self::TimestampsMalformed => "the list of signed certificate timestamps is none",
            Self::SchemeDoesNotFit(scheme) => {
                return write!(f, "{scheme:?} is not for the certificate's kind of key");
            }
        })
    }
}

impl core::error::Error for CredentialFault {}
