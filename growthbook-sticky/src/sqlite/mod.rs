//! Sticky buckets in a file of SQLite.
//!
//! * `statements` is what is read and written, in the terms of `document`.
//! * `open` makes a `database` of a path, which lends its connections; `file` is what is done to the file itself, `probe`
//!   finds out what its file system can do, and `doubt` whether the disk gives it at all.
//! * `slot` has the database that is open, and opens another one when the file was replaced.
//! * `patience` is the one limit for all waiting of an operation; `fault` what can go wrong, in our own words.

mod builder;
mod database;
mod document;
mod doubt;
mod fault;
mod file;
mod open;
mod patience;
mod probe;
mod slot;
mod statements;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use growthbook_core::{
    BackendError, FlushError, Saved, StickyAssignments, StickyBucketService, StickyIdentity,
    StickyWrite,
};
use rusqlite::TransactionBehavior;

pub use self::builder::SqliteStickyBucketsBuilder;
use self::document::Document;
use self::fault::Fault;
use self::slot::Slot;

/// Sticky buckets in a file, which the threads and processes of one machine share.
///
/// The table is the one of the SDK for Python's documentation, with nothing added, so that a program with that class, or
/// with a few lines of SQL, reads and writes the same file:
///
/// ```sql
/// CREATE TABLE sticky_buckets (
///     attribute_name TEXT,
///     attribute_value TEXT,
///     assignments TEXT,  -- a JSON object: {"experiment__0": "variation"}
///     PRIMARY KEY (attribute_name, attribute_value)
/// )
/// ```
///
/// A write is one assignment, put into its document by one transaction, so of several writers the first one wins, and none
/// loses an assignment of another. A program that replaces whole rows, as that class does, can lose some. Members of a
/// document that are no assignments stay as they are. A document that is no JSON object counts as none for readers, with
/// a warning in the log; it is never written over, since nobody knows what it was to say, so for that user `save` is an
/// error.
///
/// A committed assignment survives the process, however it ends. [`synchronous_full`] makes it survive a loss of power.
///
/// The file is made if it is missing, for its owner alone to read, on Unix. A damaged one is set aside as
/// `<name>.corrupt-<n>`, with an error in the log, and a new one begins; one that the disk does not give just now stays where
/// it is. One that cannot be written, or whose `user_version` somebody has set, is only read. One that is removed or replaced
/// while it is open, on Unix, is noticed by the next operation, which goes to the file that is there then. The path should be
/// on a disk of the machine: over a network, locks and write-ahead logs are not to be relied on.
///
/// # Blocking
///
/// All is done in the calling thread: some microseconds, in which others do the same; and at most the busy timeout of 250 ms
/// when somebody holds a lock. The disk has no limit of its own. Readers do not wait for writers, as long as SQLite may
/// keep a write-ahead log, which it may from version 3.51.3 on, and can where processes share memory.
///
/// [`synchronous_full`]: SqliteStickyBucketsBuilder::synchronous_full
///
/// # Example
///
/// ```
/// use growthbook_core::GrowthBookClient;
/// use growthbook_sticky::SqliteStickyBuckets;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sticky_buckets.db");
/// let buckets = SqliteStickyBuckets::open(path)?;
/// let client = GrowthBookClient::builder().sticky_buckets(buckets).build()?;
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStickyBuckets {
    slot: Slot,
    /// Of a document that is none; once.
    has_warned: AtomicBool,
}

#[derive(Clone, Debug)]
struct Options {
    path: PathBuf,
    busy_timeout: Duration,
    check_up_to: u64,
    is_full: bool,
    is_read_only: bool,
    is_rollback: bool,
    /// As SQLite writes it: 3051003 is 3.51.3.
    sqlite_version: i32,
}

