//! What goes into the machine and what comes out.

use pki_types::CertificateDer;

use crate::alert::{Alert, AlertDescription};
use crate::crypto::{Secret, Suite};
use crate::diagnosis::{self, Diagnosis};
use crate::epoch::{Direction, Epoch};
use crate::failure::Failure;
use crate::handshake::client_authentication::ClientAuthenticationState;
use crate::handshake::decision::{
    CertificateAccepted, ClientCredentialSelected, CookieOpened, CookieSealed, CredentialSelected,
    Decision, Serial, Signed, TicketSealed,
};
pub use crate::handshake::post_handshake_authentication::CertificateRequestId;
use crate::handshake::post_handshake_authentication::RequestCertificate;
pub use crate::key_schedule::{PskKind, TrafficSecret};
use crate::message::{
    self, Certificate, CertificateRequest, CertificateVerify, ClientHello, EncryptedExtensions,
    EndOfEarlyData, Finished, HelloRetryRequest, KeyUpdate, Message, NewSessionTicket, ServerHello,
};
use crate::registry::{CertificateType, CipherSuite, NamedGroup};

/// What the machine says, in order. The order is the contract:
///
/// * a `Key` to send with comes before the first `Send` that it protects and after the last that it
///   does not;
/// * a `Key` to receive with comes when no part of a message under the old key is outstanding;
/// * `Ended` is the last output there is, and an error alert stands right before it.
#[derive(Debug)]
#[must_use]
pub enum Output {
    /// Handshake messages to send under the keys of `epoch`. Whole messages, any number.
    Send {
        /// The keys in use.
        epoch: Epoch,
        /// The messages, headers included.
        bytes: Vec<u8>,
    },
    /// From now on this key is used in this direction.
    Key {
        /// Which way.
        direction: Direction,
        /// What the key is for.
        epoch: Epoch,
        /// The traffic secret, from which key and vector are made (RFC 9846 §7.3).
        secret: TrafficSecret,
    },
    /// From now on nothing protects what we send: early data ended with a HelloRetryRequest.
    KeyDropped,
    /// A question; nothing goes on until it is answered. But beside those that a client is asked
    /// after the handshake, everything goes on (RFC 9846 §4.7.2).
    Decide(Decision),
    /// Something that is now known.
    Learned(Fact),
    /// An alert to send under the keys of `epoch`.
    Alert {
        /// The keys in use.
        epoch: Epoch,
        /// The alert.
        alert: Alert,
    },
    /// The connection is over. Nothing follows.
    Ended(End),
}

/// A fact about the connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A HelloRetryRequest was sent or received, by another server if its cookie was opened here
    /// (RFC 9846 §4.2.4).
    Retried,
    /// The server takes the client's early data (RFC 9846 §4.3.10).
    EarlyDataAccepted,
    /// The client offered early data, and the server does not take it (RFC 9846 §4.3.10). A client
    /// that still wants it sent sends it again.
    EarlyDataRejected,
    /// What both ends will use.
    Negotiated(Negotiated),
    /// The peer's `quic_transport_parameters` (RFC 9001 §8.2).
    TransportParameters(Vec<u8>),
    /// The handshake is complete at this end (RFC 9846 §2).
    Complete,
    /// Client: the server sent a ticket for resumption (RFC 9846 §4.7.1).
    Ticket(Ticket),
    /// Server: the client has answered a request that came after the handshake (RFC 9846 §4.7.2).
    PostHandshakeAuthentication {
        /// Which request.
        request: CertificateRequestId,
        /// The end-entity certificate that was accepted, whose key the client holds; `None`: the
        /// client has none.
        certificate: Option<CertificateDer<'static>>,
    },
    /// The peer has updated its keys (RFC 9846 §4.7.3).
    PeerUpdatedKeys,
    /// Client: how it stands with our authentication has changed.
    ClientAuthentication(ClientAuthenticationState),
    /// An alert has arrived that does not end the connection by itself.
    AlertReceived(AlertDescription),
    /// The peer will send nothing more; we may still send (RFC 9846 §6.1).
    PeerClosed,
    /// The machine has moved along this edge; only if the configuration asks for it.
    Moved {
        /// The state before.
        from: &'static str,
        /// The input.
        input: &'static str,
        /// The state after.
        to: &'static str,
    },
}

/// The parameters of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The key exchange group; `None` in a handshake by PSK alone.
    pub group: Option<NamedGroup>,
    /// The application protocol, if one was agreed (RFC 7301).
    pub application_layer_protocol: Option<Vec<u8>>,
    /// Which types of certificate the ends have of each other; `None` with a PSK in their place.
    pub certificate_types: Option<CertificateTypes>,
    /// How long protected records may be, if both ends have said so (RFC 8449).
    pub record_size_limits: Option<RecordSizeLimits>,
    /// The PSK that was used in place of certificates, if one was.
    pub psk: Option<NegotiatedPsk>,
}

