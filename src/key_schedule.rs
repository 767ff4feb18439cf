//! The key schedule of RFC 9846 §7.1: one type for each stage, one method for each arrow of its
//! figure.
//!
//! ```text
//!              0
//!              |
//!    PSK -> HKDF-Extract = Early Secret
//!              +--> "ext binder" | "res binder" | "imp binder"   binder_key
//!              +--> "c e traffic"    client_early_traffic_secret
//!              +--> "e exp master"   early_exporter_secret
//!           "derived"
//! (EC)DHE -> HKDF-Extract = Handshake Secret
//!              +--> "c hs traffic"   client_handshake_traffic_secret
//!              +--> "s hs traffic"   server_handshake_traffic_secret
//!           "derived"
//!      0 -> HKDF-Extract = Main Secret
//!              +--> "c ap traffic"   client_application_traffic_secret_0
//!              +--> "s ap traffic"   server_application_traffic_secret_0
//!              +--> "exp master"     exporter_secret
//!              +--> "res master"     resumption_secret
//! ```
//!
//! It only derives: nothing here installs, sends or remembers.

use std::sync::Arc;

use crate::crypto::{Digest, Hash, Secret, Suite};
use crate::epoch::Role;
use crate::failure::Misuse;

/// Where a PSK comes from; its binder is made with another label for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PskKind {
    /// Provisioned outside of TLS.
    External,
    /// From a ticket of an earlier connection (RFC 9846 §4.7.1).
    Resumption,
    /// Provisioned outside of TLS and bound to this use (RFC 9258).
    Imported,
}

/// The first stage.
#[derive(Debug)]
pub struct EarlySecret {
    suite: &'static Suite,
    secret: Secret,
}

/// The second stage, once the key exchange is done.
#[derive(Debug)]
pub struct HandshakeSecret {
    suite: &'static Suite,
    secret: Secret,
}

/// The third stage.
#[derive(Debug)]
pub struct MainSecret {
    suite: &'static Suite,
    secret: Secret,
}

impl EarlySecret {
    /// `psk` is `None` in a handshake without a PSK.
    #[must_use]
    pub fn new(suite: &'static Suite, psk: Option<&Secret>) -> Self {
        let zeros = Digest::zeros(suite.hash);
        let input = psk.map_or(zeros.as_bytes(), Secret::as_bytes);
        Self { suite, secret: suite.hash.extract(zeros.as_bytes(), input) }
    }

    /// The key of this PSK's binder (RFC 9846 §4.3.11.2): made like that of Finished, from
    /// `binder_key`.
    #[must_use]
    pub fn binder_key(&self, kind: PskKind) -> FinishedKey {
        let label = match kind {
            PskKind::External => "ext binder",
            PskKind::Resumption => "res binder",
            PskKind::Imported => "imp binder",
        };
        let hash = self.suite.hash;
        let binder_key = hash.expand_label(&self.secret, label, hash.of_empty().as_bytes());
        FinishedKey::new(hash, &binder_key)
    }

    /// `client_early_traffic_secret`.
    #[must_use]
    pub fn client_early_traffic(&self, through_client_hello: &Digest) -> TrafficSecret {
        TrafficSecret::derive(self.suite, &self.secret, "c e traffic", through_client_hello)
    }

    /// `early_exporter_secret`.
    #[must_use]
    pub fn early_exporter(&self, through_client_hello: &Digest) -> ExporterSecret {
        ExporterSecret::derive(self.suite, &self.secret, "e exp master", through_client_hello)
    }

    /// The next stage. It consumes this one: no early secret can be derived any more. `shared` is
    /// `None` in a handshake by PSK alone.
    #[must_use]
    pub fn into_handshake(self, shared: Option<&Secret>) -> HandshakeSecret {
        let hash = self.suite.hash;
        let salt = derived(hash, &self.secret);
        let zeros = Digest::zeros(hash);
        let input = shared.map_or(zeros.as_bytes(), Secret::as_bytes);
        HandshakeSecret { suite: self.suite, secret: hash.extract(salt.as_bytes(), input) }
    }
}

impl HandshakeSecret {
    /// `client_handshake_traffic_secret` or `server_handshake_traffic_secret`, by who sends under
    /// it.
    #[must_use]
    pub fn traffic(&self, sender: Role, through_server_hello: &Digest) -> TrafficSecret {
        let label = match sender {
            Role::Client => "c hs traffic",
            Role::Server => "s hs traffic",
        };
        TrafficSecret::derive(self.suite, &self.secret, label, through_server_hello)
    }

    /// The next stage.
    #[must_use]
    pub fn into_main(self) -> MainSecret {
        let salt = derived(self.suite.hash, &self.secret);
        let zeros = Digest::zeros(self.suite.hash);
        MainSecret {
            suite: self.suite,
            secret: self.suite.hash.extract(salt.as_bytes(), zeros.as_bytes()),
        }
    }
}

impl MainSecret {
    /// `client_application_traffic_secret_0` or `server_application_traffic_secret_0`, by who sends
    /// under it.
    #[must_use]
    pub fn traffic(&self, sender: Role, through_server_finished: &Digest) -> TrafficSecret {
        let label = match sender {
            Role::Client => "c ap traffic",
            Role::Server => "s ap traffic",
        };
        TrafficSecret::derive(self.suite, &self.secret, label, through_server_finished)
    }

