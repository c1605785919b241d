//! Random patterns and subjects, answered by Node and by us.

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::{Step, is_installed};
use crate::workspace::Workspace;

/// `cargo xtask regex-differential [--seed S] [--count N]`
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let seed: u64 = arguments.option("--seed")?.unwrap_or(1);
    let count: u64 = arguments.option("--count")?.unwrap_or(100_000);
    arguments.finish()?;
    if !is_installed("node") {
        println!(
            "skipped: the comparison with JavaScript's expressions, because node is not installed"
        );
        return Ok(());
    }
    let folder = workspace.target("js-regex");
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(format!("cannot create {}: {error}", folder.display())))?;
    let samples = folder.join(format!("{seed}-{count}.jsonl"));
    let oracle = Step::program("node").arg("conformance/js_regex_fuzz.js");
    oracle
        .args([seed.to_string(), count.to_string()])
        .arg(&samples)
        .run()?;
    let step = Step::cargo().args(["run", "--release", "--locked", "-p", "growthbook-core"]);
    step.args(["--example", "js_regex_differential", "--"])
        .arg(&samples)
        .run()
}
