//! A provider without any security, for fuzzing only: everything in it is a function of the script.
//!
//! A key exchange is an exclusive-or of two shares, a signature a hash of key and message. Hash,
//! HMAC and AEAD are the default provider's, which draw no randomness. It lives in this package,
//! which is never published; nothing in the library can name it.

use std::sync::Arc;

use countersign::crypto::group::GroupFailure;
use countersign::crypto::{
    Draw, Group, KeyExchange, Provider, Random, RandomnessUnavailable, Secret, Share,
    SignatureAlgorithm, Suite, ring,
};
use countersign::failure::Misuse;
use countersign::handshake::decision::{
    Answer, CertificateChain, CertificateFault, Decision, HelloRefusal, SelectCredential,
};
use countersign::handshake::psk::{EarlyDataTerms, OfferedPsk, PreSharedKey};
use countersign::registry::{NamedGroup, SignatureScheme};
use countersign_testing::End;
use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

use crate::script::Script;

/// The provider; ends with another `seed` draw other randomness.
pub(crate) fn insecure_provider(seed: u8) -> Provider {
    Provider {
        groups: vec![&ExclusiveOr(NamedGroup::X25519), &ExclusiveOr(NamedGroup::SECP256R1)],
        signatures: SIGNATURES.iter().collect(),
        random: Arc::new(Predictable(seed)),
        ..ring::provider()
    }
}

const SUITE: &Suite = &ring::TLS_AES_128_GCM_SHA256;

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
        let name = format!("{draw:?}");
        for (counter, block) in (0_u8..).zip(bytes.chunks_mut(32)) {
            let digest = SUITE.hash.digest(&[&[self.0, counter], name.as_bytes()]);
            block.copy_from_slice(&digest.as_bytes()[..block.len()]);
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
struct HashOfKeyAndMessage;

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

/// The public key in it, behind which comes the certificate's signature.
fn public_key() -> &'static [u8] {
    const PREFIX: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let start = CERTIFICATE.windows(PREFIX.len()).position(|window| window == PREFIX);
    let start = start.expect("an Ed25519 key") + PREFIX.len();
    &CERTIFICATE[start..start + 32]
}

fn chain() -> Arc<CertificateChain> {
    Arc::new(std::iter::once(CertificateDer::from(CERTIFICATE)).collect())
}

/// Answers the open question, if there is one, as zeros do. It may have come too late: an alert that
/// was taken before the question was looked at has ended the connection.
pub(crate) fn answer_honestly(end: &mut End) -> bool {
    let Some(question) = end.question.take() else { return false };
    let ended = end.observed.end.is_some();
    let result = end.handshake.answer(answer(question, &mut Script::new(&[])));
    assert_eq!(result, if ended { Err(Misuse::Ended) } else { Ok(()) });
    true
}

/// The answer that the script gives; zeros give the one that goes on.
pub(crate) fn answer(decision: Decision, script: &mut Script<'_>) -> Answer {
    match decision {
        Decision::VerifyCertificate(question) => match script.byte() % 10 {
            0 => question.accept(),
            1 => question.deny(),
            2 => question.unavailable(),
            fault => question.reject(FAULTS[usize::from(fault - 3)]),
        },
        Decision::SelectCredential(question) => match script.byte() % 11 {
            0 => select(question, true),
            1 => select(question, false),
            refusal => question.refuse(REFUSALS[usize::from(refusal - 2)]),
        },
        Decision::SelectClientCredential(question) => match script.byte() % 3 {
            1 => question.decline(),
            2 => question.unavailable(),
            _ => match question.certificate(chain(), SignatureScheme::ED25519) {
                Ok(answer) => answer,
                Err(unfit) => unfit.question.decline(),
            },
        },
        Decision::Sign(question) => match script.byte() % 3 {
            1 => question.unavailable(),
            2 => question.signature(script.bytes().to_vec()),
            _ => {
                let signature = SUITE.hash.digest(&[public_key(), question.message()]);
                question.signature(signature.as_bytes().to_vec())
            }
        },
        Decision::SealTicket(question) => match script.byte() % 2 {
            1 => question.decline(),
            _ => question.sealed(b"a ticket".to_vec()).expect("a ticket of eight bytes"),
        },
        other => panic!("a question without an answer: {other:?}"),
    }
}

/// The key that the server knows by name, or else the certificate.
fn select(question: SelectCredential, early_data: bool) -> Answer {
    let protocol = question.application_layer_protocols().next().map(<[u8]>::to_vec);
    let index = question.psk_identities().position(|psk| psk.identity == KEY_NAME);
    let question = match index {
        Some(index) => {
            match question.psk(index, key(protocol.clone()), protocol.as_deref(), early_data) {
                Ok(answer) => return answer,
                Err(unfit) => unfit.question,
            }
        }
        None => question,
    };
    let fits = |scheme: &SignatureScheme| *scheme == SignatureScheme::ED25519;
    let scheme = question.signature_schemes().find(fits);
    let scheme = scheme.or_else(|| question.signature_schemes().next());
    match scheme {
        Some(scheme) if question.accepts_certificate() => question
            .certificate(chain(), scheme, protocol.as_deref())
            .unwrap_or_else(|unfit| panic!("an offered scheme: {unfit:?}")),
        _ => question.refuse(HelloRefusal::NoSuitableCertificate),
    }
}

const KEY_NAME: &[u8] = b"a key";

fn key(application_layer_protocol: Option<Vec<u8>>) -> PreSharedKey {
    let terms = EarlyDataTerms { max_bytes: 100, application_layer_protocol };
    PreSharedKey::resumption(&[7; 32], SUITE).expect("a key").with_early_data(terms)
}

/// A PSK that the server knows.
pub(crate) fn known_psk(application_layer_protocol: Option<Vec<u8>>) -> OfferedPsk {
    key(application_layer_protocol).offered_as(KEY_NAME.to_vec())
}

/// A PSK that no server takes.
pub(crate) fn unknown_psk() -> OfferedPsk {
    key(None).offered_as(b"another key".to_vec())
}

const FAULTS: [CertificateFault; 7] = [
    CertificateFault::Bad,
    CertificateFault::Unsupported,
    CertificateFault::Revoked,
    CertificateFault::Expired,
    CertificateFault::Unspecified,
    CertificateFault::UnknownAuthority,
    CertificateFault::Status,
];

const REFUSALS: [HelloRefusal; 9] = [
    HelloRefusal::NoAcceptablePsk,
    HelloRefusal::NameNotServed,
    HelloRefusal::NoApplicationProtocol,
    HelloRefusal::NoSuitableCertificate,
    HelloRefusal::InsufficientSecurity,
    HelloRefusal::Parameters,
    HelloRefusal::Overload,
    HelloRefusal::Unavailable,
    HelloRefusal::Concealed,
];
