//! Programs in Python that keep sticky buckets as the documentation of their SDK shows, with the SDK and without.

use std::path::Path;

use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use serde_json::json;

use super::super::sdks::{self, Place, Program};
use super::support::{check, integrity, open, other, patient, place, save, user};

#[test]
fn the_sdk_for_python_keeps_users_where_we_put_them() {
    let (_folder, path) = place();
    let buckets = patient(&path);
    let Some(mut python) = Program::python(Place::Sqlite(path.to_str().unwrap())) else {
        return;
    };
    sdks::check(buckets, &mut python);
    drop(python);
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn a_file_of_python_is_read_and_written_and_stays_one_of_python() {
    let (_folder, path) = place();
    let Some(mut python) = Program::bare_python(Place::Sqlite(path.to_str().unwrap())) else {
        return;
    };
    python.save("id", &json!("ann"), &json!({"größe__0": "contrôle 🌸"}));
    python.save("id", &json!(7), &json!({"exp__0": "1", "old__2": "0"}));
    python.save("it's", &json!("\""), &json!({"a__0": "b"}));
    rust_reads_and_writes(&path);
    assert_eq!(
        python.document("id", "ann")["assignments"],
        json!({"größe__0": "contrôle 🌸", "new__0": "ü"})
    );
    python.save("id", &json!("7"), &json!({"exp__0": "python"}));
    // What it wrote last is read here.
    check(&open(&path), "7", Some("python"));
    drop(python);
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn a_file_of_ours_is_one_for_python_even_while_it_is_open() {
    let (_folder, path) = place();
    let buckets = open(&path);
    save(&buckets, "ann", "a").unwrap();
    let Some(mut python) = Program::bare_python(Place::Sqlite(path.to_str().unwrap())) else {
        return;
    };
    python.save("id", &json!("7"), &json!({"exp__0": "python"}));
    check(&buckets, "7", Some("python"));
    assert_eq!(
        save(&buckets, "7", "rust").unwrap(),
        Saved::Kept("python".to_owned())
    );
    assert_eq!(save(&buckets, "ann", "a").unwrap(), Saved::Stored);
    let ours = python.document("id", "ann");
    assert_eq!(ours["assignments"], json!({"exp__0": "a"}));
    drop((buckets, python));
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn rows_that_python_wrote_are_read_and_written() {
    let (_folder, path) = place();
    other(&path).execute_batch(RECORDED).unwrap();
    rust_reads_and_writes(&path);
}

fn rust_reads_and_writes(path: &Path) {
    let buckets = open(path);
    assert!(!buckets.is_read_only());
    let ann = user("ann");
    let documents = buckets.load(&[ann.clone(), user("7")]).unwrap();
    assert_eq!(documents[&ann]["größe__0"], "contrôle 🌸");
    assert_eq!(documents[&user("7")]["exp__0"], "1");
    let kept = buckets
        .save(&StickyWrite::new(&ann, "größe__0", "x"))
        .unwrap();
    assert_eq!(kept, Saved::Kept("contrôle 🌸".to_owned()));
    let stored = buckets
        .save(&StickyWrite::new(&ann, "new__0", "ü"))
        .unwrap();
    assert_eq!(stored, Saved::Stored);
    let quoted = StickyIdentity::new("it's", "\"");
    assert_eq!(buckets.load(&[quoted]).unwrap().len(), 1);
}

/// As Python's `json.dumps` writes it.
const RECORDED: &str = r#"
CREATE TABLE sticky_buckets (
    attribute_name TEXT,
    attribute_value TEXT,
    assignments TEXT,
    PRIMARY KEY (attribute_name, attribute_value)
);
INSERT INTO sticky_buckets VALUES
    ('id', 'ann', '{"gr\u00f6\u00dfe__0": "contr\u00f4le \ud83c\udf38"}'),
    ('id', 7, '{"exp__0": "1", "old__2": "0"}'),
    ('it''s', '"', '{"a__0": "b"}');
"#;
