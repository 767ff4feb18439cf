//! Handshake messages: what each holds, how it is read and how it is written (RFC 9846 §4).
//!
//! A message is a plain struct of slices and lists that borrows from its bytes. Parsing enforces
//! the syntax and the placement of extensions; what the values mean is for the handshake to judge.

pub mod authentication;
pub mod client_hello;
pub mod extension;
pub mod extension_data;
pub mod layout;
pub mod oid_filter;
pub mod post_handshake;
pub mod server_hello;
pub mod server_parameters;

pub use self::authentication::{
    Certificate, CertificateEntry, CertificateVerify, CompressedCertificate, Finished,
};
pub use self::client_hello::{ClientHello, ClientHelloExtensions};
pub use self::extension::{EXTENSIONS, Extension, ExtensionBlock, ExtensionSet, Placement};
pub use self::extension_data::is_timestamp_list;
pub use self::extension_data::{
    DistinguishedName, KeyShareEntry, OfferedPsks, ProtocolName, PskBinder, PskIdentity,
    TicketRequest,
};
pub use self::layout::{Item, Layout};
pub use self::oid_filter::OidFilter;
pub use self::post_handshake::{
    EndOfEarlyData, KeyUpdate, MAX_TICKET_LIFETIME_SECONDS, NewSessionTicket,
};
pub use self::server_hello::{
    HelloRetryRequest, HelloRetryRequestExtensions, ServerHello, ServerHelloExtensions,
};
pub use self::server_parameters::{CertificateRequest, EncryptedExtensions};

use crate::codec::Writer;
use crate::failure::Cause;
use crate::limits::Limits;
use crate::registry::HandshakeType;

/// The bytes in front of every message: its type, and its length in three bytes (RFC 9846 §4).
pub const HEADER_BYTES: usize = 4;

/// Which message, HelloRetryRequest told apart from ServerHello by its random (RFC 9846 §4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The client's offer (RFC 9846 §4.2.2).
    ClientHello,
    /// The server's choice (RFC 9846 §4.2.3).
    ServerHello,
    /// The server's wish for another ClientHello (RFC 9846 §4.2.4).
    HelloRetryRequest,
    /// A ticket for a later connection (RFC 9846 §4.7.1).
    NewSessionTicket,
    /// The end of early data (RFC 9846 §4.6).
    EndOfEarlyData,
    /// The server's answers to the client's extensions (RFC 9846 §4.4.1).
    EncryptedExtensions,
    /// The server's wish for a certificate (RFC 9846 §4.4.2).
    CertificateRequest,
    /// A certificate chain (RFC 9846 §4.5.1).
    Certificate,
    /// The proof of possession of the certificate's key (RFC 9846 §4.5.2).
    CertificateVerify,
    /// The proof that the handshake was not changed on its way (RFC 9846 §4.5.3).
    Finished,
    /// The sender's change of keys (RFC 9846 §4.7.3).
    KeyUpdate,
    /// A certificate chain, compressed (RFC 8879 §4).
    CompressedCertificate,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Kind] = &[
        Self::ClientHello,
        Self::ServerHello,
        Self::HelloRetryRequest,
        Self::NewSessionTicket,
        Self::EndOfEarlyData,
        Self::EncryptedExtensions,
        Self::CertificateRequest,
        Self::Certificate,
        Self::CertificateVerify,
        Self::Finished,
        Self::KeyUpdate,
        Self::CompressedCertificate,
    ];

    /// The kind of a message, from its type and, for a `server_hello`, its random.
    ///
    /// # Errors
    /// [`Cause::UnknownMessageType`] for a type that is not a message of TLS 1.3.
    pub fn of(handshake_type: HandshakeType, body: &[u8]) -> Result<Self, Cause> {
        if handshake_type == HandshakeType::SERVER_HELLO && server_hello::asks_for_retry(body) {
            return Ok(Self::HelloRetryRequest);
        }
        let mut kinds = Self::ALL.iter().copied();
        kinds.find(|kind| kind.handshake_type() == handshake_type).ok_or(Cause::UnknownMessageType)
    }

    /// The type in the header (RFC 9846 §4).
    #[must_use]
    pub const fn handshake_type(self) -> HandshakeType {
        match self {
            Self::ClientHello => HandshakeType::CLIENT_HELLO,
            Self::ServerHello | Self::HelloRetryRequest => HandshakeType::SERVER_HELLO,
            Self::NewSessionTicket => HandshakeType::NEW_SESSION_TICKET,
            Self::EndOfEarlyData => HandshakeType::END_OF_EARLY_DATA,
            Self::EncryptedExtensions => HandshakeType::ENCRYPTED_EXTENSIONS,
            Self::CertificateRequest => HandshakeType::CERTIFICATE_REQUEST,
            Self::Certificate => HandshakeType::CERTIFICATE,
            Self::CompressedCertificate => HandshakeType::COMPRESSED_CERTIFICATE,
            Self::CertificateVerify => HandshakeType::CERTIFICATE_VERIFY,
            Self::Finished => HandshakeType::FINISHED,
            Self::KeyUpdate => HandshakeType::KEY_UPDATE,
        }
    }

    /// The name that the RFC gives the message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientHello => "ClientHello",
            Self::ServerHello => "ServerHello",
            Self::HelloRetryRequest => "HelloRetryRequest",
            Self::NewSessionTicket => "NewSessionTicket",
            Self::EndOfEarlyData => "EndOfEarlyData",
            Self::EncryptedExtensions => "EncryptedExtensions",
            Self::CertificateRequest => "CertificateRequest",
            Self::Certificate => "Certificate",
            Self::CompressedCertificate => "CompressedCertificate",
            Self::CertificateVerify => "CertificateVerify",
            Self::Finished => "Finished",
            Self::KeyUpdate => "KeyUpdate",
        }
    }

    /// Whether the sender's keys change behind the message, or its flight ends, so that nothing may
    /// follow it in its record (RFC 9846 §5.1).
    #[must_use]
    pub const fn ends_flight(self) -> bool {
        matches!(
            self,
            Self::ClientHello
                | Self::ServerHello
                | Self::HelloRetryRequest
                | Self::EndOfEarlyData
                | Self::Finished
                | Self::KeyUpdate
        )
    }
}

