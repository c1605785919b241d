//! The contract, and texts of every kind.

use std::fmt::Write;
use std::slice;

use growthbook_core::testing::sticky_contract;
use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::{SqliteStickyBuckets, WriteBehind};
use proptest::prelude::*;

use super::support::{open, other, patient, place, user};
use crate::faulty::SOON;

#[test]
fn the_contract_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().join(fastrand::u64(..).to_string());
    sticky_contract(|| patient(&path()));
    sticky_contract(|| {
        let builder = SqliteStickyBuckets::builder(path()).busy_timeout(SOON);
        builder.rollback_journal().build().unwrap()
    });
}

#[test]
fn the_contract_is_kept_behind_a_thread() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().join(fastrand::u64(..).to_string());
    sticky_contract(|| WriteBehind::new(patient(&path())));
}

#[test]
fn the_table_is_the_documented_one() {
    let (_folder, path) = place();
    let buckets = open(&path);
    for (key, variation) in [("exp__0", "control"), ("größe__1", "b\"")] {
        let ann = user("ann");
        buckets
            .save(&StickyWrite::new(&ann, key, variation))
            .unwrap();
    }
    let other = other(&path);
    let mut columns = String::new();
    let mut about = other.prepare("PRAGMA table_info(sticky_buckets)").unwrap();
    let mut rows = about.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let name: String = row.get(1).unwrap();
        let (kind, key): (String, i64) = (row.get(2).unwrap(), row.get(5).unwrap());
        write!(columns, "{name} {kind} {key}; ").unwrap();
    }
    assert_eq!(
        columns,
        "attribute_name TEXT 1; attribute_value TEXT 2; assignments TEXT 0; "
    );
    let row = other.query_row("SELECT * FROM sticky_buckets", [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    });
    let (name, value, assignments): (String, String, String) = row.unwrap();
    assert_eq!((&*name, &*value), ("id", "ann"));
    assert_eq!(assignments, r#"{"exp__0":"control","größe__1":"b\""}"#);
    let objects = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
    let objects: i64 = other.query_row(objects, [], |row| row.get(0)).unwrap();
    assert_eq!(objects, 1, "nothing but the table");
}

/// Q12.
#[test]
fn texts_of_every_kind_are_kept() {
    let (_folder, path) = place();
    let megabyte = "é".repeat(500_000);
    let texts = [
        "\0",
        "a\0b",
        "a\0c",
        "🌸👩‍👩‍👧",
        "'; DROP TABLE sticky_buckets; --",
        "\" OR 1=1",
        "?1",
        "%",
        "",
        "1",
        "1.0",
        "\u{feff}",
        &megabyte,
    ];
    let buckets = open(&path);
    let identities = texts.map(|text| StickyIdentity::new(text, text));
    for (identity, text) in identities.iter().zip(texts) {
        let write = StickyWrite::new(identity, text, text);
        assert_eq!(buckets.save(&write).unwrap(), Saved::Stored);
    }
    drop(buckets);
    let documents = open(&path).load(&identities).unwrap();
    assert_eq!(documents.len(), texts.len());
    for (identity, text) in identities.iter().zip(texts) {
        assert_eq!(
            documents[identity].get(text).map(String::as_str),
            Some(text)
        );
    }
}

/// Q11.
#[test]
fn versions_are_no_more_than_text() {
    let (_folder, path) = place();
    let (buckets, ann) = (open(&path), user("ann"));
    let keys = [
        "exp__-1",
        "exp__0",
        "exp__9007199254740993",
        "exp__1e999",
        "exp__",
    ];
    for key in keys {
        let write = StickyWrite::new(&ann, key, key);
        assert_eq!(buckets.save(&write).unwrap(), Saved::Stored);
    }
    let documents = open(&path).load(slice::from_ref(&ann)).unwrap();
    assert!(keys.iter().all(|key| documents[&ann][*key] == *key));
}

