#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| growthbook_fuzz::sse::sse_parser(bytes));
