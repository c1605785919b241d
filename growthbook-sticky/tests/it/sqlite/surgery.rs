//! Files that somebody has cut, overwritten or replaced.

use std::fs;
use std::path::Path;

use growthbook_core::{Saved, StickyBucketService, StickyWrite};
use growthbook_sticky::SqliteStickyBuckets;

use super::support::{
    check, files, integrity, is_long, load, open, other, patient, place, save, user,
};

/// Q6.
#[test]
fn what_is_no_database_is_set_aside() {
    let (folder, path) = place();
    for round in 1..=3 {
        let text = format!(
            "no database, and longer than a header: {}",
            "x".repeat(round * 1_000)
        );
        fs::write(&path, &text).unwrap();
        let buckets = open(&path);
        check(&buckets, "ann", None);
        assert_eq!(save(&buckets, "ann", "a").unwrap(), Saved::Stored);
        let aside = folder
            .path()
            .join(format!("sticky_buckets.db.corrupt-{round}"));
        assert_eq!(fs::read_to_string(aside).unwrap(), text);
    }
    assert_eq!(files(folder.path()).len(), 4);
}

/// Q6.
#[test]
fn an_empty_file_is_a_fresh_one() {
    let (folder, path) = place();
    fs::write(&path, "").unwrap();
    fs::write(folder.path().join("sticky_buckets.db-wal"), "left behind").unwrap();
    let buckets = open(&path);
    assert_eq!(save(&buckets, "ann", "a").unwrap(), Saved::Stored);
    assert_eq!(files(folder.path()), ["sticky_buckets.db"]);
}

#[test]
fn many_who_open_a_damaged_file_set_aside_one() {
    let (folder, path) = place();
    fs::write(&path, "x".repeat(10_000)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let path = &path;
            scope.spawn(move || save(&patient(path), &thread.to_string(), "a").unwrap());
        }
    });
    assert_eq!(
        files(folder.path()),
        ["sticky_buckets.db", "sticky_buckets.db.corrupt-1"]
    );
    let buckets = open(&path);
    for thread in 0..8 {
        check(&buckets, &thread.to_string(), Some("a"));
    }
}

/// Q6.
#[test]
fn damage_found_while_it_is_used_ends_with_a_new_file() {
    let (folder, path) = place();
    let buckets = open(&path);
    for id in 0..500 {
        save(&buckets, &id.to_string(), "a").unwrap();
    }
    other(&path)
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let length = fs::metadata(&path).unwrap().len();
    let bytes = vec![0x5a; usize::try_from(length).unwrap() - 4096];
    overwrite(&path, 4096, &bytes);
    // Until the file is looked at whole again, it is an error and nothing else.
    let answer = open_again_and_save(&path);
    assert_eq!(answer, Saved::Stored);
    assert_eq!(save(&buckets, "new", "b").unwrap(), Saved::Stored);
    check(&buckets, "new", Some("b"));
    assert_eq!(files(folder.path()).len(), 2);
}

fn open_again_and_save(path: &Path) -> Saved {
    save(&open(path), "other", "a").unwrap()
}

/// Without opening it for longer than the write, so that locks of this process stay out of it.
fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Q6: bytes changed, pages overwritten, files cut, at random places of the file, its log and its shared memory. Whatever
/// becomes of the assignments: nothing panics, what is read is what was written or nothing, and afterwards the file works.
#[test]
fn whatever_is_done_to_the_bytes_it_goes_on() {
    let rounds = if is_long() { 5_000 } else { 200 };
    let seed = std::env::var("GROWTHBOOK_TEST_SEED").ok();
    let seed = seed.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("GROWTHBOOK_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let whole = Whole::make();
    let (mut set_aside, mut kept) = (0, 0);
    for round in 0..rounds {
        let (folder, path) = place();
        let what = whole.write_damaged(&path, &mut random);
        let told = || format!("seed {seed}, round {round}: {what}");
        let builder = SqliteStickyBuckets::builder(&path);
        let Ok(buckets) = builder.build() else {
            // Its table may have got another name: then it is not ours to set aside.
            continue;
        };
        for id in 0..USERS {
            // A byte of a text may have changed, which nothing notices.
            let loaded = load(&buckets, &id.to_string()).ok().flatten();
            kept += usize::from(loaded.as_deref() == Some("a"));
        }
        let mut answer = save(&buckets, "new", "b");
        if answer.is_err() {
            answer = SqliteStickyBuckets::open(&path).and_then(|again| save(&again, "new", "b"));
        }
        if answer.is_ok() {
            assert_eq!(
                load(&buckets, "new").ok().flatten().as_deref(),
                Some("b"),
                "{}",
                told()
            );
        }
        drop(buckets);
        if files(folder.path()).len() > 1 {
            set_aside += 1;
            assert_eq!(integrity(&path), "ok", "{}", told());
        }
    }
    println!("{rounds} files, {set_aside} set aside, {kept} assignments read");
    assert!(set_aside > rounds / 20 && kept > rounds);
}

const USERS: usize = 600;

/// A database in use, with a log that is not empty.
struct Whole([Vec<u8>; 3]);

impl Whole {
    fn make() -> Self {
        let (_folder, path) = place();
        let buckets = open(&path);
        let users: Vec<_> = (0..USERS).map(|id| user(id.to_string())).collect();
        let (first, last) = users.split_at(USERS - USERS / 20);
        for part in [first, last] {
            // What is in the log hides what is done to the same pages of the database.
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            other(&path).query_row(sql, [], |_| Ok(())).unwrap();
            let write = |identity| StickyWrite::new(identity, "exp__0", "a");
            let writes: Vec<_> = part.iter().map(write).collect();
            assert!(buckets.save_all(&writes).iter().all(Result::is_ok));
        }
        Self(ENDS.map(|end| fs::read(format!("{}{end}", path.display())).unwrap()))
    }

    /// Says what was done.
    fn write_damaged(&self, path: &Path, random: &mut fastrand::Rng) -> String {
        let mut files = self.0.clone();
        let said;
        // The database for the most part.
        let which = [0, 0, 0, 1, 2][random.usize(..5)];
        let file = &mut files[which];
        let at = random.usize(..file.len());
        match random.usize(..5) {
            0 => {
                let page = at / 4096 * 4096;
                let end = file.len().min(page + 4096);
                random.fill(&mut file[page..end]);
                said = format!("page at {page}");
            }
            1 => {
                file.truncate(at);
                said = format!("cut at {at}");
            }
            2 => {
                file[at] ^= 1 << random.u8(..8);
                said = format!("bit at {at}");
            }
            3 => {
                let header = at % 100.min(file.len());
                file[header] = random.u8(..);
                said = format!("header at {header}");
            }
            _ => {
                let end = file.len().min(at + 512);
                file[at..end].fill(0);
                said = format!("sector at {at}");
            }
        }
        for (end, bytes) in ENDS.iter().zip(&files) {
            fs::write(format!("{}{end}", path.display()), bytes).unwrap();
        }
        format!("{said} of {:?}", ENDS[which])
    }
}

const ENDS: [&str; 3] = ["", "-wal", "-shm"];
