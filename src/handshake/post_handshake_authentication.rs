//! Orders for a client's certificate after the handshake (RFC 9846 §4.7.2).

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use super::Handshake;
use super::event::{Input, on};
use crate::epoch::Role;
use crate::failure::Misuse;

/// One of the requests that a server has made after its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateRequestId(pub(crate) u64);

/// What a client is known by (RFC 9846 §4.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndEntity {
    /// The first certificate of its chain.
    Certificate(CertificateDer<'static>),
    /// Its raw public key (RFC 7250).
    RawPublicKey(SubjectPublicKeyInfoDer<'static>),
}

/// The order to ask the client for a certificate.
#[derive(Debug)]
pub(crate) struct RequestCertificate {
    pub(crate) id: CertificateRequestId,
    pub(crate) required: bool,
}

impl Handshake {
    /// Server: asks the client for a certificate after the handshake (RFC 9846 §4.7.2), as the
    /// configuration says. If it is `required`, an answer without one ends the connection.
    ///
    /// The client answers when it likes, and several requests in the order it likes: look for
    /// [`Fact::PostHandshakeAuthentication`](super::Fact::PostHandshakeAuthentication). It may
    /// never answer; how long to wait is for the caller to say.
    ///
    /// # Errors
    /// [`Misuse::WrongRole`]; [`Misuse::NotConnected`], also while a ticket waits to be sealed or
    /// an answer is under way; [`Misuse::NotInThisProfile`] in QUIC (RFC 9001 §4.4),
    /// [`Misuse::NotOffered`] if the client has not offered it, an external PSK is in use
    /// (RFC 9846 §4.4.2), or the connection is carried on from elsewhere;
    /// [`Misuse::TooManyRequests`], [`Misuse::WriteClosed`], [`Misuse::Ended`].
    pub fn request_certificate(&mut self, required: bool) -> Result<CertificateRequestId, Misuse> {
        if self.cx.role == Role::Client {
            return Err(Misuse::WrongRole);
        }
        self.order(on::Kind::RequestCertificate)?;
        if self.cx.is_quic {
            return Err(Misuse::NotInThisProfile);
        }
        let open = self.machine.certificate_requests().ok_or(Misuse::NotOffered)?;
        if open >= self.cx.limits.certificate_requests {
            return Err(Misuse::TooManyRequests);
        }
        self.cx.certificate_requests = self.cx.certificate_requests.saturating_add(1);
        let id = CertificateRequestId(self.cx.certificate_requests);
        self.step_or_fail(Input::RequestCertificate(RequestCertificate { id, required }));
        Ok(id)
    }
}
