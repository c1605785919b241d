//! What needs a seam: versions of SQLite, its plans, and its limits.

use std::time::Instant;

use rusqlite::Connection;
use tempfile::TempDir;

use super::fault::ReadOnly;
use super::*;

fn options(folder: &TempDir) -> Options {
    Options {
        path: folder.path().join("sticky_buckets.db"),
        busy_timeout: Duration::from_millis(250),
        check_up_to: u64::MAX,
        is_full: false,
        is_read_only: false,
        is_rollback: false,
        sqlite_version: rusqlite::version_number(),
    }
}

fn user(id: &str) -> StickyIdentity {
    StickyIdentity::new("id", id)
}

fn journal(options: &Options) -> String {
    let connection = Connection::open(&options.path).unwrap();
    connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap()
}

fn save(buckets: &SqliteStickyBuckets, id: &str) -> Result<Saved, BackendError> {
    buckets.save(&StickyWrite::new(&user(id), "exp__0", "a"))
}

fn is(error: &BackendError, fault: Fault) -> bool {
    std::error::Error::source(error).unwrap().to_string() == fault.to_string()
}

/// Q15.
#[test]
fn a_write_ahead_log_is_kept_only_where_it_is_safe() {
    let bundled = 3_051_003;
    for (version, is_rollback, expected) in [
        (bundled, false, "wal"),
        (bundled, true, "delete"),
        (bundled - 1, false, "delete"),
        (3_007_000, false, "delete"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            sqlite_version: version,
            is_rollback,
            ..options(&folder)
        };
        let buckets = SqliteStickyBuckets::with(options.clone()).unwrap();
        assert_eq!(journal(&options), expected, "{version}");
        assert_eq!(save(&buckets, "ann").unwrap(), Saved::Stored);
        assert_eq!(buckets.load(&[user("ann")]).unwrap().len(), 1);
    }
}

/// Q15.
#[test]
fn an_old_version_takes_a_log_away_or_keeps_its_hands_off() {
    let folder = tempfile::tempdir().unwrap();
    let new = options(&folder);
    let old = Options {
        sqlite_version: 3_040_001,
        ..new.clone()
    };
    let in_use = SqliteStickyBuckets::with(new.clone()).unwrap();
    save(&in_use, "ann").unwrap();
    let reader = SqliteStickyBuckets::with(old.clone()).unwrap();
    assert_eq!(journal(&new), "wal");
    assert_eq!(reader.load(&[user("ann")]).unwrap().len(), 1);
    let refused = save(&reader, "bob").unwrap_err();
    assert!(is(&refused, Fault::ReadOnly(ReadOnly::Journal)));
    drop((in_use, reader));
    let writer = SqliteStickyBuckets::with(old).unwrap();
    assert_eq!(journal(&new), "delete");
    assert_eq!(save(&writer, "bob").unwrap(), Saved::Stored);
}

#[test]
fn rows_are_found_by_their_key_however_many_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    drop(SqliteStickyBuckets::with(options.clone()).unwrap());
    let connection = Connection::open(&options.path).unwrap();
    for places in [1, 2, 4, 64, 100] {
        let sql = format!("EXPLAIN QUERY PLAN {}", statements::query(places));
        let mut statement = connection.prepare(&sql).unwrap();
        let values = rusqlite::params_from_iter(std::iter::repeat_n("x", 2 * places));
        let plan = statement
            .query_map(values, |row| row.get::<_, String>(3))
            .unwrap();
        let plan = plan.map(Result::unwrap).collect::<Vec<_>>().join("; ");
        let is_by_key = plan.contains("sqlite_autoindex_sticky_buckets_1 (attribute_name=? AND");
        assert!(is_by_key && !plan.contains("SCAN sticky_buckets"), "{plan}");
    }
}

#[test]
fn power_may_be_lost_where_that_was_asked_for() {
    for (is_full, expected) in [(false, 1), (true, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            is_full,
            ..options(&folder)
        };
        let buckets = SqliteStickyBuckets::with(options).unwrap();
        let synchronous = buckets.slot.with(|database, patience| {
            database.writer(patience)?.run(patience, |connection| {
                let sql = "PRAGMA synchronous";
                Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
            })
        });
        assert_eq!(synchronous, Ok(expected));
    }
}

