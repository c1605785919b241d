//! The contract, and what may be found in a folder.

use std::sync::Barrier;
use std::thread;

use growthbook_core::testing::cache_contract;
use growthbook_core::{ClientKey, Validator};
use tempfile::TempDir;

use super::*;

fn key(client_key: &str) -> CacheKey {
    CacheKey::new("https://host.canary", &ClientKey::new(client_key))
}

fn payload(bytes: &[u8]) -> CachedPayload {
    CachedPayload::new(bytes)
        .with_validator(Validator::new("W/\"é\\\""))
        .with_fetched_at(SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678))
        .with_max_age(Duration::from_millis(30_001))
}

fn folder() -> (TempDir, FileCache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = FileCache::new(folder.path().join("a/b"));
    (folder, cache)
}

/// A cache with an entry, and its file.
fn stored(key: &CacheKey, payload: &CachedPayload) -> (TempDir, FileCache, PathBuf) {
    let (folder, cache) = folder();
    cache.store(key, payload).unwrap();
    assert_eq!(cache.load(key).unwrap().as_ref(), Some(payload));
    let path = cache.folder.join(Name::of(key).file());
    (folder, cache, path)
}

fn files(folder: &Path) -> Vec<String> {
    let name = |file: io::Result<fs::DirEntry>| file.unwrap().file_name().into_string().unwrap();
    fs::read_dir(folder).unwrap().map(name).collect()
}

#[test]
fn the_contract_is_kept() {
    let root = tempfile::tempdir().unwrap();
    cache_contract(|| FileCache::new(root.path().join(fastrand::u64(..).to_string())));
}

#[test]
fn times_of_every_kind_come_back() {
    let epoch = SystemTime::UNIX_EPOCH;
    let year = Duration::from_secs(31_536_000);
    for at in [epoch, epoch - year, epoch + year * 1_000] {
        let payload = CachedPayload::new(*b"{}")
            .with_fetched_at(at)
            .with_max_age(year * 1_000);
        stored(&key("sdk-1"), &payload);
    }
    let (_folder, cache) = folder();
    let forever = CachedPayload::new(*b"").with_max_age(Duration::MAX);
    cache.store(&key("sdk-1"), &forever).unwrap();
    let loaded = cache.load(&key("sdk-1")).unwrap().unwrap();
    assert_eq!(loaded.max_age(), Some(Duration::from_millis(u64::MAX)));
}

#[test]
fn a_file_that_is_cut_is_a_miss() {
    let (key, payload) = (key("sdk-1"), payload(b"{\"features\": {}}\n"));
    let (_folder, cache, path) = stored(&key, &payload);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(
            cache.load(&key).unwrap(),
            None,
            "{length} of {}",
            whole.len()
        );
    }
    fs::write(&path, [&whole[..], b"\n"].concat()).unwrap();
    assert_eq!(cache.load(&key).unwrap(), None, "longer than it was");
    cache.store(&key, &payload).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn a_file_that_was_changed_gives_nothing_else() {
    let (key, payload) = (key("sdk-1"), payload(b"{\"features\": {}}\n"));
    let (_folder, cache, path) = stored(&key, &payload);
    let whole = fs::read(&path).unwrap();
    let mut misses = 0;
    for at in 0..whole.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255, whole[at]] {
            let mut changed = whole.clone();
            changed[at] ^= change;
            fs::write(&path, changed).unwrap();
            match cache.load(&key).unwrap() {
                None => misses += 1,
                Some(loaded) => assert_eq!(loaded, payload, "byte {at}, changed by {change}"),
            }
        }
    }
    assert_eq!(
        misses,
        10 * whole.len(),
        "nothing in a file is without meaning"
    );
}

