//! Processes that are killed while they store: whoever loads gets a whole entry.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop as tests do")]

use std::env;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use growthbook_core::{CacheKey, CachedPayload, ClientKey, FeatureCache, Validator};
use growthbook_fetch::FileCache;

#[test]
fn an_entry_is_whole_whenever_its_writer_is_killed() {
    let root = tempfile::tempdir().unwrap();
    let cache = FileCache::new(root.path());
    let start = Instant::now();
    let (mut kills, mut loads) = (0, 0);
    while kills < KILLS && start.elapsed() < AT_MOST {
        let mut writers = [(); 4].map(|()| Writer::start(root.path()));
        wait_for_an_entry_of(&cache, &writers);
        for _ in 0..fastrand::usize(..20) {
            check(&cache);
            loads += 1;
        }
        for writer in &mut writers {
            writer.kill();
            check(&cache);
            (kills, loads) = (kills + 1, loads + 1);
        }
    }
    println!("{kills} writers killed, {loads} entries loaded");
    assert!(kills > 0);
    cache.store(&key(), &entry(0, 0)).unwrap();
    assert_eq!(cache.load(&key()).unwrap(), Some(entry(0, 0)));
}

/// What the processes run that are killed.
#[test]
fn a_writer_that_is_to_be_killed() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let cache = FileCache::new(folder);
    let patience = Instant::now() + Duration::from_secs(60);
    for round in 0.. {
        cache
            .store(&key(), &entry(std::process::id(), round))
            .unwrap();
        assert!(Instant::now() < patience, "nobody killed it");
    }
}

struct Writer(Child);

impl Writer {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "file_cache::a_writer_that_is_to_be_killed"]);
        command.env(FOLDER, folder).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Writer {
    /// If a check failed before.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for_an_entry_of(cache: &FileCache, writers: &[Writer]) {
    let patience = Instant::now() + Duration::from_secs(30);
    let ids: Vec<_> = writers.iter().map(|writer| writer.0.id()).collect();
    while !load(cache).is_some_and(|(writer, _)| ids.contains(&writer)) {
        assert!(Instant::now() < patience, "the writers do not write");
    }
}

fn check(cache: &FileCache) {
    assert!(load(cache).is_some(), "an entry that was there is gone");
}

/// Who wrote the entry, and in which round: all of it, or this panics.
fn load(cache: &FileCache) -> Option<(u32, u64)> {
    let payload = cache.load(&key()).unwrap()?;
    let validator = payload.validator().unwrap().as_str();
    let (writer, round) = validator.split_once(' ').unwrap();
    let (writer, round) = (writer.parse().unwrap(), round.parse().unwrap());
    assert_eq!(payload, entry(writer, round));
    Some((writer, round))
}

/// Of another content and another length each time.
fn entry(writer: u32, round: u64) -> CachedPayload {
    let text = format!("{writer} {round}");
    let times = 2_000 + usize::try_from(round % 7).unwrap();
    CachedPayload::new(text.repeat(times).into_bytes()).with_validator(Validator::new(text))
}

fn key() -> CacheKey {
    CacheKey::new("https://cdn.growthbook.io", &ClientKey::new("sdk-abc123"))
}

const FOLDER: &str = "GROWTHBOOK_TEST_FOLDER";
const KILLS: usize = 100;
const AT_MOST: Duration = Duration::from_secs(2);
