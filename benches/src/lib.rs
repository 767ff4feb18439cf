//! What a handshake and a record of countersign cost, beside other libraries and ring alone.
//!
//! `docs/performance.md` says what is measured, and how to run it. Everything happens in memory, in
//! one thread: [`meeting::meet`] lets two ends of one [`Library`](meeting::Library) meet, and a
//! [`Meter`](meeting::Meter) watches what each side does.

pub mod countersign;
pub mod identities;
pub mod meeting;
#[cfg(feature = "openssl")]
pub mod openssl;
#[path = "../../testing/src/pki.rs"]
pub mod pki;
pub mod primitives;
pub mod rustls;