#[test]
fn what_is_no_entry_says_why_and_is_a_miss() {
    let (own, other) = (key("sdk-1"), key("sdk-2"));
    let (_folder, cache, path) = stored(&own, &payload(b"{}"));
    let whole = fs::read_to_string(&path).unwrap();
    let name = Name::of(&own);
    for (text, reason) in [
        (String::new(), NoEntry::NoHeader),
        ("{}".to_owned(), NoEntry::NoHeader),
        ("{\"features\": {}}\n".to_owned(), NoEntry::NoHeader),
        ("\0".repeat(100), NoEntry::NoHeader),
        (
            whole.replace("\"growthbook\":1", "\"growthbook\":2"),
            NoEntry::OtherFormat,
        ),
        (
            whole.replace(":1767323045678", ":1767323045679"),
            NoEntry::Changed,
        ),
        (whole.replace("30001", "null"), NoEntry::Changed),
        (format!("{whole}{whole}"), NoEntry::Length),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(cache.read(&name).unwrap(), Err(reason), "{text}");
        assert_eq!(cache.load(&own).unwrap(), None);
    }
    fs::write(cache.folder.join(Name::of(&other).file()), &whole).unwrap();
    let read = cache.read(&Name::of(&other)).unwrap();
    assert_eq!(read, Err(NoEntry::OtherKey), "a file under another name");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(cache.read(&name).unwrap(), Err(NoEntry::NoFile));
}

#[test]
fn a_bad_entry_is_warned_of_once_until_there_is_a_good_one() {
    let (key, payload) = (key("sdk-1"), payload(b"{}"));
    let (_folder, cache, path) = stored(&key, &payload);
    fs::write(&path, "{").unwrap();
    assert!(!cache.has_warned.load(Ordering::Relaxed));
    assert_eq!(cache.load(&key).unwrap(), None);
    assert!(cache.has_warned.load(Ordering::Relaxed));
    cache.store(&key, &payload).unwrap();
    assert!(!cache.has_warned.load(Ordering::Relaxed));
}

#[test]
fn what_is_too_long_is_neither_stored_nor_loaded() {
    let key = key("sdk-1");
    let (_folder, cache, path) = stored(&key, &payload(&[b' '; 101]));
    let cache = cache.max_bytes(100);
    assert_eq!(cache.read(&Name::of(&key)).unwrap(), Err(NoEntry::TooLong));
    let error = cache.store(&key, &payload(&[b' '; 101])).unwrap_err();
    assert_eq!(error.to_string(), "file cache could not store features");
    let long = Validator::new("x".repeat(entry::LONGEST_HEADER));
    let long = CachedPayload::new(*b"{}").with_validator(long);
    assert!(cache.store(&key, &long).is_err());
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(cache.read(&Name::of(&key)).unwrap(), Err(NoEntry::TooLong));
    cache.store(&key, &payload(&[b' '; 100])).unwrap();
    assert!(cache.load(&key).unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn the_owner_alone_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, cache, path) = stored(&key("sdk-1"), &payload(b"{}"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache.folder), mode(&path)), (0o700, 0o600));
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    cache.store(&key("sdk-1"), &payload(b"{}")).unwrap();
    assert_eq!((mode(&cache.folder), mode(&path)), (0o750, 0o600));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_keeps_what_it_has() {
    use std::os::unix::fs::PermissionsExt;
    let (key, payload) = (key("sdk-1"), payload(b"{}"));
    let (_folder, cache, _) = stored(&key, &payload);
    fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o500)).unwrap();
    if File::create(cache.folder.join("probe")).is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    assert!(cache.store(&key, &CachedPayload::new(*b"new")).is_err());
    assert_eq!(cache.load(&key).unwrap(), Some(payload));
    assert_eq!(files(&cache.folder).len(), 1);
}

