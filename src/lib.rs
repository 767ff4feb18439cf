//! A sans-IO TLS 1.3 state machine, client and server (RFC 9846).
//!
//! Alerts are first-class, typed state transitions: one cause, one alert, one section of the RFC;
//! none lost, none doubled.

pub mod alert;
pub mod codec;
pub mod crypto;
pub mod diagnosis;
pub mod epoch;
pub mod failure;
pub mod key_schedule;
pub mod limits;
pub mod registry;
pub mod transcript;
