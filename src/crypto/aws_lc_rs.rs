//! A provider over AWS-LC, by way of aws-lc-rs.
//!
//! It draws the private keys of key shares itself, whatever the provider's source of randomness is,
//! and wipes them and its expanded keys.

#[path = "ring_curves.rs"]
mod curves;
#[path = "ring_interface.rs"]
mod interface;

use std::sync::Arc;

use ::aws_lc_rs as library;
use ::aws_lc_rs::aead::LessSafeKey;
use ::aws_lc_rs::agreement::{Algorithm, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ::aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use ::aws_lc_rs::rand::SystemRandom;

pub use self::curves::{Curve, SECP256R1, SECP384R1, X25519};
pub use self::interface::{
    LEGACY_SIGNATURES, SIGNATURES, TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384,
    TLS_CHACHA20_POLY1305_SHA256,
};
use crate::crypto::group::{Group, GroupFailure, KeyExchange, Share};
use crate::crypto::hybrid::{Hybrid, ML_KEM_768_CIPHERTEXT_BYTES};
use crate::crypto::secret::Secret;
use crate::crypto::{Provider, Random};
use crate::registry::NamedGroup;

/// The provider with what ring has and the hybrid groups, which it prefers, and the library's
/// randomness.
#[must_use]
pub fn provider() -> Provider {
    Provider {
        suites: vec![
            &TLS_AES_128_GCM_SHA256,
            &TLS_AES_256_GCM_SHA384,
            &TLS_CHACHA20_POLY1305_SHA256,
        ],
        groups: GROUPS.iter().map(|&group| -> Arc<dyn Group> { Arc::new(group) }).collect(),
        signatures: SIGNATURES.iter().collect(),
        random: Arc::new(SystemRandom::new()),
    }
}

const GROUPS: &[&dyn Group] =
    &[&X25519MLKEM768, &SECP256R1MLKEM768, &X25519, &SECP256R1, &SECP384R1];

/// ML-KEM-768 with Curve25519.
pub static X25519MLKEM768: Hybrid = Hybrid::x25519_mlkem768(&X25519, &MlKem768);

/// NIST P-256 with ML-KEM-768.
pub static SECP256R1MLKEM768: Hybrid = Hybrid::secp256r1_mlkem768(&SECP256R1, &MlKem768);

fn agree(
    private_key: EphemeralPrivateKey,
    peer_share: &UnparsedPublicKey<&[u8]>,
) -> Result<Secret, GroupFailure> {
    agree_ephemeral(private_key, peer_share, GroupFailure::InvalidShare, copied)
}

fn copied(secret: &[u8]) -> Result<Secret, GroupFailure> {
    Secret::copied_from(secret).ok_or(GroupFailure::Failed)
}

/// The library wipes what it frees.
const fn overwrite(_: &mut LessSafeKey) {}

/// The same.
const fn overwrite_private_key(_: &'static Algorithm, _: &mut Option<EphemeralPrivateKey>) {}

/// ML-KEM-768 alone (FIPS 203), the post-quantum half of the hybrids.
#[derive(Debug)]
pub struct MlKem768;

impl Group for MlKem768 {
    fn id(&self) -> NamedGroup {
        NamedGroup::MLKEM768
    }

    fn start(&self, _random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        let private_key = DecapsulationKey::generate(&ML_KEM_768);
        let private_key = private_key.map_err(|_| GroupFailure::Failed)?;
        let public_key = private_key.encapsulation_key().and_then(|key| key.key_bytes());
        let share = public_key.map_err(|_| GroupFailure::Failed)?.as_ref().to_vec();
        Ok(Box::new(Decapsulation { private_key, share }))
    }

    fn respond(
        &self,
        _random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let public_key = EncapsulationKey::new(&ML_KEM_768, client_share);
        let public_key = public_key.map_err(|_| GroupFailure::InvalidShare)?;
        // Here and not before, the library checks the key as FIPS 203 §7.2 demands.
        let (ciphertext, secret) =
            public_key.encapsulate().map_err(|_| GroupFailure::InvalidShare)?;
        Ok((ciphertext.as_ref().to_vec(), copied(secret.as_ref())?))
    }
}

struct Decapsulation {
    private_key: DecapsulationKey,
    share: Share,
}

impl KeyExchange for Decapsulation {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        if server_share.len() != ML_KEM_768_CIPHERTEXT_BYTES {
            return Err(GroupFailure::InvalidShare);
        }
        let secret = self.private_key.decapsulate(Ciphertext::from(server_share));
        copied(secret.map_err(|_| GroupFailure::Failed)?.as_ref())
    }
}
