//! Certificate paths, validated by webpki: from the end entity to a trust anchor, at a given time,
//! for a purpose, under a name, and against revocation lists (RFC 9846 §4.5.1.3, RFC 5280). A raw
//! public key has no path: it is an anchor itself, or nothing (RFC 7250 §6).

use ::webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder,
    UnknownStatusPolicy, anchor_from_trusted_cert,
};
use core::fmt;
use pki_types::pem::PemObject;
use pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
    TrustAnchor, UnixTime,
};

use super::inspection::{Inspection, Rejection, utc};
use super::verified::{Recalling, VerifiedSignatures};
use crate::crypto::leaf::Leaf;
use crate::epoch::Role;
use crate::handshake::decision::{CertificateFault, VerifyCertificate};
use crate::registry::CertificateType;

/// Whom we trust to issue certificates, and how paths to them are checked; and which raw public
/// keys we trust.
#[derive(Debug)]
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
    raw_public_keys: Vec<SubjectPublicKeyInfoDer<'static>>,
    revocation_lists: Vec<CertRevocationList<'static>>,
    /// How the revocation lists are used; without lists nothing is checked.
    pub revocation: Revocation,
    /// The algorithms that may sign certificates and lists; all of webpki's over ring by default.
    pub algorithms: Vec<&'static dyn SignatureVerificationAlgorithm>,
    verified: Option<VerifiedSignatures>,
}

/// How revocation lists are used. The default is the strictest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// Whether only the end entity is looked up, and not its issuers.
    pub end_entity_only: bool,
    /// Whether a certificate is accepted on which none of the lists can speak.
    pub accept_unknown: bool,
    /// Whether a list is believed after its `nextUpdate`.
    pub accept_outdated: bool,
}

/// For what a certificate is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A server's: it must bear this name, and may serve (`serverAuth`).
    Server(&'a ServerName<'a>),
    /// A client's: it may be a client (`clientAuth`). Who the client is, the application reads.
    Client,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            anchors: Vec::new(),
            raw_public_keys: Vec::new(),
            revocation_lists: Vec::new(),
            revocation: Revocation::default(),
            algorithms: ALL_VERIFICATION_ALGS.to_vec(),
            verified: None,
        }
    }
}

impl Roots {
    /// Trusts these anchors; the `webpki-roots` crate has those of the public web.
    #[must_use]
    pub fn from_anchors(anchors: &[TrustAnchor<'_>]) -> Self {
        let anchors = anchors.iter().map(TrustAnchor::to_owned).collect();
        Self { anchors, ..Self::default() }
    }

    /// Trusts every certificate in a PEM text.
    ///
    /// # Errors
    /// [`RootsFault::Pem`], [`RootsFault::NoCertificate`], and as [`Self::add`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsFault> {
        let mut roots = Self::default();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(&certificate.map_err(|_| RootsFault::Pem)?)?;
        }
        if roots.anchors.is_empty() { Err(RootsFault::NoCertificate) } else { Ok(roots) }
    }

    /// Trusts the authority of this certificate too.
    ///
    /// # Errors
    /// [`RootsFault::Certificate`] if it cannot be read; nothing is added.
    pub fn add(&mut self, certificate: &CertificateDer<'_>) -> Result<(), RootsFault> {
        let anchor = anchor_from_trusted_cert(certificate).map_err(|_| RootsFault::Certificate)?;
        self.anchors.push(anchor.to_owned());
        Ok(())
    }

    /// Trusts whoever holds this key, too, and shows it without a certificate (RFC 7250). The
    /// peer's has to be the same to the byte.
    ///
    /// # Errors
    /// [`RootsFault::RawPublicKey`] if no peer could authenticate with it; nothing is added.
    pub fn add_raw_public_key(
        &mut self,
        key: &SubjectPublicKeyInfoDer<'_>,
    ) -> Result<(), RootsFault> {
        Leaf::parse_raw_public_key(key).map_err(|_| RootsFault::RawPublicKey)?;
        self.raw_public_keys.push(key.clone().into_owned());
        Ok(())
    }

    /// Looks certificates up in this revocation list too, in DER.
    ///
    /// # Errors
    /// [`RootsFault::RevocationList`] if it cannot be read; nothing is added.
    pub fn add_revocation_list(&mut self, list: &[u8]) -> Result<(), RootsFault> {
        let list =
            OwnedCertRevocationList::from_der(list).map_err(|_| RootsFault::RevocationList)?;
        self.revocation_lists.push(list.into());
        Ok(())
    }

    /// Remembers the last `most` signatures of certificates and revocation lists that verified, and
    /// up to as many more, in 32 bytes each: those of a chain that was met before need no
    /// verification again. All else is checked each time: dates, names, purposes, revocation, and
    /// CertificateVerify.
    ///
    /// Off by default, for the time that a handshake takes then tells the peer and whoever watches
    /// whether its certificates were met before. Who must not be recognized by that keeps `Roots`
    /// apart. To the memory an algorithm is what it is called in certificates: turn it on once
    /// more after a change of [`algorithms`](Self::algorithms), which empties it.
    #[must_use]
    pub fn remembering(mut self, most: usize) -> Self {
        self.verified = (most > 0).then(|| VerifiedSignatures::new(most));
        self
    }

    /// Validates `certificates`, end entity first, and tells whose key is the end entity's.
    ///
    /// # Errors
    /// The account of what is wrong.
    pub fn validate(
        &self,
        certificates: &[CertificateDer<'_>],
        purpose: Purpose<'_>,
        now: UnixTime,
    ) -> Result<SubjectPublicKeyInfoDer<'static>, Rejection> {
        self.path(certificates, purpose, now).map_err(|error| rejection(&error, certificates))
    }

    fn path(
        &self,
        certificates: &[CertificateDer<'_>],
        purpose: Purpose<'_>,
        now: UnixTime,
    ) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
        let (end_entity, intermediates) = certificates.split_first().ok_or(Error::BadDer)?;
        let end_entity = EndEntityCert::try_from(end_entity)?;
        let usage = match purpose {
            Purpose::Server(_) => KeyUsage::server_auth(),
            Purpose::Client => KeyUsage::client_auth(),
        };
        let lists: Vec<_> = self.revocation_lists.iter().collect();
        let revocation = self.revocation.options(&lists);
        let recalling = self.verified.iter().flat_map(|verified| {
            self.algorithms.iter().map(|algorithm| verified.beside(*algorithm))
        });
        let recalling: Vec<_> = recalling.collect();
        let recalling: Vec<_> = recalling.iter().map(Recalling::as_algorithm).collect();
        let remembers = self.verified.is_some();
        end_entity.verify_for_usage(
            if remembers { &recalling } else { &self.algorithms },
            &self.anchors,
            intermediates,
            now,
            usage,
            revocation,
            None,
        )?;
        if let Purpose::Server(name) = purpose {
            end_entity.verify_is_valid_for_subject_name(name)?;
        }
        Ok(end_entity.subject_public_key_info())
    }
}

