//! Suites and signatures over the interface of ring, which aws-lc-rs has too.
//!
//! Each of the two providers includes this file: `library` is the crate that stands behind it, and
//! `overwrite` does what a crate that does not wipe its keys leaves undone.

use core::fmt;

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::library::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use super::library::rand::{SecureRandom, SystemRandom};
use super::library::signature::{self, VerificationAlgorithm};
use super::library::{digest, hmac};
use super::overwrite;
use crate::crypto::aead::{Aead, AeadFailed, AeadKey, NONCE_BYTES, TAG_BYTES};
use crate::crypto::hash::{Digest, Hash, RunningHash};
use crate::crypto::secret::copy;
use crate::crypto::signature::SignatureAlgorithm;
use crate::crypto::suite::Suite;
use crate::crypto::{Draw, Random, RandomnessUnavailable};
use crate::registry::{CipherSuite, SignatureScheme};

/// AES-128-GCM with SHA-256.
pub static TLS_AES_128_GCM_SHA256: Suite = Suite {
    id: CipherSuite::TLS_AES_128_GCM_SHA256,
    hash: &SHA256,
    aead: &Protection { algorithm: &aead::AES_128_GCM, limit: AES_GCM_LIMIT },
};

/// AES-256-GCM with SHA-384.
pub static TLS_AES_256_GCM_SHA384: Suite = Suite {
    id: CipherSuite::TLS_AES_256_GCM_SHA384,
    hash: &SHA384,
    aead: &Protection { algorithm: &aead::AES_256_GCM, limit: AES_GCM_LIMIT },
};

/// ChaCha20-Poly1305 with SHA-256.
pub static TLS_CHACHA20_POLY1305_SHA256: Suite = Suite {
    id: CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    hash: &SHA256,
    aead: &Protection { algorithm: &aead::CHACHA20_POLY1305, limit: CHACHA20_POLY1305_LIMIT },
};

/// RFC 9846 §5.5: 2^24.5 full-size records.
const AES_GCM_LIMIT: u64 = 23_726_566;

/// RFC 9846 §5.5: the sequence number would wrap before the safety limit is reached.
const CHACHA20_POLY1305_LIMIT: u64 = u64::MAX;

/// The signature schemes of RFC 9846 §4.3.3 that both libraries verify, RSA with 2048 to 8192 bits.
pub static SIGNATURES: [SignatureAlgorithm; 9] = [
    SignatureAlgorithm {
        scheme: SignatureScheme::ECDSA_SECP256R1_SHA256,
        algorithm: &Verifier {
            algorithm: &signature::ECDSA_P256_SHA256_ASN1,
            public_key: alg_id::ECDSA_P256,
            signature: alg_id::ECDSA_SHA256,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::ECDSA_SECP384R1_SHA384,
        algorithm: &Verifier {
            algorithm: &signature::ECDSA_P384_SHA384_ASN1,
            public_key: alg_id::ECDSA_P384,
            signature: alg_id::ECDSA_SHA384,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::ED25519,
        algorithm: &Verifier {
            algorithm: &signature::ED25519,
            public_key: alg_id::ED25519,
            signature: alg_id::ED25519,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PSS_RSAE_SHA256,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PSS_2048_8192_SHA256,
            public_key: alg_id::RSA_ENCRYPTION,
            signature: alg_id::RSA_PSS_SHA256,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PSS_RSAE_SHA384,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PSS_2048_8192_SHA384,
            public_key: alg_id::RSA_ENCRYPTION,
            signature: alg_id::RSA_PSS_SHA384,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PSS_RSAE_SHA512,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PSS_2048_8192_SHA512,
            public_key: alg_id::RSA_ENCRYPTION,
            signature: alg_id::RSA_PSS_SHA512,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PSS_PSS_SHA256,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PSS_2048_8192_SHA256,
            public_key: alg_id::RSA_PSS_SHA256,
            signature: alg_id::RSA_PSS_SHA256,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PSS_PSS_SHA384,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PSS_2048_8192_SHA384,
            public_key: alg_id::RSA_PSS_SHA384,
            signature: alg_id::RSA_PSS_SHA384,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PSS_PSS_SHA512,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PSS_2048_8192_SHA512,
            public_key: alg_id::RSA_PSS_SHA512,
            signature: alg_id::RSA_PSS_SHA512,
        },
    },
];

/// The schemes of RFC 9963, RSA with 2048 to 8192 bits. No provider has them of itself: a server
/// whose clients sign with hardware that knows no PSS adds them to `Provider::signatures`.
pub static LEGACY_SIGNATURES: [SignatureAlgorithm; 3] = [
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PKCS1_SHA256_LEGACY,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PKCS1_2048_8192_SHA256,
            public_key: alg_id::RSA_ENCRYPTION,
            signature: alg_id::RSA_PKCS1_SHA256,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PKCS1_SHA384_LEGACY,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PKCS1_2048_8192_SHA384,
            public_key: alg_id::RSA_ENCRYPTION,
            signature: alg_id::RSA_PKCS1_SHA384,
        },
    },
    SignatureAlgorithm {
        scheme: SignatureScheme::RSA_PKCS1_SHA512_LEGACY,
        algorithm: &Verifier {
            algorithm: &signature::RSA_PKCS1_2048_8192_SHA512,
            public_key: alg_id::RSA_ENCRYPTION,
            signature: alg_id::RSA_PKCS1_SHA512,
        },
    },
];

