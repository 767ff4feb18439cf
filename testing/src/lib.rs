//! Two ends and a wire between them: what the tests of countersign drive it with.
//!
//! [`Pair`] speaks whole messages in plaintext, so a test can change any message of any flight
//! without a key; [`Wire`] speaks records. [`rfc8448`] reads published traces, and [`replay`] is
//! the cryptography that repeats them.

mod identity;
mod pair;
pub mod replay;
pub mod rfc8448;
mod wire;

pub use identity::Identity;
pub use pair::{End, Flight, Observed, Pair, Setup};
pub use wire::{Socket, Wire};
