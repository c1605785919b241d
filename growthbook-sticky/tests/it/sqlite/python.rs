//! A program in Python that keeps sticky buckets as the documentation of its SDK shows.

use std::path::Path;
use std::process::Command;

use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};

use super::support::{check, integrity, is_long, open, other, place, save, user};

#[test]
fn a_file_of_python_is_read_and_written_and_stays_one_of_python() {
    let (_folder, path) = place();
    let Some(python) = python() else {
        println!(
            "skipped: there is no python3 with sqlite3; rows that one has written stand for it"
        );
        other(&path).execute_batch(RECORDED).unwrap();
        rust_reads_and_writes(&path);
        return;
    };
    run(&python, &path, WRITES);
    rust_reads_and_writes(&path);
    let said = run(&python, &path, READS);
    assert_eq!(
        said.trim(),
        "{'attributeName': 'id', 'attributeValue': 'ann', 'assignments': {'größe__0': 'contrôle 🌸', 'new__0': 'ü'}}"
    );
    // What it wrote last is read here.
    check(&open(&path), "7", Some("python"));
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn a_file_of_ours_is_one_for_python_even_while_it_is_open() {
    let (_folder, path) = place();
    let Some(python) = python() else {
        println!("skipped: there is no python3 with sqlite3");
        return;
    };
    let buckets = open(&path);
    save(&buckets, "ann", "a").unwrap();
    let ann = user("ann");
    buckets
        .save(&StickyWrite::new(&ann, "größe__0", "contrôle 🌸"))
        .unwrap();
    run(&python, &path, READS);
    check(&buckets, "7", Some("python"));
    assert_eq!(
        save(&buckets, "7", "rust").unwrap(),
        Saved::Kept("python".to_owned())
    );
    drop(buckets);
    assert_eq!(integrity(&path), "ok");
}

/// The rows that [`WRITES`] makes.
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

/// The SDK itself, with that class as its store. It is installed for the long tests only, which takes a while.
#[test]
fn the_sdk_for_python_keeps_users_where_we_put_them() {
    let (folder, path) = place();
    let Some(python) = python() else {
        println!("skipped: there is no python3 with sqlite3");
        return;
    };
    let packages = folder.path().join("packages");
    if is_long() {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--target"]);
        let installed = pip.arg(&packages).arg("growthbook").status();
        println!("pip: {installed:?}");
    }
    let imports = Command::new(&python)
        .args(["-c", "import growthbook"])
        .env("PYTHONPATH", &packages)
        .output();
    if !imports.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: the SDK for Python is not installed; GROWTHBOOK_TESTS=long installs it");
        return;
    }
    let buckets = open(&path);
    let users = ["ann", "bob", "eve", "zoë"];
    for id in users {
        let identity = user(id);
        let write = StickyWrite::new(&identity, "rust__0", "second");
        buckets.save(&write).unwrap();
    }
    let program = format!("{CLASS}\n{SDK}");
    let output = Command::new(&python)
        .args(["-c", &program])
        .arg(&path)
        .args(users)
        .env("PYTHONPATH", &packages)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (id, line) in users.iter().zip(said.lines()) {
        let [rust, python] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{said}")
        };
        assert_eq!(rust, "second", "{id}: Python serves what stands");
        let documents = buckets.load(&[user(*id)]).unwrap();
        assert_eq!(documents[&user(*id)]["python__0"], python);
        assert_eq!(documents[&user(*id)]["rust__0"], "second");
    }
    assert_eq!(said.lines().count(), users.len());
}

fn python() -> Option<String> {
    let tried = Command::new("python3")
        .args(["-c", "import sqlite3"])
        .output();
    tried.ok()?.status.success().then(|| "python3".to_owned())
}

fn run(python: &str, path: &Path, what: &str) -> String {
    let program = format!("{BASE}\n{CLASS}\n{what}");
    let mut command = Command::new(python);
    command.args(["-c", &program]).arg(path);
    let output = command.env("PYTHONIOENCODING", "utf-8").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// In the place of the SDK's.
const BASE: &str = "class AbstractStickyBucketService: pass";

/// A store like the one that the documentation shows.
const CLASS: &str = r#"
import json, sqlite3, sys
try:
    from growthbook import AbstractStickyBucketService
except ImportError:
    pass

class SQLiteStickyBucketService(AbstractStickyBucketService):
    def __init__(self, path):
        self.connection = sqlite3.connect(path)
        self.connection.execute("""
            CREATE TABLE IF NOT EXISTS sticky_buckets (
                attribute_name TEXT,
                attribute_value TEXT,
                assignments TEXT,
                PRIMARY KEY (attribute_name, attribute_value)
            )
        """)
        self.connection.commit()

    def get_assignments(self, name, value):
        cursor = self.connection.execute(
            "SELECT assignments FROM sticky_buckets WHERE attribute_name = ? AND attribute_value = ?",
            (name, value))
        row = cursor.fetchone()
        if row is None:
            return None
        return {"attributeName": name, "attributeValue": value, "assignments": json.loads(row[0])}

    def save_assignments(self, doc):
        self.connection.execute(
            "INSERT OR REPLACE INTO sticky_buckets (attribute_name, attribute_value, assignments) VALUES (?, ?, ?)",
            (doc["attributeName"], doc["attributeValue"], json.dumps(doc["assignments"])))
        self.connection.commit()

service = SQLiteStickyBucketService(sys.argv[1])
"#;

const WRITES: &str = r#"
def save(name, value, assignments):
    service.save_assignments({"attributeName": name, "attributeValue": value, "assignments": assignments})
save("id", "ann", {"größe__0": "contrôle 🌸"})
save("id", 7, {"exp__0": "1", "old__2": "0"})
save("it's", '"', {"a__0": "b"})
"#;

const READS: &str = r#"
print(service.get_assignments("id", "ann"))
service.save_assignments({"attributeName": "id", "attributeValue": "7", "assignments": {"exp__0": "python"}})
"#;

const SDK: &str = r#"
from growthbook import GrowthBook, Experiment
meta = [{"key": "first"}, {"key": "second"}]
for user in sys.argv[2:]:
    keys = []
    for key in ["rust", "python"]:
        client = GrowthBook(
            attributes={"id": user},
            sticky_bucket_service=service,
            sticky_bucket_identifier_attributes=["id"])
        client.refresh_sticky_buckets(force=True)
        result = client.run(Experiment(key=key, variations=["a", "b"], meta=meta))
        keys.append(result.key)
        client.destroy()
    print(*keys)
"#;

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
