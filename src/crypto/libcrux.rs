//! ML-KEM-768 over libcrux: the post-quantum half of hybrids for libraries that have none.

use ::libcrux_ml_kem::mlkem768::{
    MlKem768Ciphertext, MlKem768PublicKey, decapsulate, encapsulate, generate_key_pair,
    validate_public_key,
};
use zeroize::Zeroizing;

use crate::crypto::group::{Group, GroupFailure, KeyExchange, Share};
use crate::crypto::secret::Secret;
use crate::crypto::{Draw, Random};
use crate::registry::NamedGroup;

/// ML-KEM-768 (FIPS 203), all of whose randomness is drawn from the provider's source.
#[derive(Debug)]
pub struct MlKem768;

impl Group for MlKem768 {
    fn id(&self) -> NamedGroup {
        NamedGroup::MLKEM768
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        let mut seed = Box::new(Zeroizing::new([0; 64]));
        random.fill(Draw::KeyShare(self.id()), seed.as_mut_slice())?;
        let share = generate_key_pair(**seed).pk().to_vec();
        Ok(Box::new(Decapsulation { seed, share }))
    }

    fn respond(
        &self,
        random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let public_key = MlKem768PublicKey::try_from(client_share)
            .ok()
            .filter(validate_public_key)
            .ok_or(GroupFailure::InvalidShare)?;
        let mut message = Zeroizing::new([0; 32]);
        random.fill(Draw::KeyShare(self.id()), message.as_mut_slice())?;
        let (ciphertext, secret) = encapsulate(&public_key, *message);
        Ok((ciphertext.as_slice().to_vec(), wiped(secret)?))
    }
}

/// The private key is kept as the seed that it comes from: 64 bytes to wipe and not 2,400.
struct Decapsulation {
    seed: Box<Zeroizing<[u8; 64]>>,
    share: Share,
}

impl KeyExchange for Decapsulation {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        let ciphertext =
            MlKem768Ciphertext::try_from(server_share).map_err(|_| GroupFailure::InvalidShare)?;
        let key_pair = generate_key_pair(**self.seed);
        wiped(decapsulate(key_pair.private_key(), &ciphertext))
    }
}

fn wiped(secret: [u8; 32]) -> Result<Secret, GroupFailure> {
    let secret = Zeroizing::new(secret);
    Secret::copied_from(secret.as_slice()).ok_or(GroupFailure::Failed)
}
