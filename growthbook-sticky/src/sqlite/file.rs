//! The file itself: who it is, how it is made, and how it is put out of the way.
//!
//! It is never opened here once there is a database in it: where locks belong to processes, closing any descriptor of the
//! file would drop the locks that SQLite holds in this process.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::fault::Fault;
use super::patience::Patience;

/// Which file a path leads to. Where files that are open cannot be replaced, all are the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    number: u64,
}

/// How a file looks that nobody is writing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stillness {
    length: u64,
    modified: Option<SystemTime>,
}

impl Identity {
    /// `None` if nothing is there.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, Fault> {
        match fs::metadata(path) {
            Ok(about) if about.is_file() => Ok(Some(Self::from(&about))),
            Ok(_) => Err(Fault::NotAFile),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<&Metadata> for Identity {
    #[cfg(unix)]
    fn from(about: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: about.dev(),
            number: about.ino(),
        }
    }

    #[cfg(not(unix))]
    fn from(_: &Metadata) -> Self {
        Self {}
    }
}

impl Stillness {
    /// `None` if somebody is writing, as a journal beside it shows.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let has_journal = JOURNALS.iter().any(|end| beside(path, end).exists());
        let about = fs::metadata(path).ok().filter(|_| !has_journal)?;
        Some(Self {
            length: about.len(),
            modified: about.modified().ok(),
        })
    }
}

/// Where a path leads, if it is a link, or a link to one: what belongs to a file is beside that, not beside a link to it.
pub(super) fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        path = folder(&path).join(target);
    }
    path
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// An empty file that only its owner can read, if there is none. What an earlier one of this name has left beside it would
/// be taken for a part of the new one, so it goes first. To be called under [`lock_folder`], for a change.
pub(super) fn make(path: &Path) -> Result<(), Fault> {
    if Identity::of(path)?.is_some() {
        return Ok(());
    }
    for end in JOURNALS {
        let _ = fs::remove_file(beside(path, end));
    }
    // Made under another name and closed before anybody can have it open.
    let seed = beside(path, &format!(".new-{:016x}", fastrand::u64(..)));
    create(&seed)?;
    let linked = fs::hard_link(&seed, path);
    let _ = fs::remove_file(&seed);
    match linked {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // There are file systems without links.
        Err(_) => create(path),
    }
}

fn create(path: &Path) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

/// Removes the journal of a file that is not there any more, unless it has become that of another file.
pub(super) fn remove_journal(path: &Path, journal: Identity) {
    let wal = beside(path, JOURNALS[0]);
    if Identity::of(&wal) == Ok(Some(journal)) {
        let _ = fs::remove_file(wal);
        let _ = fs::remove_file(beside(path, JOURNALS[1]));
    }
}

pub(super) fn journal(path: &Path) -> Option<Identity> {
    Identity::of(&beside(path, JOURNALS[0])).ok().flatten()
}

/// Gives a damaged file another name, with what belongs to it, and returns that. To be called under [`lock_folder`], for a change.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, Fault> {
    let names = (1..=MOST_ASIDE).map(|number| beside(path, &format!(".corrupt-{number}")));
    let aside = names
        .into_iter()
        .find(|name| fs::symlink_metadata(name).is_err())
        .ok_or(Fault::NoName)?;
    // The file before its journals: beside no file, or an empty one, SQLite takes no journal for its own.
    fs::rename(path, &aside)?;
    for end in JOURNALS {
        let _ = fs::rename(beside(path, end), beside(&aside, end));
    }
    Ok(aside)
}

/// What is done with a folder while it is locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Use {
    /// Files in it are made, replaced or set aside.
    Change,
    /// One is opened, by somebody who must not find it replaced halfway.
    Open,
}

/// Keeps others from using the folder otherwise until it is dropped. Where folders cannot be locked there is nothing to hold;
/// on most such systems files that are open cannot be renamed either.
pub(super) fn lock_folder(
    folder: &Path,
    to: Use,
    patience: Patience,
) -> Result<Option<File>, Fault> {
    let Ok(handle) = File::open(folder) else {
        return Ok(None);
    };
    let lock = || match to {
        Use::Change => handle.try_lock(),
        Use::Open => handle.try_lock_shared(),
    };
    let locked = patience.retry(|| match lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Err(Fault::Busy),
        Err(TryLockError::Error(_)) => Ok(false),
    })?;
    Ok(locked.then_some(handle))
}

/// The path with something after its name.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

const JOURNALS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// As Linux has it.
const MOST_LINKS: u32 = 40;
const MOST_ASIDE: u32 = 1_000;
