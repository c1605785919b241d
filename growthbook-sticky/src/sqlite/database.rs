//! A database that is open: one connection that writes, and a few that read.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::fault::{Fault, ReadOnly};
use super::file::{self, Identity, Stillness, Use};
use super::open;
use super::patience::Patience;

pub(super) struct Database {
    /// What the program says, which may be a link.
    name: PathBuf,
    path: PathBuf,
    identity: Identity,
    journal: Option<Identity>,
    /// How the file was, if it is read without locks because nobody writes it.
    still: Option<Stillness>,
    read_only: Option<ReadOnly>,
    idle: Mutex<Idle>,
    returned: Condvar,
}

/// The connections that nobody uses. No I/O is done under its lock.
struct Idle {
    /// `None` while it is lent.
    writer: Option<Connection>,
    /// Who waits for it, in the order in which they came. Otherwise one that has just written would mostly be the next.
    writers: BTreeSet<u64>,
    next: u64,
    readers: Vec<Connection>,
    readers_lent: usize,
    /// The writer will not come back.
    is_over: bool,
}

/// A connection, until it is dropped.
pub(super) struct Lent<'d> {
    database: &'d Database,
    is_writer: bool,
    connection: Option<Connection>,
}

impl Database {
    pub(super) fn new(
        path: &Path,
        identity: Identity,
        still: Option<Stillness>,
        connection: Connection,
        read_only: Option<ReadOnly>,
    ) -> Self {
        let mut idle = Idle {
            writer: None,
            writers: BTreeSet::new(),
            next: 0,
            readers: Vec::new(),
            readers_lent: 0,
            is_over: false,
        };
        if read_only.is_some() {
            idle.readers.push(connection);
        } else {
            idle.writer = Some(connection);
        }
        Self {
            name: path.to_owned(),
            path: path.to_owned(),
            identity,
            journal: file::journal(path),
            still,
            read_only,
            idle: Mutex::new(idle),
            returned: Condvar::new(),
        }
    }

    /// The same, which a link of this name led to.
    pub(super) fn named(self, name: &Path) -> Self {
        let name = name.to_owned();
        Self { name, ..self }
    }

    pub(super) fn read_only(&self) -> Option<ReadOnly> {
        self.read_only
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether the path still leads to it, and nothing has gone wrong with it.
    pub(super) fn is_good(&self) -> bool {
        let is_still = || self.still.is_none() || self.still == Stillness::of(&self.path);
        self.is_at(&self.name) && is_still() && !self.lock().is_over
    }

    fn is_at(&self, path: &Path) -> bool {
        Identity::of(path) == Ok(Some(self.identity))
    }

    /// Takes leave of it. If the path does not lead to it any more, whoever has the file now gets all that was written, and
    /// a file that has taken its place gets nothing of it.
    pub(super) fn part(&self, patience: Patience) {
        let mut idle = self.lock();
        let writer = idle.writer.take();
        idle.is_over = true;
        drop(idle);
        self.returned.notify_all();
        if self.is_at(&self.path) {
            return;
        }
        if let Some(writer) = &writer {
            let sql = "PRAGMA wal_checkpoint(PASSIVE)";
            let _ = writer.query_row(sql, [], |_| Ok(()));
        }
        let lock = file::lock_folder(file::folder(&self.path), Use::Change, patience);
        if let (Some(journal), Ok(_lock), false) = (self.journal, lock, self.is_at(&self.path)) {
            file::remove_journal(&self.path, journal);
        }
    }

    /// The connection that writes, as soon as nobody else uses it.
    pub(super) fn writer(&self, patience: Patience) -> Result<Lent<'_>, Fault> {
        if let Some(reason) = self.read_only {
            return Err(Fault::ReadOnly(reason));
        }
        let mut idle = self.lock();
        let own = idle.next;
        idle.next += 1;
        idle.writers.insert(own);
        let is_to_wait = |idle: &mut Idle| {
            let is_next = idle.writer.is_some() && idle.writers.first() == Some(&own);
            !is_next && !idle.is_over
        };
        let (mut idle, is_late) = self.wait_while(idle, patience, is_to_wait);
        idle.writers.remove(&own);
        if is_late {
            drop(idle);
            self.returned.notify_all();
            return Err(Fault::Busy);
        }
        // Over it is when it was moved, or when the last one to write found something wrong.
        let connection = idle.writer.take().ok_or(Fault::Moved)?;
        Ok(Lent {
            database: self,
            is_writer: true,
            connection: Some(connection),
        })
    }

    /// A connection that reads, as soon as there is one.
    pub(super) fn reader(&self, patience: Patience) -> Result<Lent<'_>, Fault> {
        let is_none = |idle: &mut Idle| idle.readers.is_empty() && idle.readers_lent >= READERS;
        let (mut idle, is_late) = self.wait_while(self.lock(), patience, is_none);
        if is_late {
            return Err(Fault::Busy);
        }
        idle.readers_lent += 1;
        let connection = idle.readers.pop();
        drop(idle);
        let mut lent = Lent {
            database: self,
            is_writer: false,
            connection,
        };
        if lent.connection.is_none() {
            lent.connection = Some(open::reader(&self.path, self.still.is_some())?);
        }
        Ok(lent)
    }

    /// Waits for something to be returned; whether that took too long.
    fn wait_while<'d>(
        &self,
        idle: MutexGuard<'d, Idle>,
        patience: Patience,
        is_to_wait: impl FnMut(&mut Idle) -> bool,
    ) -> (MutexGuard<'d, Idle>, bool) {
        let left = patience.left();
        let waited = self.returned.wait_timeout_while(idle, left, is_to_wait);
        let (idle, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        (idle, timeout.timed_out())
    }

    /// Under the lock connections are put in and taken out, whole.
    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Lent<'_> {
    /// Uses the connection, and closes it if it may not be as it was.
    pub(super) fn run<T>(
        mut self,
        patience: Patience,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let connection = self.connection.as_mut().ok_or(Fault::CannotOpen)?;
        let done = patience.during(|| work(connection));
        if done
            .as_ref()
            .is_err_and(|fault| !fault.spares_the_connection())
        {
            self.connection = None;
        }
        done
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.database.lock();
        if self.is_writer {
            idle.is_over |= self.connection.is_none();
            idle.writer = self.connection.take();
        } else {
            idle.readers_lent = idle.readers_lent.saturating_sub(1);
            idle.readers.extend(self.connection.take());
        }
        drop(idle);
        self.database.returned.notify_all();
    }
}

/// Lookups take microseconds, so that more of them would do nothing at the same time but take memory.
const READERS: usize = 4;
