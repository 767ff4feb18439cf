//! Signatures to verify, made with a new key by each library.

mod ring;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;

use countersign::registry::SignatureScheme;

/// Signs a message; returns the public key and the signature.
pub(crate) type Signer = fn(SignatureScheme, &[u8]) -> (Vec<u8>, Vec<u8>);

/// One for each library.
pub(crate) const SIGNERS: &[Signer] = &[
    ring::sign,
    #[cfg(feature = "aws-lc-rs")]
    aws_lc_rs::sign,
];

/// Making an RSA key takes long.
const RSA_2048: &[u8] = include_bytes!("../../../vectors/keys/rsa_2048.der");
const RSA_2048_SIGNATURE_BYTES: usize = 256;
