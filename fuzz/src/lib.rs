//! What the fuzzers run: the functions that ordinary tests of `growthbook-core` and `growthbook-fetch` run over
//! `fuzz/seeds/`.

#[path = "../../growthbook-core/tests/properties/grammar.rs"]
mod grammar;
#[path = "../../growthbook-core/tests/properties/naive.rs"]
mod naive;
#[path = "../../growthbook-core/tests/properties/targets/mod.rs"]
pub mod targets;

/// The parser of `growthbook-fetch`, which no other crate is given: it stands on nothing but the standard library.
pub mod sse;
/// Messages to the program, through what `growthbook-fetch` gives everybody.
pub mod webhook;
