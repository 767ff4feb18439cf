//! The work that no implementation can avoid, done with ring alone.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, PublicKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
};

use crate::meeting::{Meter, Scenario, Side};

/// A key on P-256 with a signature of its own, and a peer's share.
pub struct Asymmetric {
    random: SystemRandom,
    key: EcdsaKeyPair,
    signature: signature::Signature,
    peer_share: PublicKey,
}

/// About as much as is signed of a certificate.
const SIGNED_BYTES: [u8; 400] = [7; 400];

/// A leaf's by its intermediate, that one's by its root, and CertificateVerify.
const SIGNATURES: u32 = 3;

impl Asymmetric {
    /// With new keys.
    ///
    /// # Panics
    /// If ring has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
        let signature = key.sign(&random, &SIGNED_BYTES).unwrap();
        let peer = EphemeralPrivateKey::generate(&X25519, &random).unwrap();
        Self { peer_share: peer.compute_public_key().unwrap(), random, key, signature }
    }

    /// The asymmetric operations of each side; hashes, key schedule and records are left out.
    pub fn meet(&self, scenario: Scenario, meter: &mut impl Meter) {
        meter.watch(Side::Client, || {
            self.agree();
            match scenario {
                Scenario::Resumed => {}
                Scenario::Remembered => self.verify(1),
                _ => self.verify(SIGNATURES),
            }
            if scenario == Scenario::Mutual {
                self.sign();
            }
        });
        meter.watch(Side::Server, || {
            self.agree();
            if scenario != Scenario::Resumed {
                self.sign();
            }
            if scenario == Scenario::Mutual {
                self.verify(SIGNATURES);
            }
        });
    }

    fn agree(&self) {
        let key = EphemeralPrivateKey::generate(&X25519, &self.random).unwrap();
        key.compute_public_key().unwrap();
        let peer_share = UnparsedPublicKey::new(&X25519, &self.peer_share);
        agree_ephemeral(key, &peer_share, |secret| assert_eq!(secret.len(), 32)).unwrap();
    }

    fn sign(&self) {
        self.key.sign(&self.random, &SIGNED_BYTES).unwrap();
    }

    fn verify(&self, signatures: u32) {
        let key = self.key.public_key();
        for _ in 0..signatures {
            signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                .verify(&SIGNED_BYTES, self.signature.as_ref())
                .unwrap();
        }
    }
}

impl Default for Asymmetric {
    fn default() -> Self {
        Self::new()
    }
}

/// Records without records: a key, and as many buffers as there are records.
pub struct Symmetric {
    key: LessSafeKey,
    records: Vec<Vec<u8>>,
    additional: [u8; 5],
}

impl Symmetric {
    /// For this many records with so much content; a content type goes with each.
    ///
    /// # Panics
    /// If the key is no key.
    #[must_use]
    pub fn new(records: usize, content_bytes: usize) -> Self {
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[9; 16]).unwrap());
        Self { key, records: vec![vec![0; content_bytes + 1]; records], additional: [0; 5] }
    }

    /// Seals every record.
    ///
    /// # Panics
    /// If ring refuses.
    pub fn seal(&mut self) {
        for (record, nonce) in self.records.iter_mut().zip(nonces()) {
            self.key.seal_in_place_append_tag(nonce, Aad::from(self.additional), record).unwrap();
        }
    }

    /// Opens every record.
    ///
    /// # Panics
    /// If one was changed.
    pub fn open(&mut self) {
        for (record, nonce) in self.records.iter_mut().zip(nonces()) {
            let aad = Aad::from(self.additional);
            let content = self.key.open_in_place(nonce, aad, record).unwrap().len();
            record.truncate(content);
        }
    }
}

fn nonces() -> impl Iterator<Item = Nonce> {
    (0_u64..).map(|number| {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&number.to_be_bytes());
        Nonce::assume_unique_for_key(nonce)
    })
}
