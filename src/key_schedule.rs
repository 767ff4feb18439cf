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

use crate::crypto::secret::{Passing, copy, passing};
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

/// The first stage, in a handshake with a PSK: without, nothing is derived from it.
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
    /// The stage that begins with this PSK.
    #[must_use]
    pub fn new(suite: &'static Suite, psk: &Secret) -> Self {
        let zeros = Digest::zeros(suite.hash);
        Self { suite, secret: suite.hash.extract(zeros.as_bytes(), psk.as_bytes()) }
    }

    /// The binder of this PSK over `transcript` (RFC 9846 §4.3.11.2): made like Finished, from
    /// `binder_key`.
    #[must_use]
    pub fn binder(&self, kind: PskKind, transcript: &Digest) -> Digest {
        let mut binder_key = passing();
        verify_data(self.suite.hash, self.binder_key(kind, &mut binder_key), transcript)
    }

    /// Whether `binder` is right, in constant time.
    #[must_use]
    pub fn verify_binder(&self, kind: PskKind, transcript: &Digest, binder: &[u8]) -> bool {
        let mut binder_key = passing();
        let binder_key = self.binder_key(kind, &mut binder_key);
        is_verify_data(self.suite.hash, binder_key, transcript, binder)
    }

    fn binder_key<'a>(&self, kind: PskKind, passing: &'a mut Passing) -> &'a [u8] {
        let label = match kind {
            PskKind::External => "ext binder",
            PskKind::Resumption => "res binder",
            PskKind::Imported => "imp binder",
        };
        let hash = self.suite.hash;
        let context = hash.of_empty();
        hash.expand_label_passing(self.secret.as_bytes(), label, context.as_bytes(), passing)
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
    pub fn into_handshake(self, shared: Option<Secret>) -> HandshakeSecret {
        let Self { suite, secret } = self;
        let mut next = passing();
        let next = match &shared {
            Some(shared) => next_stage(suite, secret.as_bytes(), shared.as_bytes(), &mut next),
            None => stage_without_input(suite, secret.as_bytes(), &mut next),
        };
        HandshakeSecret { suite, secret: shared.unwrap_or(secret).replaced(next) }
    }
}

impl HandshakeSecret {
    /// The second stage from what the ends share: a PSK, what they have agreed upon, or both;
    /// `None` if it is neither.
    #[must_use]
    pub fn new(
        suite: &'static Suite,
        early: Option<EarlySecret>,
        shared: Option<Secret>,
    ) -> Option<Self> {
        match (early, shared) {
            (Some(early), shared) => Some(early.into_handshake(shared)),
            (None, shared) => Some(Self::without_psk(suite, shared?)),
        }
    }

    /// The second stage in a handshake without a PSK. It takes the place of `shared`.
    #[must_use]
    pub fn without_psk(suite: &'static Suite, shared: Secret) -> Self {
        let (hash, mut next) = (suite.hash, passing());
        let salt = hash.salt_without_psk().unwrap_or_else(|| salt_without_psk(hash));
        let next = hash.extract_passing(salt.as_bytes(), shared.as_bytes(), &mut next);
        Self { suite, secret: shared.replaced(next) }
    }

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
        let Self { suite, secret } = self;
        let mut main = passing();
        let main = stage_without_input(suite, secret.as_bytes(), &mut main);
        MainSecret { suite, secret: secret.replaced(main) }
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
        let mut resumption = passing();
        let (hash, transcript) = (self.suite.hash, through_client_finished.as_bytes());
        let main = self.secret.as_bytes();
        let resumption = hash.expand_label_passing(main, "res master", transcript, &mut resumption);
        ResumptionSecret { suite: self.suite, secret: self.secret.replaced(resumption) }
    }
}

/// The salt behind the Early Secret of a handshake without a PSK, which is no secret.
fn salt_without_psk(hash: &'static dyn Hash) -> Digest {
    let (zeros, mut early, mut salt) = (Digest::zeros(hash), passing(), passing());
    let early = hash.extract_passing(zeros.as_bytes(), zeros.as_bytes(), &mut early);
    let salt = salt_behind(hash, early, &mut salt);
    Digest::filled(hash.output_bytes(), |out| copy(salt, out))
}

/// What the next stage is extracted with.
fn salt_behind<'a>(hash: &'static dyn Hash, stage: &[u8], salt: &'a mut Passing) -> &'a [u8] {
    let context = hash.of_empty();
    hash.expand_label_passing(stage, "derived", context.as_bytes(), salt)
}