/// Certificates of which type the ends authenticate with (RFC 7250, RFC 9846 §4.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateTypes {
    /// The server's.
    pub server: CertificateType,
    /// The client's, should it be asked.
    pub client: CertificateType,
}

/// A PSK that both ends have, of those that the client offered (RFC 9846 §4.3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegotiatedPsk {
    /// Where it comes from.
    pub kind: PskKind,
    /// The name under which it was offered: the ticket, or the identity of an external key.
    pub identity: Vec<u8>,
}

/// The longest protected records, in bytes of content, content type and padding (RFC 8449 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordSizeLimits {
    /// What the peer wants to receive.
    pub send: u16,
    /// What we want to receive.
    pub receive: u16,
}

impl RecordSizeLimits {
    pub(crate) fn agreed(ours: Option<u16>, theirs: Option<u16>) -> Option<Self> {
        ours.zip(theirs).map(|(receive, send)| Self { send, receive })
    }
}

/// A ticket and the key that belongs to it (RFC 9846 §4.7.1).
#[derive(Debug)]
pub struct Ticket {
    /// The opaque ticket.
    pub ticket: Vec<u8>,
    /// The pre-shared key for the connection that uses it.
    pub psk: Secret,
    /// The suite of the connection: its hash is the key's.
    pub suite: &'static Suite,
    /// How long the ticket may be used, in seconds; at most seven days.
    pub lifetime_seconds: u32,
    /// What is added to the ticket's age when it is offered, in milliseconds.
    pub age_add: u32,
    /// How many bytes of early data it permits; `None`: no early data.
    pub max_early_data_bytes: Option<u32>,
    /// The application protocol of the connection, which early data must keep to.
    pub application_layer_protocol: Option<Vec<u8>>,
    /// The server resumes by it under any name of its certificate: it may be offered under another
    /// name that the certificate was verified to bear (draft-ietf-tls-cross-sni-resumption).
    pub resumption_across_names: bool,
}

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Both directions were closed in order.
    Closed,
    /// We found a fault and said so.
    Failed(Failure),
    /// The peer sent an error alert, or closed during the handshake.
    Refused(Refusal),
    /// The transport ended without `close_notify`: what was received may be cut short (RFC 9846
    /// §6.1).
    Truncated(Truncation),
}

/// An alert of the peer's that ended the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The description byte, whatever its value.
    pub alert: AlertDescription,
    /// The level byte as it came; it decides nothing.
    pub level: u8,
    /// The state in which it arrived, by its name in the transition table.
    pub state: &'static str,
    /// The circumstances, from which [`Refusal::diagnose`] reads its meaning.
    pub context: diagnosis::Context,
    /// Bytes of application data written while the server had not yet shown that it processed our
    /// authentication: if it refused that, its application has probably not seen them.
    pub unconfirmed_bytes: u64,
}

/// A transport that ended before the connection did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The state in which it happened.
    pub state: &'static str,
    /// The circumstances.
    pub context: diagnosis::Context,
    /// As in [`Refusal::unconfirmed_bytes`].
    pub unconfirmed_bytes: u64,
}

impl Refusal {
    /// What the alert means here.
    #[must_use]
    pub fn diagnose(&self) -> Diagnosis {
        diagnosis::diagnose(diagnosis::Signal::Alert(self.alert), &self.context)
    }

    /// Whether the level byte is the one that goes with the description (RFC 9846 §6).
    #[must_use]
    pub fn level_fits(&self) -> bool {
        crate::alert::AlertLevel::from_wire(self.level)
            .is_some_and(|level| self.alert.fits_level(level))
    }
}

impl Truncation {
    /// What the silence means here.
    #[must_use]
    pub fn diagnose(&self) -> Diagnosis {
        diagnosis::diagnose(diagnosis::Signal::TransportLost, &self.context)
    }
}

/// A parsed message and the bytes it was parsed from, header included.
#[derive(Debug)]
pub(crate) struct Framed<'a, M> {
    pub(crate) message: M,
    pub(crate) encoded: &'a [u8],
}

/// An answer, and the question that it answers: there may be several.
#[derive(Debug)]
pub(crate) struct Answered<A> {
    pub(crate) question: Serial,
    pub(crate) answer: A,
}

/// The order to begin; a client's only unprompted move.
#[derive(Debug)]
pub(crate) struct Begin;