/// What the parser has to know besides the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseContext {
    /// What we offered in the message that this one answers; requests do not look at it.
    pub offered: ExtensionSet,
    /// The bounds on what is parsed.
    pub limits: Limits,
    /// A HelloRetryRequest has selected the version (RFC 9846 §4.2.4).
    pub after_retry: bool,
}

/// A parsed message, borrowing from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// RFC 9846 §4.2.2.
    ClientHello(ClientHello<'a>),
    /// RFC 9846 §4.2.3.
    ServerHello(ServerHello<'a>),
    /// RFC 9846 §4.2.4.
    HelloRetryRequest(HelloRetryRequest<'a>),
    /// RFC 9846 §4.7.1.
    NewSessionTicket(NewSessionTicket<'a>),
    /// RFC 9846 §4.6.
    EndOfEarlyData(EndOfEarlyData),
    /// RFC 9846 §4.4.1.
    EncryptedExtensions(EncryptedExtensions<'a>),
    /// RFC 9846 §4.4.2.
    CertificateRequest(CertificateRequest<'a>),
    /// RFC 9846 §4.5.1.
    Certificate(Certificate<'a>),
    /// RFC 8879 §4.
    CompressedCertificate(CompressedCertificate<'a>),
    /// RFC 9846 §4.5.2.
    CertificateVerify(CertificateVerify<'a>),
    /// RFC 9846 §4.5.3.
    Finished(Finished<'a>),
    /// RFC 9846 §4.7.3.
    KeyUpdate(KeyUpdate),
}

impl<'a> Message<'a> {
    /// Parses the body of a message of this kind, its header left out.
    ///
    /// # Errors
    /// [`Cause::Malformed`] when the syntax is broken, an extension cause when an extension is out
    /// of place (RFC 9846 §4.3), or a cause of the message's own.
    pub fn parse(kind: Kind, body: &'a [u8], context: &ParseContext) -> Result<Self, Cause> {
        let limits = &context.limits;
        Ok(match kind {
            Kind::ClientHello => Self::ClientHello(ClientHello::parse(body, limits)?),
            Kind::ServerHello => Self::ServerHello(ServerHello::parse(body, context)?),
            Kind::HelloRetryRequest => {
                Self::HelloRetryRequest(HelloRetryRequest::parse(body, context)?)
            }
            Kind::NewSessionTicket => {
                Self::NewSessionTicket(NewSessionTicket::parse(body, limits)?)
            }
            Kind::EndOfEarlyData => Self::EndOfEarlyData(EndOfEarlyData::parse(body)?),
            Kind::EncryptedExtensions => {
                Self::EncryptedExtensions(EncryptedExtensions::parse(body, context)?)
            }
            Kind::CertificateRequest => {
                Self::CertificateRequest(CertificateRequest::parse(body, limits)?)
            }
            Kind::Certificate => Self::Certificate(Certificate::parse(body, context)?),
            Kind::CompressedCertificate => {
                Self::CompressedCertificate(CompressedCertificate::parse(body)?)
            }
            Kind::CertificateVerify => Self::CertificateVerify(CertificateVerify::parse(body)?),
            Kind::Finished => Self::Finished(Finished::parse(body)?),
            Kind::KeyUpdate => Self::KeyUpdate(KeyUpdate::parse(body)?),
        })
    }
}

/// Appends a message to `out`: the header, and the body that `body` writes (RFC 9846 §4).
///
/// # Errors
/// [`Cause::Unencodable`] when something outgrows its length field; nothing is then appended.
pub fn encode(
    handshake_type: HandshakeType,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Writer<'_>),
) -> Result<(), Cause> {
    let start = out.len();
    let mut writer = Writer::new(out);
    writer.u8(handshake_type.0);
    writer.vector24(body);
    if writer.overflowed() {
        out.truncate(start);
        return Err(Cause::Unencodable);
    }
    Ok(())
}
