//! Files that cannot be written, that are moved, and that are none.

use std::fs;
use std::path::Path;

use growthbook_core::{Saved, StickyBucketService, StickyWrite};
use growthbook_sticky::SqliteStickyBuckets;

use super::support::{
    Process, cause, check, files, integrity, load, open, other, place, save, user,
};

/// Q5.
#[test]
fn a_folder_that_is_not_there_is_said_to_be() {
    let (folder, _) = place();
    let path = folder.path().join("missing/sticky_buckets.db");
    let error = SqliteStickyBuckets::open(&path).unwrap_err();
    assert_eq!(error.to_string(), "sqlite could not open sticky buckets");
    assert_eq!(cause(&error), "the folder of the file is not there");
    let error = SqliteStickyBuckets::open(folder.path()).unwrap_err();
    assert_eq!(cause(&error), "it is not a file");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_file_that_is_only_read_must_be_there_and_stays_as_it_is() {
    let (folder, path) = place();
    let read_only = || SqliteStickyBuckets::builder(&path).read_only().build();
    let error = read_only().unwrap_err();
    assert_eq!(cause(&error), "there is no file");
    let writing = open(&path);
    save(&writing, "ann", "a").unwrap();
    let buckets = read_only().unwrap();
    assert!(buckets.is_read_only() && !writing.is_read_only());
    check(&buckets, "ann", Some("a"));
    let error = save(&buckets, "bob", "a").unwrap_err();
    assert_eq!(cause(&error), "it was opened to be read only");
    assert!(buckets.save_all(&[StickyWrite::new(&user("bob"), "exp__0", "a")])[0].is_err());
    save(&writing, "bob", "b").unwrap();
    check(&buckets, "bob", Some("b"));
    drop((buckets, writing));
    fs::write(&path, "no database").unwrap();
    let error = read_only().unwrap_err();
    assert_eq!(cause(&error), "the file is damaged, or is no database");
    assert_eq!(files(folder.path()), ["sticky_buckets.db"]);
    fs::write(&path, "").unwrap();
    check(&read_only().unwrap(), "ann", None);
}

/// Q9.
#[test]
fn a_schema_of_somebody_else_is_read_and_not_written() {
    let (_folder, path) = place();
    let before = open(&path);
    save(&before, "ann", "a").unwrap();
    other(&path)
        .execute_batch("PRAGMA user_version = 7")
        .unwrap();
    let error = save(&before, "bob", "a").unwrap_err();
    assert_eq!(cause(&error), "its schema has a version of somebody else");
    let buckets = open(&path);
    assert!(buckets.is_read_only());
    check(&buckets, "ann", Some("a"));
    let error = save(&buckets, "bob", "a").unwrap_err();
    assert_eq!(cause(&error), "its schema has a version of somebody else");
    let version: i64 = other(&path)
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 7);
}

#[test]
fn another_table_of_that_name_is_an_error() {
    let (_folder, path) = place();
    let sql = "CREATE TABLE sticky_buckets (attribute_name TEXT, doc TEXT)";
    other(&path).execute_batch(sql).unwrap();
    let error = SqliteStickyBuckets::open(&path).unwrap_err();
    assert_eq!(cause(&error), "the table is not the documented one");
}

#[test]
fn a_file_that_a_program_has_for_more_is_used_and_never_set_aside() {
    let (folder, path) = place();
    let sql = "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
        INSERT INTO orders WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)
        SELECT i, hex(randomblob(50)) FROM n";
    other(&path).execute_batch(sql).unwrap();
    let buckets = open(&path);
    save(&buckets, "ann", "a").unwrap();
    drop(buckets);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let error = SqliteStickyBuckets::open(&path).unwrap_err();
    assert!(cause(&error).contains("has other tables"), "{error:?}");
    assert_eq!(files(folder.path()), ["sticky_buckets.db"]);
    let unchecked = SqliteStickyBuckets::builder(&path).check_up_to(0).build();
    check(&unchecked.unwrap(), "ann", Some("a"));
}

#[cfg(unix)]
#[test]
fn the_owner_alone_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let buckets = open(&path);
    save(&buckets, "ann", "a").unwrap();
    for file in folder.path().read_dir().unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(buckets);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    save(&open(&path), "bob", "a").unwrap();
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "one that is there stays as it is");
}

