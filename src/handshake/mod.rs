//! The handshake: messages, answers and orders in; messages, keys, questions and facts out.
//!
//! [`Handshake`] drives one of two transition tables ([`CLIENT`], [`SERVER`]). It knows messages and
//! epochs, not records; [`Connection`](crate::connection::Connection) joins it with those. QUIC and
//! tests use it as it is.

mod authentication;
pub mod client_authentication;
mod client;
pub mod closure;
pub mod config;
mod context;
pub mod decision;
mod driver;
pub mod event;
mod key_update;
pub mod machine;
mod negotiation;
mod reassembly;
mod server;

use std::sync::Arc;

pub use self::client::CLIENT;
pub use self::config::{ClientConfig, Destination, ServerConfig};
pub use self::decision::{Answer, Decision};
pub use self::event::{End, Fact, Output};
pub use self::server::SERVER;
use self::client::{ClientState, Start};
use self::closure::{Closure, ClosureInput};
use self::context::Context;
use self::event::{Begin, Input, NewTicket, Refusal, Truncation, on};
use self::reassembly::Held;
use self::server::{ServerState, WaitClientHello};
use crate::alert::{Alert, AlertClass, AlertDescription, AlertLevel, ClosureAlert};
use crate::epoch::{Epoch, Role};
use crate::failure::{Cause, Misuse};
use crate::handshake::config::{CompatibilityMode, Disclosure, Profile};
use crate::message::post_handshake::KeyUpdate;
use crate::registry::KeyUpdateRequest;

/// A TLS 1.3 handshake and what follows it, at one end.
///
/// A fault of the peer's is never an `Err`: it is the last thing that [`poll`](Self::poll) yields,
/// behind its alert. An `Err` is the caller's own [`Misuse`], and then nothing has moved.
#[derive(Debug)]
pub struct Handshake {
    machine: Machine,
    cx: Context,
    held: Held,
    /// How many receive keys there were when a flight of the peer's ended.
    flight_ended_at: Option<u32>,
    closure: Closure,
    disclosure: Disclosure,
    is_quic: bool,
    report_transitions: bool,
    user_canceled_in_a_row: u32,
    unconfirmed_bytes: u64,
}

/// The state of either role.
#[derive(Debug)]
enum Machine {
    Client(ClientState),
    Server(ServerState),
    /// The end, and the name of the last state.
    Ended(&'static str),
}

impl Handshake {
    /// A client, whose ClientHello is the first output.
    ///
    /// # Errors
    /// [`Misuse::Configuration`].
    pub fn client(config: Arc<ClientConfig>, destination: Destination) -> Result<Self, Misuse> {
        config.check()?;
        let mut handshake = Self {
            cx: Context::new(Role::Client, config.limits),
            disclosure: config.disclosure,
            is_quic: matches!(config.profile, Profile::Quic(_)),
            report_transitions: config.report_transitions,
            machine: Machine::Client(ClientState::Start(Start { config, destination })),
            ..Self::new(Context::new(Role::Client, crate::limits::Limits::default()))
        };
        handshake.take(Input::Begin(Begin));
        Ok(handshake)
    }
}
