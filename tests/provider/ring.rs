//! The default provider.

use countersign::crypto::ring::provider;

#[path = "contract/mod.rs"]
mod contract;

#[cfg(feature = "mlkem")]
use countersign::crypto::libcrux::MlKem768;
#[cfg(feature = "mlkem")]
#[path = "contract/hybrids.rs"]
mod hybrids;
