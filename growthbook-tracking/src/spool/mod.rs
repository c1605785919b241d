//! Events on disk, from when they are reported until they are delivered.
//!
//! A [`Spool`] is a folder of files to which records are appended, and beside each of them a file that says which of its
//! records are done with. A file that is long enough is sealed, and the next one begun; one that has nothing pending is
//! removed. To append is one write for a whole group: when it returns, the group is with the operating system and survives
//! whatever ends the process.
//!
//! * A record is a few bytes that mean nothing here, and the time from which its age counts.
//! * Delivery is at least once: what was taken and not acknowledged is taken again by the next process, and what was
//!   acknowledged just before a loss of power may be.
//! * It always opens. Whatever is damaged costs the records that are damaged, which are counted. Sizes and counts are those
//!   of the files that are there, and never remembered beside them.
//! * Each process has a folder of its own, of which it holds the lock (`lane`), and moves there what is in those that nobody
//!   holds.
//!
//! `codec`, `scan`, `recover` and `state` decide, and touch no file; `append`, `take`, `settle` and `open` act, by way of
//! `disk`. Four locks: those of the writer and of the reader are held while files are written and read, that of the books
//! while acknowledgements are written and files removed, and that of the state never during any of this. They are taken in
//! this order. To append waits for nobody but, where a file has to be removed, for the books.

mod append;
mod bits;
mod codec;
mod disk;
mod error;
mod lane;
mod name;
mod open;
mod options;
mod recover;
mod report;
mod scan;
mod settle;
mod state;
mod take;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use self::append::Writer;
use self::disk::Disk;
use self::report::Fate;
use self::settle::Books;
use self::state::State;
use self::take::Reader;

pub(crate) use self::error::AppendError;
pub use self::error::SpoolError;
pub use self::options::SpoolOptions;
pub use self::report::SpoolReport;
pub(crate) use self::state::RecordId;
pub(crate) use self::take::Taken;
use crate::guard::say;

/// One record to be kept.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    /// When it happened.
    pub(crate) at: SystemTime,
    pub(crate) bytes: &'a [u8],
}

/// Records on disk; see the module. All threads may use one.
///
/// # Blocking
///
/// `open`, `append`, `take`, `ack`, `adopt` and `close` wait for the disk, or for who waits for it, without a
/// limit of their own. `pending` and `report` do not.
pub(crate) struct Spool {
    options: SpoolOptions,
    disk: Disk,
    /// The process that may use it.
    owner: u32,
    /// The folder that is ours.
    folder: PathBuf,
    is_closed: AtomicBool,
    writer: Mutex<Writer>,
    reader: Mutex<Reader>,
    books: Mutex<Books>,
    state: Mutex<State>,
}

impl Spool {
    /// Opens the spool in a folder, whatever is in it, with all that processes that have ended left there.
    ///
    /// # Errors
    ///
    /// The folder cannot be made, written or locked. Nothing that is in a file is an error.
    pub(crate) fn open(options: SpoolOptions, now: SystemTime) -> Result<Self, SpoolError> {
        Self::open_on(Disk::default(), options, now)
    }

    /// Writes these records, in this order.
    ///
    /// # Errors
    ///
    /// Not all of them could be written. Those that were are kept as ever, the others are the caller's, and the next call
    /// tries again.
    pub(crate) fn append(&self, records: &[Record<'_>]) -> Result<(), AppendError> {
        let mut written = 0;
        self.append_all(records, &mut written)
            .map_err(|error| AppendError { written, error })
    }

    /// The oldest records that nobody has taken, at most so many, and of no more bytes together unless it is one. Those
    /// that are too old by now are dropped instead.
    ///
    /// Who takes records says when they are done with, by [`ack`](Self::ack). Until then they count as pending, and are kept.
    ///
    /// # Errors
    ///
    /// It is closed, or another process's. That a file cannot be read is none: it is passed over, and dropped if it cannot
    /// be read three times.
    pub(crate) fn take(
        &self,
        now: SystemTime,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<Taken>, SpoolError> {
        self.check()?;
        self.take_some(now, max_records, max_bytes)
    }

    /// These records, which were taken, are done with. Others are passed over. Says how many it were.
    ///
    /// # Errors
    ///
    /// It is closed, or another process's. That it cannot be written down is none: then a later process delivers them again.
    pub(crate) fn ack(&self, records: &[RecordId]) -> Result<u64, SpoolError> {
        self.check()?;
        let mut books = lock(&self.books);
        self.check()?;
        Ok(self.settle(&mut books, records, Fate::Acked))
    }

    /// These records were not delivered, and are the next to be taken. The tracker has no use for that: it knows how old
    /// those are that it holds, and what it has not delivered when it ends is for the next process.
    #[cfg(test)]
    pub(crate) fn release(&self, records: Vec<Taken>) {
        if self.check().is_ok() {
            self.give_back(records);
        }
    }

    /// Nobody will say any more what became of what was taken. It is kept for the next process, where its file is.
    pub(crate) fn ground(&self) {
        if !self.is_forked() {
            lock(&self.state).ground();
        }
    }

    /// Takes over what processes have left behind that have ended since. Says how many records it were.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub(crate) fn adopt(&self, now: SystemTime) -> Result<u64, SpoolError> {
        self.check()?;
        let mut books = lock(&self.books);
        self.check()?;
        Ok(self.adopt_all(&mut books, now)?)
    }

    /// How many records are kept, those that are being delivered among them.
    pub(crate) fn pending(&self) -> u64 {
        if self.is_forked() {
            return 0;
        }
        lock(&self.state).pending()
    }

    /// What became of the records. Nothing, in a process that was forked off.
    pub(crate) fn report(&self) -> SpoolReport {
        if self.is_forked() {
            return SpoolReport::default();
        }
        lock(&self.state).report()
    }

    /// Waits for what is under way and gives the folder free, for the next process to deliver what is pending. Afterwards
    /// nothing is done any more; the report stays.
    pub(crate) fn close(&self) {
        if self.is_forked() || self.is_closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut writer = lock(&self.writer);
        let mut reader = lock(&self.reader);
        *reader = Reader::default();
        if let Some(active) = writer.active.take() {
            let disk = active.end;
            self.shut(active, disk);
        }
        lock(&self.books).lane = None;
    }

    /// To be asked before a lock is taken, and again under it: it may have been closed meanwhile, and the folder be another's.
    fn check(&self) -> Result<(), SpoolError> {
        // First: in a child, a lock may be held by a thread that is not there.
        if self.is_forked() {
            return Err(SpoolError::Forked);
        }
        if self.is_closed.load(Ordering::Acquire) {
            return Err(SpoolError::Closed);
        }
        Ok(())
    }

    /// Whether this is another process than the one that opened it.
    pub(crate) fn is_forked(&self) -> bool {
        self.owner != process::id()
    }

    /// The file system refused something that can be done without.
    fn failed(&self, what: &str, error: &std::io::Error) {
        lock(&self.state).counts.failures += 1;
        say!(debug, "{what} failed: {}", error.kind());
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool")
            .field("options", &self.options)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}

/// Whoever panicked under it left nothing half done that files would not set right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
