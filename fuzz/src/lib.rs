//! What the fuzz targets check, as plain functions of bytes.
//!
//! Each target is one function, `check`: it panics on a finding and does nothing else, so that
//! tests can replay the seeds without a fuzzer.

mod build;
pub mod client;
mod conversation;
pub mod decode;
mod insecure;
mod mutation;
pub mod pair;
pub mod records;
mod script;
pub mod seeds;
pub mod server;
