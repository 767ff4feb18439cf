//! The form in which Linux takes over the protection of records.

use zeroize::Zeroizing;

use super::{Carried, NotNow};
use crate::crypto::aead::{NONCE_BYTES, key_and_vector};
use crate::crypto::secret::{Secret, copy};
use crate::failure::Misuse;
use crate::handshake::closure::Closure;
use crate::key_schedule::TrafficSecret;
use crate::registry::{CipherSuite, ProtocolVersion};

/// A connection whose records the kernel protects from here on.
///
/// The handshake is over and this crate is out of it, with what it would have done:
///
/// * Everything that is no application data passes the kernel by. Tickets, KeyUpdate and alerts
///   arrive as records of their own type (`TLS_GET_RECORD_TYPE`) and are the caller's to read; what
///   it does not understand, it has to refuse. Alerts, `close_notify` too, are sent the same way
///   (`TLS_SET_RECORD_TYPE`).
/// * When the peer has sent a KeyUpdate, [`KernelKey::next`] of the receiving direction has to be
///   given to the kernel before it reads on; to one that takes no second key (before Linux 6.14),
///   that is the end. A KeyUpdate that asks for an answer is answered with one under the old key,
///   behind which the next key is for sending (RFC 9846 §4.7.3).
/// * The kernel does not count: a key for AES-GCM is to be updated, or the connection ended, before
///   it has protected some 2^24 full records (RFC 9846 §5.5).
/// * There are no exporters and no tickets any more: whoever wants them takes them before.
#[derive(Debug)]
#[must_use = "the connection is lost with it"]
pub struct KernelConnection {
    /// The key that protects what we send (`TLS_TX`).
    pub send: KernelKey,
    /// The key that opens what we receive (`TLS_RX`).
    pub receive: KernelKey,
    /// How far the connection is closed: in a direction that is, nothing may go any more.
    pub closure: Closure,
    /// How much the peer takes in one record. If it is less than 16,384 bytes (RFC 8449), the
    /// kernel must be told, or be given no more at a time.
    pub maximum_fragment_bytes: u16,
}

/// A key, as the structures `tls12_crypto_info_*` of `linux/tls.h` have it, which are also for
/// TLS 1.3: `version` and `cipher_type` in the order of the machine, then `iv`, `key`, `salt` and
/// `rec_seq` as bytes, with nothing between.
#[derive(Debug)]
pub struct KernelKey {
    /// `TLS_1_3_VERSION`.
    pub version: u16,
    /// `TLS_CIPHER_AES_GCM_128`, `TLS_CIPHER_AES_GCM_256` or `TLS_CIPHER_CHACHA20_POLY1305`.
    pub cipher_type: u16,
    /// The end of the initialization vector: eight bytes, or for ChaCha20 all twelve.
    pub iv: Secret,
    /// The key.
    pub key: Secret,
    /// The first four bytes of the initialization vector, or for ChaCha20 none.
    pub salt: Secret,
    /// The number of the next record.
    pub rec_seq: [u8; 8],
    secret: TrafficSecret,
}

impl Carried {
    /// The connection, for the kernel to carry on.
    ///
    /// # Errors
    /// The value comes back: with [`Misuse::Unfinished`] if the peer waits for a KeyUpdate of ours,
    /// for which [`Connection::update_keys`](super::Connection::update_keys) is;
    /// [`Misuse::Configuration`] for a suite that the kernel does not have.
    pub fn into_kernel(self) -> Result<KernelConnection, Box<NotNow<Self>>> {
        self.for_kernel().map_err(|misuse| NotNow::because(self, misuse))
    }

    fn for_kernel(&self) -> Result<KernelConnection, Misuse> {
        let (secrets, course) = (&self.established.secrets, &self.established.course);
        if course.updates.answer_owed {
            return Err(Misuse::Unfinished);
        }
        Ok(KernelConnection {
            send: KernelKey::new(secrets.send.clone(), self.send_sequence_number)?,
            receive: KernelKey::new(secrets.receive.clone(), self.receive_sequence_number)?,
            closure: course.closure,
            maximum_fragment_bytes: self.maximum_fragment_bytes,
        })
    }
}

impl KernelKey {
    fn new(secret: TrafficSecret, sequence_number: u64) -> Result<Self, Misuse> {
        let row = KERNEL_CIPHERS.iter().find(|row| row.0 == secret.suite.id);
        let &(_, cipher_type, salt_bytes) =
            row.ok_or(Misuse::Configuration("a cipher suite that the kernel does not have"))?;
        Ok(Self::of(secret, cipher_type, salt_bytes, sequence_number))
    }

    fn of(
        secret: TrafficSecret,
        cipher_type: u16,
        salt_bytes: usize,
        sequence_number: u64,
    ) -> Self {
        let (suite, mut vector) = (secret.suite, Zeroizing::new([0; NONCE_BYTES]));
        let key = Secret::filled(suite.aead.key_bytes(), |key| {
            *vector = key_and_vector(suite, secret.secret(), key);
        });
        let part = |bytes: &[u8]| Secret::filled(bytes.len(), |out| copy(bytes, out));
        let (salt, iv) = vector.split_at_checked(salt_bytes).unwrap_or_default();
        let (salt, iv) = (part(salt), part(iv));
        let (version, rec_seq) = (ProtocolVersion::TLS13.0, sequence_number.to_be_bytes());
        Self { version, cipher_type, iv, key, salt, rec_seq, secret }
    }

    /// The key behind a KeyUpdate of whoever sends in this direction (RFC 9846 §7.2).
    #[must_use]
    pub fn next(self) -> Self {
        Self::of(self.secret.next(), self.cipher_type, self.salt.as_bytes().len(), 0)
    }
}

/// A suite, its number in `linux/tls.h`, and the bytes of the salt.
const KERNEL_CIPHERS: [(CipherSuite, u16, usize); 3] = [
    (CipherSuite::TLS_AES_128_GCM_SHA256, 51, 4),
    (CipherSuite::TLS_AES_256_GCM_SHA384, 52, 4),
    (CipherSuite::TLS_CHACHA20_POLY1305_SHA256, 54, 0),
];
