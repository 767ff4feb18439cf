//! Questions that leave the machine, and the answers that only they can make.
//!
//! A question is owned, `Send` and `'static`: it can be kept for days or sent to another thread. An
//! answer consumes its question; one that comes twice, late or to another connection is
//! [`Misuse::NotAsked`], and nothing moves.

mod cookie;
mod select_credential;
mod verify_certificate;

use std::sync::Arc;

use pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

pub(crate) use self::cookie::{CookieOpened, CookieSealed};
pub use self::cookie::{OpenCookie, SealCookie};
pub use self::select_credential::{HelloRefusal, SelectClientCredential, SelectCredential};
pub(crate) use self::verify_certificate::PeerChain;
pub use self::verify_certificate::{CertificateFault, VerifyCertificate};
use crate::crypto::{Secret, Suite};
use crate::failure::{Cause, Misuse};
use crate::handshake::config::ClientAuthentication;
use crate::handshake::event::NewTicket;
use crate::handshake::psk::PreSharedKey;
use crate::handshake::ticket::TicketScope;
use crate::registry::{CertificateType, SignatureScheme};

/// A question to the embedder; the handshake waits until it is answered. A client that is asked for
/// a certificate after the handshake goes on meanwhile (RFC 9846 §4.7.2).
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
#[non_exhaustive]
pub enum Decision {
    /// May the peer's certificate be accepted? The peer has proved that it holds the key.
    VerifyCertificate(VerifyCertificate),
    /// Server: seal what has to be remembered of a first ClientHello, for the client to keep.
    SealCookie(SealCookie),
    /// Server: what was sealed in this cookie?
    OpenCookie(OpenCookie),
    /// Server: who are we to this client?
    SelectCredential(SelectCredential),
    /// Client: with which certificate, if any, is the server's request met?
    SelectClientCredential(SelectClientCredential),
    /// Sign the handshake with the key of the selected certificate.
    Sign(Sign),
    /// Server: seal or store the contents of a ticket that is to be issued.
    SealTicket(SealTicket),
}

impl Decision {
    pub(crate) const fn serial(&self) -> &Serial {
        match self {
            Self::VerifyCertificate(question) => &question.serial,
            Self::SealCookie(question) => &question.serial,
            Self::OpenCookie(question) => &question.serial,
            Self::SelectCredential(question) => &question.serial,
            Self::SelectClientCredential(question) => &question.serial,
            Self::Sign(question) => &question.serial,
            Self::SealTicket(question) => &question.serial,
        }
    }
}

/// Which connection asked, and its how-manieth question it was.
#[derive(Clone, Debug)]
pub(crate) struct Serial {
    connection: Arc<()>,
    number: u32,
}

impl Serial {
    pub(crate) fn first() -> Self {
        Self { connection: Arc::new(()), number: 0 }
    }

    pub(crate) fn next(&self) -> Self {
        Self { connection: Arc::clone(&self.connection), number: self.number.wrapping_add(1) }
    }
}

impl PartialEq for Serial {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.connection, &other.connection) && self.number == other.number
    }
}

/// The answer to one question.
#[derive(Debug)]
#[must_use = "give it to the connection that asked"]
pub struct Answer {
    pub(crate) serial: Serial,
    pub(crate) reply: Reply,
}

/// What an answer says: go on with this, or end for that cause.
#[derive(Debug)]
pub(crate) enum Reply {
    CookieSealed(CookieSealed),
    CookieOpened(CookieOpened),
    CertificateAccepted(CertificateAccepted),
    CredentialSelected(CredentialSelected),
    ClientCredentialSelected(ClientCredentialSelected),
    Signed(Signed),
    TicketSealed(TicketSealed),
    Refused(Cause),
}

/// The peer's certificate is accepted.
#[derive(Debug)]
pub(crate) struct CertificateAccepted;

/// How the server authenticates, and the protocol.
#[derive(Debug)]
pub(crate) struct CredentialSelected {
    pub(crate) credential: ServerCredential,
    pub(crate) protocol: Option<Vec<u8>>,
}

/// How a server authenticates.
#[derive(Debug)]
pub(crate) enum ServerCredential {
    Certificate { certificate: OwnCertificate, scheme: SignatureScheme },
    Psk { index: u16, key: PreSharedKey, early_data: bool },
}

/// The client's certificate and scheme, or its decision to stay without.
#[derive(Debug)]
pub(crate) struct ClientCredentialSelected(pub(crate) Option<(OwnCertificate, SignatureScheme)>);

/// The signature that was asked for.
#[derive(Debug)]
pub(crate) struct Signed(pub(crate) Vec<u8>);

/// The ticket, or none after all.
#[derive(Debug)]
pub(crate) struct TicketSealed(pub(crate) Option<Vec<u8>>);

/// An answer that does not fit its question, which comes back with it.
#[derive(Debug)]
pub struct Unfit<Question> {
    /// The question, still to be answered.
    pub question: Question,
    /// What does not fit.
    pub misuse: Misuse,
}

/// What we authenticate with, as the peer gets to see it (RFC 9846 §4.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnCertificate {
    /// Certificates.
    Chain(Arc<CertificateChain>),
    /// A raw public key (RFC 7250).
    RawPublicKey(SubjectPublicKeyInfoDer<'static>),
}

impl OwnCertificate {
    /// Of which type it is.
    #[must_use]
    pub const fn certificate_type(&self) -> CertificateType {
        match self {
            Self::Chain(_) => CertificateType::X509,
            Self::RawPublicKey(_) => CertificateType::RAW_PUBLIC_KEY,
        }
    }

