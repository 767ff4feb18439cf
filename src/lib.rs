//! A sans-IO TLS 1.3 state machine, client and server (RFC 9846).
//!
//! Bytes, time and randomness go in; bytes, facts and owned questions come out. Alerts are
//! first-class, typed state transitions: one cause, one alert, one section of the RFC; none lost,
//! none doubled.
//!
//! * Over a byte stream use [`connection::Connection`]; the README has its loop, whole.
//! * Over QUIC, or to look at messages, use [`handshake::Handshake`].
//! * [`handshake::CLIENT`] and [`handshake::SERVER`] are the transition tables: the program.
//! * [`failure::Cause`] is the table of faults, [`diagnosis`] that of the alerts we receive.
//! * [`recording`] writes the course of a connection down, and runs it again.
//! * [`policy`] answers the questions of those who have no opinion of their own.
//!
//! Each floor uses only those above it:
//!
//! ```text
//! 0  alert epoch limits failure diagnosis codec registry   names, causes, presentation language
//! 1  message                                               messages, the extension table
//! 2  crypto compression                                    our nouns over libraries; secrets
//! 3  key_schedule transcript                               RFC 9846 §7.1 and §4.1
//! 4  record                                                records (knows no handshake)
//! 5  handshake                                             the machine (knows no records)
//! 6  connection                                            byte streams: both
//! 7  recording policy                                      courses as text; ready answers
//! ```
//!
//! What the documentation shows only with the feature `conformance` (codec, messages, records, the
//! key schedule) is there for tests, fuzzers and conformance tools, and may change in any release.

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
#[cfg_attr(not(feature = "conformance"), doc(hidden))]
pub mod codec;
pub mod compression;
pub mod connection;
pub mod crypto;
pub mod diagnosis;
pub mod epoch;
pub mod failure;
pub mod handshake;
#[cfg_attr(not(feature = "conformance"), doc(hidden))]
pub mod key_schedule;
pub mod limits;
#[cfg_attr(not(feature = "conformance"), doc(hidden))]
pub mod message;
#[cfg(feature = "policy")]
pub mod policy;
#[cfg_attr(not(feature = "conformance"), doc(hidden))]
pub mod record;
pub mod recording;
pub mod registry;
#[cfg_attr(not(feature = "conformance"), doc(hidden))]
pub mod transcript;

/// The README's code, to be compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
