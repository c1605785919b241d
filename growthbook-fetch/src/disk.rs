//! The last good payload on disk: see [`FileCache`].

mod entry;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use growthbook_core::{BackendError, CacheKey, CachedPayload, FeatureCache};

use self::entry::{Name, NoEntry};

/// A cache in a folder, so that a program that is started while the server is away starts with the flags of before.
///
/// Each entry is one file: a line that says what it is, when it was fetched and how long it is, and after it the payload,
/// byte for byte as it was received. What the server sealed stays sealed, and what it did not seal can be read by who may
/// read the file: the owner alone, on Unix. The file is named by a digest of the API host and the client key; neither is in
/// it.
///
/// Threads and processes may share a folder, on a disk of one machine. An entry is written beside the one that is there,
/// and put in its place when all of it is on the disk: whoever loads it, whenever a process is killed, gets one of them and
/// no mixture. What is in the folder and is no whole entry, because it was cut, changed or written by something else, is a
/// miss, with a warning in the log, and the next store replaces it. A store removes what processes that were killed an hour
/// ago or earlier had left half written.
///
/// Whoever may write into the folder decides what users get, so it is a folder of the program's own, and none below a shared
/// `/tmp`, where somebody else could make it first.
///
/// An entry is replaced by whatever is stored later, although that may have been fetched earlier by another process. The
/// next refresh sets that right.
///
/// # Blocking
///
/// Both operations wait for the disk, without a limit of their own: a folder on a file system that hangs makes them hang.
/// A client calls them in the background.
///
/// # Example
///
/// ```no_run
/// use growthbook_core::{CacheKey, CachedPayload, ClientKey, FeatureCache};
/// use growthbook_fetch::FileCache;
///
/// let cache = FileCache::new("/var/lib/shop/growthbook");
/// let key = CacheKey::new("https://cdn.growthbook.io", &ClientKey::new("sdk-abc123"));
/// let payload = CachedPayload::new(*br#"{"features": {}}"#);
/// cache.store(&key, &payload)?;
/// assert_eq!(cache.load(&key)?, Some(payload));
/// # Ok::<(), growthbook_core::BackendError>(())
/// ```
pub struct FileCache {
    folder: PathBuf,
    max_bytes: usize,
    /// Of an entry that is none; once in a row.
    has_warned: AtomicBool,
}

impl FileCache {
    /// A cache in this folder, which the first store makes if it is not there. On Unix nobody but its owner may look into
    /// a folder that is made so; one that is there stays as it is.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            max_bytes: 16 << 20,
            has_warned: AtomicBool::new(false),
        }
    }

    /// How many bytes a payload may have, 16 MiB unless set. A longer one is not stored, which is an error, and not
    /// loaded, which is a miss.
    #[must_use]
    pub fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    fn read(&self, name: &Name) -> io::Result<Result<CachedPayload, NoEntry>> {
        let path = self.folder.join(name.file());
        // To open a pipe would be to wait for a writer.
        if !fs::metadata(&path)?.is_file() {
            return Ok(Err(NoEntry::NoFile));
        }
        let most = self.max_bytes.saturating_add(entry::LONGEST_HEADER);
        let mut bytes = Vec::new();
        let one_more = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        File::open(path)?.take(one_more).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            return Ok(Err(NoEntry::TooLong));
        }
        Ok(entry::parse(name, &bytes, self.max_bytes))
    }

    fn write(&self, name: &Name, payload: &CachedPayload) -> io::Result<()> {
        let header = entry::header(name, payload);
        if payload.bytes().len() > self.max_bytes || header.len() > entry::LONGEST_HEADER {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the payload is longer than the cache may hold",
            ));
        }
        make_folder(&self.folder)?;
        remove_leftovers(&self.folder, SystemTime::now());
        let (path, mut file) = make_file(&self.folder, name)?;
        let written = file
            .write_all(header.as_bytes())
            .and_then(|()| file.write_all(payload.bytes()))
            .and_then(|()| file.sync_all());
        drop(file);
        let put = written.and_then(|()| fs::rename(&path, self.folder.join(name.file())));
        if put.is_err() {
            // If not even that works, a later store does it.
            let _ = fs::remove_file(&path);
        }
        put
    }
}

impl FeatureCache for FileCache {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        match self.read(&Name::of(key)) {
            Ok(Ok(payload)) => Ok(Some(payload)),
            Ok(Err(reason)) => {
                let level = if self.has_warned.swap(true, Ordering::Relaxed) {
                    log::Level::Debug
                } else {
                    log::Level::Warn
                };
                log::log!(target: crate::LOG, level, "what is stored on disk is not used: {reason}");
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BackendError::new("file cache", "load features", error)),
        }
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        self.write(&Name::of(key), payload)
            .map_err(|error| BackendError::new("file cache", "store features", error))?;
        self.has_warned.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl fmt::Debug for FileCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCache")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// A file that was not there before, to be written and put in the place of the entry.
fn make_file(folder: &Path, name: &Name) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let path = folder.join(name.unfinished(fastrand::u64(..)));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Removes what was not finished, and will not be any more. Nothing depends on it, so what cannot be removed stays.
fn remove_leftovers(folder: &Path, now: SystemTime) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_unfinished = file.file_name().to_str().is_some_and(Name::is_unfinished);
        let modified = is_unfinished.then(|| file.metadata().and_then(|about| about.modified()));
        let Some(Ok(modified)) = modified else {
            continue;
        };
        if now
            .duration_since(modified)
            .is_ok_and(|age| age > ABANDONED)
        {
            let _ = fs::remove_file(file.path());
        }
    }
}

const ABANDONED: Duration = Duration::from_secs(60 * 60);
