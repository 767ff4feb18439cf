//! Two ends and a wire between them: what the tests of countersign drive it with.
//!
//! [`Pair`] speaks whole messages in plaintext, so a test can change any message of any flight
//! without a key; [`Wire`] speaks records; [`Client`] and [`Server`] meet other implementations.
//! [`rfc8448`] reads published traces, and [`replay`] is the cryptography that repeats them.

mod ends;
mod identity;
mod pair;
pub mod pki;
mod provider;
pub mod replay;
pub mod rfc8448;
mod stop;
mod wire;

pub use ends::{Client, Server};
pub use identity::Identity;
pub use pair::{End, Flight, Observed, Pair, Setup};
pub use provider::{THEIR_HYBRIDS, provider};
pub use stop::{messages, states, table};
pub use wire::{Socket, Wire};
