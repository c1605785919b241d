//! Disks that fail, and file systems that cannot do everything: what the kernel says is replaced on its way, by strace.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use growthbook_core::Saved;
use growthbook_sticky::SqliteStickyBuckets;

use super::super::sdks::skipped;
use super::processes::PATH;
use super::support::{Process, cause, check, files, integrity, load, open, other, place, save};

/// Q4.
#[test]
fn nothing_is_acknowledged_that_a_failing_disk_has_lost() {
    for journal in ["wal", "delete"] {
        for (what, calls) in [
            ("write", "pwrite64:error=EIO:when=40+7"),
            ("sync", "fsync,fdatasync:error=EIO:when=10+3"),
            ("read", "pread64,read:error=EIO:when=60..160"),
        ] {
            let (folder, path) = place();
            let Some(said) = run(&path, journal, calls) else {
                return;
            };
            let told = format!("{what} with {journal}: {said}");
            let stored = words(&said, "stored ");
            let failed = words(&said, "failed ");
            assert!(!stored.is_empty() && !failed.is_empty(), "{told}");
            // In use, SQLite takes what a disk does not give for damage of the file.
            let causes = [
                "reading or writing the disk failed",
                "the file is damaged, or is no database",
            ];
            assert!(failed.iter().all(|cause| causes.contains(cause)), "{told}");
            assert!(failed.contains(&causes[0]), "{told}");
            assert_eq!(files(folder.path()), ["sticky_buckets.db"], "{told}");
            let buckets = open(&path);
            for id in stored {
                check(&buckets, id, Some(id));
            }
            assert_eq!(save(&buckets, "later", "a").unwrap(), Saved::Stored);
            assert_eq!(integrity(&path), "ok", "{told}");
        }
    }
}

/// Q10: such as one over a network.
#[test]
fn where_memory_cannot_be_shared_there_is_a_rollback_journal() {
    let (_folder, path) = place();
    let [shared, probed] = ["-shm", ".probe-shm"].map(|end| format!("{}{end}", path.display()));
    let Some(said) = traced(
        &path,
        "wal",
        &[
            "-P",
            &shared,
            "-P",
            &probed,
            "-e",
            "inject=mmap:error=ENODEV",
        ],
    ) else {
        return;
    };
    assert_eq!(words(&said, "failed "), Vec::<&str>::new());
    let stored = words(&said, "stored ");
    assert_eq!(stored.len(), ROUNDS, "{said}");
    let mode: String = other(&path)
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
}

/// What runs there.
#[test]
fn a_writer_on_a_strange_disk() {
    let Some(path) = env::var_os(PATH) else {
        return;
    };
    let builder = SqliteStickyBuckets::builder(&path);
    let builder = match env::var(JOURNAL).as_deref() {
        Ok("delete") => builder.rollback_journal(),
        _ => builder.synchronous_full(),
    };
    let buckets = builder.build().unwrap();
    let mut stored = Vec::new();
    for round in 0..ROUNDS {
        let id = format!("user-{round}");
        match save(&buckets, &id, &id) {
            Ok(Saved::Stored) => {
                println!("\nstored {id}");
                stored.push(id);
            }
            Ok(Saved::Kept(other)) => panic!("{id} is {other}"),
            Err(error) => println!("\nfailed {}", cause(&error)),
        }
        // What was stored is there, or cannot be read.
        let known = &stored[stored.len().saturating_sub(3)..];
        for id in known {
            match load(&buckets, id) {
                Ok(found) => assert_eq!(found.as_ref(), Some(id)),
                Err(error) => println!("\nfailed {}", cause(&error)),
            }
        }
    }
}

/// What the writer says while these calls that concern its files fail.
fn run(path: &Path, journal: &str, calls: &str) -> Option<String> {
    let names = ["", "-wal", "-journal"].map(|end| format!("{}{end}", path.display()));
    let [main, wal, rollback] = &names;
    let inject = format!("inject={calls}");
    let arguments = ["-P", main, "-P", wal, "-P", rollback, "-e", &inject];
    traced(path, journal, &arguments)
}

/// `None` if there is no strace, or if it may not do its work here.
fn traced(path: &Path, journal: &str, arguments: &[&str]) -> Option<String> {
    let mut probe = Command::new("strace");
    probe
        .args(["-qq", "-o", "/dev/null", "true"])
        .stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        skipped("strace is not there, or may not trace");
        return None;
    }
    let variables = [(PATH, path.to_str().unwrap()), (JOURNAL, journal)];
    let writer = Process::command("sqlite::disk::a_writer_on_a_strange_disk", &variables);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(arguments);
    command.arg(writer.get_program()).args(writer.get_args());
    command.envs(
        writer
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(said)
}

fn words<'a>(said: &'a str, word: &str) -> Vec<&'a str> {
    said.lines()
        .filter_map(|line| line.strip_prefix(word))
        .collect()
}

const JOURNAL: &str = "GROWTHBOOK_TEST_JOURNAL";
const ROUNDS: usize = 60;
