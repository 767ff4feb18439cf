//! What the fuzz targets check, as plain functions of bytes.
//!
//! Each target is one function, `check`: it panics on a finding and does nothing else, so that
//! tests can replay the seeds without a fuzzer.

mod answers;
mod build;
mod cheap;
pub mod client;
mod conversation;
pub mod decode;
pub mod differential;
mod insecure;
mod memory;
pub mod model;
mod mutation;
mod oracle;
pub mod pair;
pub mod records;
mod script;
pub mod seeds;
pub mod server;
mod setup;
pub mod state;
mod wire;
mod world;
pub mod x509;
