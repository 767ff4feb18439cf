//! The provider over AWS-LC.

use countersign::crypto::aws_lc_rs::{MlKem768, provider};

#[path = "contract/mod.rs"]
mod contract;
#[path = "contract/hybrids.rs"]
mod hybrids;
