//! Why a connection fails, and the one alert that says so to the peer.
//!
//! One cause, one alert, one section of RFC 9846. Whoever finds a fault names its [`Cause`]; the
//! alert follows from the table, and nothing else can make an [`ErrorAlert`].

use core::fmt;

use crate::alert::ErrorAlert;

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident => $alert:ident, $section:literal, $text:literal;)+) => {
        /// What went wrong: one value for each rule that can be broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause {
            $(
                #[doc = concat!(
                    $text, " (`", stringify!($alert), "`, RFC 9846 §", $section, ")"
                )]
                $(#[$doc])*
                $cause
            ),+
        }

        impl Cause {
            /// Every cause, in the order of the table.
            pub const ALL: &[Cause] = &[$(Cause::$cause),+];

            /// The one alert that reports this cause.
            #[must_use]
            pub const fn alert(self) -> ErrorAlert {
                match self { $(Cause::$cause => ErrorAlert::$alert),+ }
            }

            /// The section of RFC 9846 whose rule was broken.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Cause::$cause => $section),+ }
            }

            /// What happened, in words that a report can use.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Cause::$cause => $text),+ }
            }
        }
    };
}

causes! {
    // Every message
    Malformed => DecodeError, "6", "a field or vector does not parse";
    MessageOutOfOrder => UnexpectedMessage, "4", "the state has no transition for this message";
    UnknownMessageType => UnexpectedMessage, "4", "the message has a type that is not a handshake message";
    MessageTooLong => IllegalParameter, "4", "a message is longer than the limit for its kind";
    TooMuchPending => UnexpectedMessage, "4", "more messages arrive than are held while a question waits";
    WrongEpoch => UnexpectedMessage, "4", "handshake bytes under keys that are not in use";
    MessageSpansKeyChange => UnexpectedMessage, "5.1", "a message straddles a change of keys";
    MessageInterleaved => UnexpectedMessage, "5.1", "another record type between the fragments of a message";

    // Records
    UnexpectedRecordType => UnexpectedMessage, "5", "a record of a type that may not come here";
    EmptyFragment => UnexpectedMessage, "5.4", "a record holds no byte of a handshake message or alert";
    RecordWithoutContentType => UnexpectedMessage, "5.4", "a protected record is all padding";
    RecordTooLong => RecordOverflow, "5.2", "a record is longer than allowed";
    RecordNotAuthentic => BadRecordMac, "5.2", "a record does not deprotect";
    UnexpectedChangeCipherSpec => UnexpectedMessage, "5", "a change_cipher_spec record that may not be dropped";
    TooManyChangeCipherSpecs => UnexpectedMessage, "5", "more change_cipher_spec records than the limit";
    TooManyEmptyRecords => UnexpectedMessage, "5.1", "more empty records in a row than the limit";
    UnexpectedApplicationData => UnexpectedMessage, "2", "application data before the handshake allows it";
    EarlyDataTooLong => UnexpectedMessage, "4.3.10", "more early data than the limit";
    KeyUsageExhausted => InternalError, "5.5", "a key has protected as much as it may and cannot be updated";

    // Alerts received
    AlertMalformed => DecodeError, "6", "an alert is not two bytes";
    AlertLevelUnknown => IllegalParameter, "6", "an alert has a level that is neither warning nor fatal";
    TooManyUserCanceled => UnexpectedMessage, "6.1", "more user_canceled alerts in a row than the limit";

    // Every hello
    LegacyVersionUnexpected => ProtocolVersion, "4.2.2", "legacy_version is not 0x0303";
    LegacyCompressionUnexpected => IllegalParameter, "4.2.2", "legacy compression is not null";
    LegacySessionIdForbidden => IllegalParameter, "4.2.2", "a session id where the transport has none";

    // Extensions
    ExtensionNotAllowedHere => IllegalParameter, "4.3", "an extension in a message that may not carry it";
    ExtensionRepeated => IllegalParameter, "4.3", "an extension appears twice in one block";
    ExtensionNotOffered => UnsupportedExtension, "4.3", "an answer to an extension that was not offered";
    TooManyExtensions => IllegalParameter, "4.3", "more extensions than the limit";
    ExtensionAfterPreSharedKey => IllegalParameter, "4.3.11", "pre_shared_key is not the last extension";
    FlagsNotMinimal => IllegalParameter, "4.3", "tls_flags end in an octet without flags (draft-ietf-tls-tlsflags)";
    RecordSizeLimitTooSmall => IllegalParameter, "4.3", "record_size_limit is below 64 (RFC 8449)";

    // ClientHello
    VersionNotOffered => ProtocolVersion, "4.3.1", "the client does not offer TLS 1.3";
    SignatureAlgorithmsMissing => MissingExtension, "9.2", "signature_algorithms is absent";
    SupportedGroupsMissing => MissingExtension, "9.2", "supported_groups is absent";
    KeyShareMissing => MissingExtension, "9.2", "key_share is absent";
    PskKeyExchangeModesMissing => MissingExtension, "4.3.9", "pre_shared_key without psk_key_exchange_modes";
    TransportParametersMissing => MissingExtension, "6.2", "QUIC transport parameters are absent";
    TransportParametersForbidden => UnsupportedExtension, "4.3", "QUIC transport parameters outside QUIC";
    NoCommonCipherSuite => HandshakeFailure, "4.2.1", "no cipher suite in common";
    NoCommonGroup => HandshakeFailure, "4.2.1", "no key exchange group in common";
    NoCommonSignatureScheme => HandshakeFailure, "4.3.3", "no signature scheme in common with a credential";
    NoCommonApplicationProtocol => NoApplicationProtocol, "4.4.1", "no application protocol in common";
    NoCommonCertificateType => UnsupportedCertificate, "4.5.1", "no type of certificate in common (RFC 7250)";
    CertificateTypesRedundant => IllegalParameter, "4.5.1", "types of certificate are listed, and all are X.509 (RFC 7250)";
    KeyShareRepeated => IllegalParameter, "4.3.8", "two key shares for one group";
    KeyShareNotListed => IllegalParameter, "4.3.8", "a key share for a group that supported_groups lacks";
    KeyShareInvalid => IllegalParameter, "4.3.8", "a key share is not a valid value of its group";
    BinderCountDiffers => IllegalParameter, "4.3.11", "there are not as many binders as identities";
    BinderMismatch => DecryptError, "4.3.11.2", "a PSK binder does not verify";
    NoAcceptablePsk => UnknownPskIdentity, "6.2", "no acceptable PSK identity was offered";

    // Second ClientHello
    SecondHelloChanged => IllegalParameter, "4.2.2", "the second ClientHello differs where it may not";
    SecondHelloKeyShare => IllegalParameter, "4.3.8", "the second ClientHello has not just the share that was asked for";
    SecondHelloEarlyData => IllegalParameter, "4.3.10", "the second ClientHello offers early data";
    CookieMismatch => IllegalParameter, "4.3.2", "the cookie is not the one that was sent";
    CookieRefused => IllegalParameter, "4.3.2", "the cookie cannot be opened, or is too old";

    // ServerHello and HelloRetryRequest
    SupportedVersionsMissing => ProtocolVersion, "4.3.1", "the server selects TLS 1.2 or older";
    RetryVersionMissing => MissingExtension, "4.2.4", "HelloRetryRequest lacks supported_versions";
    VersionNotSelectable => IllegalParameter, "4.3.1", "the server selects a version that was not offered";
    DowngradeDetected => IllegalParameter, "4.2.3", "the server's random carries the downgrade mark";
    SessionIdNotEchoed => IllegalParameter, "4.2.3", "the legacy session id is not echoed";
    CipherSuiteNotOffered => IllegalParameter, "4.2.3", "the server selects a cipher suite that was not offered";
    CipherSuiteChanged => IllegalParameter, "4.2.4", "the cipher suite differs from the HelloRetryRequest's";
    ServerKeyShareMissing => MissingExtension, "4.2.3", "ServerHello lacks key_share";
    GroupNotOffered => IllegalParameter, "4.3.8", "the server's group is not one that was offered so";
    RetryWithoutChange => IllegalParameter, "4.2.4", "HelloRetryRequest would change nothing";
    PskModeNotOffered => IllegalParameter, "4.3.9", "the server uses a PSK in a way that was not offered";
    PskNotOffered => IllegalParameter, "4.3.11", "the server selects a PSK that was not offered so";

    // EncryptedExtensions
    ProtocolNotOffered => IllegalParameter, "4.4.1", "the server selects an application protocol that was not offered";
    CertificateTypeNotOffered => IllegalParameter, "4.4.1", "the server selects a type of certificate that was not offered";
    EarlyDataNotAcceptable => IllegalParameter, "4.3.10", "the server accepts early data that it may not";

    // CertificateRequest and Certificate
    RequestContextUnexpected => IllegalParameter, "4.4.2", "a certificate request context where it must be empty";
    RequestWithoutSignatureAlgorithms => MissingExtension, "4.4.2", "CertificateRequest lacks signature_algorithms";
    ServerCertificateMissing => DecodeError, "4.5.1.3", "the server's certificate list is empty";
    ClientCertificateMissing => CertificateRequired, "4.5.1.3", "the client provides no certificate, and one is required";
    TooManyCertificates => BadCertificate, "4.5.1", "a certificate chain is longer than the limit";
    CertificateMalformed => BadCertificate, "4.5.1", "the end-entity certificate cannot be read";
    RawPublicKeyMalformed => BadCertificate, "4.5.1", "the raw public key is no DER SubjectPublicKeyInfo";
    TooManyRawPublicKeys => IllegalParameter, "4.5.1", "more than one raw public key in a Certificate";
    CertificateTypeUnsupported => UnsupportedCertificate, "4.5.1", "the peer's key is of an unsupported kind";
    CertificateCannotSign => UnsupportedCertificate, "4.5.1.2", "the end-entity certificate's key usage lacks digitalSignature";

    // CertificateVerify and Finished
    SignatureSchemeNotOffered => IllegalParameter, "4.5.2", "CertificateVerify uses a scheme that was not offered";
    SignatureSchemeDoesNotFit => IllegalParameter, "4.5.2", "CertificateVerify uses a scheme that does not fit the key";
    SignatureInvalid => DecryptError, "4.5.2", "the signature of CertificateVerify does not verify";
    FinishedMismatch => DecryptError, "4.5.3", "the verify_data of Finished is wrong";

    // Verdicts on the peer's certificate
    CertificateBad => BadCertificate, "6.2", "the certificate is corrupt or wrongly signed";
    CertificateUnsupported => UnsupportedCertificate, "6.2", "the certificate is of an unsupported kind or for another purpose";
    CertificateRevoked => CertificateRevoked, "6.2", "the certificate has been revoked";
    CertificateExpired => CertificateExpired, "6.2", "the certificate has expired or is not yet valid";
    CertificateUnacceptable => CertificateUnknown, "6.2", "the certificate is unacceptable for another reason";
    CertificateAuthorityUnknown => UnknownCa, "6.2", "the certificate's issuer is not trusted";
    CertificateStatusBad => BadCertificateStatusResponse, "6.2", "the certificate's OCSP response is unacceptable";
    ClientDenied => AccessDenied, "6.2", "the client's certificate is valid, and its holder is not let in";
    ServerDenied => CertificateUnknown, "6.2", "the server's certificate is valid, and its holder is not trusted by the application";

    // Refusals of an offer
    NameNotServed => UnrecognizedName, "6.2", "no server of that name is here";
    SecurityInsufficient => InsufficientSecurity, "6.2", "the offered parameters are too weak";
    ParametersRefused => HandshakeFailure, "6.2", "the offered parameters are not acceptable";
    ConnectionOverload => InternalError, "6.2", "the server has no capacity for the connection";
    RefusedWithoutReason => GeneralError, "6.2", "the connection is refused, and the reason withheld";

    // NewSessionTicket, KeyUpdate and after
    TicketEarlyDataLimited => IllegalParameter, "4.7.1", "a ticket for QUIC limits early data, which QUIC does by itself (RFC 9001)";
    KeyUpdateRequestUnknown => IllegalParameter, "4.7.3", "request_update is neither 0 nor 1";
    TooManyKeyUpdates => UnexpectedMessage, "4.7.3", "more key updates without data than the limit";

    // Authentication after the handshake
    TooManyCertificateRequests => UnexpectedMessage, "4.7.2", "more certificate requests wait for an answer than the limit";
    RequestContextRepeated => IllegalParameter, "4.4.2", "a certificate request has the context of another";
    RequestContextUnknown => IllegalParameter, "4.5.1", "a certificate answers no request that is open";
    AnswerInterrupted => UnexpectedMessage, "4.7.2", "application data between the messages of an authentication";

    // Faults of our own
    CookieUnavailable => InternalError, "6.2", "a cookie could not be sealed or opened";
    VerificationUnavailable => InternalError, "6.2", "the peer's certificate could not be judged";
    SelectionUnavailable => InternalError, "6.2", "the choice of a certificate could not be made";
    SigningFailed => InternalError, "6.2", "the certificate's key is not available for signing";
    CryptographyFailed => InternalError, "6.2", "a cryptographic operation failed";
    RandomnessFailed => InternalError, "6.2", "no randomness was to be had";
    Unencodable => InternalError, "6.2", "a message of ours does not fit its own lengths";
}

