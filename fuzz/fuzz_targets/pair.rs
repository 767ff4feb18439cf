//! See `countersign_fuzz::pair`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| countersign_fuzz::pair::check(bytes));
