//! Runs the cases of a suite, and says which failed.

use std::path::PathBuf;

use serde_json::json;

use crate::case::{Case, LOCAL, Members, UPSTREAM};

/// Runs an upstream suite, and our own of that name.
pub(crate) fn suite(name: &str, check: impl Fn(&Case) -> Result<(), String>) {
    let failures = [
        run(name, name, &UPSTREAM, &check),
        run(name, &format!("local.{name}"), &LOCAL, &check),
    ];
    conclude(&failures.concat());
}

/// Runs a suite that is ours alone.
pub(crate) fn local(name: &str, check: impl Fn(&Case) -> Result<(), String>) {
    conclude(&run(name, &format!("local.{name}"), &LOCAL, &check));
}

/// Runs a part of an upstream suite that has several.
pub(crate) fn part(suite: &str, part: &str, check: impl Fn(&Case) -> Result<(), String>) {
    let parts: Members = serde_json::from_str(UPSTREAM[suite].get()).unwrap();
    conclude(&run(part, &format!("{suite}.{part}"), &parts, &check));
}

/// Runs the cases under `member`, and writes their count to the folder of reports, if there is one.
fn run(
    member: &str,
    name: &str,
    suites: &Members,
    check: &impl Fn(&Case) -> Result<(), String>,
) -> Vec<String> {
    let Some(cases) = suites.get(member).map(|suite| Case::list(suite)) else {
        return Vec::new();
    };
    let mut failures = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        if let Err(failure) = check(case) {
            failures.push(format!("{name}[{index}] {}: {failure}", case.text(0)));
        }
    }
    if let Some(folder) = std::env::var_os("GROWTHBOOK_CONFORMANCE_REPORT").map(PathBuf::from) {
        let row = json!({
            "suite": name,
            "passed": cases.len() - failures.len(),
            "skipped": 0,
            "failed": failures.len(),
        });
        std::fs::write(folder.join(format!("{name}.json")), row.to_string()).unwrap();
    }
    failures
}

fn conclude(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} cases failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
