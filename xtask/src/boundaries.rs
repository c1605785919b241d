//! What core must never do, checked from four sides: the crates under it, the parts of std that it
//! names, the modules that its modules name, and a build for a platform that has no operating
//! system.

mod arrows;
mod lexer;
mod paths;
mod sources;
mod test_items;
mod tree;

use std::path::Path;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::{Step, is_installed};
use crate::workspace::Workspace;

/// `cargo xtask boundaries`
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> Outcome {
    arguments.finish()?;
    all(workspace)
}

/// All four checks; the first three report everything that they find together.
pub(crate) fn all(_: &Workspace) -> Outcome {
    let mut problems = tree::problems()?;
    problems.extend(sources::problems(Path::new("growthbook-core/src"))?);
    Failure::unless_empty("core crosses its boundaries:", &problems)?;
    println!("boundaries: dependencies, std and modules of growthbook-core are as they should be");
    build_for_wasm()
}

fn build_for_wasm() -> Outcome {
    let missing = if is_installed("rustup") {
        let installed = Step::program("rustup")
            .args(["target", "list", "--installed"])
            .stdout()?;
        !installed.lines().any(|target| target == WASM)
    } else {
        true
    };
    if missing {
        println!(
            "skipped: the build for {WASM}, which is not installed (`rustup target add {WASM}`)"
        );
        return Ok(());
    }
    Step::cargo()
        .args([
            "build",
            "--locked",
            "-p",
            "growthbook-core",
            "--target",
            WASM,
        ])
        .run()
}

const WASM: &str = "wasm32-unknown-unknown";
