//! Who we are: certificate chains with their private keys, and the choice among them.

use core::fmt;
use std::sync::Arc;

use pki_types::pem::PemObject;
use pki_types::{AlgorithmIdentifier, CertificateDer, PrivateKeyDer, alg_id};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroize;

use super::inspection::{Inspection, element};
use super::signer::SigningKey;
use crate::crypto::leaf::Leaf;
use crate::crypto::ring::SIGNATURES;
use crate::crypto::signature::fits;
use crate::failure::Cause;
use crate::handshake::decision::CertificateChain;
use crate::message::is_timestamp_list;
use crate::registry::SignatureScheme;

/// A certificate chain, and the key of its end entity if it is in memory.
#[derive(Debug)]
pub struct Credential {
    chain: Arc<CertificateChain>,
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
        let chain = chain.map_err(|_| CredentialFault::Pem)?;
        let mut key = match PrivateKeyDer::pem_slice_iter(key).next() {
            Some(key) => key.map_err(|_| CredentialFault::Pem)?,
            None => return Err(CredentialFault::NoKey),
        };
        let credential = Self::new(chain, &key);
        key.zeroize();
        credential
    }

    /// A chain, with what is stapled to it, and the private key of its first certificate: ECDSA on
    /// P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits.
    ///
    /// # Errors
    /// [`CredentialFault::NoCertificate`]; [`CredentialFault::Certificate`] if one cannot be used;
    /// [`CredentialFault::KeyUnsupported`]; [`CredentialFault::KeyMalformed`] if the private key is
    /// none of the certificate's kind; [`CredentialFault::KeyMismatch`] if it is another's.
    pub fn new(chain: CertificateChain, key: &PrivateKeyDer<'_>) -> Result<Self, CredentialFault> {
        let leaf = end_entity(&chain)?;
        let key = SigningKey::of(&leaf, key)?;
        let known = SIGNATURES.iter().map(|algorithm| algorithm.scheme);
        let schemes = known.filter(|scheme| fits(*scheme, leaf.kind())).collect();
        Self::assemble(chain, Some(key), schemes)
    }

    /// A chain whose key is elsewhere, in a hardware module say, and signs with these schemes: it
    /// is chosen like any other, and the question to sign is handed back.
    ///
    /// # Errors
    /// [`CredentialFault::NoCertificate`]; [`CredentialFault::Certificate`] if one cannot be used;
    /// [`CredentialFault::SchemeDoesNotFit`] if a scheme is not for the end entity's kind of key.
    pub fn with_key_elsewhere(
        chain: CertificateChain,
        schemes: Vec<SignatureScheme>,
    ) -> Result<Self, CredentialFault> {
        check_schemes(&chain, &schemes)?;
        Self::assemble(chain, None, schemes)
    }

    /// Signs with these schemes and no others: with fewer than the key could, or with those of
    /// RFC 9963 too, which nothing else brings in.
    ///
    /// # Errors
    /// [`CredentialFault::SchemeDoesNotFit`] if a scheme is not for the end entity's kind of key.
    pub fn with_schemes(mut self, schemes: Vec<SignatureScheme>) -> Result<Self, CredentialFault> {
        check_schemes(&self.chain, &schemes)?;
        self.schemes = schemes;
        Ok(self)
    }

    fn assemble(
        chain: CertificateChain,
        key: Option<SigningKey>,
        schemes: Vec<SignatureScheme>,
    ) -> Result<Self, CredentialFault> {
        let links: Option<_> = chain.entries.iter().map(|entry| link(&entry.certificate)).collect();
        let links = links.ok_or(CredentialFault::Certificate(Cause::CertificateMalformed))?;
        let inspection = chain.entries.first().and_then(|leaf| Inspection::of(&leaf.certificate));
        let names = inspection.map(|inspection| inspection.names).unwrap_or_default();
        Ok(Self { chain: Arc::new(chain), key, schemes, names, links })
    }

    /// Staples an OCSP response, in DER, to the end entity (RFC 9846 §4.5.1.1).
    #[must_use]
    pub fn with_ocsp_response(mut self, response: Vec<u8>) -> Self {
        if let Some(leaf) = Arc::make_mut(&mut self.chain).entries.first_mut() {
            leaf.ocsp_response = Some(response);
        }
        self
    }

    /// Adds a SignedCertificateTimestampList to the end entity (RFC 6962 §3.3).
    ///
    /// # Errors
    /// [`CredentialFault::TimestampsMalformed`] if it is none, which peers would not put up with.
    pub fn with_signed_certificate_timestamps(
        mut self,
        list: Vec<u8>,
    ) -> Result<Self, CredentialFault> {
        if !is_timestamp_list(&list) {
            return Err(CredentialFault::TimestampsMalformed);
        }
        if let Some(leaf) = Arc::make_mut(&mut self.chain).entries.first_mut() {
            leaf.signed_certificate_timestamps = Some(list);
        }
        Ok(self)
    }

    /// The certificates and what is stapled to them.
    #[must_use]
    pub const fn chain(&self) -> &Arc<CertificateChain> {
        &self.chain
    }

    /// The schemes that the key signs with.
    #[must_use]
    pub fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    /// The subject alternative names of the end entity, wildcards included.
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

    /// Whether this is the credential of `chain`, and its key is here.
    pub(super) fn can_sign_for(&self, chain: &CertificateChain) -> bool {
        let (own, selected) = (self.chain.entries.first(), chain.entries.first());
        self.key.is_some()
            && own.map(|leaf| &leaf.certificate) == selected.map(|leaf| &leaf.certificate)
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
}

/// The credential for a peer that verifies these schemes, in the peer's order, then in ours. One
/// whose chain the peer can verify throughout goes before all others (RFC 9846 §4.5.1.2).
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
    let verifiable = fitting().find(|(own, _)| own.is_signed_with(certificate_schemes));
    verifiable.or_else(|| fitting().next())
}

fn end_entity(chain: &CertificateChain) -> Result<Leaf, CredentialFault> {
    let leaf = chain.entries.first().ok_or(CredentialFault::NoCertificate)?;
    Leaf::parse(&leaf.certificate).map_err(CredentialFault::Certificate)
}

fn check_schemes(
    chain: &CertificateChain,
    schemes: &[SignatureScheme],
) -> Result<(), CredentialFault> {
    let leaf = end_entity(chain)?;
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
const CERTIFICATE_SIGNATURES: [(AlgorithmIdentifier, &[SignatureScheme]); 11] = [
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
    /// A certificate cannot be read, or the end entity cannot sign a handshake.
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
