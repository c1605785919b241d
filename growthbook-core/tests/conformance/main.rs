//! The upstream corpus and our own cases, one test per suite. `cargo xtask conformance` shows them as a table.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a harness that cannot read its cases has nothing better to do than to stop"
)]

mod case;
mod report;
mod suites;
