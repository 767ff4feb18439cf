//! Questions as a connection asks them, and answers as it takes them: what the tests of a policy
//! need in place of a handshake.

use pki_types::{CertificateDer, ServerName};

use crate::codec::Vector;
use crate::crypto::leaf::Leaf;
use crate::crypto::ring::TLS_AES_128_GCM_SHA256;
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::config::ClientAuthentication;
use crate::handshake::decision::{
    Answer, ClientCredentialSelected, CredentialSelected, OwnCertificate, PeerChain, Reply,
    SelectClientCredential, SelectCredential, Serial, ServerCredential, Sign, Signed,
    VerifyCertificate,
};
use crate::limits::Limits;
use crate::message::CertificateEntry;
use crate::registry::{CertificateType, NamedGroup, SignatureScheme};

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// The peer's certificate is accepted.
    Accepted,
    /// The server's certificate, scheme and application protocol.
    Credential(OwnCertificate, SignatureScheme, Option<Vec<u8>>),
    /// The client's certificate and scheme, or none.
    ClientCredential(Option<(OwnCertificate, SignatureScheme)>),
    /// A signature.
    Signature(Vec<u8>),
    /// The handshake ends for this cause.
    Refused(Cause),
    /// Something that no policy says.
    Other,
}

impl From<Answer> for Said {
    fn from(answer: Answer) -> Self {
        match answer.reply {
            Reply::CertificateAccepted(_) => Self::Accepted,
            Reply::CredentialSelected(CredentialSelected { credential, protocol }) => {
                match credential {
                    ServerCredential::Certificate { certificate, scheme } => {
                        Self::Credential(certificate, scheme, protocol)
                    }
                    ServerCredential::Psk { .. } => Self::Other,
                }
            }
            Reply::ClientCredentialSelected(ClientCredentialSelected(selected)) => {
                Self::ClientCredential(selected)
            }
            Reply::Signed(Signed(signature)) => Self::Signature(signature),
            Reply::Refused(cause) => Self::Refused(cause),
            Reply::TicketSealed(_) | Reply::CookieSealed(_) | Reply::CookieOpened(_) => Self::Other,
        }
    }
}

/// Asked of `role` about these certificates, after a proof of possession of the key of `leaf`.
pub fn verify_certificate(
    role: Role,
    certificates: &[CertificateDer<'_>],
    server_name: Option<ServerName<'static>>,
    leaf: Leaf,
) -> VerifyCertificate {
    let entries = certificates.iter().map(|certificate| CertificateEntry::bare(certificate));
    let entries: Vector<CertificateEntry<'_>> = entries.collect();
    VerifyCertificate {
        serial: Serial::first(),
        role,
        chain: Some(PeerChain::from(entries.list())),
        request: None,
        server_name,
        scheme: SignatureScheme::ED25519,
        leaf,
    }
}

/// Asked of `role` about this raw public key, after a proof of its possession.
pub fn verify_raw_public_key(
    role: Role,
    server_name: Option<ServerName<'static>>,
    leaf: Leaf,
) -> VerifyCertificate {
    let (serial, scheme) = (Serial::first(), SignatureScheme::ED25519);
    VerifyCertificate { serial, role, request: None, chain: None, server_name, scheme, leaf }
}

/// Asked of a server that has received this ClientHello, header included, and can meet it with this
/// type of certificate.
pub fn select_credential(
    client_hello: Vec<u8>,
    certificate_type: CertificateType,
) -> SelectCredential {
    SelectCredential {
        serial: Serial::first(),
        client_hello: client_hello.into(),
        limits: Limits::default(),
        suite: &TLS_AES_128_GCM_SHA256,
        group: Some(NamedGroup::X25519),
        psk_is_usable: false,
        early_data: false,
        client_authentication: ClientAuthentication::None,
        certificate_type: Some(certificate_type),
    }
}

/// Asked of a client that has received a CertificateRequest with this body, for this type of
/// certificate.
pub fn select_client_credential(
    certificate_request: Vec<u8>,
    certificate_type: CertificateType,
) -> SelectClientCredential {
    SelectClientCredential {
        serial: Serial::first(),
        certificate_request,
        limits: Limits::default(),
        certificate_type,
    }
}

/// Asked of the one who has selected this certificate and scheme.
pub fn sign(certificate: OwnCertificate, scheme: SignatureScheme, message: Vec<u8>) -> Sign {
    Sign { serial: Serial::first(), scheme, certificate, message }
}
