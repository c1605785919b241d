use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use growthbook_core::Clock;

use crate::guard::say;
use crate::spool::{AppendError, Record, RecordId, Spool, Taken};
use crate::tracker::TrackerReport;
use crate::{SpoolError, SpoolOptions};

/// A spool, as the threads of a tracker use it.
pub(crate) struct Storage {
    spool: Spool,
    clock: Arc<dyn Clock>,
    max_age: Duration,
    /// How many events of others were found by now; a copy of the process knows that as well.
    found: AtomicU64,
    /// What is done with, and not acknowledged yet.
    settled: Mutex<Vec<RecordId>>,
    error: Mutex<Option<SpoolError>>,
}

/// What an event on disk is known by, to be handed back when it is done with.
pub(crate) struct Receipt {
    storage: Arc<Storage>,
    id: RecordId,
}

/// How many events there are on disk, and were.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stock {
    /// Written by this process, or found.
    pub(super) all: u64,
    /// Those that are being delivered among them.
    pub(super) pending: u64,
    pub(super) lost: u64,
}

impl Storage {
    pub(crate) fn open(
        options: SpoolOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, SpoolError> {
        let max_age = options.age();
        let storage = Self {
            spool: Spool::open(options, clock.now())?,
            clock,
            max_age,
            found: AtomicU64::new(0),
            settled: Mutex::default(),
            error: Mutex::default(),
        };
        storage.count_found();
        Ok(Arc::new(storage))
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    pub(super) fn max_age(&self) -> Duration {
        self.max_age
    }

    /// As [`Spool::append`]; says in the log when it stops working, and when it works again.
    pub(super) fn append(&self, records: &[Record<'_>]) -> Result<(), AppendError> {
        let appended = self.spool.append(records);
        let error = match appended {
            Ok(()) => None,
            // That one event is too long says nothing about the disk.
            Err(AppendError {
                error: SpoolError::TooLarge,
                ..
            }) => return appended,
            Err(AppendError { error, .. }) => Some(error),
        };
        let before = mem::replace(&mut *lock(&self.error), error);
        // Without the lock: a logger may ask for the report.
        match (before, error) {
            (None, Some(error)) => {
                say!(
                    warn,
                    "events cannot be kept on disk, and stay in memory: {error}"
                );
            }
            (Some(_), None) => {
                say!(info, "events are kept on disk again");
            }
            _ => {}
        }
        appended
    }

    /// The next events on disk. None, if they cannot be read now.
    pub(super) fn take(&self, events: usize, bytes: usize) -> Vec<Taken> {
        let taken = self.spool.take(self.now(), events, bytes);
        taken.unwrap_or_default()
    }

    /// Acknowledges what is done with. Says how many events that are.
    pub(super) fn acknowledge(&self) -> u64 {
        let settled = mem::take(&mut *lock(&self.settled));
        if settled.is_empty() {
            return 0;
        }
        self.spool.ack(&settled).unwrap_or_default()
    }

    /// Nobody has anything in hand any more.
    pub(super) fn ground(&self) {
        self.spool.ground();
    }

    /// Takes over what other processes left behind.
    pub(super) fn adopt(&self) {
        if self.spool.adopt(self.now()).is_err() {
            say!(
                debug,
                "what other processes left on disk cannot be looked for"
            );
        }
        self.count_found();
    }

    /// Before any of these events can be delivered.
    fn count_found(&self) {
        let found = self.spool.report().recovered();
        self.found.store(found, Ordering::Release);
    }

    pub(super) fn stock(&self) -> Stock {
        let report = self.spool.report();
        Stock {
            all: report.recovered() + report.appended(),
            pending: report.pending(),
            lost: report.expired() + report.full() + report.corrupt(),
        }
    }

    /// How many events are kept.
    pub(crate) fn pending(&self) -> u64 {
        self.spool.pending()
    }

    /// For the next process, or for the next tracker.
    pub(super) fn close(&self) {
        self.spool.close();
    }

    /// The report of a tracker, with what is known here. All outcomes that are in it already happened before.
    pub(crate) fn told(&self, report: TrackerReport) -> TrackerReport {
        let spool = self.spool.report();
        let found = spool.recovered().max(self.found.load(Ordering::Acquire));
        let report = report.with_spool(spool, found);
        // In a copy of the process a thread that is not there may have the lock.
        if self.spool.is_forked() {
            return report;
        }
        match *lock(&self.error) {
            Some(error) => report.failing(error),
            None => report,
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("spool", &self.spool)
            .finish_non_exhaustive()
    }
}

impl Receipt {
    pub(super) fn new(storage: Arc<Storage>, id: RecordId) -> Self {
        Self { storage, id }
    }

    /// The event is done with.
    pub(crate) fn settle(self) {
        lock(&self.storage.settled).push(self.id);
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// Things are put in and taken out whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
