//! Elliptic curves over the interface of ring, which aws-lc-rs has too.
//!
//! Each of the two providers includes this file: `library` is the crate that stands behind it,
//! `agree` the one function that the two crates have in different shapes, and
//! `overwrite_private_key` does what a crate that does not wipe its keys leaves undone.

use super::library::agreement::{self, EphemeralPrivateKey, PublicKey, UnparsedPublicKey};
use super::library::rand::SystemRandom;
use super::{agree, overwrite_private_key};
use crate::crypto::Random;
use crate::crypto::group::{Group, GroupFailure, KeyExchange, Share};
use crate::crypto::secret::Secret;
use crate::registry::NamedGroup;

/// Curve25519.
pub static X25519: Curve =
    Curve { id: NamedGroup::X25519, algorithm: &agreement::X25519, legacy_form: &[] };

/// NIST P-256.
pub static SECP256R1: Curve =
    Curve { id: NamedGroup::SECP256R1, algorithm: &agreement::ECDH_P256, legacy_form: &[4] };

/// NIST P-384: the slowest by far, and with ring some twenty times as slow as the others.
pub static SECP384R1: Curve =
    Curve { id: NamedGroup::SECP384R1, algorithm: &agreement::ECDH_P384, legacy_form: &[4] };

/// An elliptic curve group.
#[derive(Clone, Copy, Debug)]
pub struct Curve {
    id: NamedGroup,
    algorithm: &'static agreement::Algorithm,
    /// What every share begins with (RFC 9846 §4.3.8.2).
    legacy_form: &'static [u8],
}

impl Curve {
    fn key_pair(&self) -> Result<(EphemeralPrivateKey, PublicKey), GroupFailure> {
        let private_key = EphemeralPrivateKey::generate(self.algorithm, &SystemRandom::new())
            .map_err(|_| GroupFailure::Failed)?;
        let public_key = private_key.compute_public_key().map_err(|_| GroupFailure::Failed)?;
        Ok((private_key, public_key))
    }

    fn agree(
        &self,
        private_key: EphemeralPrivateKey,
        share_bytes: usize,
        peer_share: &[u8],
    ) -> Result<Secret, GroupFailure> {
        // TLS has one encoding of a point. AWS-LC is content with others: compressed, in the hybrid
        // form of X9.62, or wrapped as in a certificate.
        if peer_share.len() != share_bytes || !peer_share.starts_with(self.legacy_form) {
            return Err(GroupFailure::InvalidShare);
        }
        agree(private_key, &UnparsedPublicKey::new(self.algorithm, peer_share))
    }
}

impl Group for Curve {
    fn id(&self) -> NamedGroup {
        self.id
    }

    fn start(&self, _random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        let (private_key, public_key) = self.key_pair()?;
        Ok(Box::new(KeyPair { curve: *self, private_key: Some(private_key), public_key }))
    }

    fn respond(
        &self,
        _random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let (private_key, public_key) = self.key_pair()?;
        let share = public_key.as_ref().to_vec();
        let secret = self.agree(private_key, share.len(), client_share)?;
        Ok((share, secret))
    }
}

struct KeyPair {
    curve: Curve,
    /// `None` once it was used.
    private_key: Option<EphemeralPrivateKey>,
    public_key: PublicKey,
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        overwrite_private_key(self.curve.algorithm, &mut self.private_key);
    }
}

impl KeyExchange for KeyPair {
    fn share(&self) -> &[u8] {
        self.public_key.as_ref()
    }

    fn finish(mut self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        let private_key = self.private_key.take().ok_or(GroupFailure::Failed)?;
        self.curve.agree(private_key, self.share().len(), server_share)
    }
}
