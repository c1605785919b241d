//! Processes that are killed while they write: what they were told is stored is there.

use std::path::Path;
use std::time::Duration;
use std::{env, thread};

use growthbook_core::{Saved, StickyBucketService, StickyWrite};

use super::processes::{PATH, output};
use super::support::{Process, integrity, is_long, open, place, save, user};

/// Q7.
#[test]
fn what_was_acknowledged_is_there_whenever_its_writer_is_killed() {
    let kills = if is_long() { 500 } else { 20 };
    let (_folder, path) = place();
    let name = path.to_str().unwrap();
    let mut acknowledged = 0;
    for kill in 0..kills {
        let prefix = kill.to_string();
        let variables = [(PATH, name), (PREFIX, &*prefix)];
        let mut process =
            Process::start("sqlite::kills::a_writer_that_is_to_be_killed", &variables);
        let mut lines = output(&mut process.0);
        let first = lines.find_map(|line| Some(line.strip_prefix("stored ")?.to_owned()));
        thread::park_timeout(Duration::from_micros(fastrand::u64(..20_000)));
        process.0.kill().unwrap();
        process.0.wait().unwrap();
        let mut stored: Vec<_> = first.into_iter().collect();
        assert!(!stored.is_empty(), "the writer does not write");
        // The last line may be cut: each ends with a word.
        stored.extend(lines.filter_map(|line| Some(line.strip_prefix("stored ")?.to_owned())));
        let whole = stored.iter().filter_map(|it| it.strip_suffix(" all"));
        acknowledged += check(&path, whole);
    }
    let buckets = open(&path);
    assert_eq!(save(&buckets, "last", "a").unwrap(), Saved::Stored);
    println!("{kills} writers killed, {acknowledged} acknowledged assignments found");
}

/// How many there were.
fn check<'a>(path: &Path, stored: impl Iterator<Item = &'a str>) -> usize {
    let buckets = open(path);
    let identities: Vec<_> = stored.map(user).collect();
    let documents = buckets.load(&identities).unwrap();
    for identity in &identities {
        let document = documents.get(identity);
        let variation = document.and_then(|it| it.get("exp__0"));
        assert_eq!(variation.map(String::as_str), Some(identity.value()));
    }
    drop(buckets);
    assert_eq!(integrity(path), "ok");
    identities.len()
}

/// What the processes run that are killed.
#[test]
fn a_writer_that_is_to_be_killed() {
    let (Ok(path), Ok(prefix)) = (env::var(PATH), env::var(PREFIX)) else {
        return;
    };
    let buckets = open(path.as_ref());
    thread::scope(|scope| {
        for thread in 0..2 {
            let (buckets, prefix) = (&buckets, &prefix);
            scope.spawn(move || {
                // Not for ever, if nobody kills it.
                for round in 0..200_000 {
                    let id = format!("{prefix}-{thread}-{round}");
                    let identity = user(&*id);
                    let write = StickyWrite::new(&identity, "exp__0", &id);
                    if buckets.save(&write).is_ok() {
                        println!("\nstored {id} all");
                    }
                }
            });
        }
    });
}

const PREFIX: &str = "GROWTHBOOK_TEST_PREFIX";
