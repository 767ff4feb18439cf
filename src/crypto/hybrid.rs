//! Two groups as one: secure as long as either of them is (draft-ietf-tls-ecdhe-mlkem).

use crate::crypto::Random;
use crate::crypto::group::{Group, GroupFailure, KeyExchange, Share};
use crate::crypto::secret::Secret;
use crate::registry::NamedGroup;

/// The length of an encapsulation key of ML-KEM-768, in bytes.
pub const ML_KEM_768_KEY_BYTES: usize = 1_184;
/// The length of a ciphertext of ML-KEM-768, in bytes.
pub const ML_KEM_768_CIPHERTEXT_BYTES: usize = 1_088;

/// Two groups whose shares and secrets are concatenated.
#[derive(Debug)]
pub struct Hybrid {
    id: NamedGroup,
    first: &'static dyn Group,
    second: &'static dyn Group,
    first_client_share_bytes: usize,
    first_server_share_bytes: usize,
}

impl Hybrid {
    /// X25519MLKEM768: in spite of its name, what is ML-KEM's comes first.
    #[must_use]
    pub const fn x25519_mlkem768(x25519: &'static dyn Group, mlkem768: &'static dyn Group) -> Self {
        Self {
            id: NamedGroup::X25519MLKEM768,
            first: mlkem768,
            second: x25519,
            first_client_share_bytes: ML_KEM_768_KEY_BYTES,
            first_server_share_bytes: ML_KEM_768_CIPHERTEXT_BYTES,
        }
    }

    /// SecP256r1MLKEM768: what is the curve's comes first.
    #[must_use]
    pub const fn secp256r1_mlkem768(
        secp256r1: &'static dyn Group,
        mlkem768: &'static dyn Group,
    ) -> Self {
        Self {
            id: NamedGroup::SECP256R1MLKEM768,
            first: secp256r1,
            second: mlkem768,
            first_client_share_bytes: SECP256R1_POINT_BYTES,
            first_server_share_bytes: SECP256R1_POINT_BYTES,
        }
    }
}

/// RFC 9846 §4.3.8.2: an uncompressed point.
const SECP256R1_POINT_BYTES: usize = 65;

impl Group for Hybrid {
    fn id(&self) -> NamedGroup {
        self.id
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        let (first, second) = (self.first.start(random)?, self.second.start(random)?);
        let share = [first.share(), second.share()].concat();
        let first_server_share_bytes = self.first_server_share_bytes;
        Ok(Box::new(HybridExchange { first, second, share, first_server_share_bytes }))
    }

    fn respond(
        &self,
        random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let (first, second) = split(client_share, self.first_client_share_bytes)?;
        let (mut share, first) = self.first.respond(random, first)?;
        let (second_share, second) = self.second.respond(random, second)?;
        share.extend_from_slice(&second_share);
        Ok((share, joined(&first, &second)?))
    }
}

struct HybridExchange {
    first: Box<dyn KeyExchange>,
    second: Box<dyn KeyExchange>,
    share: Share,
    first_server_share_bytes: usize,
}

impl KeyExchange for HybridExchange {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        let (first, second) = split(server_share, self.first_server_share_bytes)?;
        joined(&self.first.finish(first)?, &self.second.finish(second)?)
    }
}

/// The groups themselves see to the length of each part.
fn split(share: &[u8], first_bytes: usize) -> Result<(&[u8], &[u8]), GroupFailure> {
    share.split_at_checked(first_bytes).ok_or(GroupFailure::InvalidShare)
}

fn joined(first: &Secret, second: &Secret) -> Result<Secret, GroupFailure> {
    first.followed_by(second).ok_or(GroupFailure::Failed)
}
