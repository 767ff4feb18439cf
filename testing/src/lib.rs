//! Two ends and a wire between them: what the tests of countersign drive it with.
//!
//! [`Pair`] speaks whole messages in plaintext, so a test can change any message of any flight
//! without a key; [`Wire`] speaks records; in a [`Trial`] one end of them is made up by hand;
//! [`Client`] and [`Server`] meet other implementations. [`rfc8448`] reads published traces, and
//! [`replay`] is the cryptography that repeats them.

mod ends;
mod identity;
mod pair;
pub mod pki;
pub mod replay;
pub mod rfc8448;
mod stop;
mod trial;
mod wire;

pub use ends::{Client, Server};
pub use identity::Identity;
pub use pair::{End, Flight, Observed, Pair, Setup};
pub use stop::{messages, states, table};
pub use trial::{Forger, Heard, Item, Trial, UNOPENED};
pub use wire::{Socket, Wire};
