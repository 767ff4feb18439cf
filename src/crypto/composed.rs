//! A provider with the faster library for each part.
//!
//! AWS-LC is faster with curves and signatures, up to five times, and has the hybrid groups. ring
//! is faster with the many short HMACs of a key schedule, by a third, and with AES-GCM wherever
//! AWS-LC does not find AVX-512: up to twice. It wipes neither keys of HMAC nor expanded ones.
//! `docs/performance.md` has the figures, and the command that takes them.

use crate::crypto::{Provider, Suite, aws_lc_rs, ring};

/// Hashes of ring, AES-GCM of whichever is faster on this processor, all else of AWS-LC.
#[must_use]
pub fn provider() -> Provider {
    let [aes_128, aes_256] =
        if has_avx512_for_aes() { &AES_GCM_OF_AWS_LC } else { &AES_GCM_OF_RING };
    Provider {
        suites: vec![aes_128, aes_256, &TLS_CHACHA20_POLY1305_SHA256],
        ..aws_lc_rs::provider()
    }
}

static AES_GCM_OF_RING: [Suite; 2] = [ring::TLS_AES_128_GCM_SHA256, ring::TLS_AES_256_GCM_SHA384];

static AES_GCM_OF_AWS_LC: [Suite; 2] = [
    Suite { hash: ring::TLS_AES_128_GCM_SHA256.hash, ..aws_lc_rs::TLS_AES_128_GCM_SHA256 },
    Suite { hash: ring::TLS_AES_256_GCM_SHA384.hash, ..aws_lc_rs::TLS_AES_256_GCM_SHA384 },
];

static TLS_CHACHA20_POLY1305_SHA256: Suite = Suite {
    hash: ring::TLS_CHACHA20_POLY1305_SHA256.hash,
    ..aws_lc_rs::TLS_CHACHA20_POLY1305_SHA256
};

/// Whether AWS-LC encrypts AES in vectors of 512 bits. ring does so in those of 256 bits, which
/// AWS-LC does not, and which more processors have.
#[cfg(all(target_arch = "x86_64", not(windows)))]
fn has_avx512_for_aes() -> bool {
    is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("vpclmulqdq")
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// On Windows AWS-LC does not; on other architectures the two have not been measured.
#[cfg(not(all(target_arch = "x86_64", not(windows))))]
const fn has_avx512_for_aes() -> bool {
    false
}