impl SqliteStickyBuckets {
    /// Opens the file, and makes it if it is missing.
    ///
    /// A file that somebody else has locked is no error here: it is opened when it is needed.
    ///
    /// # Errors
    ///
    /// When the folder is not there, when the file can be neither read nor made, when its table is another one, or when it
    /// is damaged and holds other tables too, so that it is not ours to set aside.
    ///
    /// # Blocking
    ///
    /// To read the whole file, up to 64 MiB, in search of damage: see [`SqliteStickyBucketsBuilder::check_up_to`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BackendError> {
        Self::builder(path).build()
    }

    /// Starts to build one with other settings.
    pub fn builder(path: impl Into<PathBuf>) -> SqliteStickyBucketsBuilder {
        SqliteStickyBucketsBuilder::new(path.into())
    }

    /// Whether assignments are only read: because it was built so, or since the file cannot be written, or is of a later
    /// version. The log says which.
    pub fn is_read_only(&self) -> bool {
        self.slot.options().is_read_only || self.slot.read_only().is_some()
    }

    fn with(options: Options) -> Result<Self, BackendError> {
        let buckets = Self {
            slot: Slot::new(options),
            has_warned: AtomicBool::new(false),
        };
        match buckets.slot.with(|_, _| Ok(())) {
            Err(Fault::Busy) => {
                log::warn!(target: crate::LOG, "somebody has locked the sticky buckets: {}", Fault::Busy);
            }
            opened => opened.map_err(|fault| fault.on("open sticky buckets"))?,
        }
        Ok(buckets)
    }

    /// The assignments of what is stored, if it is a document, and has some.
    fn decode(&self, stored: &[u8]) -> Option<StickyAssignments> {
        let Ok(document) = Document::parse(stored) else {
            let level = if self.has_warned.swap(true, Ordering::Relaxed) {
                log::Level::Debug
            } else {
                log::Level::Warn
            };
            log::log!(target: crate::LOG, level, "a sticky bucket is not used: {}", Fault::Unreadable);
            return None;
        };
        Some(document.into_assignments()).filter(|it| !it.is_empty())
    }

    /// All of them in one transaction; a fault of one is no fault of the others.
    fn write(&self, writes: &[StickyWrite<'_>]) -> Result<Vec<Result<Saved, Fault>>, Fault> {
        self.slot.with(|database, patience| {
            database.writer(patience)?.run(patience, |connection| {
                // At once for writing: one that reads first could not be sure to be let write later.
                let behavior = TransactionBehavior::Immediate;
                let transaction = connection.transaction_with_behavior(behavior)?;
                statements::check_version(&transaction)?;
                let mut saved = Vec::with_capacity(writes.len());
                for write in writes {
                    match statements::save(&transaction, write) {
                        // SQLite may have taken back the whole transaction.
                        Err(fault) if !fault.spares_the_connection() || fault == Fault::Full => {
                            return Err(fault);
                        }
                        answer => saved.push(answer),
                    }
                }
                transaction.commit()?;
                Ok(saved)
            })
        })
    }
}

impl StickyBucketService for SqliteStickyBuckets {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        if identities.is_empty() {
            return Ok(BTreeMap::new());
        }
        let stored = self.slot.with(|database, patience| {
            let reader = database.reader(patience)?;
            reader.run(patience, |connection| {
                statements::load(connection, identities)
            })
        });
        let stored = stored.map_err(|fault| fault.on("load sticky buckets"))?;
        let documents = stored.into_iter();
        Ok(documents
            .filter_map(|(identity, stored)| Some((identity, self.decode(&stored)?)))
            .collect())
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let saved = self.write(&[*write]).and_then(|saved| {
            let only = saved.into_iter().next();
            only.unwrap_or(Err(Fault::Moved))
        });
        saved.map_err(|fault| fault.on("save a sticky bucket"))
    }

    /// In one transaction. What a single one of them cannot be written for, such as a document that is none, is an error of
    /// that one; when the transaction fails, nothing is stored, and each is an error.
    fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
        if writes.is_empty() {
            return Vec::new();
        }
        match self.write(writes) {
            Ok(saved) => {
                let on_save = |saved: Result<Saved, Fault>| {
                    saved.map_err(|fault| fault.on("save a sticky bucket"))
                };
                saved.into_iter().map(on_save).collect()
            }
            Err(fault) => {
                let error = fault.on("save sticky buckets");
                writes.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// Nothing is buffered: what `save` has answered is in the file.
    fn flush(&self, _: Duration) -> Result<(), FlushError> {
        Ok(())
    }
}

impl fmt::Debug for SqliteStickyBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStickyBuckets")
            .field("path", &self.slot.options().path)
            .field("is_read_only", &self.is_read_only())
            .finish_non_exhaustive()
    }
}
