//! Two ends and a wire between them: what the tests of countersign drive it with.
//!
//! [`Pair`] speaks whole messages in plaintext, so a test can change any message of any flight
//! without a key; [`Wire`] speaks records, and in a [`Trial`] one end of it is made up by hand.
//! [`Client`] and [`Server`] meet other implementations: in memory, or as a [`Talk`] over a socket
//! with a [`Program`]. [`rfc8448`] reads published traces, and [`replay`] is the cryptography that
//! repeats them.

mod compression;
mod ends;
mod identity;
#[path = "../../examples/shared/key_log.rs"]
mod key_log;
mod pair;
pub mod pki;
mod program;
mod provider;
pub mod replay;
pub mod rfc8448;
mod stop;
#[path = "../../examples/shared/stream.rs"]
mod stream;
mod talk;
mod trial;
mod wire;

pub use compression::Reversed;
pub use ends::{Client, Server};
pub use identity::Identity;
pub use pair::{End, Flight, Observed, Pair, Setup};
pub use program::{Folder, Program, has_program, skipped};
pub use provider::{THEIR_HYBRIDS, THEIR_PROVIDER, provider};
pub use stop::{messages, states, table};
pub use talk::{Talk, accept};
pub use trial::{Forger, Heard, Item, Trial, UNOPENED};
pub use wire::{Socket, Wire};
