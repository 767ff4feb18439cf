//! How to close a stream without losing the last alert on the way (RFC 9846 §6.1).

use crate::handshake::event::End;

/// What is left to do with a stream once its connection has ended and all output has been sent.
///
/// A socket that is closed while bytes of the peer's lie unread resets the stream, and the reset
/// can overtake the alert: the peer then learns nothing but that it was cut off. RFC 9846 §6.1
/// counts on it that closing the *sending* direction delivers what was sent, so that comes first:
///
/// ```text
/// let plan = end.closing();
/// if plan.shut_down_write { shut down the sending direction }
/// while fewer than plan.drain_bytes bytes have been read, and less than plan.drain_milliseconds
///       milliseconds have passed { read, and throw away what comes; stop at an end or an error }
/// close the socket
/// ```
///
/// A peer that has nothing left to say ends its own direction in turn, and the loop with it. The
/// two bounds are for the others; a caller may set them as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClosingPlan {
    /// Whether to end the sending direction before anything else.
    pub shut_down_write: bool,
    /// How many bytes of the peer's to read and throw away before closing, at most.
    pub drain_bytes: usize,
    /// How long to go on reading before closing, at most.
    pub drain_milliseconds: u32,
}

impl ClosingPlan {
    /// Nothing that was sent matters any more.
    pub const AT_ONCE: Self =
        Self { shut_down_write: false, drain_bytes: 0, drain_milliseconds: 0 };

    /// What was sent last is to arrive, within 65,536 bytes and 1,000 milliseconds.
    pub const DRAIN: Self =
        Self { shut_down_write: true, drain_bytes: 65_536, drain_milliseconds: 1_000 };
}

impl End {
    /// How to close the stream, so that what we sent last arrives.
    #[must_use]
    pub const fn closing(&self) -> ClosingPlan {
        match self {
            Self::Failed(_) | Self::Closed => ClosingPlan::DRAIN,
            Self::Refused(_) | Self::Truncated(_) => ClosingPlan::AT_ONCE,
        }
    }
}
