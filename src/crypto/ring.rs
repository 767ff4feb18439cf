//! The default provider, over ring.
//!
//! ring draws the private keys of key shares from the system itself, whatever the provider's source
//! of randomness is. It wipes neither them nor its expanded keys: where they were kept another key
//! takes their place, but the copies that it makes on the stack are out of reach.

#[path = "ring_curves.rs"]
mod curves;
#[path = "ring_interface.rs"]
mod interface;

use std::sync::Arc;

use ::ring as library;
use ::ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ::ring::agreement::{Algorithm, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ::ring::rand::SystemRandom;
use zeroize::optimization_barrier;

pub use self::curves::{Curve, SECP256R1, SECP384R1, X25519};
pub use self::interface::{
    LEGACY_SIGNATURES, SIGNATURES, TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384,
    TLS_CHACHA20_POLY1305_SHA256,
};
#[cfg(feature = "mlkem")]
use crate::crypto::Hybrid;
use crate::crypto::group::GroupFailure;
#[cfg(feature = "mlkem")]
use crate::crypto::libcrux::MlKem768;
use crate::crypto::secret::Secret;
use crate::crypto::{Group, Provider};

/// The provider with everything that ring has for TLS 1.3, and the system's randomness.
///
/// With feature `mlkem` it has the hybrid groups as well, and prefers them.
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

const GROUPS: &[&dyn Group] = &[
    #[cfg(feature = "mlkem")]
    &X25519MLKEM768,
    #[cfg(feature = "mlkem")]
    &SECP256R1MLKEM768,
    &X25519,
    &SECP256R1,
    &SECP384R1,
];

/// ML-KEM-768 with Curve25519.
#[cfg(feature = "mlkem")]
pub static X25519MLKEM768: Hybrid = Hybrid::x25519_mlkem768(&X25519, &MlKem768);

/// NIST P-256 with ML-KEM-768.
#[cfg(feature = "mlkem")]
pub static SECP256R1MLKEM768: Hybrid = Hybrid::secp256r1_mlkem768(&SECP256R1, &MlKem768);

fn agree(
    private_key: EphemeralPrivateKey,
    peer_share: &UnparsedPublicKey<&[u8]>,
) -> Result<Secret, GroupFailure> {
    agree_ephemeral(private_key, peer_share, Secret::copied_from)
        .map_err(|_| GroupFailure::InvalidShare)?
        .ok_or(GroupFailure::Failed)
}

/// Puts a key of zeros in the place of one that is done with. It is of the algorithm that takes the
/// most room: a lesser one would leave bytes as they are.
fn overwrite(key: &mut LessSafeKey) {
    if let Ok(zeros) = UnboundKey::new(&AES_256_GCM, &[0; 32]) {
        *key = LessSafeKey::new(zeros);
        optimization_barrier(key);
    }
}

/// Puts a key that nobody uses in the place of one that was used, or is not going to be: ring takes
/// no private keys from outside.
fn overwrite_private_key(algorithm: &'static Algorithm, key: &mut Option<EphemeralPrivateKey>) {
    *key = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).ok();
    optimization_barrier(key);
}
