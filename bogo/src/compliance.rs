//! Compliance policies: what a connection may use, and nothing else. Most preferred first.

use countersign::registry::{CipherSuite, NamedGroup, SignatureScheme};

/// One policy; `None` where it says nothing.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) cipher_suites: &'static [CipherSuite],
    pub(crate) groups: Option<&'static [NamedGroup]>,
    pub(crate) schemes: Option<&'static [SignatureScheme]>,
}

/// FIPS 140, as of May 2022.
pub(crate) const FIPS_202205: Policy = Policy {
    cipher_suites: &[CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384],
    groups: Some(&[NamedGroup::SECP256R1, NamedGroup::SECP384R1]),
    schemes: Some(&[
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        SignatureScheme::RSA_PSS_RSAE_SHA256,
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA512,
    ]),
};

/// WPA3 at 192 bits, as of April 2023.
pub(crate) const WPA_202304: Policy = Policy {
    cipher_suites: &[CipherSuite::TLS_AES_256_GCM_SHA384],
    groups: Some(&[NamedGroup::SECP384R1]),
    schemes: Some(&[
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA512,
    ]),
};

/// CNSA, as of July 2024: a preference, and no more.
pub(crate) const CNSA_202407: Policy = Policy {
    cipher_suites: &[
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ],
    groups: None,
    schemes: None,
};

/// CNSA 1.0, as of March 2026, with what leads to 2.0.
pub(crate) const CNSA1_202603: Policy = Policy {
    cipher_suites: &[CipherSuite::TLS_AES_256_GCM_SHA384],
    groups: Some(&[NamedGroup::MLKEM1024, NamedGroup::SECP384R1]),
    schemes: CNSA_SCHEMES,
};

/// CNSA 2.0, as of March 2026, but for signatures.
pub(crate) const CNSA2_202603: Policy = Policy {
    cipher_suites: &[CipherSuite::TLS_AES_256_GCM_SHA384],
    groups: Some(&[NamedGroup::MLKEM1024]),
    schemes: CNSA_SCHEMES,
};

const CNSA_SCHEMES: Option<&[SignatureScheme]> =
    Some(&[SignatureScheme::ECDSA_SECP384R1_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA384]);

impl Policy {
    pub(crate) fn permits_group(&self, group: NamedGroup) -> bool {
        self.groups.is_none_or(|groups| groups.contains(&group))
    }

    pub(crate) fn permits_scheme(&self, scheme: SignatureScheme) -> bool {
        self.schemes.is_none_or(|schemes| schemes.contains(&scheme))
    }
}
