//! The memory of signatures that have verified, for those who meet the same certificates again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use pki_types::{
    AlgorithmIdentifier, FipsStatus, InvalidSignature, SignatureVerificationAlgorithm,
};

use crate::crypto::ring::TLS_AES_128_GCM_SHA256;

/// Which signatures have verified; failures are not remembered.
///
/// Two sets, so that forgetting is cheap: when the current one is full it becomes the previous one,
/// and what was that is forgotten, but for what was met again in the meantime.
#[derive(Debug)]
pub(super) struct VerifiedSignatures {
    most: usize,
    sets: Mutex<Sets>,
}

#[derive(Debug, Default)]
struct Sets {
    current: BTreeSet<Tag>,
    previous: BTreeSet<Tag>,
}

/// SHA-256 over everything that a verification depends on.
type Tag = [u8; 32];

impl VerifiedSignatures {
    pub(super) fn new(most: usize) -> Self {
        Self { most, sets: Mutex::default() }
    }

    /// `algorithm`, which is not asked about what it has verified.
    pub(super) const fn beside(
        &self,
        algorithm: &'static dyn SignatureVerificationAlgorithm,
    ) -> Recalling<'_> {
        Recalling { algorithm, verified: self }
    }

    fn recall(&self, tag: &Tag) -> bool {
        let Ok(mut sets) = self.sets.lock() else { return false };
        if sets.current.contains(tag) {
            return true;
        }
        let met_again = sets.previous.remove(tag);
        if met_again {
            sets.insert(*tag, self.most);
        }
        met_again
    }

    fn remember(&self, tag: Tag) {
        if let Ok(mut sets) = self.sets.lock() {
            sets.insert(tag, self.most);
        }
    }
}

impl Sets {
    fn insert(&mut self, tag: Tag, most: usize) {
        if self.current.len() >= most {
            self.previous = core::mem::take(&mut self.current);
        }
        self.current.insert(tag);
    }
}

/// An algorithm with a memory.
#[derive(Debug)]
pub(super) struct Recalling<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    verified: &'a VerifiedSignatures,
}

impl Recalling<'_> {
    pub(super) fn as_algorithm(&self) -> &dyn SignatureVerificationAlgorithm {
        self
    }

    /// Each part stands behind its length, so that no two verifications are hashed alike.
    fn tag(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<Tag> {
        let key_algorithm = self.public_key_alg_id();
        let algorithm = self.signature_alg_id();
        let parts = [key_algorithm.as_ref(), algorithm.as_ref(), public_key, message, signature];
        let [a, b, c, d, e] = parts.map(|part| part.len().to_be_bytes());
        let [key_algorithm, algorithm, public_key, message, signature] = parts;
        let parts: [&[u8]; 10] =
            [&a, key_algorithm, &b, algorithm, &c, public_key, &d, message, &e, signature];
        TLS_AES_128_GCM_SHA256.hash.digest(&parts).as_bytes().first_chunk().copied()
    }
}

impl SignatureVerificationAlgorithm for Recalling<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let tag = self.tag(public_key, message, signature).ok_or(InvalidSignature)?;
        if self.verified.recall(&tag) {
            return Ok(());
        }
        self.algorithm.verify_signature(public_key, message, signature)?;
        self.verified.remember(tag);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips_status(&self) -> FipsStatus {
        self.algorithm.fips_status()
    }
}
