//! Takes the time of each algorithm, library by library: what a composed provider chooses by.
//!
//! Libraries take turns within each round, as in `compare`. Each does what a provider of
//! countersign does with it: keys are expanded or parsed where a handshake does so.

mod aws_lc_rs;
mod dalek;
mod graviola;
mod ring;

use std::hint::black_box;
use std::time::Instant;

use ::graviola::signing::rsa::{KeySize, SigningKey};

const ROUNDS: usize = 200;

/// How long one turn at least takes.
const TURN_SECONDS: f64 = 100e-6;

/// One execution of an algorithm.
pub(crate) type Work = Box<dyn FnMut()>;

/// Keeps the compiler from leaving out whatever made this.
pub(crate) fn made<T>(result: T) {
    black_box(result);
}

/// What is executed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Algorithm {
    /// Of traffic keys: the expansion of one.
    Expand(Aead),
    /// Encrypting so many bytes.
    Seal(Aead, usize),
    /// Decrypting so many bytes, which are encrypted before that.
    SealAndOpen(Aead, usize),
    /// A hash of so many bytes.
    Digest(Hash, usize),
    /// HMAC of so many bytes under a new key, as key schedules do it.
    Hmac(Hash, usize),
    /// A key pair, its share, and an agreement.
    Agree(Group),
    /// A signature.
    Sign(Signature),
    /// A verification, by a key as certificates have it.
    Verify(Signature),
}

/// What protects records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aead {
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

impl Aead {
    /// How long its keys are.
    #[must_use]
    pub(crate) const fn key(self) -> &'static [u8] {
        match self {
            Self::Aes128Gcm => &[9; 16],
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => &[9; 32],
        }
    }
}

/// What is hashed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

/// What keys are agreed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Curve25519.
    X25519,
    /// P-256.
    Secp256r1,
}

/// What is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// ECDSA on P-256 with SHA-256.
    EcdsaSecp256r1,
    /// ECDSA on P-384 with SHA-384.
    EcdsaSecp384r1,
    /// Ed25519.
    Ed25519,
    /// RSASSA-PSS of 2048 bits with SHA-256.
    RsaPss2048,
}

/// About as much as is signed of a certificate.
pub(crate) const MESSAGE: [u8; 400] = [7; 400];

use Aead::{Aes128Gcm, Aes256Gcm, ChaCha20Poly1305};
use Algorithm::{Agree, Digest, Expand, Hmac, Seal, SealAndOpen, Sign, Verify};
use Group::{Secp256r1, X25519};
use Hash::{Sha256, Sha384};
use Signature::{EcdsaSecp256r1, EcdsaSecp384r1, Ed25519, RsaPss2048};

const ROWS: &[(&str, Algorithm)] = &[
    ("AES-128-GCM, a key", Expand(Aes128Gcm)),
    ("AES-128-GCM, seal 64 bytes", Seal(Aes128Gcm, 64)),
    ("AES-128-GCM, seal 1 KiB", Seal(Aes128Gcm, 1024)),
    ("AES-128-GCM, seal 16 KiB", Seal(Aes128Gcm, 16_384)),
    ("AES-128-GCM, seal and open 64 bytes", SealAndOpen(Aes128Gcm, 64)),
    ("AES-128-GCM, seal and open 16 KiB", SealAndOpen(Aes128Gcm, 16_384)),
    ("AES-256-GCM, seal 16 KiB", Seal(Aes256Gcm, 16_384)),
    ("ChaCha20-Poly1305, seal 64 bytes", Seal(ChaCha20Poly1305, 64)),
    ("ChaCha20-Poly1305, seal 1 KiB", Seal(ChaCha20Poly1305, 1024)),
    ("ChaCha20-Poly1305, seal 16 KiB", Seal(ChaCha20Poly1305, 16_384)),
    ("SHA-256, 64 bytes", Digest(Sha256, 64)),
    ("SHA-256, 1 KiB", Digest(Sha256, 1024)),
    ("SHA-384, 1 KiB", Digest(Sha384, 1024)),
    ("HMAC with SHA-256, 64 bytes", Hmac(Sha256, 64)),
    ("HMAC with SHA-384, 64 bytes", Hmac(Sha384, 64)),
    ("X25519, both steps", Agree(X25519)),
    ("P-256, both steps", Agree(Secp256r1)),
    ("ECDSA P-256, sign", Sign(EcdsaSecp256r1)),
    ("ECDSA P-256, verify", Verify(EcdsaSecp256r1)),
    ("ECDSA P-384, sign", Sign(EcdsaSecp384r1)),
    ("ECDSA P-384, verify", Verify(EcdsaSecp384r1)),
    ("Ed25519, sign", Sign(Ed25519)),
    ("Ed25519, verify", Verify(Ed25519)),
    ("RSA-PSS 2048, sign", Sign(RsaPss2048)),
    ("RSA-PSS 2048, verify", Verify(RsaPss2048)),
];

/// How each library does an algorithm, if it has it; with this private key of RSA, in PKCS #8.
type Library = fn(Algorithm, &[u8]) -> Option<Work>;

const LIBRARIES: &[(&str, Library)] = &[
    ("ring", ring::work),
    ("AWS-LC", aws_lc_rs::work),
    ("graviola", graviola::work),
    ("dalek", dalek::work),
];

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let mut buffer = [0; 4096];
    let rsa = SigningKey::generate(KeySize::Rsa2048).unwrap();
    let rsa = rsa.to_pkcs8_der(&mut buffer).unwrap();
    println!(
        "Microseconds, medians of {rounds} rounds; in brackets, how many times as fast as ring.\n"
    );
    let names = LIBRARIES.iter().map(|(name, _)| format!(" {name} |"));
    println!("| |{}", names.collect::<String>());
    println!("|---|{}", "---:|".repeat(LIBRARIES.len()));
    for (name, algorithm) in ROWS {
        let mut turns: Vec<Option<Turn>> =
            LIBRARIES.iter().map(|(_, work)| work(*algorithm, rsa).map(Turn::new)).collect();
        let count = turns.len();
        for round in 0..rounds {
            for which in (0..count).map(|turn| (turn + round) % count) {
                if let Some(turn) = &mut turns[which] {
                    turn.take();
                }
            }
        }
        let first = turns[0].as_ref().map(|turn| turn.samples.clone()).unwrap_or_default();
        let cells = turns.iter().map(|turn| turn.as_ref().map_or_else(none, |t| t.cell(&first)));
        println!("| {name} |{}", cells.collect::<String>());
    }
}

fn none() -> String {
    String::from(" - |")
}

/// A library's turn at one algorithm, and what it has taken, in microseconds.
struct Turn {
    work: Work,
    times: u32,
    samples: Vec<f64>,
}

impl Turn {
    fn new(work: Work) -> Self {
        let mut new = Self { work, times: 1, samples: Vec::new() };
        while new.run() * f64::from(new.times) < TURN_SECONDS {
            new.times *= 2;
        }
        new
    }

    /// Seconds for one execution.
    fn run(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..self.times {
            (self.work)();
        }
        start.elapsed().as_secs_f64() / f64::from(self.times)
    }

    fn take(&mut self) {
        let took = self.run() * 1e6;
        self.samples.push(took);
    }

    fn cell(&self, first: &[f64]) -> String {
        let quotients = first.iter().zip(&self.samples).map(|(first, own)| first / own).collect();
        format!(" {:.2} ({:.2}) |", median(self.samples.clone()), median(quotients))
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
