//! ML-KEM over libcrux: the post-quantum half of hybrids for libraries that have none, and a group
//! of its own (draft-ietf-tls-mlkem).

use zeroize::Zeroizing;

use crate::crypto::group::{Group, GroupFailure, KeyExchange, Share};
use crate::crypto::secret::Secret;
use crate::crypto::{Draw, Random};
use crate::registry::NamedGroup;

macro_rules! ml_kem {
    (
        $(#[$doc:meta])*
        $name:ident, $id:ident, $module:ident, $public_key:ident, $ciphertext:ident
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Group for $name {
            fn id(&self) -> NamedGroup {
                NamedGroup::$id
            }

            fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
                let mut seed = Box::new(Zeroizing::new([0; 64]));
                random.fill(Draw::KeyShare(self.id()), seed.as_mut_slice())?;
                let share = $module::generate_key_pair(**seed).pk().to_vec();
                Ok(Box::new($module::Decapsulation { seed, share }))
            }

            fn respond(
                &self,
                random: &dyn Random,
                client_share: &[u8],
            ) -> Result<(Share, Secret), GroupFailure> {
                let public_key = $module::$public_key::try_from(client_share)
                    .ok()
                    .filter($module::validate_public_key)
                    .ok_or(GroupFailure::InvalidShare)?;
                let mut message = Zeroizing::new([0; 32]);
                random.fill(Draw::KeyShare(self.id()), message.as_mut_slice())?;
                let (ciphertext, secret) = $module::encapsulate(&public_key, *message);
                Ok((ciphertext.as_slice().to_vec(), wiped(secret)?))
            }
        }

        mod $module {
            pub(super) use ::libcrux_ml_kem::$module::{
                $ciphertext, $public_key, decapsulate, encapsulate, generate_key_pair,
                validate_public_key,
            };

            use super::{GroupFailure, KeyExchange, Secret, Share, Zeroizing, wiped};

            /// The private key is kept as the seed that it comes from: 64 bytes to wipe and not
            /// thousands.
            pub(super) struct Decapsulation {
                pub(super) seed: Box<Zeroizing<[u8; 64]>>,
                pub(super) share: Share,
            }

            impl KeyExchange for Decapsulation {
                fn share(&self) -> &[u8] {
                    &self.share
                }

                fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
                    let ciphertext = $ciphertext::try_from(server_share)
                        .map_err(|_| GroupFailure::InvalidShare)?;
                    let key_pair = generate_key_pair(**self.seed);
                    wiped(decapsulate(key_pair.private_key(), &ciphertext))
                }
            }
        }
    };
}

ml_kem! {
    /// ML-KEM-768 (FIPS 203), all of whose randomness is drawn from the provider's source.
    MlKem768, MLKEM768, mlkem768, MlKem768PublicKey, MlKem768Ciphertext
}

ml_kem! {
    /// ML-KEM-1024 (FIPS 203), as [`MlKem768`]. No provider has it of itself, for there is no curve
    /// beside it: whoever is bound to it, by CNSA 2.0 say, adds it to `Provider::groups`.
    MlKem1024, MLKEM1024, mlkem1024, MlKem1024PublicKey, MlKem1024Ciphertext
}

fn wiped(secret: [u8; 32]) -> Result<Secret, GroupFailure> {
    let secret = Zeroizing::new(secret);
    Secret::copied_from(secret.as_slice()).ok_or(GroupFailure::Failed)
}
