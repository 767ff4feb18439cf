//! Every provider against one contract, and the libraries against each other.

#[path = "../support/der.rs"]
mod der;
mod ring;
mod signers;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
#[cfg(feature = "aws-lc-rs")]
mod composed;
#[cfg(feature = "aws-lc-rs")]
mod differential;
