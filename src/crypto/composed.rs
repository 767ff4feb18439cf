//! A provider with the faster library for each part.
//!
//! Where the processor encrypts AES in vectors of 256 bits, ring is twice as fast with AES-GCM,
//! which is what every record costs. AWS-LC is faster with curves and signatures, which is what
//! every handshake costs, up to ten times (P-384), and it has the hybrid groups.

use crate::crypto::{Provider, aws_lc_rs, ring};

/// AES-GCM of ring; everything else of AWS-LC.
#[must_use]
pub fn provider() -> Provider {
    Provider {
        suites: vec![
            &ring::TLS_AES_128_GCM_SHA256,
            &ring::TLS_AES_256_GCM_SHA384,
            &aws_lc_rs::TLS_CHACHA20_POLY1305_SHA256,
        ],
        ..aws_lc_rs::provider()
    }
}