    /// The certificates in the order they are sent; a raw public key comes without.
    #[must_use]
    pub fn entries(&self) -> &[ChainEntry] {
        match self {
            Self::Chain(chain) => &chain.entries,
            Self::RawPublicKey(_) => &[],
        }
    }

    /// The raw public key, if it is one.
    pub(crate) fn raw_public_key(&self) -> Option<&[u8]> {
        match self {
            Self::Chain(_) => None,
            Self::RawPublicKey(key) => Some(key),
        }
    }

    /// Whether there is something to show, and it is of the type that the peer takes.
    pub(crate) fn is_of(&self, wanted: CertificateType) -> bool {
        let has_some = match self {
            Self::Chain(chain) => !chain.entries.is_empty(),
            Self::RawPublicKey(key) => !key.is_empty(),
        };
        self.certificate_type() == wanted && has_some
    }
}

impl From<Arc<CertificateChain>> for OwnCertificate {
    fn from(chain: Arc<CertificateChain>) -> Self {
        Self::Chain(chain)
    }
}

impl From<CertificateChain> for OwnCertificate {
    fn from(chain: CertificateChain) -> Self {
        Self::Chain(Arc::new(chain))
    }
}

impl From<SubjectPublicKeyInfoDer<'static>> for OwnCertificate {
    fn from(key: SubjectPublicKeyInfoDer<'static>) -> Self {
        Self::RawPublicKey(key)
    }
}

/// Our own certificates, end entity first, with what is stapled to each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateChain {
    /// The certificates in the order they are sent.
    pub entries: Vec<ChainEntry>,
}

/// One certificate of a [`CertificateChain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEntry {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// An OCSP response, in DER, sent if the peer asked for one (RFC 9846 §4.5.1.1).
    pub ocsp_response: Option<Vec<u8>>,
    /// A SignedCertificateTimestampList, sent if the peer asked for one (RFC 6962 §3.3).
    pub signed_certificate_timestamps: Option<Vec<u8>>,
}

impl FromIterator<CertificateDer<'static>> for CertificateChain {
    fn from_iter<I: IntoIterator<Item = CertificateDer<'static>>>(certificates: I) -> Self {
        let bare = |certificate| ChainEntry {
            certificate,
            ocsp_response: None,
            signed_certificate_timestamps: None,
        };
        Self { entries: certificates.into_iter().map(bare).collect() }
    }
}

/// Sign `message` with `scheme` and the key of the certificate that was selected (RFC 9846 §4.5.2).
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
pub struct Sign {
    pub(crate) serial: Serial,
    pub(crate) scheme: SignatureScheme,
    pub(crate) certificate: OwnCertificate,
    pub(crate) message: Vec<u8>,
}

impl Sign {
    /// The scheme that was selected.
    #[must_use]
    pub const fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// The chain that was selected, whose first certificate has the key to sign with, or the key
    /// itself.
    #[must_use]
    pub const fn certificate(&self) -> &OwnCertificate {
        &self.certificate
    }

    /// The exact bytes to sign: 64 spaces, the context string, a zero, the transcript hash.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The signature, as the scheme encodes it.
    pub fn signature(self, signature: Vec<u8>) -> Answer {
        Answer { serial: self.serial, reply: Reply::Signed(Signed(signature)) }
    }

    /// The key cannot be used: `internal_error`.
    pub fn unavailable(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(Cause::SigningFailed) }
    }
}

/// Turn what a later connection must know into a ticket: sealed, or as a name under which it is
/// kept (RFC 9846 §4.7.1).
#[derive(Debug)]
#[must_use = "the connection waits for the answer"]
pub struct SealTicket {
    pub(crate) serial: Serial,
    pub(crate) psk: Secret,
    pub(crate) suite: &'static Suite,
    pub(crate) age_add: u32,
    pub(crate) order: NewTicket,
    pub(crate) scope: Option<Arc<TicketScope>>,
}

impl SealTicket {
    /// The pre-shared key of the connection that will use the ticket.
    #[must_use]
    pub const fn psk(&self) -> &Secret {
        &self.psk
    }

    /// The suite of the connection: its hash is the key's.
    #[must_use]
    pub const fn suite(&self) -> &'static Suite {
        self.suite
    }

    /// What the client adds to the ticket's age when it offers it, in milliseconds.
    #[must_use]
    pub const fn age_add(&self) -> u32 {
        self.age_add
    }

    /// What was ordered.
    #[must_use]
    pub const fn order(&self) -> NewTicket {
        self.order
    }

    /// The `host_name` that the client asked for, as it came.
    #[must_use]
    pub fn server_name(&self) -> Option<&[u8]> {
        self.scope.as_ref()?.server_name.as_deref()
    }

    /// The application protocol of the connection, which early data must keep to.
    #[must_use]
    pub fn application_layer_protocol(&self) -> Option<&[u8]> {
        self.scope.as_ref()?.application_layer_protocol.as_deref()
    }

    /// Whether the server asks its clients for a certificate: whoever resumes is not asked again.
    #[must_use]
    pub fn client_authentication(&self) -> ClientAuthentication {
        self.scope.as_ref().map(|scope| scope.client_authentication).unwrap_or_default()
    }

    /// The ticket.
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] if it is empty or longer than 65,535 bytes; the question comes back.
    pub fn sealed(self, ticket: Vec<u8>) -> Result<Answer, Box<Unfit<Self>>> {
        if ticket.is_empty() || u16::try_from(ticket.len()).is_err() {
            return Err(Box::new(Unfit { question: self, misuse: Misuse::OutOfRange }));
        }
        Ok(Answer { serial: self.serial, reply: Reply::TicketSealed(TicketSealed(Some(ticket))) })
    }

    /// No ticket; the connection goes on.
    pub fn decline(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::TicketSealed(TicketSealed(None)) }
    }
}