/// Q3.
#[test]
fn a_full_database_is_an_error_and_readers_go_on_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = SqliteStickyBuckets::with(options(&folder)).unwrap();
    let limit = |pages: &'static str| {
        let limited = buckets.slot.with(|database, patience| {
            database.writer(patience)?.run(patience, |connection| {
                let sql = format!("PRAGMA max_page_count = {pages}");
                Ok(connection.query_row(&sql, [], |_| Ok(()))?)
            })
        });
        assert_eq!(limited, Ok(()));
    };
    save(&buckets, "ann").unwrap();
    limit("10");
    let long = "x".repeat(200_000);
    let users = [user("bob"), user(&long), user("eve")];
    let writes = users
        .each_ref()
        .map(|it| StickyWrite::new(it, "exp__0", "a"));
    for answer in buckets.save_all(&writes) {
        assert!(is(&answer.unwrap_err(), Fault::Full));
    }
    assert!(is(&save(&buckets, &long).unwrap_err(), Fault::Full));
    assert_eq!(buckets.load(&users).unwrap().len(), 0, "all or none");
    assert_eq!(buckets.load(&[user("ann")]).unwrap().len(), 1);
    assert_eq!(save(&buckets, "small").unwrap(), Saved::Stored);
    limit("100000");
    assert!(buckets.save_all(&writes).iter().all(Result::is_ok));
    assert_eq!(buckets.load(&users).unwrap().len(), 3);
}

/// A table that was made by hand takes `Ann` for `ann`, who cannot be written then.
#[test]
fn who_cannot_be_written_for_does_not_keep_out_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let other = Connection::open(&options.path).unwrap();
    let sql = statements::CREATE.replace("_value TEXT", "_value TEXT COLLATE NOCASE");
    other.execute_batch(&sql).unwrap();
    let buckets = SqliteStickyBuckets::with(options).unwrap();
    save(&buckets, "Ann").unwrap();
    let users = ["ann", "bob"].map(user);
    let writes = users
        .each_ref()
        .map(|it| StickyWrite::new(it, "exp__0", "a"));
    let answers = buckets.save_all(&writes);
    assert!(is(answers[0].as_ref().unwrap_err(), Fault::OtherTable));
    assert_eq!(answers[1].as_ref().unwrap(), &Saved::Stored);
    assert_eq!(buckets.load(&users).unwrap().len(), 1);
}

#[test]
fn threads_wait_no_longer_for_one_another_than_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let buckets = &SqliteStickyBuckets::with(options.clone()).unwrap();
    save(buckets, "ann").unwrap();
    let other = Connection::open(&options.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                let start = Instant::now();
                let answer = save(buckets, &thread.to_string());
                let took = start.elapsed();
                assert!(is(&answer.unwrap_err(), Fault::Busy));
                assert!(took < Duration::from_secs(1), "{took:?}");
            });
        }
        let start = Instant::now();
        assert_eq!(buckets.load(&[user("ann")]).unwrap().len(), 1);
        assert!(
            start.elapsed() < Duration::from_millis(200),
            "readers need not wait"
        );
    });
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(save(buckets, "bob").unwrap(), Saved::Stored);
}

#[test]
fn a_writer_that_panics_leaves_nothing_locked() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = SqliteStickyBuckets::with(options(&folder)).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        buckets.slot.with::<()>(|database, patience| {
            database.writer(patience)?.run(patience, |connection| {
                let transaction = connection.transaction().unwrap();
                statements::save(&transaction, &StickyWrite::new(&user("ann"), "exp__0", "a"))?;
                panic!("on purpose")
            })
        })
    }));
    assert!(panicked.is_err());
    assert!(buckets.load(&[user("ann")]).unwrap().is_empty());
    assert_eq!(save(&buckets, "bob").unwrap(), Saved::Stored);
}

#[test]
fn errors_tell_nothing_of_users() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    let buckets = SqliteStickyBuckets::with(options.clone()).unwrap();
    let other = Connection::open(&options.path).unwrap();
    other
        .execute_batch("DROP TABLE sticky_buckets; CREATE TABLE sticky_buckets (canary TEXT)")
        .unwrap();
    let errors = [
        save(&buckets, "canary").unwrap_err(),
        buckets.load(&[user("canary")]).unwrap_err(),
        SqliteStickyBuckets::with(options).unwrap_err(),
    ];
    for error in errors {
        let cause = std::error::Error::source(&error).unwrap();
        let text = format!("{error} {error:?} {cause}");
        assert!(
            !text.contains("canary") && !text.contains("SELECT"),
            "{text}"
        );
    }
    assert!(!format!("{buckets:?}").contains("exp"));
}
