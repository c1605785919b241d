//! Every test of the workspace.

use std::time::Instant;

use crate::arguments::Arguments;
use crate::conformance::{Harness, table};
use crate::failure::Outcome;
use crate::redis;
use crate::step::Step;
use crate::tally::Tally;
use crate::workspace::Workspace;

/// `cargo xtask test [--without-redis]`
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let without_redis = arguments.flag("--without-redis");
    arguments.finish()?;
    test(workspace, !without_redis)
}

pub(crate) fn all(workspace: &Workspace) -> Outcome {
    test(workspace, true)
}

/// Unit, integration, conformance and documentation tests in one run of cargo; then the table of
/// suites and the sum of all results. With all features: they add items and change nothing, so nothing is tested less.
fn test(workspace: &Workspace, with_redis: bool) -> Outcome {
    let redis = redis::provide(workspace, with_redis)?;
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
    let step = step.env(redis::VARIABLE, &redis);
    let tests = harness.hand_to(step).run_watched(|line| tally.read(line));
    let rows = harness.rows()?;
    println!(
        "{}\n\n{}",
        table(&rows),
        tally.finished_in(started.elapsed())
    );
    tests.and(harness.judge(&rows))
}
