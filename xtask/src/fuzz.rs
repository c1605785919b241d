//! The fuzz targets. They need the nightly toolchain and cargo-fuzz, which nothing else here does.

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::{Step, is_installed};
use crate::workspace::Workspace;

/// `cargo xtask fuzz [target] [--seconds N]`: one target, or each in turn, for so many seconds.
pub(crate) fn run(_: &Workspace, mut arguments: Arguments) -> Outcome {
    let seconds: u64 = arguments.option("--seconds")?.unwrap_or(60);
    let target = arguments.word();
    arguments.finish()?;
    require_tools()?;
    let targets = match target {
        Some(target) => vec![target],
        None => nightly()
            .args(["fuzz", "list"])
            .stdout()?
            .lines()
            .map(str::to_owned)
            .collect(),
    };
    for target in targets {
        let step = nightly().args(["fuzz", "run", &target]);
        step.args(["--", &format!("-max_total_time={seconds}")])
            .run()?;
    }
    Ok(())
}

/// The cargo on `PATH`, not the one that runs us: only rustup's own front end understands
/// `+nightly`.
fn nightly() -> Step {
    Step::program("cargo").arg("+nightly")
}

fn require_tools() -> Outcome {
    if !is_installed("cargo-fuzz") {
        return Err(Failure::new(
            "cargo-fuzz is not installed: `cargo install --locked cargo-fuzz`",
        ));
    }
    let toolchains = Step::program("rustup")
        .args(["toolchain", "list"])
        .stdout()?;
    if toolchains
        .lines()
        .any(|toolchain| toolchain.starts_with("nightly"))
    {
        return Ok(());
    }
    Err(Failure::new(
        "fuzzing needs the nightly toolchain: `rustup toolchain install nightly`",
    ))
}
