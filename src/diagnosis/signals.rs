//! Sets of signals, by the names that the table uses.

use super::Signal;

/// The signals that a row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signals {
    /// Alerts with one of these description bytes.
    Alerts(&'static [u8]),
    /// Alerts whose byte is not assigned.
    Unassigned,
    /// Every alert.
    AnyAlert,
    /// No alert at all.
    TransportLost,
}

impl Signals {
    /// Whether `signal` is one of them.
    #[must_use]
    pub fn contain(&self, signal: Signal) -> bool {
        match signal {
            Signal::TransportLost => matches!(self, Self::TransportLost),
            Signal::Alert(alert) => match self {
                Self::Alerts(bytes) => bytes.contains(&alert.0),
                Self::Unassigned => alert.name().is_none(),
                Self::AnyAlert => true,
                Self::TransportLost => false,
            },
        }
    }
}

pub(super) const ANY_ALERT: Signals = Signals::AnyAlert;
pub(super) const UNASSIGNED: Signals = Signals::Unassigned;
pub(super) const TRANSPORT_LOST: Signals = Signals::TransportLost;

pub(super) const CLOSE_NOTIFY: Signals = Signals::Alerts(&[0]);
pub(super) const HANDSHAKE_FAILURE: Signals = Signals::Alerts(&[40]);
pub(super) const NO_CERTIFICATE: Signals = Signals::Alerts(&[41]);
pub(super) const ACCESS_DENIED: Signals = Signals::Alerts(&[49]);
pub(super) const DECRYPT_ERROR: Signals = Signals::Alerts(&[51]);
pub(super) const PROTOCOL_VERSION: Signals = Signals::Alerts(&[70]);
pub(super) const INSUFFICIENT_SECURITY: Signals = Signals::Alerts(&[71]);
pub(super) const INTERNAL_ERROR: Signals = Signals::Alerts(&[80]);
pub(super) const INAPPROPRIATE_FALLBACK: Signals = Signals::Alerts(&[86]);
pub(super) const USER_CANCELED: Signals = Signals::Alerts(&[90]);
pub(super) const MISSING_EXTENSION: Signals = Signals::Alerts(&[109]);
pub(super) const UNRECOGNIZED_NAME: Signals = Signals::Alerts(&[112]);
pub(super) const UNKNOWN_PSK_IDENTITY: Signals = Signals::Alerts(&[115]);
pub(super) const CERTIFICATE_REQUIRED: Signals = Signals::Alerts(&[116]);
pub(super) const GENERAL_ERROR: Signals = Signals::Alerts(&[117]);
pub(super) const NO_APPLICATION_PROTOCOL: Signals = Signals::Alerts(&[120]);
pub(super) const ECH_REQUIRED: Signals = Signals::Alerts(&[121]);

pub(super) const CLOSURE_ALERTS: Signals = Signals::Alerts(&[0, 90]);
pub(super) const CERTIFICATE_ALERTS: Signals = Signals::Alerts(&[42, 43, 44, 45, 46, 48]);
pub(super) const CERTIFICATE_OR_STATUS_ALERTS: Signals =
    Signals::Alerts(&[42, 43, 44, 45, 46, 48, 113]);
pub(super) const BAD_OR_UNKNOWN_CERTIFICATE: Signals = Signals::Alerts(&[42, 46]);
pub(super) const ILLEGAL_PARAMETER_OR_BAD_RECORD_MAC: Signals = Signals::Alerts(&[20, 47]);
pub(super) const UNEXPECTED_MESSAGE_OR_BAD_RECORD_MAC: Signals = Signals::Alerts(&[10, 20]);
/// Bad OCSP responses and retries of Encrypted ClientHello.
pub(super) const ALERTS_OF_CLIENTS: Signals = Signals::Alerts(&[113, 121]);
/// The version, the parameters or, over QUIC, the application protocol.
pub(super) const NEGOTIATION_ALERTS_OF_CLIENTS: Signals = Signals::Alerts(&[40, 70, 120]);
/// What a receiver sends that thinks the sender wrong.
pub(super) const PROTOCOL_ERRORS: Signals = Signals::Alerts(&[10, 20, 22, 47, 50, 109, 110]);
/// The values that RFC 9846 §B.2 marks RESERVED.
pub(super) const RESERVED: Signals = Signals::Alerts(&[21, 30, 41, 60, 100, 111, 114]);
