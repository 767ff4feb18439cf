//! The end of a connection: a small table of its own, orthogonal to the handshake (RFC 9846 §6.1).

use crate::handshake::machine::Edge;

/// How far the connection is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Closure {
    /// Both directions are open.
    #[default]
    Open,
    /// We have sent `close_notify`; the peer may go on sending.
    WriteClosed,
    /// The peer has sent `close_notify`; we may go on sending.
    ReadClosed,
    /// Both have.
    Closed,
    /// We have sent an error alert.
    Failed,
    /// The peer has sent an error alert, or closed during the handshake.
    Refused,
    /// The transport ended first.
    Truncated,
}

/// What moves the closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClosureInput {
    /// We send `close_notify`.
    SendCloseNotify,
    /// We give the connection up.
    Cancel,
    /// `close_notify` arrives after the handshake.
    ReceiveCloseNotify,
    /// `close_notify` arrives during the handshake: an abort, not an end.
    ReceiveCloseNotifyEarly,
    /// An error alert arrives, known or unknown, at whatever level.
    ReceiveErrorAlert,
    /// We find a fault.
    Fail,
    /// The transport ends.
    TransportEnds,
}

macro_rules! closure {
    ($($from:ident + $input:ident -> $to:ident;)+) => {
        /// The transitions of the closure; a pair without a row changes nothing.
        pub const CLOSURE: &[Edge] = &[$(Edge {
            from: stringify!($from), input: stringify!($input), to: &[stringify!($to)],
        }),+];

        impl Closure {
            /// The state after `input`; `None` if there is no row, and nothing happens.
            #[must_use]
            pub const fn after(self, input: ClosureInput) -> Option<Self> {
                match (self, input) {
                    $((Self::$from, ClosureInput::$input) => Some(Self::$to),)+
                    _ => None,
                }
            }
        }
    };
}

closure! {
    Open        + SendCloseNotify         -> WriteClosed;
    Open        + Cancel                  -> Closed;
    Open        + ReceiveCloseNotify      -> ReadClosed;
    Open        + ReceiveCloseNotifyEarly -> Refused;
    Open        + ReceiveErrorAlert       -> Refused;
    Open        + Fail                    -> Failed;
    Open        + TransportEnds           -> Truncated;
    WriteClosed + Cancel                  -> Closed;
    WriteClosed + ReceiveCloseNotify      -> Closed;
    WriteClosed + ReceiveCloseNotifyEarly -> Closed;
    WriteClosed + ReceiveErrorAlert       -> Refused;
    WriteClosed + Fail                    -> Failed;
    WriteClosed + TransportEnds           -> Truncated;
    ReadClosed  + SendCloseNotify         -> Closed;
    ReadClosed  + Cancel                  -> Closed;
    ReadClosed  + Fail                    -> Failed;
    ReadClosed  + TransportEnds           -> Closed;
}

impl Closure {
    /// Whether we may still send.
    #[must_use]
    pub const fn may_send(self) -> bool {
        matches!(self, Self::Open | Self::ReadClosed)
    }

    /// Whether what arrives still counts.
    #[must_use]
    pub const fn may_receive(self) -> bool {
        matches!(self, Self::Open | Self::WriteClosed)
    }
}
