//! Alerts: closure alerts and error alerts as two types with one wire form (RFC 9846 §6).
//!
//! What arrives is an [`AlertDescription`], any byte at all. What we send is a [`ClosureAlert`] or
//! an [`ErrorAlert`]; no value is both, and no function of this crate takes an alert number.

use core::fmt;

/// The description byte of an alert as it came over the wire, whatever its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertDescription(pub u8);

/// What a received description means to the connection (RFC 9846 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertClass {
    /// `close_notify` or `user_canceled`.
    Closure(ClosureAlert),
    /// Every other value, known or not: the peer has ended the connection.
    Error,
}

/// The legacy level byte (RFC 9846 §6); it is kept for the record and decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AlertLevel {
    /// Closure alerts are sent at this level.
    Warning = 1,
    /// Error alerts are sent at this level.
    Fatal = 2,
}

impl AlertLevel {
    /// The level a byte stands for; `None` for a value outside the enumeration.
    #[must_use]
    pub const fn from_wire(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Warning),
            2 => Some(Self::Fatal),
            _ => None,
        }
    }
}

/// An alert that announces an orderly end (RFC 9846 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ClosureAlert {
    /// The sender will send nothing more.
    CloseNotify = 0,
    /// The sender gives the handshake up; `close_notify` follows.
    UserCanceled = 90,
}

macro_rules! error_alerts {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal;)+) => {
        /// An alert that we may send to end a connection at once (RFC 9846 §6.2).
        ///
        /// Values come only from the cause table: [`Cause::alert`](crate::failure::Cause::alert).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum ErrorAlert { $($(#[$doc])* $name = $code),+ }

        impl ErrorAlert {
            /// Every error alert that this crate can send.
            pub const ALL: &[ErrorAlert] = &[$(ErrorAlert::$name),+];

            /// The code point (RFC 9846 §6).
            #[must_use]
            pub const fn description(self) -> AlertDescription {
                match self { $(Self::$name => AlertDescription($code)),+ }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

error_alerts! {
    /// A message or record that does not belong here.
    UnexpectedMessage = 10 "unexpected_message";
    /// A record does not deprotect.
    BadRecordMac = 20 "bad_record_mac";
    /// A record is longer than allowed.
    RecordOverflow = 22 "record_overflow";
    /// No acceptable set of parameters.
    HandshakeFailure = 40 "handshake_failure";
    /// A certificate is corrupt or its signatures do not verify.
    BadCertificate = 42 "bad_certificate";
    /// A certificate of an unsupported type.
    UnsupportedCertificate = 43 "unsupported_certificate";
    /// A certificate was revoked by its signer.
    CertificateRevoked = 44 "certificate_revoked";
    /// A certificate has expired or is not yet valid.
    CertificateExpired = 45 "certificate_expired";
    /// Some other issue makes a certificate unacceptable.
    CertificateUnknown = 46 "certificate_unknown";
    /// A field is out of range or inconsistent with others.
    IllegalParameter = 47 "illegal_parameter";
    /// No trust anchor was found for a chain.
    UnknownCa = 48 "unknown_ca";
    /// A valid certificate was received, and access control says no.
    AccessDenied = 49 "access_denied";
    /// A message cannot be parsed.
    DecodeError = 50 "decode_error";
    /// A signature, a Finished message or a PSK binder does not verify.
    DecryptError = 51 "decrypt_error";
    /// The offered protocol version is not supported.
    ProtocolVersion = 70 "protocol_version";
    /// The server wants parameters more secure than the client offers.
    InsufficientSecurity = 71 "insufficient_security";
    /// An error that has nothing to do with the peer.
    InternalError = 80 "internal_error";
    /// A mandatory extension is absent.
    MissingExtension = 109 "missing_extension";
    /// An answer to an extension that was never offered.
    UnsupportedExtension = 110 "unsupported_extension";
    /// No server of that name is here.
    UnrecognizedName = 112 "unrecognized_name";
    /// A stapled OCSP response is invalid or unacceptable.
    BadCertificateStatusResponse = 113 "bad_certificate_status_response";
    /// No acceptable PSK identity was offered.
    UnknownPskIdentity = 115 "unknown_psk_identity";
    /// A client certificate is wanted, and none was provided.
    CertificateRequired = 116 "certificate_required";
    /// No more specific alert is available, or the sender conceals it.
    GeneralError = 117 "general_error";
    /// No application protocol in common.
    NoApplicationProtocol = 120 "no_application_protocol";
}

impl AlertDescription {
    /// The end of the sender's data.
    pub const CLOSE_NOTIFY: Self = Self(0);
    /// The sender gives the handshake up.
    pub const USER_CANCELED: Self = Self(90);

    /// Closure alert or error alert; every unknown value is an error alert (RFC 9846 §6).
    #[must_use]
    pub const fn class(self) -> AlertClass {
        match self {
            Self::CLOSE_NOTIFY => AlertClass::Closure(ClosureAlert::CloseNotify),
            Self::USER_CANCELED => AlertClass::Closure(ClosureAlert::UserCanceled),
            _ => AlertClass::Error,
        }
    }

    /// The registered name; `None` for a value that is not assigned.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "close_notify",
            21 => "decryption_failed_RESERVED",
            30 => "decompression_failure_RESERVED",
            41 => "no_certificate_RESERVED",
            52 => "too_many_cids_requested",
            60 => "export_restriction_RESERVED",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation_RESERVED",
            111 => "certificate_unobtainable_RESERVED",
            114 => "bad_certificate_hash_value_RESERVED",
            121 => "ech_required",
            code => {
                return ErrorAlert::ALL
                    .iter()
                    .find(|a| a.description().0 == code)
                    .map(|a| a.text());
            }
        })
    }

    /// Whether `level` is the one that RFC 9846 §6 pairs with this description.
    #[must_use]
    pub fn fits_level(self, level: AlertLevel) -> bool {
        match self.class() {
            AlertClass::Closure(ClosureAlert::CloseNotify) => level == AlertLevel::Warning,
            AlertClass::Closure(ClosureAlert::UserCanceled) => true,
            AlertClass::Error => level == AlertLevel::Fatal,
        }
    }
}

impl fmt::Debug for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}({})", self.0),
            None => write!(f, "alert({})", self.0),
        }
    }
}

impl fmt::Display for ErrorAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.description(), f)
    }
}

/// An alert that leaves: its two bytes on the wire are `[level, description]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// An orderly end, at level warning.
    Closure(ClosureAlert),
    /// An error, at level fatal.
    Error(ErrorAlert),
}

impl Alert {
    /// The description, as the peer will see it.
    #[must_use]
    pub const fn description(self) -> AlertDescription {
        match self {
            Self::Closure(ClosureAlert::CloseNotify) => AlertDescription::CLOSE_NOTIFY,
            Self::Closure(ClosureAlert::UserCanceled) => AlertDescription::USER_CANCELED,
            Self::Error(error) => error.description(),
        }
    }

    /// The two bytes of the alert message (RFC 9846 §6).
    #[must_use]
    pub const fn to_wire(self) -> [u8; 2] {
        match self {
            Self::Closure(_) => [1, self.description().0],
            Self::Error(_) => [2, self.description().0],
        }
    }
}