impl Random for SystemRandom {
    fn fill(&self, _draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        SecureRandom::fill(self, bytes).map_err(|_| RandomnessUnavailable)
    }
}

static SHA256: Sha = Sha {
    hmac: &hmac::HMAC_SHA256,
    of_empty: b"\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\
        \x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55",
    salt_without_psk: b"\x6f\x26\x15\xa1\x08\xc7\x02\xc5\x67\x8f\x54\xfc\x9d\xba\xb6\x97\
        \x16\xc0\x76\x18\x9c\x48\x25\x0c\xeb\xea\xc3\x57\x6c\x36\x11\xba",
};

static SHA384: Sha = Sha {
    hmac: &hmac::HMAC_SHA384,
    of_empty: b"\x38\xb0\x60\xa7\x51\xac\x96\x38\x4c\xd9\x32\x7e\xb1\xb1\xe3\x6a\
        \x21\xfd\xb7\x11\x14\xbe\x07\x43\x4c\x0c\xc7\xbf\x63\xf6\xe1\xda\
        \x27\x4e\xde\xbf\xe7\x6f\x65\xfb\xd5\x1a\xd2\xf1\x48\x98\xb9\x5b",
    salt_without_psk: b"\x15\x91\xda\xc5\xcb\xbf\x03\x30\xa4\xa8\x4d\xe9\xc7\x53\x33\x0e\
        \x92\xd0\x1f\x0a\x88\x21\x4b\x44\x64\x97\x2f\xd6\x68\x04\x9e\x93\
        \xe5\x2f\x2b\x16\xfa\xd9\x22\xfd\xc0\x58\x44\x78\x42\x8f\x28\x2b",
};

#[derive(Debug)]
struct Sha {
    hmac: &'static hmac::Algorithm,
    /// The hash of nothing.
    of_empty: &'static [u8],
    /// What "derived" makes of an Early Secret of nothing.
    salt_without_psk: &'static [u8],
}

impl Hash for Sha {
    fn output_bytes(&self) -> usize {
        self.hmac.digest_algorithm().output_len()
    }

    fn start(&self) -> Box<dyn RunningHash> {
        Box::new(digest::Context::new(self.hmac.digest_algorithm()))
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut running = digest::Context::new(self.hmac.digest_algorithm());
        for part in parts {
            running.update(part);
        }
        finish(running)
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]], out: &mut [u8]) {
        let mut running = hmac::Context::with_key(&hmac::Key::new(*self.hmac, key));
        for part in parts {
            running.update(part);
        }
        copy(running.sign().as_ref(), out);
    }

    fn hmac_verify(&self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(*self.hmac, key), message, tag).is_ok()
    }

    fn of_empty(&self) -> Digest {
        Digest::filled(self.of_empty.len(), |out| copy(self.of_empty, out))
    }

    fn salt_without_psk(&self) -> Option<Digest> {
        let salt = self.salt_without_psk;
        Some(Digest::filled(salt.len(), |out| copy(salt, out)))
    }
}

impl RunningHash for digest::Context {
    fn update(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }

    fn digest_with(&self, more: &[u8]) -> Digest {
        let mut running = self.clone();
        running.update(more);
        finish(running)
    }

    fn fork(&self) -> Box<dyn RunningHash> {
        Box::new(self.clone())
    }
}

fn finish(running: digest::Context) -> Digest {
    let digest = running.finish();
    Digest::filled(digest.as_ref().len(), |out| copy(digest.as_ref(), out))
}

#[derive(Debug)]
struct Protection {
    algorithm: &'static aead::Algorithm,
    limit: u64,
}

impl Aead for Protection {
    fn key_bytes(&self) -> usize {
        self.algorithm.key_len()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.limit
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        Box::new(ExpandedKey(UnboundKey::new(self.algorithm, key).ok().map(LessSafeKey::new)))
    }
}

/// `None` for a key of the wrong length: it protects nothing and opens nothing.
struct ExpandedKey(Option<LessSafeKey>);

impl Drop for ExpandedKey {
    fn drop(&mut self) {
        self.0.as_mut().map(overwrite);
    }
}

impl AeadKey for ExpandedKey {
    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], AeadFailed> {
        let key = self.0.as_ref().ok_or(AeadFailed)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(associated_data), content)
            .map_err(|_| AeadFailed)?;
        tag.as_ref().try_into().map_err(|_| AeadFailed)
    }

    fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        protected: &'a mut [u8],
    ) -> Result<&'a mut [u8], AeadFailed> {
        let key = self.0.as_ref().ok_or(AeadFailed)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.open_in_place(nonce, Aad::from(associated_data), protected).map_err(|_| AeadFailed)
    }
}

/// A verification of the library's, under the names that certificates have for it.
struct Verifier {
    algorithm: &'static dyn VerificationAlgorithm,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Verifier {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        signature::UnparsedPublicKey::new(self.algorithm, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.algorithm, f)
    }
}