/// Q8.
#[cfg(unix)]
#[test]
fn a_file_that_is_gone_is_made_again() {
    let (folder, path) = place();
    let (one, two) = (open(&path), open(&path));
    save(&one, "ann", "a").unwrap();
    check(&two, "ann", Some("a"));
    fs::remove_file(&path).unwrap();
    assert_eq!(save(&one, "ann", "b").unwrap(), Saved::Stored);
    assert_eq!(
        save(&two, "ann", "c").unwrap(),
        Saved::Kept("b".to_owned()),
        "nobody writes where nobody reads"
    );
    for buckets in [&one, &two] {
        check(buckets, "ann", Some("b"));
    }
    assert_eq!(integrity(&path), "ok");
    for file in folder.path().read_dir().unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    check(&two, "ann", None);
    assert_eq!(save(&two, "ann", "d").unwrap(), Saved::Stored);
    check(&one, "ann", Some("d"));
    drop((one, two));
    check(&open(&path), "ann", Some("d"));
    let moved = folder.path().join("moved");
    let buckets = open(&path);
    save(&buckets, "bob", "b").unwrap();
    fs::rename(&path, &moved).unwrap();
    save(&buckets, "eve", "e").unwrap();
    check(&buckets, "bob", None);
    let all = open(&moved);
    check(&all, "bob", Some("b"));
    check(&all, "eve", None);
    fs::remove_dir_all(folder.path()).unwrap();
    let error = load(&buckets, "bob").unwrap_err();
    assert_eq!(cause(&error), "the folder of the file is not there");
}

/// Q8.
#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_is_used_as_it_is() {
    let (folder, path) = place();
    let backup = folder.path().join("backup.db");
    for round in 0..20 {
        let saved = open(&backup);
        save(&saved, &format!("backup-{round}"), "a").unwrap();
        drop(saved);
        let buckets = [(); 3].map(|()| open(&path));
        for (number, buckets) in buckets.iter().enumerate() {
            save(buckets, &format!("lost-{round}-{number}"), "a").unwrap();
        }
        fs::rename(&backup, &path).unwrap();
        for (number, one) in buckets.iter().enumerate() {
            check(one, &format!("backup-{round}"), Some("a"));
            check(one, &format!("lost-{round}-0"), None);
            let id = format!("new-{round}-{number}");
            assert_eq!(save(one, &id, "a").unwrap(), Saved::Stored);
            for all in &buckets {
                check(all, &id, Some("a"));
            }
        }
        drop(buckets);
        assert_eq!(integrity(&path), "ok");
        assert_eq!(files(folder.path()), ["sticky_buckets.db"]);
    }
}

/// Q8. What SQLite keeps beside a file is beside the file, not beside a link to it.
#[cfg(unix)]
#[test]
fn a_file_behind_a_link_is_replaced_like_any_other() {
    let (folder, target) = place();
    let (_elsewhere, path) = place();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let backup = folder.path().join("backup.db");
    for name in [&target, &backup] {
        let buckets = open(name);
        save(&buckets, name.to_str().unwrap(), "a").unwrap();
    }
    let buckets = open(&path);
    for id in 0..200 {
        save(&buckets, &format!("lost-{id}"), "a").unwrap();
    }
    fs::rename(&backup, &target).unwrap();
    check(&buckets, backup.to_str().unwrap(), Some("a"));
    check(&buckets, "lost-0", None);
    assert_eq!(save(&buckets, "new", "a").unwrap(), Saved::Stored);
    drop(buckets);
    assert_eq!(integrity(&target), "ok");
    check(&open(&target), "new", Some("a"));
    check(&open(&target), "lost-0", None);
}

/// Q5.
#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_assignments_are_read() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    for (file_mode, folder_mode) in [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)] {
        for is_in_use in [false, true] {
            let (folder, path) = place();
            let buckets = open(&path);
            save(&buckets, "ann", "a").unwrap();
            let in_use = is_in_use.then_some(buckets);
            if in_use.is_some() {
                for end in ["-wal", "-shm"] {
                    let beside = format!("{}{end}", path.display());
                    fs::set_permissions(beside, fs::Permissions::from_mode(0o444)).unwrap();
                }
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(file_mode)).unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(folder_mode)).unwrap();
            let name = path.to_str().unwrap();
            let mut command = Process::command(
                "sqlite::files::a_reader_without_rights",
                &[(READ_ONLY, name)],
            );
            let is_root = fs::metadata("/proc/self")
                .is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0);
            if is_root {
                command.uid(65_534).gid(65_534).current_dir("/");
            }
            let output = command.output();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            let Ok(output) = output else {
                println!("skipped: nobody may not run this test");
                return;
            };
            let said = String::from_utf8_lossy(&output.stdout);
            let modes = format!("{file_mode:o} in {folder_mode:o}, in use: {is_in_use}");
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{modes}: {said}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
            drop(in_use);
        }
    }
}

/// What that test runs in a process of its own, which may not write everywhere.
#[test]
fn a_reader_without_rights() {
    let Some(path) = std::env::var_os(READ_ONLY) else {
        return;
    };
    let path = Path::new(&path);
    let buckets = open(path);
    for _ in 0..3 {
        check(&buckets, "ann", Some("a"));
        check(&buckets, "bob", None);
    }
    assert!(save(&buckets, "bob", "b").is_err());
    check(&buckets, "bob", None);
}

#[cfg(unix)]
const READ_ONLY: &str = "GROWTHBOOK_TEST_READ_ONLY";