/// What a server promises with a ticket (RFC 9846 §4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// How long the client may use it, in seconds; at most 604,800.
    pub lifetime_seconds: u32,
    /// How many bytes of early data it permits; `None`: no early data. More than
    /// [`Limits::skipped_early_data_bytes`](crate::limits::Limits::skipped_early_data_bytes) allows
    /// ends the connection whenever it is not taken.
    pub max_early_data_bytes: Option<u32>,
}

macro_rules! inputs {
    ($($name:ident($payload:ty)),+ $(,)?) => {
        /// One input of either machine: a message, an answer or an order.
        #[derive(Debug)]
        pub(crate) enum Input<'a> { $($name($payload)),+ }

        /// The kinds of input: as values for the gate, as types for the edges.
        pub(crate) mod on {
            /// The kind of an input, without what it carries.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) enum Kind { $($name),+ }

            impl Kind {
                pub(crate) const fn name(self) -> &'static str {
                    match self { $(Self::$name => stringify!($name)),+ }
                }
            }

            $(#[derive(Debug)] pub(crate) enum $name {})+
        }

        impl Input<'_> {
            pub(crate) const fn kind(&self) -> on::Kind {
                match self { $(Self::$name(_) => on::Kind::$name),+ }
            }
        }
    };
}

inputs! {
    Begin(Begin),
    ClientHello(Framed<'a, ClientHello<'a>>),
    ServerHello(Framed<'a, ServerHello<'a>>),
    HelloRetryRequest(Framed<'a, HelloRetryRequest<'a>>),
    EncryptedExtensions(Framed<'a, EncryptedExtensions<'a>>),
    CertificateRequest(Framed<'a, CertificateRequest<'a>>),
    Certificate(Framed<'a, Certificate<'a>>),
    CertificateVerify(Framed<'a, CertificateVerify<'a>>),
    Finished(Framed<'a, Finished<'a>>),
    NewSessionTicket(Framed<'a, NewSessionTicket<'a>>),
    EndOfEarlyData(Framed<'a, EndOfEarlyData>),
    KeyUpdate(Framed<'a, KeyUpdate>),
    CookieSealed(CookieSealed),
    CookieOpened(CookieOpened),
    CertificateAccepted(CertificateAccepted),
    CredentialSelected(CredentialSelected),
    ClientCredentialSelected(Answered<ClientCredentialSelected>),
    Signed(Answered<Signed>),
    IssueTicket(NewTicket),
    TicketSealed(TicketSealed),
    RequestCertificate(RequestCertificate),
    UpdateKeys(KeyUpdate),
}

impl<'a> Input<'a> {
    /// A message of the peer's as an input.
    pub(crate) fn of_message(message: Message<'a>, encoded: &'a [u8]) -> Self {
        match message {
            Message::ClientHello(message) => Self::ClientHello(Framed { message, encoded }),
            Message::ServerHello(message) => Self::ServerHello(Framed { message, encoded }),
            Message::HelloRetryRequest(message) => {
                Self::HelloRetryRequest(Framed { message, encoded })
            }
            Message::NewSessionTicket(message) => {
                Self::NewSessionTicket(Framed { message, encoded })
            }
            Message::EncryptedExtensions(message) => {
                Self::EncryptedExtensions(Framed { message, encoded })
            }
            Message::CertificateRequest(message) => {
                Self::CertificateRequest(Framed { message, encoded })
            }
            Message::Certificate(message) => Self::Certificate(Framed { message, encoded }),
            Message::CertificateVerify(message) => {
                Self::CertificateVerify(Framed { message, encoded })
            }
            Message::Finished(message) => Self::Finished(Framed { message, encoded }),
            Message::KeyUpdate(message) => Self::KeyUpdate(Framed { message, encoded }),
            Message::EndOfEarlyData(message) => Self::EndOfEarlyData(Framed { message, encoded }),
        }
    }
}

impl on::Kind {
    /// The input that a message is.
    pub(crate) const fn of_message(kind: message::Kind) -> Self {
        match kind {
            message::Kind::ClientHello => Self::ClientHello,
            message::Kind::ServerHello => Self::ServerHello,
            message::Kind::HelloRetryRequest => Self::HelloRetryRequest,
            message::Kind::NewSessionTicket => Self::NewSessionTicket,
            message::Kind::EncryptedExtensions => Self::EncryptedExtensions,
            message::Kind::CertificateRequest => Self::CertificateRequest,
            message::Kind::Certificate => Self::Certificate,
            message::Kind::CertificateVerify => Self::CertificateVerify,
            message::Kind::Finished => Self::Finished,
            message::Kind::KeyUpdate => Self::KeyUpdate,
            message::Kind::EndOfEarlyData => Self::EndOfEarlyData,
        }
    }
}
