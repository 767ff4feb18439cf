//! Which cryptography the two ends run on.

use countersign::crypto::Provider;
use countersign::registry::NamedGroup;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};

/// The default provider; with feature `aws-lc-rs` the one over AWS-LC.
#[must_use]
pub fn provider() -> Provider {
    #[cfg(feature = "aws-lc-rs")]
    use countersign::crypto::aws_lc_rs as library;
    #[cfg(not(feature = "aws-lc-rs"))]
    use countersign::crypto::ring as library;

    library::provider()
}

/// The hybrid groups of rustls, which it has with feature `aws-lc-rs` alone.
pub const THEIR_HYBRIDS: &[(NamedGroup, &dyn SupportedKxGroup)] = &[
    #[cfg(feature = "aws-lc-rs")]
    (NamedGroup::X25519MLKEM768, rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768),
    #[cfg(feature = "aws-lc-rs")]
    (NamedGroup::SECP256R1MLKEM768, rustls::crypto::aws_lc_rs::kx_group::SECP256R1MLKEM768),
];

/// With feature `aws-lc-rs`, what rustls runs on.
pub const THEIR_PROVIDER: Option<fn() -> CryptoProvider> = {
    #[cfg(feature = "aws-lc-rs")]
    let provider: Option<fn() -> CryptoProvider> =
        Some(rustls::crypto::aws_lc_rs::default_provider);
    #[cfg(not(feature = "aws-lc-rs"))]
    let provider = None;
    provider
};
