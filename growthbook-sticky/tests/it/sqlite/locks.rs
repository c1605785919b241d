//! Others who have the file locked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use growthbook_core::{
    Attributes, Experiment, GrowthBookClient, Saved, StickyBucketService, UserContext,
};
use growthbook_sticky::{SqliteStickyBuckets, WriteBehind};

use super::super::faulty::{SOON, eventually};
use super::support::{cause, check, load, open, other, place, save};

/// Q1.
#[test]
fn a_lock_of_somebody_else_is_waited_for_a_little_and_forgotten() {
    let (_folder, path) = place();
    let builder = SqliteStickyBuckets::builder(&path).rollback_journal();
    let buckets = builder.build().unwrap();
    save(&buckets, "ann", "a").unwrap();
    let other = other(&path);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    bounded(|| {
        let error = save(&buckets, "bob", "a").unwrap_err();
        assert!(cause(&error).contains("busy timeout"), "{error:?}");
    });
    bounded(|| assert!(load(&buckets, "ann").is_err()));
    let late = bounded(|| open(&path));
    bounded(|| assert!(load(&late, "ann").is_err()));
    other.execute_batch("ROLLBACK").unwrap();
    for buckets in [&buckets, &late] {
        check(buckets, "ann", Some("a"));
        assert_eq!(save(buckets, "bob", "a").unwrap(), Saved::Stored);
    }
}

#[test]
fn readers_do_not_wait_for_writers() {
    if rusqlite::version_number() < 3_051_003 {
        println!("skipped: this SQLite keeps no write-ahead log of ours");
        return;
    }
    let (_folder, path) = place();
    let buckets = open(&path);
    save(&buckets, "ann", "a").unwrap();
    let other = other(&path);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Whoever waited would wait for as long as that.
    let patient = SqliteStickyBuckets::builder(&path).busy_timeout(2 * SOON);
    let patient = patient.build().unwrap();
    let start = Instant::now();
    check(&patient, "ann", Some("a"));
    assert!(start.elapsed() < SOON);
    check(&buckets, "ann", Some("a"));
    bounded(|| assert!(save(&buckets, "bob", "a").is_err()));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(save(&buckets, "bob", "a").unwrap(), Saved::Stored);
}

#[test]
fn who_waits_gets_the_lock_when_it_is_free() {
    let (_folder, path) = place();
    let builder = SqliteStickyBuckets::builder(&path).busy_timeout(Duration::from_secs(30));
    let buckets = builder.build().unwrap();
    let other = other(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| save(&buckets, "ann", "a"));
        std::thread::park_timeout(Duration::from_millis(50));
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), Saved::Stored);
    });
}

/// Q14: others write between what this one reads and what it writes: a transaction that had begun by reading could not go on.
#[test]
fn a_write_is_never_refused_for_having_read_before() {
    if rusqlite::version_number() < 3_051_003 {
        println!("skipped: this SQLite keeps no write-ahead log of ours");
        return;
    }
    let (_folder, path) = place();
    let (one, two) = (open(&path), open(&path));
    let other = other(&path);
    other.execute_batch("BEGIN").unwrap();
    let count = "SELECT count(*) FROM sticky_buckets";
    let before: i64 = other.query_row(count, [], |row| row.get(0)).unwrap();
    for round in 0..200 {
        let id = round.to_string();
        check(&one, &id, None);
        save(&two, &id, "a").unwrap();
        let kept = save(&one, &id, "b").unwrap();
        assert_eq!(kept, Saved::Kept("a".to_owned()));
    }
    let after: i64 = other.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(before, after, "a reader has seen one state all along");
    let refused = other.execute_batch("INSERT INTO sticky_buckets VALUES ('id', 'x', '{}')");
    assert!(refused.is_err(), "this is what cannot happen to us");
}

/// Q1: with writes that wait behind a thread, and a file that readers have all the while.
#[test]
fn what_is_assigned_while_the_file_is_locked_is_written_later() {
    if rusqlite::version_number() < 3_051_003 {
        println!("skipped: this SQLite keeps no write-ahead log of ours");
        return;
    }
    let (_folder, path) = place();
    let buckets = Arc::new(WriteBehind::new(open(&path)));
    let client = GrowthBookClient::builder().sticky_buckets(Arc::clone(&buckets));
    let client = client.build().unwrap();
    let other = other(&path);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ann = UserContext::new(Attributes::new().with("id", "ann"));
    let ask = |weights: [f64; 2]| {
        let builder = Experiment::builder("exp", [0, 1]).weights(weights);
        let experiment = builder.variation_keys(["a", "b"]).build().unwrap();
        **client.run(&experiment, &ann).value()
    };
    assert_eq!(bounded(|| ask([0.0, 1.0])), 1, "by hash");
    eventually("a failure", || buckets.report().failures() > 0);
    assert_eq!(bounded(|| ask([1.0, 0.0])), 1, "and kept");
    check(&open(&path), "ann", None);
    other.execute_batch("ROLLBACK").unwrap();
    buckets.flush(SOON).unwrap();
    check(&open(&path), "ann", Some("b"));
}

/// Within the busy timeout, with something for a machine that is slow.
fn bounded<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    assert!(took < SOON, "{took:?}");
    done
}