/// How much an alert tells the peer (RFC 9846 §6.2: `general_error` when the sender conceals).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Disclosure {
    /// The alert of the cause.
    #[default]
    Exact,
    /// Refusals of a certificate all say `certificate_unknown`.
    CertificateGeneric,
    /// Refusals of a certificate, a name or a PSK all say `general_error`.
    Concealed,
}

impl Disclosure {
    /// The alert that reports `cause` under this setting. Only refusals are veiled: what the peer
    /// did wrong on the wire is always told.
    #[must_use]
    pub const fn alert(self, cause: Cause) -> ErrorAlert {
        use ErrorAlert as Alert;
        let alert = cause.alert();
        match (self, alert) {
            (
                Self::CertificateGeneric,
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::UnknownCa
                | Alert::AccessDenied
                | Alert::BadCertificateStatusResponse,
            ) => Alert::CertificateUnknown,
            (
                Self::Concealed,
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCa
                | Alert::AccessDenied
                | Alert::BadCertificateStatusResponse
                | Alert::CertificateRequired
                | Alert::UnrecognizedName
                | Alert::UnknownPskIdentity,
            ) => Alert::GeneralError,
            _ => alert,
        }
    }
}

/// A fatal outcome: the cause, and where the handshake stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub cause: Cause,
    /// The state that rejected its input, by its name in the transition table.
    pub state: &'static str,
    /// The alert that was sent: the cause's own, or what the disclosure setting made of it.
    pub alert: ErrorAlert,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, state, alert } = self;
        write!(f, "in {state}: {} ({alert} sent, RFC 9846 §{})", cause.text(), cause.section())
    }
}

