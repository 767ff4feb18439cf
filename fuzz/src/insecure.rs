//! A provider without any security, for fuzzing only: everything in it is a function of the script.
//!
//! A key exchange is an exclusive-or of two shares, a signature a hash of key and message, and the
//! suites are those of [`cheap`](crate::cheap). It lives in this package, which is never published;
//! nothing in the library can name it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use countersign::crypto::group::GroupFailure;
use countersign::crypto::leaf::Leaf;
use countersign::crypto::{
    Draw, Group, KeyExchange, Provider, Random, RandomnessUnavailable, Secret, Share,
    SignatureAlgorithm, Suite,
};
use countersign::handshake::decision::{CertificateChain, ChainEntry, OwnCertificate};
use countersign::registry::{CertificateType, NamedGroup, SignatureScheme};
use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    SubjectPublicKeyInfoDer, alg_id,
};

use crate::cheap::{SUITE_OF_32_BYTES, SUITE_OF_48_BYTES};

/// The provider; ends with another `seed` draw other randomness.
pub(crate) fn insecure_provider(seed: u8) -> Provider {
    Provider {
        suites: vec![&SUITE_OF_32_BYTES, &SUITE_OF_48_BYTES],
        groups: vec![
            Arc::new(ExclusiveOr(NamedGroup::X25519)),
            Arc::new(ExclusiveOr(NamedGroup::SECP256R1)),
        ],
        signatures: SIGNATURES.iter().collect(),
        random: Arc::new(Predictable(seed)),
    }
}

pub(crate) const SUITE: &Suite = &SUITE_OF_32_BYTES;

/// Ed25519 fits the certificate's key, P-256 does not.
static SIGNATURES: [SignatureAlgorithm; 2] = [
    SignatureAlgorithm { scheme: SignatureScheme::ED25519, algorithm: &HashOfKeyAndMessage },
    SignatureAlgorithm {
        scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
        algorithm: &HashOfKeyAndMessage,
    },
];

/// Each draw is a function of the seed and its name.
#[derive(Debug)]
struct Predictable(u8);

impl Random for Predictable {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        for (counter, word) in bytes.chunks_mut(8).enumerate() {
            let mut hasher = DefaultHasher::new();
            (self.0, draw, counter).hash(&mut hasher);
            word.copy_from_slice(&hasher.finish().to_be_bytes()[..word.len()]);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct ExclusiveOr(NamedGroup);

const SHARE_BYTES: usize = 32;

struct Private([u8; SHARE_BYTES]);

impl ExclusiveOr {
    fn private(&self, random: &dyn Random) -> Result<Private, GroupFailure> {
        let mut private = [0; SHARE_BYTES];
        random.fill(Draw::KeyShare(self.0), &mut private)?;
        Ok(Private(private))
    }
}

impl Private {
    fn agree(&self, share: &[u8]) -> Result<Secret, GroupFailure> {
        if share.len() != SHARE_BYTES || share == self.0 {
            return Err(GroupFailure::InvalidShare);
        }
        let secret: Vec<u8> =
            self.0.iter().zip(share).map(|(ours, theirs)| ours ^ theirs).collect();
        Secret::copied_from(&secret).ok_or(GroupFailure::Failed)
    }
}

impl Group for ExclusiveOr {
    fn id(&self) -> NamedGroup {
        self.0
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        Ok(Box::new(self.private(random)?))
    }

    fn respond(&self, random: &dyn Random, share: &[u8]) -> Result<(Share, Secret), GroupFailure> {
        let private = self.private(random)?;
        Ok((private.0.to_vec(), private.agree(share)?))
    }
}

impl KeyExchange for Private {
    fn share(&self) -> &[u8] {
        &self.0
    }

    fn finish(self: Box<Self>, share: &[u8]) -> Result<Secret, GroupFailure> {
        self.agree(share)
    }
}

#[derive(Debug)]
pub(crate) struct HashOfKeyAndMessage;

impl SignatureVerificationAlgorithm for HashOfKeyAndMessage {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let expected = SUITE.hash.digest(&[public_key, message]);
        if expected.as_bytes() == signature { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }
}

/// An Ed25519 certificate for `example.com`, signed by itself.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("certificate.der");

/// What stands for a signature of `message` by the key of the certificate.
pub(crate) fn sign(message: &[u8]) -> Vec<u8> {
    SUITE.hash.digest(&[&PUBLIC_KEY, message]).as_bytes().to_vec()
}

/// The public key in it, behind which comes the certificate's signature.
static PUBLIC_KEY: LazyLock<&[u8]> = LazyLock::new(|| {
    const PREFIX: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let start = CERTIFICATE.windows(PREFIX.len()).position(|window| window == PREFIX);
    let start = start.expect("an Ed25519 key") + PREFIX.len();
    &CERTIFICATE[start..start + 32]
});

/// That certificate, with something stapled to it for those who ask.
static CHAIN: LazyLock<Arc<CertificateChain>> = LazyLock::new(|| {
    let entry = ChainEntry {
        certificate: CertificateDer::from(CERTIFICATE),
        ocsp_response: Some(b"a response".to_vec()),
        signed_certificate_timestamps: Some(vec![0, 3, 0, 1, 7]),
    };
    Arc::new(CertificateChain { entries: vec![entry] })
});

/// What there is of this type.
pub(crate) fn certificate(certificate_type: CertificateType) -> OwnCertificate {
    match certificate_type {
        CertificateType::RAW_PUBLIC_KEY => RAW_PUBLIC_KEY.clone().into(),
        _ => Arc::clone(&CHAIN).into(),
    }
}

static RAW_PUBLIC_KEY: LazyLock<SubjectPublicKeyInfoDer<'static>> = LazyLock::new(|| {
    let leaf = Leaf::parse(CERTIFICATE).expect("our own certificate");
    SubjectPublicKeyInfoDer::from(leaf.subject_public_key_info().to_vec())
});
