//! Questions as a connection asks them, and answers as it takes them: what the tests of a policy
//! need in place of a handshake.

use std::sync::Arc;

use pki_types::{CertificateDer, ServerName};

use crate::codec::Writer;
use crate::crypto::leaf::Leaf;
use crate::crypto::ring::TLS_AES_128_GCM_SHA256;
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::config::ClientAuthentication;
use crate::handshake::decision::{
    Answer, CertificateChain, ClientCredentialSelected, CredentialSelected, PeerChain, Reply,
    SelectClientCredential, SelectCredential, Serial, ServerCredential, Sign, Signed,
    VerifyCertificate,
};
use crate::limits::Limits;
use crate::message::ParseContext;
use crate::registry::{NamedGroup, SignatureScheme};

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// The peer's certificate is accepted.
    Accepted,
    /// The server's certificate, scheme and application protocol.
    Credential(Arc<CertificateChain>, SignatureScheme, Option<Vec<u8>>),
    /// The client's certificate and scheme, or none.
    ClientCredential(Option<(Arc<CertificateChain>, SignatureScheme)>),
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
                    ServerCredential::Certificate { chain, scheme } => {
                        Self::Credential(chain, scheme, protocol)
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
    let mut body = Vec::new();
    let mut writer = Writer::new(&mut body);
    writer.vector8(|_| {});
    writer.vector24(|writer| {
        for certificate in certificates {
            writer.vector24(|writer| writer.raw(certificate));
            writer.vector16(|_| {});
        }
    });
    VerifyCertificate {
        serial: Serial::first(),
        role,
        chain: PeerChain { body, context: ParseContext::default() },
        server_name,
        scheme: SignatureScheme::ED25519,
        leaf,
    }
}

/// Asked of a server that has received this ClientHello, header included.
pub fn select_credential(client_hello: Vec<u8>) -> SelectCredential {
    SelectCredential {
        serial: Serial::first(),
        client_hello: client_hello.into(),
        limits: Limits::default(),
        suite: &TLS_AES_128_GCM_SHA256,
        group: Some(NamedGroup::X25519),
        psk_is_usable: false,
        early_data: false,
        client_authentication: ClientAuthentication::None,
    }
}

/// Asked of a client that has received a CertificateRequest with this body.
pub fn select_client_credential(certificate_request: Vec<u8>) -> SelectClientCredential {
    SelectClientCredential {
        serial: Serial::first(),
        certificate_request,
        limits: Limits::default(),
    }
}

/// Asked of the one who has selected this chain and scheme.
pub fn sign(chain: Arc<CertificateChain>, scheme: SignatureScheme, message: Vec<u8>) -> Sign {
    Sign { serial: Serial::first(), scheme, chain, message }
}
