//! Two ends and a wire between them: what the tests of countersign drive it with.
//!
//! [`Pair`] speaks whole messages in plaintext, so a test can change any message of any flight without
//! a key; [`Wire`] speaks records; in a [`Trial`] one end of them is made up by hand.

mod identity;
mod pair;
mod trial;
mod wire;

pub use identity::Identity;
pub use pair::{End, Flight, Observed, Pair, Setup};
pub use trial::{Forger, Heard, Item, Trial, UNOPENED};
pub use wire::{Socket, Wire};
