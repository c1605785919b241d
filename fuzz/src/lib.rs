//! What the fuzzers run: the functions that an ordinary test of `growthbook-core` runs over `fuzz/seeds/`.

#[path = "../../growthbook-core/tests/properties/grammar.rs"]
mod grammar;
#[path = "../../growthbook-core/tests/properties/naive.rs"]
mod naive;
#[path = "../../growthbook-core/tests/properties/targets/mod.rs"]
pub mod targets;