impl core::error::Error for Failure {}

/// The caller used the interface wrongly. Nothing moved and nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// An answer to a question that is not open on this connection.
    NotAsked,
    /// The connection has ended.
    Ended,
    /// This needs application keys, and there are none yet.
    NotConnected,
    /// `close` was called: nothing more can be sent.
    WriteClosed,
    /// A question is open, a message has arrived in part, output has not been taken, or a
    /// certificate may yet be asked for.
    Unfinished,
    /// A KeyUpdate that asks for an answer is still unanswered (RFC 9846 §4.7.3).
    UpdateAlreadyRequested,
    /// The transport has no such message (QUIC has no KeyUpdate).
    NotInThisProfile,
    /// As many certificate requests as the limit allows are unanswered (RFC 9846 §4.7.2).
    TooManyRequests,
    /// Only the other role can do this.
    WrongRole,
    /// The peer was not accepted by a certificate, here or in the session that is resumed.
    NoCertificate,
    /// An answer names something that the question did not offer.
    NotOffered,
    /// A value is longer than its field, or out of its range.
    OutOfRange,
    /// The configuration offers nothing where something is needed: named here.
    Configuration(&'static str),
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAsked => "this question is not open on this connection",
            Self::Ended => "the connection has ended",
            Self::NotConnected => "application keys are not available yet",
            Self::WriteClosed => "the sending direction is closed",
            Self::Unfinished => "a question, a message or output is outstanding",
            Self::UpdateAlreadyRequested => "an earlier update request is unanswered",
            Self::NotInThisProfile => "the transport has no such message",
            Self::TooManyRequests => "too many certificate requests are unanswered",
            Self::WrongRole => "only the other role can do this",
            Self::NoCertificate => "the peer was not accepted by a certificate",
            Self::NotOffered => "the answer names something that was not offered",
            Self::OutOfRange => "a value is out of range",
            Self::Configuration(what) => return write!(f, "configuration: {what}"),
        })
    }
}

impl core::error::Error for Misuse {}
