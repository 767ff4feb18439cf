//! A sans-IO TLS 1.3 state machine, client and server (RFC 9846).
//!
//! Alerts are first-class, typed state transitions: one cause, one alert, one section of the RFC;
//! none lost, none doubled.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod alert;
pub mod codec;
pub mod connection;
pub mod crypto;
pub mod diagnosis;
pub mod epoch;
pub mod failure;
pub mod handshake;
pub mod key_schedule;
pub mod limits;
pub mod message;
#[cfg(feature = "policy")]
pub mod policy;
pub mod record;
pub mod registry;
pub mod transcript;