impl Revocation {
    /// `None` without lists, for which webpki has no options.
    fn options<'a>(self, lists: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
        let depth = if self.end_entity_only {
            RevocationCheckDepth::EndEntity
        } else {
            RevocationCheckDepth::Chain
        };
        let unknown = if self.accept_unknown {
            UnknownStatusPolicy::Allow
        } else {
            UnknownStatusPolicy::Deny
        };
        let outdated =
            if self.accept_outdated { ExpirationPolicy::Ignore } else { ExpirationPolicy::Enforce };
        let builder = RevocationOptionsBuilder::new(lists).ok()?.with_depth(depth);
        Some(builder.with_status_policy(unknown).with_expiration_policy(outdated).build())
    }
}

/// Whether the peer may be trusted that this question is about: a server under the name that was
/// asked for, or a client. A raw public key is not looked for under a name, nor at a time.
///
/// # Errors
/// The account of what is wrong. A client's question about certificates without a name is rejected:
/// any server would do. So is one about a raw public key where none is trusted, as unsupported.
pub fn verify(question: &VerifyCertificate, roots: &Roots, now: UnixTime) -> Result<(), Rejection> {
    if question.certificate_type() == CertificateType::RAW_PUBLIC_KEY {
        return verify_raw_public_key(question, &roots.raw_public_keys);
    }
    let purpose = match (question.role(), question.server_name()) {
        (Role::Client, Some(name)) => Purpose::Server(name),
        (Role::Client, None) => {
            return Err(on_end_entity(
                question,
                CertificateFault::Unspecified,
                "no name to compare",
            ));
        }
        (Role::Server, _) => Purpose::Client,
    };
    let certificates: Vec<_> = question.certificates().collect();
    let validated = roots.validate(&certificates, purpose, now)?;
    // Two parsers have read it: the key that was validated must be the key that signed.
    if validated.as_ref() == question.subject_public_key_info() {
        Ok(())
    } else {
        Err(on_end_entity(question, CertificateFault::Bad, "its public key is ambiguous"))
    }
}

