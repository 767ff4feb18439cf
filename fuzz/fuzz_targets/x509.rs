//! See `countersign_fuzz::x509`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| countersign_fuzz::x509::check(bytes));
