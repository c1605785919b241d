//! Trackers that keep events on disk: real files, real processes, and the rows of the fault matrix by their numbers.

mod ages;
#[cfg(feature = "http")]
mod arrivals;
#[cfg(target_os = "linux")]
mod disks;
mod kills;
mod life;
mod processes;

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use growthbook_core::TrackingPlugin;
use growthbook_tracking::{
    BatchTracker, BatchTrackerBuilder, EventSink, SpoolOptions, TrackerReport,
};

use crate::support::{FarEnd, PATIENCE, sound};

fn builder<S: EventSink>(sink: S, root: &Path) -> BatchTrackerBuilder<S> {
    BatchTracker::builder(sink).spool(SpoolOptions::new(root))
}

/// The tracker's books, and the spool's beside them.
fn checked(tracker: &BatchTracker) -> TrackerReport {
    let report = sound(tracker);
    let spool = report.spool().unwrap();
    let dropped = spool.expired() + spool.full() + spool.corrupt();
    assert_eq!(
        spool.recovered() + spool.appended(),
        spool.acked() + dropped + spool.pending(),
        "{spool:?}"
    );
    report
}

/// Delivers everything that is in a folder, as the next process does; the names of the events.
fn drained(root: &Path) -> Vec<String> {
    let far = FarEnd::new();
    let tracker = builder(far.sink(), root).build();
    tracker.flush(PATIENCE).unwrap();
    let report = checked(&tracker);
    assert_eq!((report.pending(), report.dropped()), (0, 0), "{report}");
    assert_eq!(report.delivered(), far.names().len() as u64);
    tracker.close(PATIENCE).unwrap();
    far.names()
}

fn once_each(names: &[String]) -> BTreeSet<&str> {
    let unique: BTreeSet<_> = names.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), names.len(), "once each");
    unique
}

/// What this process was told by the one that started it.
fn told(name: &str) -> Option<String> {
    env::var(format!("GROWTHBOOK_TEST_TRACKER_{name}")).ok()
}

fn told_root() -> PathBuf {
    told("ROOT").unwrap().into()
}

fn told_number() -> usize {
    told("NUMBER").map_or(0, |it| it.parse().unwrap())
}

fn is_long() -> bool {
    env::var_os("GROWTHBOOK_TESTS").is_some_and(|which| which == "long")
}

/// A test in a process of its own, which ends with this one.
struct Other {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn start(test: &str, root: &Path, number: usize) -> Self {
        Self::start_by(
            Command::new(env::current_exe().unwrap()),
            test,
            root,
            number,
            "",
        )
    }

    fn start_by(mut command: Command, test: &str, root: &Path, number: usize, url: &str) -> Self {
        let name = format!("spool::{test}");
        command.args([
            &name,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ]);
        for (name, value) in [("NUMBER", &*number.to_string()), ("URL", url)] {
            command.env(format!("GROWTHBOOK_TEST_TRACKER_{name}"), value);
        }
        command.env("GROWTHBOOK_TEST_TRACKER_ROOT", root);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What comes behind this word in the next line that begins with it.
    fn heard(&mut self, word: &str) -> Option<String> {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| Some(line.strip_prefix(word)?.trim().to_owned()))
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Until the process that started this one ends it, or has ended itself.
fn wait_for_the_end() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// The files below a folder, but for locks.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("lock") {
            found.push(path);
        }
    }
    found.sort();
    found
}