    /// `exporter_secret`.
    #[must_use]
    pub fn exporter(&self, through_server_finished: &Digest) -> ExporterSecret {
        ExporterSecret::derive(self.suite, &self.secret, "exp master", through_server_finished)
    }

    /// `resumption_secret`; nothing can be derived from the Main Secret after it.
    #[must_use]
    pub fn into_resumption(self, through_client_finished: &Digest) -> ResumptionSecret {
        let secret = self.suite.hash.expand_label(
            &self.secret,
            "res master",
            through_client_finished.as_bytes(),
        );
        ResumptionSecret::restored(self.suite, Arc::new(secret))
    }
}

fn derived(hash: &'static dyn Hash, secret: &Secret) -> Secret {
    hash.expand_label(secret, "derived", hash.of_empty().as_bytes())
}

/// A secret that protects one direction of one epoch (RFC 9846 §7.3). Sharing it copies no bytes.
#[derive(Clone, Debug)]
pub struct TrafficSecret {
    /// The suite whose hash and AEAD it is for.
    pub suite: &'static Suite,
    secret: Arc<Secret>,
}

impl TrafficSecret {
    fn derive(suite: &'static Suite, secret: &Secret, label: &str, transcript: &Digest) -> Self {
        Self {
            suite,
            secret: Arc::new(suite.hash.expand_label(secret, label, transcript.as_bytes())),
        }
    }

    /// A secret that was derived elsewhere.
    pub(crate) const fn restored(suite: &'static Suite, secret: Arc<Secret>) -> Self {
        Self { suite, secret }
    }

    /// The bytes: for QUIC's packet protection, kernel TLS, and key logs.
    #[must_use]
    pub fn secret(&self) -> &Arc<Secret> {
        &self.secret
    }

    /// `application_traffic_secret_N+1` (RFC 9846 §7.2).
    #[must_use]
    pub fn next(self) -> Self {
        let secret = Arc::new(self.suite.hash.expand_label(&self.secret, "traffic upd", &[]));
        Self { suite: self.suite, secret }
    }

    /// The key of the Finished message that is sent under this secret (RFC 9846 §4.5.3).
    #[must_use]
    pub fn finished_key(&self) -> FinishedKey {
        FinishedKey::new(self.suite.hash, &self.secret)
    }
}

/// The key of a Finished message or a PSK binder: it can only sign and verify.
#[derive(Debug)]
pub struct FinishedKey {
    hash: &'static dyn Hash,
    secret: Secret,
}

impl FinishedKey {
    fn new(hash: &'static dyn Hash, base_key: &Secret) -> Self {
        Self { hash, secret: hash.expand_label(base_key, "finished", &[]) }
    }

    /// `verify_data` over the transcript so far.
    #[must_use]
    pub fn sign(&self, transcript: &Digest) -> Digest {
        Digest::filled(self.hash.output_bytes(), |out| {
            self.hash.hmac(self.secret.as_bytes(), &[transcript.as_bytes()], out);
        })
    }

    /// Whether `verify_data` is right, in constant time.
    #[must_use]
    pub fn verify(&self, transcript: &Digest, verify_data: &[u8]) -> bool {
        self.hash.hmac_verify(self.secret.as_bytes(), transcript.as_bytes(), verify_data)
    }
}

/// `exporter_secret` or `early_exporter_secret` (RFC 9846 §7.5). Sharing it copies no bytes.
#[derive(Clone, Debug)]
pub struct ExporterSecret {
    suite: &'static Suite,
    secret: Arc<Secret>,
}

impl ExporterSecret {
    fn derive(suite: &'static Suite, secret: &Secret, label: &str, transcript: &Digest) -> Self {
        let secret = suite.hash.expand_label(secret, label, transcript.as_bytes());
        Self::restored(suite, Arc::new(secret))
    }

    /// A secret that was derived elsewhere.
    pub(crate) const fn restored(suite: &'static Suite, secret: Arc<Secret>) -> Self {
        Self { suite, secret }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Fills `out` with keying material for `label` and `context`.
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] when `label` is longer than 249 bytes, or `out` than 255 hash
    /// lengths.
    pub fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        let hash = self.suite.hash;
        if label.len() > 249 || out.len() > 255 * hash.output_bytes() {
            return Err(Misuse::OutOfRange);
        }
        let secret = hash.expand_label(&self.secret, label, hash.of_empty().as_bytes());
        hash.expand_label_into(&secret, "exporter", hash.digest(&[context]).as_bytes(), out);
        Ok(())
    }
}

/// `resumption_secret`, from which each ticket's PSK is made (RFC 9846 §4.7.1). Sharing it copies
/// no bytes.
#[derive(Clone, Debug)]
pub struct ResumptionSecret {
    suite: &'static Suite,
    secret: Arc<Secret>,
}

impl ResumptionSecret {
    /// A secret that was derived elsewhere.
    pub(crate) const fn restored(suite: &'static Suite, secret: Arc<Secret>) -> Self {
        Self { suite, secret }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The suite of the connection; its hash is the PSK's.
    #[must_use]
    pub const fn suite(&self) -> &'static Suite {
        self.suite
    }

    /// The PSK of the ticket with this nonce.
    #[must_use]
    pub fn psk(&self, ticket_nonce: &[u8]) -> Secret {
        self.suite.hash.expand_label(&self.secret, "resumption", ticket_nonce)
    }
}