#[test]
fn each_of_a_batch_has_its_own_answer() {
    let (_folder, path) = place();
    let buckets = open(&path);
    let insert = "INSERT INTO sticky_buckets VALUES ('id', 'broken', '[1]')";
    other(&path).execute_batch(insert).unwrap();
    let [ann, bob, broken] = ["ann", "bob", "broken"].map(user);
    let writes = [
        StickyWrite::new(&ann, "exp__0", "a"),
        StickyWrite::new(&broken, "exp__0", "a"),
        StickyWrite::new(&ann, "exp__0", "b"),
        StickyWrite::new(&bob, "exp__0", "c"),
        StickyWrite::new(&ann, "exp__0", "d").replacing(Some("a")),
    ];
    let mut saved = buckets.save_all(&writes);
    assert!(saved.remove(1).is_err());
    let saved: Vec<_> = saved.into_iter().map(Result::unwrap).collect();
    let kept = Saved::Kept("a".to_owned());
    assert_eq!(saved, [Saved::Stored, kept, Saved::Stored, Saved::Stored]);
    let documents = buckets.load(&[ann.clone(), bob.clone(), broken]).unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(
        (&*documents[&ann]["exp__0"], &*documents[&bob]["exp__0"]),
        ("d", "c")
    );
    assert!(buckets.save_all(&[]).is_empty());
}

#[test]
fn what_others_have_written_stays() {
    let (_folder, path) = place();
    drop(open(&path));
    let other = other(&path);
    let rows = [
        ("numbers", r#"{"n": 1.0, "exp__0": "a", "o": {"b":1}}"#),
        ("list", "[1]"),
        ("cut", r#"{"exp__0": "a"#),
        ("empty", ""),
        ("null", "null"),
    ];
    for (value, assignments) in rows {
        let sql = "INSERT INTO sticky_buckets VALUES ('id', ?, ?)";
        other.execute(sql, [value, assignments]).unwrap();
    }
    let sql = "INSERT INTO sticky_buckets VALUES ('id', 'blob', CAST('{\"exp__0\": \"a\"}' AS BLOB)), \
         ('id', 'nothing', NULL), ('id', 'number', 7)";
    other.execute_batch(sql).unwrap();
    let buckets = open(&path);
    let write = |id: &str| buckets.save(&StickyWrite::new(&user(id), "new__0", "b"));
    for id in ["numbers", "empty", "null", "blob", "nothing"] {
        assert_eq!(write(id).unwrap(), Saved::Stored, "{id}");
    }
    for id in ["list", "cut", "number"] {
        assert!(buckets.load(&[user(id)]).unwrap().is_empty());
        assert!(write(id).is_err(), "{id}");
    }
    let stored = |id: &str| -> String {
        let sql = "SELECT assignments FROM sticky_buckets WHERE attribute_value = ?";
        other.query_row(sql, [id], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        stored("numbers"),
        r#"{"exp__0":"a","n":1.0,"new__0":"b","o":{"b":1}}"#
    );
    assert_eq!(stored("list"), "[1]");
    assert_eq!(stored("cut"), r#"{"exp__0": "a"#);
    assert_eq!(stored("blob"), r#"{"exp__0":"a","new__0":"b"}"#);
    assert_eq!(stored("nothing"), r#"{"new__0":"b"}"#);
}

#[test]
fn a_table_that_compares_otherwise_takes_nobody_for_another() {
    let (_folder, path) = place();
    let sql = "CREATE TABLE sticky_buckets (attribute_name TEXT COLLATE NOCASE,
        attribute_value TEXT COLLATE NOCASE, assignments TEXT)";
    other(&path).execute_batch(sql).unwrap();
    let buckets = open(&path);
    let write = |id: &str, variation| {
        let identity = user(id);
        buckets.save(&StickyWrite::new(&identity, "exp__0", variation))
    };
    write("ann", "a").unwrap();
    assert!(buckets.load(&[user("ANN")]).unwrap().is_empty());
    assert!(write("ANN", "b").is_err());
    assert_eq!(buckets.load(&[user("ann")]).unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Q12.
    #[test]
    fn any_text_comes_back(name: String, value: String, key: String, variation: String) {
        let (_folder, path) = place();
        let identity = StickyIdentity::new(name, value);
        let write = StickyWrite::new(&identity, &key, &variation);
        prop_assert_eq!(patient(&path).save(&write).unwrap(), Saved::Stored);
        let documents = patient(&path).load(slice::from_ref(&identity)).unwrap();
        prop_assert_eq!(documents[&identity].get(&key), Some(&variation));
    }
}
