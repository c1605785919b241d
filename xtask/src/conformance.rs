//! The conformance suites as a table.
//!
//! The test binary `conformance` of core does the comparing. It finds the corpus and a folder for
//! its reports in the environment, and writes one small JSON file per suite; this module reads them
//! and says whether every upstream case was run and passed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::corpus::{self, Corpus};
use crate::failure::{Failure, Outcome};
use crate::step::Step;
use crate::workspace::Workspace;

/// `cargo xtask conformance [--json]`
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let as_json = arguments.flag("--json");
    arguments.finish()?;
    let harness = Harness::prepare(workspace)?;
    let step = Step::cargo().args(["test", "--locked", "-p", "growthbook-core"]);
    let tests = harness
        .hand_to(step.args(["--test", "conformance"]))
        .on_stderr()
        .run();
    let rows = harness.rows()?;
    println!("{}", if as_json { json(&rows) } else { table(&rows) });
    tests.and(harness.judge(&rows))
}

/// What the test binary is given: the corpus and an empty folder for its reports.
#[derive(Debug)]
pub(crate) struct Harness {
    corpus: Corpus,
    reports: PathBuf,
}

impl Harness {
    pub(crate) fn prepare(workspace: &Workspace) -> Outcome<Self> {
        let corpus = corpus::pull(workspace)?;
        let reports = workspace.target("conformance");
        let emptied = match fs::remove_dir_all(&reports) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(&reports),
        };
        emptied.map_err(|error| {
            Failure::new(format!("cannot empty {}: {error}", reports.display()))
        })?;
        Ok(Self { corpus, reports })
    }

    pub(crate) fn hand_to(&self, tests: Step) -> Step {
        tests
            .env("GROWTHBOOK_CONFORMANCE_REPORT", &self.reports)
            .env("GROWTHBOOK_CORPUS", self.corpus.path())
    }

    /// What the test binary has written, by name of suite.
    pub(crate) fn rows(&self) -> Outcome<Vec<Row>> {
        let unreadable =
            |error| Failure::new(format!("cannot read {}: {error}", self.reports.display()));
        let mut rows = Vec::new();
        for entry in fs::read_dir(&self.reports).map_err(unreadable)? {
            rows.push(Row::read(&entry.map_err(unreadable)?.path())?);
        }
        rows.sort_by(|one, other| one.suite.cmp(&other.suite));
        Ok(rows)
    }

    /// Whether every case of the corpus was run, and every case that was run passed.
    pub(crate) fn judge(&self, rows: &[Row]) -> Outcome {
        judge(rows, self.corpus.suites())
    }
}

/// What became of one suite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    suite: String,
    passed: u64,
    skipped: u64,
    failed: u64,
}

