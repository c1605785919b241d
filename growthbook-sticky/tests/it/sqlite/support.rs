//! What the tests of files have in common.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, slice};

use growthbook_core::{BackendError, Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::SqliteStickyBuckets;
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::faulty::SOON;

/// A folder of the test's own, and the file in it that there is to be.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sticky_buckets.db");
    (folder, path)
}

pub(crate) fn open(path: &Path) -> SqliteStickyBuckets {
    SqliteStickyBuckets::open(path).unwrap()
}

/// One that waits for others as long as it takes on a machine with other things to do.
pub(crate) fn patient(path: &Path) -> SqliteStickyBuckets {
    let builder = SqliteStickyBuckets::builder(path).busy_timeout(SOON);
    builder.build().unwrap()
}

pub(crate) fn user(id: impl Into<String>) -> StickyIdentity {
    StickyIdentity::new("id", id)
}

pub(crate) fn save(
    buckets: &SqliteStickyBuckets,
    id: &str,
    variation: &str,
) -> Result<Saved, BackendError> {
    buckets.save(&StickyWrite::new(&user(id), "exp__0", variation))
}

/// The user's variation.
pub(crate) fn load(
    buckets: &SqliteStickyBuckets,
    id: &str,
) -> Result<Option<String>, BackendError> {
    let identity = user(id);
    let mut documents = buckets.load(slice::from_ref(&identity))?;
    Ok(documents
        .get_mut(&identity)
        .and_then(|document| document.remove("exp__0")))
}

pub(crate) fn check(buckets: &SqliteStickyBuckets, id: &str, variation: Option<&str>) {
    assert_eq!(load(buckets, id).unwrap().as_deref(), variation, "{id}");
}

/// What the error says of its cause.
pub(crate) fn cause(error: &BackendError) -> String {
    error.source().unwrap().to_string()
}

/// Somebody else who has the file open.
pub(crate) fn other(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

pub(crate) fn integrity(path: &Path) -> String {
    let sql = "PRAGMA integrity_check";
    other(path).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The names of the files in a folder, but for journals.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let files = folder.read_dir().unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}

pub(crate) fn is_long() -> bool {
    env::var_os("GROWTHBOOK_TESTS").is_some_and(|which| which == "long")
}

/// A test of this binary in a process of its own, with these variables; it ends with whoever started it.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Self::command(test, variables);
        Self(command.spawn().unwrap())
    }

    pub(crate) fn command(test: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.envs(variables.iter().copied());
        command
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
