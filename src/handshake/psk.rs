//! Pre-shared keys: what a client offers, what a server accepts, and the binders between them
//! (RFC 9846 §2.2, §4.3.11).

use crate::codec::{Vector, Writer};
use crate::crypto::{Digest, Secret, Suite};
use crate::diagnosis;
use crate::failure::{Cause, Misuse};
use crate::key_schedule::{EarlySecret, PskKind};
use crate::message::{OfferedPsks, PskBinder, PskIdentity};
use crate::registry::ProtocolVersion;
use crate::transcript::Transcript;

/// A pre-shared key, and what it is bound to.
#[derive(Clone, Debug)]
pub struct PreSharedKey {
    pub(crate) kind: PskKind,
    pub(crate) secret: Secret,
    /// The suite it was agreed under: its hash for the handshake, all of it for early data.
    pub(crate) suite: &'static Suite,
    pub(crate) early_data: Option<EarlyDataTerms>,
}

/// What early data under a PSK must keep to (RFC 9846 §4.3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyDataTerms {
    /// How many bytes, at most.
    pub max_bytes: u32,
    /// The application protocol of the connection that the key comes from.
    pub application_layer_protocol: Option<Vec<u8>>,
}

impl PreSharedKey {
    /// The key of a ticket; `secret` is [`SealTicket::psk`](super::decision::SealTicket::psk).
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] if `secret` is empty or longer than 64 bytes.
    pub fn resumption(secret: &[u8], suite: &'static Suite) -> Result<Self, Misuse> {
        Self::new(PskKind::Resumption, secret, suite)
    }

    /// A key from outside of TLS that no importer has bound to its use. One that more than two
    /// parties know, or that is also used elsewhere, is not safe so (RFC 9846 §F.8): prefer
    /// [`ExternalKey::import`].
    ///
    /// # Errors
    /// As [`resumption`](Self::resumption).
    pub fn raw_external(secret: &[u8], suite: &'static Suite) -> Result<Self, Misuse> {
        Self::new(PskKind::External, secret, suite)
    }

    fn new(kind: PskKind, secret: &[u8], suite: &'static Suite) -> Result<Self, Misuse> {
        let secret = Secret::copied_from(secret).filter(|secret| !secret.as_bytes().is_empty());
        let secret = secret.ok_or(Misuse::OutOfRange)?;
        Ok(Self { kind, secret, suite, early_data: None })
    }

    /// Permits early data under this key.
    #[must_use]
    pub fn with_early_data(mut self, terms: EarlyDataTerms) -> Self {
        self.early_data = Some(terms);
        self
    }

    /// The key offered under `identity`, which is not empty.
    #[must_use]
    pub fn offered_as(self, identity: Vec<u8>) -> OfferedPsk {
        OfferedPsk { identity, obfuscated_ticket_age: 0, key: self }
    }

    /// Whether it can be used with `suite`: by the same hash (RFC 9846 §4.3.11).
    pub(crate) fn fits(&self, suite: &Suite) -> bool {
        // TLS 1.3 has one hash of each length.
        self.suite.hash.output_bytes() == suite.hash.output_bytes()
    }

    /// RFC 9846 §4.3.10: early data keeps to the suite and the application protocol of its PSK.
    pub(crate) fn permits_early_data(&self, suite: &Suite, protocol: Option<&[u8]>) -> bool {
        self.suite.id == suite.id
            && self
                .early_data
                .as_ref()
                .is_some_and(|terms| terms.application_layer_protocol.as_deref() == protocol)
    }

    pub(crate) const fn diagnosis_kind(&self) -> diagnosis::PskKind {
        match self.kind {
            PskKind::Resumption => diagnosis::PskKind::Resumption,
            PskKind::External | PskKind::Imported => diagnosis::PskKind::External,
        }
    }

    fn binder(&self, digest: &Digest) -> Digest {
        EarlySecret::new(self.suite, &self.secret).binder(self.kind, digest)
    }
}

/// A PSK as a client offers it.
#[derive(Clone, Debug)]
pub struct OfferedPsk {
    pub(crate) identity: Vec<u8>,
    pub(crate) obfuscated_ticket_age: u32,
    pub(crate) key: PreSharedKey,
}

impl OfferedPsk {
    /// The name under which it is offered.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PreSharedKey {
        &self.key
    }
}

/// A key from outside of TLS, to be bound to its use by the importer of RFC 9258.
#[derive(Debug)]
pub struct ExternalKey {
    /// The name under which the key is known to both ends; not empty.
    pub identity: Vec<u8>,
    /// Where the key is used: both ends give the same bytes.
    pub context: Vec<u8>,
    /// The key.
    pub secret: Secret,
    /// A suite with the hash that the key was made for; SHA-256 if nobody said.
    pub suite: &'static Suite,
}

