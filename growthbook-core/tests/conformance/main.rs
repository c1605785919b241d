//! The upstream corpus and our own cases, one test per suite. `cargo xtask conformance` shows them as a table.

mod case;
mod report;
mod suites;
