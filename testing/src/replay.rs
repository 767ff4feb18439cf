//! A provider for replays: what the default provider draws at random is given to this one, and what
//! it refuses as too weak, the RSA keys of 1024 bits in RFC 8448, this one takes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use countersign::crypto::group::GroupFailure;
use countersign::crypto::{
    Draw, Group, KeyExchange, Provider, Random, RandomnessUnavailable, Secret, Share,
    SignatureAlgorithm,
};
use countersign::registry::{NamedGroup, SignatureScheme};
use p256::elliptic_curve::sec1::ToSec1Point;
use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use rsa::BoxedUint;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::Sha256;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

use crate::rfc8448::Trace;

/// The provider whose draws are those of `random`. Suites are those of [`crate::provider`]: they
/// draw nothing.
#[must_use]
pub fn provider(random: Arc<ScriptedRandom>) -> Provider {
    let Provider { suites, mut signatures, .. } = crate::provider();
    signatures.retain(|algorithm| algorithm.scheme != RSA_PSS_RSAE_SHA256.scheme);
    signatures.push(&RSA_PSS_RSAE_SHA256);
    Provider { suites, groups: vec![Arc::new(&X25519), Arc::new(&SECP256R1)], signatures, random }
}

/// Draws that were written down before. One that was not, or of another length, is an error.
#[derive(Debug)]
pub struct ScriptedRandom(Mutex<Vec<(Draw, Vec<u8>)>>);

impl ScriptedRandom {
    /// Each draw is answered once; those of the same name, in order.
    #[must_use]
    pub fn new(draws: impl IntoIterator<Item = (Draw, Vec<u8>)>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(draws.into_iter().collect())))
    }

    /// Whether every draw of the script was made.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.0.lock().is_ok_and(|script| script.is_empty())
    }
}

impl Random for ScriptedRandom {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        let mut script = self.0.lock().map_err(|_| RandomnessUnavailable)?;
        let next = script.iter().position(|(scripted, _)| *scripted == draw);
        let (_, drawn) = script.remove(next.ok_or(RandomnessUnavailable)?);
        if drawn.len() != bytes.len() {
            return Err(RandomnessUnavailable);
        }
        bytes.copy_from_slice(&drawn);
        Ok(())
    }
}

/// A group whose private keys are drawn from the provider's source of randomness.
#[derive(Debug)]
struct Curve {
    id: NamedGroup,
    share: fn(&[u8; 32]) -> Option<Share>,
    agree: fn(&[u8; 32], &[u8]) -> Option<[u8; 32]>,
}

static X25519: Curve = Curve {
    id: NamedGroup::X25519,
    share: |private_key| Some(x25519(*private_key, X25519_BASEPOINT_BYTES).to_vec()),
    agree: |private_key, peer_share| {
        let agreed = x25519(*private_key, peer_share.try_into().ok()?);
        (agreed != [0; 32]).then_some(agreed)
    },
};

static SECP256R1: Curve = Curve {
    id: NamedGroup::SECP256R1,
    share: |private_key| {
        let key = p256::SecretKey::from_slice(private_key).ok()?;
        Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
    },
    agree: |private_key, peer_share| {
        let key = p256::SecretKey::from_slice(private_key).ok()?;
        let peer = p256::PublicKey::from_sec1_bytes(peer_share).ok()?;
        Some((*key.diffie_hellman(&peer).raw_secret_bytes()).into())
    },
};

impl Curve {
    fn key_pair(&self, random: &dyn Random) -> Result<KeyPair, GroupFailure> {
        let mut private_key = [0; 32];
        random.fill(Draw::KeyShare(self.id), &mut private_key)?;
        let share = (self.share)(&private_key).ok_or(GroupFailure::Failed)?;
        Ok(KeyPair { agree: self.agree, private_key, share })
    }
}

impl Group for Curve {
    fn id(&self) -> NamedGroup {
        self.id
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        Ok(Box::new(self.key_pair(random)?))
    }

    fn respond(
        &self,
        random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let key_pair = self.key_pair(random)?;
        Ok((key_pair.share.clone(), key_pair.agree(client_share)?))
    }
}

struct KeyPair {
    agree: fn(&[u8; 32], &[u8]) -> Option<[u8; 32]>,
    private_key: [u8; 32],
    share: Share,
}

impl KeyPair {
    fn agree(&self, peer_share: &[u8]) -> Result<Secret, GroupFailure> {
        let agreed = (self.agree)(&self.private_key, peer_share);
        agreed.and_then(|bytes| Secret::copied_from(&bytes)).ok_or(GroupFailure::InvalidShare)
    }
}

impl KeyExchange for KeyPair {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        self.agree(server_share)
    }
}

static RSA_PSS_RSAE_SHA256: SignatureAlgorithm = SignatureAlgorithm {
    scheme: SignatureScheme::RSA_PSS_RSAE_SHA256,
    algorithm: &RsaFrom1024Bits,
};

#[derive(Debug)]
struct RsaFrom1024Bits;

impl SignatureVerificationAlgorithm for RsaFrom1024Bits {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        rsa::PublicKey::from_pkcs1_der(public_key)
            .map_err(|_| InvalidSignature)?
            .pss_verify::<Sha256>(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PSS_SHA256
    }
}

/// Signs `message` with rsa_pss_rsae_sha256, the key in `keys` and the given salt.
///
/// # Panics
/// If `keys` is not the trace of RFC 8448 §2.
#[must_use]
pub fn sign_rsa_pss(keys: &Trace, salt: &[u8], message: &[u8]) -> Vec<u8> {
    let [p, q, e] = ["server.rsa.prime1", "server.rsa.prime2", "server.rsa.public_exponent"]
        .map(|name| BoxedUint::from_be_slice_vartime(keys.get(name)));
    rsa::PrivateKey::from_p_q(p, q, e)
        .expect("the key of RFC 8448 §2")
        .pss_sign_with_rng::<Sha256, _>(&mut Salt(Some(salt)), message)
        .expect("a signature")
}

/// Gives the salt first. What is drawn after it blinds the computation and leaves no trace in the
/// signature.
struct Salt<'a>(Option<&'a [u8]>);

impl TryRng for Salt<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(1)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(1)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        match self.0.take() {
            Some(salt) => bytes.copy_from_slice(salt),
            None => bytes.fill(1),
        }
        Ok(())
    }
}

impl TryCryptoRng for Salt<'_> {}
