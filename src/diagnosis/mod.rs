//! What a received alert means, given where the connection stood (RFC 9846 §6).
//!
//! [`diagnose`] is a pure function over a table, [`ROWS`]. It reads no state and changes none; the
//! state machine never consults it. The byte that arrived is always kept beside the opinion on it.

mod cause;
mod condition;
mod context;
mod rows;
mod signals;

use core::fmt;

use crate::alert::AlertDescription;

pub use self::cause::{Cause, CertificateFault, Denial};
pub use self::condition::Condition;
pub use self::context::{
    ClientAuthentication, ClientContext, ClientPhase, Context, Endpoint, Evidence, Psk, PskKind,
    ServerContext, ServerPhase,
};
pub use self::rows::{ROWS, Row};
pub use self::signals::Signals;

/// What ended the connection, or announced its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// An alert, of whatever value.
    Alert(AlertDescription),
    /// The transport ended, in whatever way, and no alert came.
    TransportLost,
}

/// The coarse meaning: six values, stable, and enough for a program to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The peer says that this side broke the protocol.
    PeerSaysProtocolError,
    /// The two sides have no acceptable parameters in common.
    Negotiation,
    /// A certificate or PSK is missing or not accepted.
    Credential,
    /// The credential, if any, is known, and access is denied.
    Authorization,
    /// The reason is internal to the peer, concealed by it, or not to be understood from here.
    PeerInternalOrConcealed,
    /// The connection was closed, or was lost.
    Closure,
}

/// How firmly a diagnosis stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It follows from the text of an RFC.
    Specified,
    /// It is what known implementations mean by this alert here.
    Inferred,
    /// It is the likeliest guess.
    Heuristic,
}

/// What may help; a human or a program may follow it, this crate never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing in particular.
    None,
    /// Ask the user or the configuration for a client certificate.
    AskForCertificate,
    /// Use another client certificate, or none of the remembered ones.
    ChooseOtherCertificate,
    /// Forget the ticket that was offered, and make a full handshake.
    DiscardTicket,
    /// The same attempt may succeed later.
    RetryLater,
    /// The same attempt will fail again: something has to be set right first.
    DoNotRetry,
    /// One of the two implementations is wrong.
    ReportBug,
}

impl Advice {
    /// Whether following it because of a forged alert would cost no security and reveal nothing.
    const fn withstands_forgery(self) -> bool {
        matches!(self, Self::None | Self::RetryLater | Self::DoNotRetry | Self::ReportBug)
    }
}

/// What a signal means in its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Diagnosis {
    /// The alert exactly as it came; `None` if there was none.
    pub alert: Option<AlertDescription>,
    /// The coarse meaning.
    pub class: Class,
    /// The precise meaning.
    pub cause: Cause,
    /// How firmly the cause stands.
    pub certainty: Certainty,
    /// Whether the alert came from the peer that the handshake authenticated: under handshake or
    /// application keys, with the peer's Finished verified. If not, it could have been forged.
    pub authenticated: bool,
    /// Whether RFC 9846 has no place for this alert in this context.
    pub anomalous: bool,
    /// What may help; never something that a forger could want.
    pub advice: Advice,
}

/// Says what `signal` means to a connection in `context` (RFC 9846 §6).
///
/// It is defined for every input, even for contexts that no connection can be in, and may be asked
/// again when more is known.
#[must_use]
pub fn diagnose(signal: Signal, context: &Context) -> Diagnosis {
    let row = ROWS.iter().find(|row| row.applies(signal, context)).unwrap_or(&rows::OTHERWISE);
    let cause = row.cause(signal);
    let (alert, authenticated) = match signal {
        Signal::Alert(alert) => (Some(alert), context.authenticated()),
        // Anyone on the path can cut a connection.
        Signal::TransportLost => (None, false),
    };
    let advice = match cause.advice() {
        advice if authenticated || advice.withstands_forgery() => advice,
        _ => Advice::None,
    };
    Diagnosis {
        alert,
        class: cause.class(),
        cause,
        certainty: row.certainty,
        authenticated,
        anomalous: row.anomalous,
        advice,
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Specified => "as the standard defines it",
            Self::Inferred => "as known implementations use it",
            Self::Heuristic => "a guess",
        })
    }
}

/// A sentence for the user, then in parentheses what it rests on.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.cause)?;
        match self.alert {
            Some(alert) => write!(f, "{alert}")?,
            None => f.write_str("no alert")?,
        }
        write!(f, "; {}", self.certainty)?;
        if self.anomalous {
            f.write_str("; out of place here")?;
        }
        f.write_str(if self.authenticated {
            "; sent by the authenticated peer)"
        } else {
            "; not authenticated: it could have been forged)"
        })
    }
}
