//! The running hash over handshake messages, header included (RFC 9846 §4.1).

use crate::crypto::{Digest, Hash, RunningHash};
use crate::registry::HandshakeType;

/// The transcript hash, from the moment the suite is known.
pub struct Transcript {
    running: Box<dyn RunningHash>,
}

impl Transcript {
    /// A transcript without a message.
    #[must_use]
    pub fn new(hash: &'static dyn Hash) -> Self {
        Self { running: hash.start() }
    }

    /// The transcript after HelloRetryRequest: the hash of the first ClientHello stands in it as a
    /// synthetic `message_hash` message (RFC 9846 §4.1).
    #[must_use]
    pub fn after_retry(
        hash: &'static dyn Hash,
        first_client_hello: &Digest,
        hello_retry_request: &[u8],
    ) -> Self {
        let mut running = hash.start();
        let length = u8::try_from(first_client_hello.as_bytes().len()).unwrap_or_default();
        running.update(&[HandshakeType::MESSAGE_HASH.0, 0, 0, length]);
        running.update(first_client_hello.as_bytes());
        running.update(hello_retry_request);
        Self { running }
    }

    /// Appends a whole message, header included.
    pub fn add(&mut self, message: &[u8]) {
        self.running.update(message);
    }

    /// The hash through the last message added.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.running.digest_with(&[])
    }

    /// Another transcript that begins with all of this one.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { running: self.running.fork() }
    }

    /// The hash through the last message added and then a part of the next: what a PSK binder
    /// covers (RFC 9846 §4.3.11.2).
    #[must_use]
    pub fn digest_with(&self, truncated: &[u8]) -> Digest {
        self.running.digest_with(truncated)
    }
}

impl core::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Transcript").field(&self.digest()).finish()
    }
}
