//! Every test of the workspace.

use std::time::Instant;

use crate::arguments::Arguments;
use crate::conformance::{Harness, table};
use crate::failure::Outcome;
use crate::step::Step;
use crate::tally::Tally;
use crate::workspace::Workspace;

/// `cargo xtask test`
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> Outcome {
    arguments.finish()?;
    all(workspace)
}

/// Unit, integration, conformance and documentation tests in one run of cargo; then the table of
/// suites and the sum of all results. With all features: they add items and change nothing, so nothing is tested less.
pub(crate) fn all(workspace: &Workspace) -> Outcome {
    let harness = Harness::prepare(workspace)?;
    let started = Instant::now();
    let mut tally = Tally::default();
    let step = Step::cargo().args([
        "test",
        "--workspace",
        "--all-features",
        "--locked",
        "--no-fail-fast",
    ]);
    let tests = harness.hand_to(step).run_watched(|line| tally.read(line));
    let rows = harness.rows()?;
    println!(
        "{}\n\n{}",
        table(&rows),
        tally.finished_in(started.elapsed())
    );
    tests.and(harness.judge(&rows))
}