fn verify_raw_public_key(
    question: &VerifyCertificate,
    known: &[SubjectPublicKeyInfoDer<'_>],
) -> Result<(), Rejection> {
    let (fault, reason) = if known.is_empty() {
        (CertificateFault::Unsupported, "a raw public key where certificates are wanted")
    } else if known.iter().any(|key| key.as_ref() == question.subject_public_key_info()) {
        return Ok(());
    } else {
        (CertificateFault::Unspecified, "its raw public key is not among those that are trusted")
    };
    Err(on_end_entity(question, fault, reason))
}

fn on_end_entity(question: &VerifyCertificate, fault: CertificateFault, reason: &str) -> Rejection {
    let certificate = question.certificates().next().and_then(|der| Inspection::of(&der));
    Rejection { fault, reason: String::from(reason), certificate: certificate.map(Box::new) }
}

fn rejection(error: &Error, certificates: &[CertificateDer<'_>]) -> Rejection {
    let (fault, problem) = judgement(error);
    let (reason, date) = match error {
        Error::CertExpired { time, not_after: date }
        | Error::CertNotValidYet { time, not_before: date } => {
            (format!("{problem} {}, the clock says {}", utc(*date), utc(*time)), Some(utc(*date)))
        }
        Error::CertNotValidForName(context) => {
            (format!("{problem} {}", context.expected.to_str()), None)
        }
        _ => (String::from(problem), None),
    };
    let dated = |read: &Inspection| {
        date.as_ref().is_none_or(|date| *date == read.not_before || *date == read.not_after)
    };
    let certificate = certificates.iter().filter_map(|der| Inspection::of(der)).find(dated);
    Rejection { fault, reason, certificate: certificate.map(Box::new) }
}

/// md5WithRSAEncryption, sha1WithRSAEncryption and ecdsa-with-SHA1: RFC 9846 §4.5.1.3 calls
/// certificates that need them bad, not unsupported.
const OF_BROKEN_HASHES: [&[u8]; 3] = [
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04",
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05",
    b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01",
];

/// The fault that the peer learns of, and what goes into the account.
///
/// A wrong name does not make a certificate corrupt, as `bad_certificate` would say, and has no
/// alert of its own: RFC 9846 §6.2 leaves `certificate_unknown`, as for all that stands with it.
fn judgement(error: &Error) -> (CertificateFault, &'static str) {
    use CertificateFault::{Bad, Expired, Revoked, UnknownAuthority, Unspecified, Unsupported};
    match error {
        Error::UnknownIssuer => (UnknownAuthority, "no trusted root leads to it"),

        Error::CertExpired { .. } => (Expired, "it expired on"),
        Error::CertNotValidYet { .. } => (Expired, "it is not valid before"),

        Error::CertRevoked => (Revoked, "it or an issuer of it has been revoked"),

        Error::RequiredEkuNotFoundContext(_) => (Unsupported, "it is for another purpose"),
        Error::CaUsedAsEndEntity => (Unsupported, "it is an authority's own certificate"),
        Error::UnsupportedCertVersion => (Unsupported, "it is not of version 3"),
        Error::UnsupportedCriticalExtension => (Unsupported, "a critical extension is unknown"),
        Error::UnsupportedSignatureAlgorithmContext(context)
            if OF_BROKEN_HASHES
                .iter()
                .any(|oid| context.signature_algorithm_id.starts_with(oid)) =>
        {
            (Bad, "a signature in its path is over MD5 or SHA-1")
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            (Unsupported, "an algorithm in its path is not accepted")
        }

        Error::InvalidSignatureForPublicKey => (Bad, "a signature in its path does not verify"),
        Error::SignatureAlgorithmMismatch => (Bad, "it names two signature algorithms"),
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => (Bad, "it is not sound DER"),
        Error::InvalidCertValidity => (Bad, "it expires before it becomes valid"),
        Error::InvalidSerialNumber => (Bad, "its serial number is malformed"),
        Error::EmptyEkuExtension
        | Error::ExtensionValueInvalid
        | Error::InvalidNetworkMaskConstraint
        | Error::MalformedDnsIdentifier
        | Error::MalformedExtensions
        | Error::MalformedNameConstraint => (Bad, "an extension of it is malformed"),

        Error::CertNotValidForName(_) => (Unspecified, "it does not bear the name"),
        Error::NameConstraintViolation => (Unspecified, "its issuer may not certify its names"),
        Error::PathLenConstraintViolated => (Unspecified, "its path is longer than an issuer may"),
        Error::EndEntityUsedAsCa => (Unspecified, "it is issued by what is no authority"),
        Error::CertDistrusted => (Unspecified, "a public key in its path is distrusted"),
        Error::UnknownRevocationStatus => (Unspecified, "no revocation list speaks of it"),
        Error::CrlExpired { .. } => (Unspecified, "the revocation list for it is outdated"),
        Error::InvalidCrlSignatureForPublicKey | Error::IssuerNotCrlSigner => {
            (Unspecified, "the revocation list for it is not its issuer's")
        }
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => (Unspecified, "its path is too complex"),
        _ => (Unspecified, "it cannot be validated"),
    }
}

/// Why trust anchors or revocation lists cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RootsFault {
    /// The PEM text is broken.
    Pem,
    /// The PEM text holds no certificate.
    NoCertificate,
    /// A certificate cannot be read.
    Certificate,
    /// A revocation list cannot be read.
    RevocationList,
    /// A raw public key cannot be read, or is of an unsupported kind.
    RawPublicKey,
}

impl fmt::Display for RootsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "the PEM text is broken",
            Self::NoCertificate => "the PEM text holds no certificate",
            Self::Certificate => "a certificate cannot be read",
            Self::RevocationList => "a revocation list cannot be read",
            Self::RawPublicKey => "a raw public key cannot be read, or is of an unsupported kind",
        })
    }
}

impl core::error::Error for RootsFault {}