impl Row {
    fn read(path: &Path) -> Outcome<Self> {
        let wrong = |what: &str| Failure::new(format!("{}: {what}", path.display()));
        let bytes = fs::read(path).map_err(|error| wrong(&error.to_string()))?;
        Self::parse(&bytes).ok_or_else(|| {
            wrong(r#"not a report like {"suite": "hash", "passed": 27, "skipped": 0, "failed": 0}"#)
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let row: Value = serde_json::from_slice(bytes).ok()?;
        let count = |member| row.get(member).and_then(Value::as_u64);
        Some(Self {
            suite: row.get("suite")?.as_str()?.to_owned(),
            passed: count("passed")?,
            skipped: count("skipped")?,
            failed: count("failed")?,
        })
    }

    fn cases(&self) -> u64 {
        self.passed + self.skipped + self.failed
    }

    /// The suite of the corpus that this one belongs to: `savedGroupReferencesV2` for
    /// `savedGroupReferencesV2.run`.
    fn family(&self) -> &str {
        self.suite.split(['.', '/', ':']).next().unwrap_or_default()
    }
}

/// One line per suite and a line that sums them up.
pub(crate) fn table(rows: &[Row]) -> String {
    let sum = |count: fn(&Row) -> u64| rows.iter().map(count).sum();
    let total = Row {
        suite: "total".to_owned(),
        passed: sum(|row| row.passed),
        skipped: sum(|row| row.skipped),
        failed: sum(|row| row.failed),
    };
    let widest = rows.iter().map(|row| row.suite.chars().count()).max();
    let width = widest.unwrap_or_default().max("suite".len());
    let mut lines = vec![format!("{:<width$}  passed  skipped  failed", "suite")];
    for Row {
        suite,
        passed,
        skipped,
        failed,
    } in rows.iter().chain([&total])
    {
        lines.push(format!(
            "{suite:<width$}  {passed:>6}  {skipped:>7}  {failed:>6}"
        ));
    }
    lines.join("\n")
}

fn json(rows: &[Row]) -> String {
    let rows = rows.iter().map(
        |Row {
             suite,
             passed,
             skipped,
             failed,
         }| {
            json!({"suite": suite, "passed": passed, "skipped": skipped, "failed": failed})
        },
    );
    Value::Array(rows.collect()).to_string()
}

fn judge(rows: &[Row], upstream: &BTreeMap<String, usize>) -> Outcome {
    if rows.is_empty() {
        return Err(Failure::new(
            "no suite was reported: the test binary `conformance` of growthbook-core did not run, \
             or ignored GROWTHBOOK_CONFORMANCE_REPORT",
        ));
    }
    let mut problems = Vec::new();
    for Row {
        suite,
        skipped,
        failed,
        ..
    } in rows
    {
        if *failed > 0 {
            problems.push(format!("{suite}: {failed} failed"));
        }
        if *skipped > 0 {
            problems.push(format!("{suite}: {skipped} skipped"));
        }
    }
    for (suite, cases) in upstream {
        let of_suite = rows.iter().filter(|row| row.family() == suite);
        let reported: u64 = of_suite.map(Row::cases).sum();
        if reported != *cases as u64 {
            problems.push(format!(
                "{suite}: {reported} of {cases} cases were reported"
            ));
        }
    }
    Failure::unless_empty("the SDK does not conform:", &problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(suite: &str, passed: u64, skipped: u64, failed: u64) -> Row {
        Row {
            suite: suite.to_owned(),
            passed,
            skipped,
            failed,
        }
    }

    fn verdict(rows: &[Row]) -> String {
        let upstream = BTreeMap::from([("hash".to_owned(), 27), ("v2".to_owned(), 64)]);
        judge(rows, &upstream)
            .map_or_else(|failure| failure.to_string(), |()| "conforms".to_owned())
    }

    #[test]
    fn the_table_lines_up_and_sums_up() {
        let rows = [row("evalCondition", 583, 0, 0), row("hash", 26, 0, 1)];
        let expected = "suite          passed  skipped  failed\n\
                        evalCondition     583        0       0\n\
                        hash               26        0       1\n\
                        total             609        0       1";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let rows = [row("hash", 27, 0, 0)];
        assert_eq!(
            json(&rows),
            r#"[{"failed":0,"passed":27,"skipped":0,"suite":"hash"}]"#
        );
        let report = br#"{"suite": "hash", "passed": 27, "skipped": 0, "failed": 0}"#;
        assert_eq!(Row::parse(report), Some(row("hash", 27, 0, 0)));
        assert_eq!(Row::parse(br#"{"suite": "hash", "passed": 27}"#), None);
    }

    #[test]
    fn every_case_of_the_corpus_has_to_pass() {
        let v2 = [row("v2.run", 4, 0, 0), row("v2.evalCondition", 60, 0, 0)];
        let [run, conditions] = v2;
        let mut rows = vec![
            row("hash", 27, 0, 0),
            run,
            conditions,
            row("local.hash", 3, 0, 0),
        ];
        assert_eq!(verdict(&rows), "conforms");
        rows[0] = row("hash", 26, 1, 0);
        assert_eq!(
            verdict(&rows),
            "the SDK does not conform:\n  - hash: 1 skipped"
        );
        rows[0] = row("hash", 26, 0, 0);
        assert!(verdict(&rows).ends_with("hash: 26 of 27 cases were reported"));
        rows[0] = row("hash", 26, 0, 1);
        assert!(verdict(&rows).ends_with("hash: 1 failed"));
        assert!(verdict(&[]).starts_with("no suite was reported"));
    }

    #[test]
    fn a_local_case_that_fails_counts_too() {
        let rows = [
            row("hash", 27, 0, 0),
            row("v2", 64, 0, 0),
            row("local.hash", 2, 0, 1),
        ];
        assert!(verdict(&rows).ends_with("local.hash: 1 failed"));
    }
}
