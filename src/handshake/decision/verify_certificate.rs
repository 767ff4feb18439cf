//! May the peer's certificate be accepted? (RFC 9846 §4.5.1.3)

use pki_types::{CertificateDer, ServerName};

use super::{Answer, CertificateAccepted, Reply, Serial};
use crate::codec::{List, Reader};
use crate::crypto::leaf::Leaf;
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::event::CertificateRequestId;
use crate::message::CertificateEntry;
use crate::registry::{CertificateType, SignatureScheme};

/// The `certificate_list` of the peer's, checked when it arrived.
#[derive(Debug)]
pub(crate) struct PeerChain(Vec<u8>);

impl PeerChain {
    pub(crate) fn entries(&self) -> impl Iterator<Item = CertificateEntry<'_>> {
        List::parse(Reader::new(&self.0)).unwrap_or_default().iter()
    }
}

impl From<List<'_, CertificateEntry<'_>>> for PeerChain {
    fn from(list: List<'_, CertificateEntry<'_>>) -> Self {
        Self(list.as_bytes().to_vec())
    }
}

/// May the peer's certificate be accepted?
///
/// It is asked after CertificateVerify: the peer holds the private key. Whether the chain leads to
/// somebody who is trusted, is in its validity period, bears the right name and the right usage is
/// **all for the embedder to check**; [`policy`](crate::policy) does so with webpki. So is whether
/// a raw public key is one of somebody's who is known: nobody vouches for it (RFC 7250 §6).
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
pub struct VerifyCertificate {
    pub(crate) serial: Serial,
    pub(crate) role: Role,
    /// `None`: a raw public key.
    pub(crate) chain: Option<PeerChain>,
    pub(crate) request: Option<CertificateRequestId>,
    pub(crate) server_name: Option<ServerName<'static>>,
    pub(crate) scheme: SignatureScheme,
    pub(crate) leaf: Leaf,
}

impl VerifyCertificate {
    /// Our own role: a client verifies a server's certificate, a server a client's.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// What the peer has authenticated with: X.509 certificates, or a raw public key.
    #[must_use]
    pub const fn certificate_type(&self) -> CertificateType {
        match self.chain {
            Some(_) => CertificateType::X509,
            None => CertificateType::RAW_PUBLIC_KEY,
        }
    }

    fn entries(&self) -> impl Iterator<Item = CertificateEntry<'_>> {
        self.chain.iter().flat_map(PeerChain::entries)
    }

    /// Server: which request after the handshake the client answers; `None` during the handshake.
    #[must_use]
    pub const fn request(&self) -> Option<CertificateRequestId> {
        self.request
    }

    /// The certificates in DER, end entity first; none if it is a raw public key, and that is
    /// [`subject_public_key_info`](Self::subject_public_key_info).
    pub fn certificates(&self) -> impl Iterator<Item = CertificateDer<'_>> {
        self.entries().map(|entry| CertificateDer::from(entry.cert_data))
    }

    /// The OCSP response stapled to the end-entity certificate, in DER, if any; not validated.
    #[must_use]
    pub fn ocsp_response(&self) -> Option<&[u8]> {
        self.entries().next()?.ocsp_response
    }

    /// The SignedCertificateTimestampList of the end-entity certificate, if any; not validated.
    #[must_use]
    pub fn signed_certificate_timestamps(&self) -> Option<&[u8]> {
        self.entries().next()?.signed_certificate_timestamps
    }

    /// The name the client asked for; `None` at a server, and at a client that has none.
    #[must_use]
    pub const fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    /// The scheme with which the peer proved possession.
    #[must_use]
    pub const fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// The SubjectPublicKeyInfo, in DER, whose private key the peer has proved to hold. A verifier
    /// with a parser of its own must find exactly these bytes in the certificate it accepts. Of a
    /// raw public key it is all there is, and known by its bytes: it has no other encoding.
    #[must_use]
    pub fn subject_public_key_info(&self) -> &[u8] {
        self.leaf.subject_public_key_info()
    }

    /// The certificate is valid and its holder welcome.
    pub fn accept(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::CertificateAccepted(CertificateAccepted) }
    }

    /// The certificate is unacceptable.
    pub fn reject(self, fault: CertificateFault) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(fault.cause(self.role)) }
    }

    /// The certificate is valid, and access control says no to its holder.
    ///
    /// To a client this is `access_denied`, the only place it can come from: here the definition of
    /// RFC 9846 §6.2 holds to the letter, and the client can tell, because the alert is protected
    /// by application keys. To a server it is `certificate_unknown`.
    pub fn deny(self) -> Answer {
        let cause = match self.role {
            Role::Server => Cause::ClientDenied,
            Role::Client => Cause::ServerDenied,
        };
        Answer { serial: self.serial, reply: Reply::Refused(cause) }
    }

    /// As [`deny`](Self::deny).
    #[deprecated(
        since = "0.1.0",
        note = "use `deny` for a valid certificate whose holder is not let in, which alone is \
                `access_denied`, and only from a server; use `reject` for a certificate that is \
                not acceptable"
    )]
    pub fn access_denied(self) -> Answer {
        self.deny()
    }

    /// The certificate could not be judged, for a reason that is not the peer's.
    pub fn unavailable(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(Cause::VerificationUnavailable) }
    }
}

/// What is wrong with a certificate (RFC 9846 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// Corrupt, or a signature does not verify.
    Bad,
    /// Of an unsupported type, or for another purpose.
    Unsupported,
    /// Revoked by its signer.
    Revoked,
    /// Expired, or not yet valid.
    Expired,
    /// Unacceptable for a reason that has no alert of its own.
    Unspecified,
    /// No trust anchor was found.
    UnknownAuthority,
    /// The stapled OCSP response is invalid or unacceptable.
    Status,
}

impl CertificateFault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Bad,
        Self::Unsupported,
        Self::Revoked,
        Self::Expired,
        Self::Unspecified,
        Self::UnknownAuthority,
        Self::Status,
    ];

    /// What a connection fails of at an end of this role.
    pub(crate) const fn cause(self, role: Role) -> Cause {
        match (self, role) {
            (Self::Bad, _) => Cause::CertificateBad,
            (Self::Unsupported, _) => Cause::CertificateUnsupported,
            (Self::Revoked, _) => Cause::CertificateRevoked,
            (Self::Expired, _) => Cause::CertificateExpired,
            (Self::UnknownAuthority, _) => Cause::CertificateAuthorityUnknown,
            (Self::Status, Role::Client) => Cause::CertificateStatusBad,
            // Only a client sends bad_certificate_status_response (RFC 6066 §8).
            (Self::Status, Role::Server) | (Self::Unspecified, _) => Cause::CertificateUnacceptable,
        }
    }
}
