//! See `countersign_fuzz::server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| countersign_fuzz::server::check(bytes));
