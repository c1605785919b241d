#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| growthbook_fuzz::webhook::webhook(bytes));
