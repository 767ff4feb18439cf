//! The causes that a diagnosis can name: for each its class, what may help, and a sentence.

use core::fmt;

use super::{Advice, Class};
use crate::alert::AlertDescription;

macro_rules! causes {
    ($($name:ident $(($detail:ty))?: $class:ident, $advice:ident, $text:literal;)+) => {
        /// The precise meaning of a signal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause { $(#[doc = concat!($text, ".")] $name $(($detail))?,)+ }

        impl Cause {
            /// The coarse meaning.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$name { .. } => Class::$class,)+ }
            }

            /// What may help if the signal is genuine; a [`Diagnosis`](super::Diagnosis) withholds
            /// it where a forger could want it followed.
            #[must_use]
            pub const fn advice(self) -> Advice {
                match self { $(Self::$name { .. } => Advice::$advice,)+ }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$name { .. } => $text,)+ }
            }
        }
    };
}

causes! {
    // The client's certificate
    ClientCertificateRequired: Credential, AskForCertificate,
        "The server requires a client certificate, and none was sent";
    ClientCertificateRequiredAlthoughSent: Credential, ChooseOtherCertificate,
        "The server requires a client certificate and could not use the one that was sent";
    ClientCertificateRequiredToResume: Credential, DiscardTicket,
        "The server requires a client certificate, and resuming an earlier session does not do";
    ClientCertificateUnacceptable(CertificateFault): Credential, ChooseOtherCertificate,
        "The server does not accept the client certificate that was sent";
    ClientCertificateDenied: Authorization, ChooseOtherCertificate,
        "The server accepts the client certificate as valid, and denies access to its holder";
    AnonymousClientDenied: Credential, AskForCertificate,
        "The server denies access to a client that sent no certificate";
    HandshakeFailureAfterDecliningCertificate: Credential, AskForCertificate,
        "The server asked for a client certificate, got none, and ended the connection";
    ClientAuthenticationRefusedUnspecified: Credential, ChooseOtherCertificate,
        "The server ended the connection after the client certificate was sent, and does not say \
         what is wrong with it";
    ClientProofRejected: Credential, DoNotRetry,
        "The server could not verify that the client holds the private key of its certificate";
    ClientAuthenticationRefusalConcealed: PeerInternalOrConcealed, None,
        "The server ended the connection after the client certificate was sent, and conceals why";
    ClosedDuringClientAuthentication: Closure, None,
        "The server closed the connection when it was to judge the client's authentication; this \
         may be a refusal of the client certificate, or of the lack of one";
    LostDuringClientAuthentication: Closure, None,
        "The connection was lost when the server was to judge the client's authentication; this \
         may be a refusal of the client certificate, or of the lack of one";

    // Pre-shared keys and tickets
    PskRequired: Credential, DoNotRetry,
        "The server requires a pre-shared key, and none was offered";
    PskNotAcceptable: Credential, DoNotRetry,
        "The server does not know the pre-shared key that was offered, or does not accept it";
    NoAcceptablePsk: Credential, DoNotRetry,
        "The server accepts none of the pre-shared keys, and nothing else was offered";
    PskBinderRejected: Credential, DoNotRetry,
        "The server does not know the pre-shared key that was offered, or has another value for it";
    ProtocolErrorOrPskBinderRejected: PeerSaysProtocolError, ReportBug,
        "The server says that the client broke the protocol, or has another value for the \
         pre-shared key that was offered";
    PskDenied: Authorization, DoNotRetry,
        "The server knows the pre-shared key, and denies access to its holder";
    ResumedIdentityDenied: Authorization, DiscardTicket,
        "The server resumed an earlier session, and denies access to the identity it belongs to";
    ResumedIdentityRejected(CertificateFault): Credential, DiscardTicket,
        "The server does not accept the client certificate of the session that was to be resumed";

    // Access
    ConnectionDenied: Authorization, DoNotRetry,
        "The server denies access to this connection";
    GenericDenial(&'static [Denial]): Authorization, None,
        "Access was denied, and it is not certain by whom";

    // Negotiation, as the client hears of it
    NoCommonParameters: Negotiation, DoNotRetry,
        "The server and the client have no acceptable parameters in common";
    VersionRefused: Negotiation, DoNotRetry,
        "The server does not support the TLS version that was offered";
    StrongerParametersWanted: Negotiation, DoNotRetry,
        "The server wants more secure parameters than were offered";
    FallbackRefused: Negotiation, DoNotRetry,
        "The server supports a newer TLS version than this attempt offered";
    ServerNameUnknown: Negotiation, DoNotRetry,
        "The server does not serve the name that was asked for";
    ServerNameRequired: Negotiation, DoNotRetry,
        "The server requires the client to say which server name it wants";
    NoCommonApplicationProtocol: Negotiation, DoNotRetry,
        "The server supports none of the application protocols that were offered";
    ExtensionMissing: Negotiation, DoNotRetry,
        "The server requires an extension that was not sent";

    // The server's certificate, and what else a server hears
    ServerCertificateUnacceptable(CertificateFault): Credential, None,
        "The client does not accept the server certificate";
    ServerCertificateDenied: Authorization, None,
        "The client accepts the server certificate as valid, and refuses this server";
    ServerProofRejected: Credential, ReportBug,
        "The client could not verify the server's CertificateVerify or Finished";
    ClientHasNoCertificate: Credential, None,
        "The client says that it has no certificate";
    EncryptedClientHelloRetryExpected: Negotiation, None,
        "The client will try again with the server's current keys for Encrypted ClientHello";
    ClientCannotContinue: Negotiation, None,
        "The client cannot continue with the parameters that the server selected";
    ClientGaveUp: Closure, None,
        "The client gave up before the handshake was complete";
    ClientGaveUpAfterServerCertificate: Closure, None,
        "The client left right after it saw the server certificate, and may not accept it";

    // Either side
    PeerSaysProtocolError: PeerSaysProtocolError, ReportBug,
        "The peer says that this side broke the protocol";
    EarlyDataRefused: PeerSaysProtocolError, ReportBug,
        "The server could not read the early data, or got more of it than it allows";
    PeerInternalError: PeerInternalOrConcealed, RetryLater,
        "The peer has a problem of its own";
    PeerConcealed: PeerInternalOrConcealed, None,
        "The peer ended the connection, and gives no reason";
    UnexpectedAlert: PeerInternalOrConcealed, ReportBug,
        "The peer ended the connection with an alert that makes no sense at this point";
    UnknownAlert: PeerInternalOrConcealed, None,
        "The peer ended the connection with an alert that is not known here";
    ObsoleteAlert: PeerInternalOrConcealed, ReportBug,
        "The peer ended the connection with an alert that TLS 1.3 does not use";
    CancelAnnounced: Closure, None,
        "The peer announces that it will close the connection, for no fault in the protocol";
    Closed: Closure, None,
        "The peer has sent all it had to send, and closed its side of the connection";
    ClosedDuringHandshake: Closure, RetryLater,
        "The peer closed the connection before the handshake was complete";
    LostDuringHandshake: Closure, RetryLater,
        "The connection was lost before the handshake was complete";
    Truncated: Closure, None,
        "The connection was lost without being closed, and data may be missing";
}

/// What is wrong with a certificate, from the alerts of RFC 9846 §6.2 that speak of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// `bad_certificate`.
    Bad,
    /// `unsupported_certificate`.
    Unsupported,
    /// `certificate_revoked`.
    Revoked,
    /// `certificate_expired`.
    Expired,
    /// `certificate_unknown`: something else, unspecified.
    Unspecified,
    /// `unknown_ca`.
    UnknownCa,
    /// `bad_certificate_status_response`.
    BadStatusResponse,
}

