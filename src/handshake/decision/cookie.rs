//! What a server remembers between two ClientHellos, kept by the client (RFC 9846 §4.3.2).

use super::{Answer, Reply, Serial, Unfit};
use crate::failure::{Cause, Misuse};

/// Seal what the second ClientHello will be held against: it comes back in a cookie, to this server
/// or to another that can open it.
///
/// It is no secret, but whoever can make one up makes up a first ClientHello. What the client must
/// not change in between, its address for one, can be bound to it.
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
pub struct SealCookie {
    pub(crate) serial: Serial,
    pub(crate) contents: Vec<u8>,
}

impl SealCookie {
    /// What is to be sealed: some hundred bytes.
    #[must_use]
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }

    /// The cookie.
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] if it is empty or longer than 65,000 bytes; the question comes back.
    pub fn sealed(self, cookie: Vec<u8>) -> Result<Answer, Box<Unfit<Self>>> {
        if cookie.is_empty() || cookie.len() > MAX_COOKIE_BYTES {
            return Err(Box::new(Unfit { question: self, misuse: Misuse::OutOfRange }));
        }
        Ok(Answer { serial: self.serial, reply: Reply::CookieSealed(CookieSealed(cookie)) })
    }

    /// There is no key to seal it with: `internal_error`.
    pub fn unavailable(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(Cause::CookieUnavailable) }
    }
}

/// Room is left for the other extensions of HelloRetryRequest.
const MAX_COOKIE_BYTES: usize = 65_000;

/// Open the cookie of a second ClientHello whose first this connection has not seen.
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
pub struct OpenCookie {
    pub(crate) serial: Serial,
    pub(crate) cookie: Vec<u8>,
}

impl OpenCookie {
    /// The cookie, as the client sent it.
    #[must_use]
    pub fn cookie(&self) -> &[u8] {
        &self.cookie
    }

    /// What was sealed in it: [`SealCookie::contents`].
    pub fn opened(self, contents: Vec<u8>) -> Answer {
        Answer { serial: self.serial, reply: Reply::CookieOpened(CookieOpened(contents)) }
    }

    /// It is not ours, not this client's, or too old: `illegal_parameter`.
    pub fn refuse(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(Cause::CookieRefused) }
    }

    /// The question could not be answered: `internal_error`.
    pub fn unavailable(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(Cause::CookieUnavailable) }
    }
}

/// The cookie that was asked for.
#[derive(Debug)]
pub(crate) struct CookieSealed(pub(crate) Vec<u8>);

/// What was in the cookie.
#[derive(Debug)]
pub(crate) struct CookieOpened(pub(crate) Vec<u8>);
