//! Timings on this machine, and instruction counts that are the same on every run.

use std::path::PathBuf;

use serde_json::Value;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::{Step, is_installed};
use crate::workspace::Workspace;

/// `cargo xtask bench [--instructions] [filter]`: every benchmark gets the filter, and runs what has it in its name.
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let counts_instructions = arguments.flag("--instructions");
    let filter = arguments.word();
    arguments.finish()?;
    if !counts_instructions {
        let run = |bench: &Bench| bench.step().arg("--").args(&filter).run();
        return BENCHES.iter().try_for_each(run);
    }
    if is_installed("valgrind") {
        return count_instructions(workspace, &filter.unwrap_or_default());
    }
    println!("skipped: counting instructions, because valgrind is not installed");
    Ok(())
}

/// A benchmark by its package, on its own, so that one package's features are not those of another.
struct Bench {
    package: &'static str,
    name: &'static str,
    /// Beside the package's defaults.
    features: &'static str,
}

impl Bench {
    fn step(&self) -> Step {
        let step = Step::cargo().args(["bench", "--locked", "-p", self.package]);
        step.args(["--features", self.features, "--bench", self.name])
    }
}

/// Runs each workload under callgrind, which counts inside the loop over the operations and nowhere else.
fn count_instructions(workspace: &Workspace, filter: &str) -> Outcome {
    let messages = EVALUATE
        .step()
        .args(["--no-run", "--message-format", "json"])
        .stdout()?;
    let Some(binary) = messages.lines().find_map(executable) else {
        let Bench { package, name, .. } = EVALUATE;
        return Err(Failure::new(format!(
            "cargo built no benchmark `{name}` of {package}"
        )));
    };
    let workloads = Step::executable(&binary).arg("--list").stdout()?;
    let mut table = vec![format!("{:<32}{:>16}", "workload", "instructions")];
    for workload in workloads
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty() && name.contains(filter))
    {
        let step = Step::program("valgrind").arg("--tool=callgrind");
        let step = step.arg(format!(
            "--callgrind-out-file={}",
            workspace.target("callgrind.out").display()
        ));
        let step = step
            .arg(format!("--toggle-collect={LOOP}"))
            .arg(&binary)
            .args(["--count", workload, &OPERATIONS.to_string()]);
        let per_operation = collected(&step.stderr()?)? / OPERATIONS;
        table.push(format!("{workload:<32}{per_operation:>16}"));
    }
    println!("{}", table.join("\n"));
    Ok(())
}

/// The benchmark's binary, in the message with which cargo announces it.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_ours = message.pointer("/target/name")? == EVALUATE.name;
    is_ours.then_some(())?;
    Some(PathBuf::from(message.get("executable")?.as_str()?))
}

/// What callgrind says at its end: `==1234== Collected : 567890`.
fn collected(report: &str) -> Outcome<u64> {
    let line = report
        .lines()
        .find_map(|line| line.split_once("Collected :"));
    let count = line.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| {
        Failure::new(format!(
            "callgrind did not say what it collected:\n{report}"
        ))
    })
}

/// The one whose instructions can be counted: nothing of it waits for anything.
const EVALUATE: Bench = Bench {
    package: "growthbook-core",
    name: "evaluate",
    features: "",
};
const CACHE: Bench = Bench {
    package: "growthbook-cache-redis",
    name: "cache",
    features: "",
};
const FETCH: Bench = Bench {
    package: "growthbook-fetch",
    name: "fetch",
    features: "",
};
const STICKY: Bench = Bench {
    package: "growthbook-sticky",
    name: "sticky",
    features: "redis",
};
const TRACKING: Bench = Bench {
    package: "growthbook-tracking",
    name: "tracking",
    features: "spool",
};
const BENCHES: [Bench; 5] = [CACHE, EVALUATE, FETCH, STICKY, TRACKING];

const OPERATIONS: u64 = 1_000;

/// The function of the benchmark that repeats an operation.
const LOOP: &str = "*workload::repeat::*closure*";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_total_of_callgrind() {
        let report = "==12== Events    : Ir\n==12== Collected : 7005\n==12== \n";
        assert_eq!(collected(report), Ok(7005));
        assert!(collected("==12== Events    : Ir").is_err());
    }

    #[test]
    fn finds_the_binary_among_what_cargo_says() {
        let built = r#"{"target": {"name": "evaluate"}, "executable": "/t/evaluate-1"}"#;
        assert_eq!(executable(built), Some(PathBuf::from("/t/evaluate-1")));
        let library = r#"{"target": {"name": "serde"}, "executable": null}"#;
        assert_eq!(executable(library), None);
    }
}