impl CertificateFault {
    /// The fault that an alert names; `None` for an alert that does not speak of a certificate.
    #[must_use]
    pub const fn from_alert(alert: AlertDescription) -> Option<Self> {
        Some(match alert.0 {
            42 => Self::Bad,
            43 => Self::Unsupported,
            44 => Self::Revoked,
            45 => Self::Expired,
            46 => Self::Unspecified,
            48 => Self::UnknownCa,
            113 => Self::BadStatusResponse,
            _ => return None,
        })
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bad => "it is corrupt or wrongly signed",
            Self::Unsupported => "it is of a kind that is not supported",
            Self::Revoked => "it has been revoked",
            Self::Expired => "it has expired or is not yet valid",
            Self::Unspecified => "the reason is not given",
            Self::UnknownCa => "its issuer is not trusted",
            Self::BadStatusResponse => "its OCSP response is not acceptable",
        })
    }
}

/// One reading of an `access_denied` that nobody vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// The holder of the offered PSK has no access.
    PskDenied,
    /// The server does not serve the name that was asked for.
    ServerNameRefused,
    /// A filter on the way does not let the connection through.
    NetworkFiltering,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PskDenied => "the server denies access to the holder of the pre-shared key",
            Self::ServerNameRefused => "the server does not serve the name that was asked for",
            Self::NetworkFiltering => "the network does not let the connection through",
        })
    }
}

/// The sentence for a user.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match *self {
            Self::ClientCertificateUnacceptable(fault)
            | Self::ResumedIdentityRejected(fault)
            | Self::ServerCertificateUnacceptable(fault) => write!(f, ": {fault}")?,
            Self::GenericDenial(readings) => {
                for (reading, before) in readings.iter().zip([": perhaps ", ", or ", ", or "]) {
                    write!(f, "{before}{reading}")?;
                }
            }
            _ => {}
        }
        f.write_str(".")
    }
}
