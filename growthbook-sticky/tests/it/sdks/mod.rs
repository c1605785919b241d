//! SDKs for other languages on the same stores, as their registries have them. Where one cannot be had its tests say so.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may stop as tests do"
)]

mod packages;
mod pair;
mod program;
mod scenarios;

use std::io::{self, Write};
use std::thread;

pub(crate) use self::program::{Place, Program};
pub(crate) use self::scenarios::check;

/// Says so past the harness, which keeps what is printed by tests that pass.
pub(crate) fn skipped(why: &str) {
    let test = thread::current();
    let name = test.name().unwrap_or("a test");
    let _ = writeln!(io::stderr(), "SKIPPED: {name}: {why}");
}
