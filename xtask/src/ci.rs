//! What CI runs, in CI's order.

use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::{Step, is_installed};
use crate::workspace::Workspace;
use crate::{boundaries, features, release, test};

/// `cargo xtask ci [--with-tools]`
///
/// A stage that fails does not stop the ones after it: one run says everything that is wrong.
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let with_tools = arguments.flag("--with-tools");
    arguments.finish()?;
    let stages = STAGES
        .iter()
        .filter(|stage| with_tools || !stage.needs_tools);
    let ends: Vec<End> = stages.map(|stage| stage.run(workspace)).collect();
    println!("\n{}", summary(&ends));
    let failed: Vec<String> = ends
        .iter()
        .filter(|end| !end.passed)
        .map(|end| end.name.to_owned())
        .collect();
    Failure::unless_empty("these stages failed:", &failed)
}

struct Stage {
    name: &'static str,
    needs_tools: bool,
    check: fn(&Workspace) -> Outcome,
}

/// How a stage ended.
struct End {
    name: &'static str,
    passed: bool,
    took: Duration,
}

impl Stage {
    fn run(&self, workspace: &Workspace) -> End {
        eprintln!("\n== {}", self.name);
        let started = Instant::now();
        let outcome = (self.check)(workspace);
        if let Err(failure) = &outcome {
            eprintln!("error: {failure}");
        }
        End {
            name: self.name,
            passed: outcome.is_ok(),
            took: started.elapsed(),
        }
    }
}

fn summary(ends: &[End]) -> String {
    let line = |End { name, passed, took }: &End| {
        let verdict = if *passed { "ok" } else { "FAILED" };
        format!("{name:<12}{verdict:<8}{:>6.1} s", took.as_secs_f64())
    };
    ends.iter().map(line).collect::<Vec<_>>().join("\n")
}

const STAGES: &[Stage] = &[
    Stage {
        name: "format",
        needs_tools: false,
        check: format,
    },
    Stage {
        name: "clippy",
        needs_tools: false,
        check: clippy,
    },
    Stage {
        name: "boundaries",
        needs_tools: false,
        check: boundaries::all,
    },
    Stage {
        name: "features",
        needs_tools: false,
        check: features::all,
    },
    Stage {
        name: "docs",
        needs_tools: false,
        check: docs,
    },
    Stage {
        name: "packages",
        needs_tools: false,
        check: release::packages,
    },
    Stage {
        name: "tools",
        needs_tools: true,
        check: tools,
    },
    Stage {
        name: "test",
        needs_tools: false,
        check: test::all,
    },
];

fn format(_: &Workspace) -> Outcome {
    Step::cargo().args(["fmt", "--all", "--check"]).run()
}

/// Package by package, so that one package's features do not hide what another one lacks.
fn clippy(workspace: &Workspace) -> Outcome {
    let mut problems = Vec::new();
    for package in workspace.packages() {
        let all_features = (!package.features().is_empty()).then_some("--all-features");
        for features in [None].into_iter().chain(all_features.map(Some)) {
            let step = Step::cargo().args(["clippy", "--locked", "--all-targets"]);
            let step = step.args(["-p", package.name()]).args(features);
            let outcome = step.args(["--", "-D", "warnings"]).run();
            problems.extend(outcome.err().map(|failure| failure.to_string()));
        }
    }
    Failure::unless_empty("clippy finds fault:", &problems)
}

fn docs(_: &Workspace) -> Outcome {
    let step = Step::cargo().args([
        "doc",
        "--workspace",
        "--all-features",
        "--no-deps",
        "--locked",
    ]);
    step.env("RUSTDOCFLAGS", "-D warnings").run()
}

/// Runs the tools that are installed and says which are not. None of them is needed to work on the
/// SDK.
fn tools(_: &Workspace) -> Outcome {
    if is_installed("cargo-deny") {
        Step::cargo()
            .args(["deny", "check", "bans", "licenses", "sources"])
            .run()?;
        println!("skipped: advisories, which change without us (`cargo deny check advisories`)");
    } else {
        skipped("cargo-deny");
    }
    if is_installed("cargo-hack") {
        let step = Step::cargo().args(["hack", "check", "--workspace", "--feature-powerset"]);
        step.args(["--depth", "2", "--locked"]).run()?;
    } else {
        skipped("cargo-hack");
    }
    if !is_installed("cargo-semver-checks") {
        skipped("cargo-semver-checks");
        return Ok(());
    }
    let Some(tag) = last_release()? else {
        println!("skipped: cargo-semver-checks, because no release is tagged yet");
        return Ok(());
    };
    Step::cargo()
        .args(["semver-checks", "--workspace", "--baseline-rev", &tag])
        .run()
}

fn skipped(tool: &str) {
    println!("skipped: {tool}, which is not installed (`cargo install --locked {tool}`)");
}

fn last_release() -> Outcome<Option<String>> {
    let tags = Step::program("git")
        .args(["tag", "--list", "v*", "--sort=-version:refname"])
        .stdout()?;
    Ok(tags.lines().next().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_lines_up() {
        let ends = [
            End {
                name: "format",
                passed: true,
                took: Duration::from_millis(740),
            },
            End {
                name: "boundaries",
                passed: false,
                took: Duration::from_secs(12),
            },
        ];
        assert_eq!(
            summary(&ends),
            "format      ok         0.7 s\nboundaries  FAILED    12.0 s"
        );
    }

    #[test]
    fn tests_come_last() {
        assert_eq!(STAGES.last().map(|stage| stage.name), Some("test"));
    }
}
