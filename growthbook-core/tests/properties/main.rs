//! Properties of evaluation: what must hold for every payload and every user,
//! hostile inputs, small stacks, and the fuzz targets over their seeds.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]
#![expect(
    unreachable_pub,
    reason = "the fuzzers' crate exports what this one keeps"
)]

mod bucketing;
mod conditions;
mod determinism;
mod grammar;
mod hostile;
mod naive;
mod overrides;
mod prerequisites;
mod rebucketing;
mod redaction;
mod replacement;
mod seeds;
mod stack;
mod stack_cases;
mod statistics;
mod sticky;
mod support;
mod targets;
