//! Many processes that assign the same users.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout};
use std::sync::Mutex;
use std::{env, io, thread};

use growthbook_core::{BackendError, Saved, StickyBucketService, StickyWrite};
use growthbook_sticky::SqliteStickyBuckets;

use super::support::{Process, integrity, is_long, open, other, place, user};

/// Q2.
#[test]
fn all_processes_agree_on_every_user() {
    let users = if is_long() { 1_000 } else { 25 };
    let (_folder, path) = place();
    let name = path.to_str().unwrap();
    let start = |number: usize| {
        let (number, users) = (number.to_string(), users.to_string());
        let variables = [(PATH, name), (NUMBER, &*number), (USERS, &*users)];
        Process::start("sqlite::processes::an_assigner", &variables)
    };
    let mut processes: Vec<_> = (0..PROCESSES).map(start).collect();
    let mut outputs: Vec<_> = processes.iter_mut().map(|it| output(&mut it.0)).collect();
    for output in &mut outputs {
        assert!(
            output.any(|line| line == "ready"),
            "a process does not begin"
        );
    }
    for process in &mut processes {
        process.0.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    let mut seen = BTreeMap::<String, BTreeSet<String>>::new();
    let mut busy = 0;
    for output in &mut outputs {
        let mut assignments = 0;
        for line in output {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["seen", place, variation] => {
                    let variations = seen.entry(place.to_owned()).or_default();
                    variations.insert(variation.to_owned());
                    assignments += 1;
                }
                ["busy", times] => busy += times.parse::<u64>().unwrap(),
                _ => {}
            }
        }
        assert_eq!(
            assignments,
            users * EXPERIMENTS.len(),
            "a process has failed"
        );
    }
    for process in &mut processes {
        assert!(process.0.wait().unwrap().success());
    }
    let torn: Vec<_> = seen.iter().filter(|(_, them)| them.len() > 1).collect();
    assert!(torn.is_empty(), "not all agree: {torn:?}");
    assert_eq!(seen.len(), users * EXPERIMENTS.len());
    audit(&path, users, &seen);
    println!("{users} users, {busy} times somebody waited for longer than the busy timeout");
}

/// What is in the file, as anybody may ask for it.
fn audit(path: &std::path::Path, users: usize, seen: &BTreeMap<String, BTreeSet<String>>) {
    assert_eq!(integrity(path), "ok");
    let other = other(path);
    let sql =
        "SELECT attribute_value, key, value, type FROM sticky_buckets, json_each(assignments)";
    let mut statement = other.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let kind: String = row.get(3)?;
        assert_eq!(kind, "text");
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    });
    let mut own = 0;
    for row in rows.unwrap() {
        let (id, key, variation): (String, String, String) = row.unwrap();
        if key.starts_with("own") {
            own += 1;
            continue;
        }
        let standing = &seen[&format!("{id}/{key}")];
        assert!(standing.contains(&variation), "{id} {key}: {variation}");
    }
    assert_eq!(own, users * PROCESSES * THREADS, "assignments were lost");
    let count: i64 = other
        .query_row("SELECT count(*) FROM sticky_buckets", [], |row| row.get(0))
        .unwrap();
    assert_eq!(usize::try_from(count).unwrap(), users);
}

/// What each of those processes does.
#[test]
fn an_assigner() {
    let Ok(path) = env::var(PATH) else {
        return;
    };
    let number: usize = env::var(NUMBER).unwrap().parse().unwrap();
    let users: usize = env::var(USERS).unwrap().parse().unwrap();
    let buckets = open(path.as_ref());
    println!("\nready");
    io::stdin().read_line(&mut String::new()).unwrap();
    let (seen, busy) = (Mutex::new(BTreeMap::new()), Mutex::new(0_u64));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (buckets, seen, busy) = (&buckets, &seen, &busy);
            scope.spawn(move || {
                let own = format!("own-{number}-{thread}__0");
                let variation = format!("{number}-{thread}");
                let mut ids: Vec<_> = (0..users).collect();
                // Half of the threads in the same order, so that they meet.
                if thread % 2 == 1 {
                    fastrand::shuffle(&mut ids);
                }
                for id in ids {
                    let identity = user(id.to_string());
                    for key in EXPERIMENTS {
                        let write = StickyWrite::new(&identity, key, &variation);
                        let standing = match patiently(buckets, &write, busy) {
                            Saved::Kept(other) => other,
                            Saved::Stored => variation.clone(),
                        };
                        let mut seen = seen.lock().unwrap();
                        let known = seen.entry((id, key)).or_insert_with(|| standing.clone());
                        assert_eq!(*known, standing, "{id} {key}");
                    }
                    let write = StickyWrite::new(&identity, &own, "x");
                    assert_eq!(patiently(buckets, &write, busy), Saved::Stored);
                }
            });
        }
    });
    for ((id, key), variation) in seen.into_inner().unwrap() {
        println!("seen {id}/{key} {variation}");
    }
    println!("busy {}", busy.into_inner().unwrap());
}

/// On this machine there may be much else to do.
fn patiently(buckets: &SqliteStickyBuckets, write: &StickyWrite<'_>, busy: &Mutex<u64>) -> Saved {
    loop {
        match buckets.save(write) {
            Ok(saved) => return saved,
            Err(error) if is_busy(&error) => *busy.lock().unwrap() += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn is_busy(error: &BackendError) -> bool {
    super::support::cause(error).contains("busy timeout")
}

pub(super) fn output(process: &mut Child) -> impl Iterator<Item = String> + use<> {
    let output: ChildStdout = process.stdout.take().unwrap();
    BufReader::new(output).lines().map_while(Result::ok)
}

const PROCESSES: usize = 8;
const THREADS: usize = 8;
const EXPERIMENTS: [&str; 2] = ["one__0", "two__3"];
pub(super) const PATH: &str = "GROWTHBOOK_TEST_PATH";
const NUMBER: &str = "GROWTHBOOK_TEST_NUMBER";
const USERS: &str = "GROWTHBOOK_TEST_USERS";
