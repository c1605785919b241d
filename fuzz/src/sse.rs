#[path = "../../growthbook-fetch/src/sse/naive.rs"]
mod naive;
#[expect(dead_code, reason = "connections and their times are not fuzzed here")]
#[path = "../../growthbook-fetch/src/sse/parser/mod.rs"]
mod parser;
#[path = "../../growthbook-fetch/src/sse/target.rs"]
mod target;

/// Any bytes as a stream.
pub fn sse_parser(bytes: &[u8]) {
    target::sse_parser(bytes);
}
