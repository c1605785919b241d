//! Real files and real processes; the rows of the fault matrix by their numbers.

mod basics;
mod bounds;
mod crashes;
mod damage;
mod disks;
mod figures;
mod kills;
mod pieces;
mod power;
mod processes;
mod properties;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use super::{Record, Spool, SpoolOptions, Taken, lock};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn open(root: &Path) -> Spool {
    open_with(SpoolOptions::new(root))
}

fn open_with(options: SpoolOptions) -> Spool {
    Spool::open(options, NOW).unwrap()
}

/// A record that says which one it is, in its own length.
fn text(number: usize) -> String {
    format!(
        "{{\"event\":{number},\"é\":\"{}\"}}",
        "x".repeat(number % 50)
    )
}

fn number(record: &Taken) -> usize {
    let text = str::from_utf8(&record.bytes).expect("whole characters");
    let number = text.split([':', ',']).nth(1).unwrap().parse().unwrap();
    assert_eq!(text, self::text(number), "it is as it was written");
    number
}

/// Appends records as one group.
fn append(spool: &Spool, numbers: impl IntoIterator<Item = usize>) {
    try_append(spool, numbers).unwrap();
}

fn try_append(
    spool: &Spool,
    numbers: impl IntoIterator<Item = usize>,
) -> Result<(), super::AppendError> {
    let texts: Vec<_> = numbers.into_iter().map(text).collect();
    let record = |text| Record {
        at: NOW,
        bytes: str::as_bytes(text),
    };
    let records: Vec<_> = texts.iter().map(|text| record(text)).collect();
    spool.append(&records)
}

fn take(spool: &Spool, most: usize) -> Vec<Taken> {
    spool.take(NOW, most, usize::MAX).unwrap()
}

fn take_all(spool: &Spool) -> Vec<usize> {
    take(spool, usize::MAX).iter().map(number).collect()
}

fn ack(spool: &Spool, records: &[Taken]) {
    let ids: Vec<_> = records.iter().map(|it| it.id).collect();
    let acked = spool.ack(&ids).unwrap();
    assert_eq!(acked, records.len() as u64);
}

/// Delivers everything; the numbers of the records.
fn drain(spool: &Spool) -> Vec<usize> {
    let taken = take(spool, usize::MAX);
    ack(spool, &taken);
    assert_eq!(spool.pending(), 0);
    check(spool);
    taken.iter().map(number).collect()
}

/// No record is lost from the books.
fn check(spool: &Spool) {
    let it = spool.report();
    let dropped = it.expired() + it.full() + it.corrupt();
    assert_eq!(
        it.recovered() + it.appended(),
        it.acked() + dropped + it.pending(),
        "{it:?}"
    );
    assert_eq!(it.pending(), spool.pending());
}

/// Begins the next file.
fn rotate(spool: &Spool) {
    spool.rotate(&mut lock(&spool.writer));
}

/// The files below a folder that end so, in order.
fn files(root: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A folder again as it was, as quickly as can be.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn is_long() -> bool {
    env::var_os("GROWTHBOOK_TESTS").is_some_and(|which| which == "long")
}

/// The folder that a test in a process of its own is told to use.
fn told() -> Option<PathBuf> {
    env::var_os(ROOT).map(PathBuf::from)
}

/// A test in a process of its own, which ends with whoever started it.
struct Process(Child);

impl Process {
    fn start(test: &str, root: &Path) -> Self {
        Self::run(Command::new(env::current_exe().unwrap()), test, root)
    }

    fn run(mut command: Command, test: &str, root: &Path) -> Self {
        let module = module_path!().split_once("::").unwrap().1;
        command
            .arg(format!("{module}::{test}"))
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env(ROOT, root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// What comes after this word in each line that begins with it.
    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let output = self.0.stdout.take().unwrap();
        BufReader::new(output).lines().map_while(Result::ok)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const ROOT: &str = "GROWTHBOOK_TEST_SPOOL";