/// The stage behind `stage`.
fn next_stage<'a>(
    suite: &Suite,
    stage: &[u8],
    input_key_material: &[u8],
    next: &'a mut Passing,
) -> &'a [u8] {
    let mut salt = passing();
    let salt = salt_behind(suite.hash, stage, &mut salt);
    suite.hash.extract_passing(salt, input_key_material, next)
}

/// The stage behind `stage`, if nothing new goes into it.
fn stage_without_input<'a>(suite: &Suite, stage: &[u8], next: &'a mut Passing) -> &'a [u8] {
    next_stage(suite, stage, Digest::zeros(suite.hash).as_bytes(), next)
}

/// `finished_key` (RFC 9846 §4.5.3).
fn finished_key<'a>(
    hash: &'static dyn Hash,
    base_key: &[u8],
    passing: &'a mut Passing,
) -> &'a [u8] {
    hash.expand_label_passing(base_key, "finished", &[], passing)
}

fn verify_data(hash: &'static dyn Hash, base_key: &[u8], transcript: &Digest) -> Digest {
    let mut key = passing();
    let key = finished_key(hash, base_key, &mut key);
    Digest::filled(hash.output_bytes(), |out| hash.hmac(key, &[transcript.as_bytes()], out))
}

fn is_verify_data(
    hash: &'static dyn Hash,
    base_key: &[u8],
    transcript: &Digest,
    tag: &[u8],
) -> bool {
    let mut key = passing();
    let key = finished_key(hash, base_key, &mut key);
    hash.hmac_verify(key, transcript.as_bytes(), tag)
}

/// A secret that protects one direction of one epoch (RFC 9846 §7.3). Sharing it copies no bytes.
#[derive(Clone, Debug)]
pub struct TrafficSecret {
    /// The suite whose hash and AEAD it is for.
    pub suite: &'static Suite,
    secret: Secret,
}

impl TrafficSecret {
    fn derive(suite: &'static Suite, secret: &Secret, label: &str, transcript: &Digest) -> Self {
        Self { suite, secret: suite.hash.expand_label(secret, label, transcript.as_bytes()) }
    }

    /// A secret that was derived elsewhere.
    pub(crate) const fn restored(suite: &'static Suite, secret: Secret) -> Self {
        Self { suite, secret }
    }

    /// The bytes: for QUIC's packet protection, kernel TLS, and key logs.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// `application_traffic_secret_N+1` (RFC 9846 §7.2).
    #[must_use]
    pub fn next(self) -> Self {
        let secret = self.suite.hash.expand_label(&self.secret, "traffic upd", &[]);
        Self { suite: self.suite, secret }
    }

    /// `verify_data` of the Finished message that goes with this secret (RFC 9846 §4.5.3).
    #[must_use]
    pub fn verify_data(&self, transcript: &Digest) -> Digest {
        verify_data(self.suite.hash, self.secret.as_bytes(), transcript)
    }

    /// Whether a Finished message's `verify_data` is right, in constant time.
    #[must_use]
    pub fn is_verify_data(&self, transcript: &Digest, verify_data: &[u8]) -> bool {
        is_verify_data(self.suite.hash, self.secret.as_bytes(), transcript, verify_data)
    }
}

/// `exporter_secret` or `early_exporter_secret` (RFC 9846 §7.5). Sharing it copies no bytes.
#[derive(Clone, Debug)]
pub struct ExporterSecret {
    suite: &'static Suite,
    secret: Secret,
}

impl ExporterSecret {
    fn derive(suite: &'static Suite, secret: &Secret, label: &str, transcript: &Digest) -> Self {
        let secret = suite.hash.expand_label(secret, label, transcript.as_bytes());
        Self::restored(suite, secret)
    }

    /// A secret that was derived elsewhere.
    pub(crate) const fn restored(suite: &'static Suite, secret: Secret) -> Self {
        Self { suite, secret }
    }

    pub(crate) const fn secret(&self) -> &Secret {
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
        let (empty, mut secret) = (hash.of_empty(), passing());
        let exporter = self.secret.as_bytes();
        let secret = hash.expand_label_passing(exporter, label, empty.as_bytes(), &mut secret);
        hash.expand_label_into(secret, "exporter", hash.digest(&[context]).as_bytes(), out);
        Ok(())
    }
}

/// `resumption_secret`, from which each ticket's PSK is made (RFC 9846 §4.7.1). Sharing it copies
/// no bytes.
#[derive(Clone, Debug)]
pub struct ResumptionSecret {
    suite: &'static Suite,
    secret: Secret,
}

impl ResumptionSecret {
    /// A secret that was derived elsewhere.
    pub(crate) const fn restored(suite: &'static Suite, secret: Secret) -> Self {
        Self { suite, secret }
    }

    pub(crate) const fn secret(&self) -> &Secret {
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