impl ExternalKey {
    /// The imported key for suites with `target`'s hash, and its identity on the wire
    /// (RFC 9258 §5).
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] if a field does not fit its length, or `target` has a hash that the
    /// importer has no name for.
    pub fn import(&self, target: &'static Suite) -> Result<OfferedPsk, Misuse> {
        let identity = self.imported_identity(target)?;
        let hash = self.suite.hash;
        let extracted = hash.extract(&[], self.secret.as_bytes());
        let context = hash.digest(&[&identity]);
        let secret = Secret::filled(target.hash.output_bytes(), |out| {
            hash.expand_label_into(extracted.as_bytes(), "derived psk", context.as_bytes(), out);
        });
        let key = PreSharedKey { kind: PskKind::Imported, secret, suite: target, early_data: None };
        Ok(key.offered_as(identity))
    }

    /// `ImportedIdentity` (RFC 9258 §5.1).
    fn imported_identity(&self, target: &'static Suite) -> Result<Vec<u8>, Misuse> {
        let target_kdf: u16 = match target.hash.output_bytes() {
            32 => HKDF_SHA256,
            48 => HKDF_SHA384,
            _ => return Err(Misuse::OutOfRange),
        };
        let mut identity = Vec::new();
        let mut writer = Writer::new(&mut identity);
        writer.vector16(|w| w.raw(&self.identity));
        writer.vector16(|w| w.raw(&self.context));
        writer.u16(ProtocolVersion::TLS13.0);
        writer.u16(target_kdf);
        if writer.overflowed() || self.identity.is_empty() {
            return Err(Misuse::OutOfRange);
        }
        Ok(identity)
    }
}

/// TLS KDF identifiers (RFC 9258 §10).
const HKDF_SHA256: u16 = 0x0001;
const HKDF_SHA384: u16 = 0x0002;

/// The identities of a client's PSKs, and binders of the right length that prove nothing yet.
pub(crate) struct Unbound {
    identities: Vector<PskIdentity<'static>>,
    binders: Vector<PskBinder<'static>>,
}

impl Unbound {
    pub(crate) fn new(psks: &[OfferedPsk]) -> Self {
        let (mut identities, mut binders) = (Vector::new(), Vector::new());
        for psk in psks {
            let _fits = identities.push(&PskIdentity {
                identity: &psk.identity,
                obfuscated_ticket_age: psk.obfuscated_ticket_age,
            });
            let _fits = binders.push(&PskBinder(Digest::zeros(psk.key.suite.hash).as_bytes()));
        }
        Self { identities, binders }
    }

    pub(crate) fn offered(&self) -> OfferedPsks<'_> {
        let binders = self.binders.list();
        let binders_bytes = 2 + binders.as_bytes().len();
        OfferedPsks { identities: self.identities.list(), binders, binders_bytes }
    }
}

/// Replaces the binders at the end of `client_hello` by true ones. `transcript` is what came
/// before: nothing, or the first ClientHello and HelloRetryRequest.
pub(crate) fn bind(
    client_hello: &mut Vec<u8>,
    psks: &[OfferedPsk],
    transcript: Option<&Transcript>,
) -> Result<(), Cause> {
    let binders_bytes = Unbound::new(psks).offered().binders_bytes;
    client_hello.truncate(client_hello.len().saturating_sub(binders_bytes));
    let mut binders: Vector<PskBinder<'_>> = Vector::new();
    for psk in psks {
        let digest = match transcript {
            Some(transcript) => transcript.digest_with(client_hello),
            None => psk.key.suite.hash.digest(&[client_hello]),
        };
        let _fits = binders.push(&PskBinder(psk.key.binder(&digest).as_bytes()));
    }
    let mut writer = Writer::new(client_hello);
    writer.vector16(|w| w.raw(binders.list().as_bytes()));
    if writer.overflowed() { Err(Cause::Unencodable) } else { Ok(()) }
}

/// Checks the binder of the PSK that the server has chosen. `transcript` is what came before
/// `client_hello`.
pub(crate) fn check_binder(
    early: &EarlySecret,
    kind: PskKind,
    client_hello: &[u8],
    offered: &OfferedPsks<'_>,
    index: usize,
    transcript: &Transcript,
) -> Result<(), Cause> {
    let truncated = client_hello.len().saturating_sub(offered.binders_bytes);
    let truncated = client_hello.get(..truncated).unwrap_or_default();
    let PskBinder(binder) = offered.binders.iter().nth(index).ok_or(Cause::BinderCountDiffers)?;
    if early.verify_binder(kind, &transcript.digest_with(truncated), binder) {
        Ok(())
    } else {
        Err(Cause::BinderMismatch)
    }
}
