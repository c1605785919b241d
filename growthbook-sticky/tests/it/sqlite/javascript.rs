//! A program in JavaScript that keeps sticky buckets in a file: the SDK's service, over the table that the SDK for Python
//! documents.

use growthbook_core::{Saved, StickyBucketService, StickyWrite};
use serde_json::json;

use super::super::sdks::{self, Place, Program};
use super::support::{integrity, open, other, patient, place, save, user};

#[test]
fn the_sdk_for_javascript_keeps_users_where_we_put_them() {
    let (_folder, path) = place();
    // It makes the table.
    let Some(mut javascript) = Program::javascript(Place::Sqlite(path.to_str().unwrap())) else {
        return;
    };
    javascript.save("id", &json!("first"), &json!({"exp__0": "b"}));
    let buckets = patient(&path);
    assert_eq!(
        save(&buckets, "first", "a").unwrap(),
        Saved::Kept("b".to_owned())
    );
    sdks::check(buckets, &mut javascript);
    drop(javascript);
    assert_eq!(integrity(&path), "ok");
}

/// As `JSON.stringify` writes it.
#[test]
fn rows_that_javascript_wrote_are_read_and_added_to() {
    let (_folder, path) = place();
    let buckets = open(&path);
    let sql = r#"INSERT INTO sticky_buckets VALUES ('id', 'ann', '{"größe__0":"contrôle 🌸","n__1":"1"}')"#;
    other(&path).execute_batch(sql).unwrap();
    let ann = user("ann");
    let documents = buckets.load(std::slice::from_ref(&ann)).unwrap();
    assert_eq!(documents[&ann]["größe__0"], "contrôle 🌸");
    buckets
        .save(&StickyWrite::new(&ann, "new__0", "ü"))
        .unwrap();
    let sql = "SELECT assignments FROM sticky_buckets";
    let stored: String = other(&path).query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(
        stored,
        r#"{"größe__0":"contrôle 🌸","n__1":"1","new__0":"ü"}"#
    );
}