#[test]
fn a_path_that_is_a_file_is_an_error_and_stays_as_it_is() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "mine").unwrap();
    for path in [file.path().to_owned(), file.path().join("below")] {
        let cache = FileCache::new(path);
        assert!(cache.store(&key("sdk-1"), &payload(b"{}")).is_err());
        assert_eq!(cache.load(&key("sdk-1")).ok().flatten(), None);
    }
    assert_eq!(fs::read(file.path()).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_a_miss_and_nobody_waits_for_it() {
    let (key, payload) = (key("sdk-1"), payload(b"{}"));
    let (_folder, cache, path) = stored(&key, &payload);
    fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no mkfifo");
        return;
    }
    assert_eq!(cache.read(&Name::of(&key)).unwrap(), Err(NoEntry::NoFile));
    cache.store(&key, &payload).unwrap();
    assert_eq!(cache.load(&key).unwrap(), Some(payload));
}

#[test]
fn a_store_that_fails_leaves_nothing_behind() {
    let (key, payload) = (key("sdk-1"), payload(b"{}"));
    let (_folder, cache, path) = stored(&key, &payload);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(cache.store(&key, &payload).is_err());
    assert_eq!(files(&cache.folder), [Name::of(&key).file()]);
}

#[test]
fn what_was_left_an_hour_ago_is_removed_and_nothing_else() {
    let (key, payload) = (key("sdk-1"), payload(b"{}"));
    let (_folder, cache, path) = stored(&key, &payload);
    let (own, now) = (Name::of(&key), SystemTime::now());
    let old = now - ABANDONED - Duration::from_secs(60);
    let mut stay = vec![own.file()];
    for (name, modified, stays) in [
        (own.unfinished(1), old, false),
        (
            Name::of(&self::key("sdk-2")).unfinished(u64::MAX),
            old,
            false,
        ),
        (own.unfinished(2), now, true),
        (own.unfinished(3), now + ABANDONED * 2, true),
        (format!("notes.{:016x}.unfinished", 1), old, true),
        (format!("{}.unfinished", "a".repeat(64)), old, true),
        (format!("{}.growthbook", "a".repeat(64)), old, true),
    ] {
        let file = File::create(cache.folder.join(&name)).unwrap();
        file.set_modified(modified).unwrap();
        stay.extend(stays.then_some(name));
    }
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(old)
        .unwrap();
    remove_leftovers(&cache.folder, now);
    let mut left = files(&cache.folder);
    left.sort();
    stay.sort();
    assert_eq!(left, stay);
    assert_eq!(cache.load(&key).unwrap(), Some(payload));
}

#[test]
fn several_caches_in_one_folder_never_mix() {
    let (key, root) = (key("sdk-1"), tempfile::tempdir().unwrap());
    let entry = |writer: usize| {
        let text = writer.to_string();
        CachedPayload::new(text.repeat(50_000 + writer).into_bytes())
            .with_validator(Validator::new(text))
    };
    let entries: Vec<_> = (0..4).map(entry).collect();
    let start = Barrier::new(entries.len());
    thread::scope(|scope| {
        for payload in &entries {
            scope.spawn(|| {
                let cache = FileCache::new(root.path());
                start.wait();
                for _ in 0..50 {
                    cache.store(&key, payload).unwrap();
                    let loaded = cache.load(&key).unwrap().unwrap();
                    assert!(entries.contains(&loaded), "{loaded:?}");
                }
            });
        }
    });
    assert_eq!(files(root.path()).len(), 1);
}

#[test]
fn neither_files_nor_errors_tell_the_client_key() {
    let (key, payload) = (key("sdk-canary"), payload(b"{}"));
    let (_folder, cache, path) = stored(&key, &payload);
    let content = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = cache.store(&key, &payload).unwrap_err();
    fs::remove_dir(&path).unwrap();
    let names = files(cache.folder.parent().unwrap()).concat() + &path.display().to_string();
    for text in [
        content,
        names,
        format!("{error} {error:?}"),
        format!("{cache:?}"),
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
    let folder = FileCache::new("folder").max_bytes(7);
    assert_eq!(
        format!("{folder:?}"),
        "FileCache { folder: \"folder\", .. }"
    );
}
