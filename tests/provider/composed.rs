//! The provider with parts of both libraries.

use countersign::crypto::aws_lc_rs::MlKem768;
use countersign::crypto::composed::provider;

#[path = "contract/mod.rs"]
mod contract;
#[path = "contract/hybrids.rs"]
mod hybrids;
