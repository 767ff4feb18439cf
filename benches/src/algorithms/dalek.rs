//! curve25519-dalek, by way of x25519-dalek.

use x25519_dalek::{EphemeralSecret, PublicKey};

use crate::{Algorithm, Group, Work, made};

/// One execution of `algorithm`.
pub(crate) fn work(algorithm: Algorithm, _: &[u8]) -> Option<Work> {
    let Algorithm::Agree(Group::X25519) = algorithm else { return None };
    let peer = PublicKey::from(&EphemeralSecret::random()).to_bytes();
    Some(Box::new(move || {
        let key = EphemeralSecret::random();
        made(PublicKey::from(&key));
        assert!(key.diffie_hellman(&PublicKey::from(peer)).was_contributory());
    }))
}
