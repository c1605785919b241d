//! A store that is written by a thread of its own.
//!
//! * `buffer` decides what waits, what stands and what is next, without doing anything; `arrived` is what it knows to stand.
//! * `writer` is the thread that writes; `shared` is what it has in common with those who ask.

mod arrived;
mod buffer;
mod report;
mod shared;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use growthbook_core::{
    BackendError, Clock, FlushError, Saved, StickyAssignments, StickyBucketService, StickyIdentity,
    StickyWrite, SystemClock,
};

pub use self::report::WriteBehindReport;
use self::shared::Shared;

/// Writes another store from a thread of its own, so that no evaluation waits for a write.
///
/// What was saved here is read here at once, though it may not be stored yet. While the store is down, assignments wait, in a
/// buffer with a bound, and are tried again, later and later. Another process that assigns the same user at the same time may
/// be first: that shows when the assignment is written, and from the next [`load`](StickyBucketService::load) on both
/// serve the same; [`WriteBehindReport::overruled`] counts them. A store that must agree at once is used without this.
///
/// An assignment is safe when [`flush`](StickyBucketService::flush) has returned without an error, and not before: a process
/// that is killed takes with it what waits. Dropping it writes for up to two seconds; [`WriteBehind::close`] says how
/// that went.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::{GrowthBookClient, MemoryStickyBuckets};
/// use growthbook_sticky::WriteBehind;
///
/// let client = GrowthBookClient::builder()
///     .sticky_buckets(WriteBehind::new(MemoryStickyBuckets::new()))
///     .build()?;
/// // At the end of a job, say:
/// client.flush(Duration::from_secs(5))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WriteBehind<S: StickyBucketService> {
    shared: Arc<Shared<S>>,
}

/// Builds a [`WriteBehind`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct WriteBehindBuilder<S> {
    store: S,
    capacity: usize,
    first_delay: Duration,
    longest_delay: Duration,
    clock: Arc<dyn Clock>,
}

impl<S: StickyBucketService> WriteBehind<S> {
    /// Writes this store, with a buffer for 10,000 assignments.
    pub fn new(store: S) -> Self {
        Self::builder(store).build()
    }

    /// Starts to build one with other limits.
    pub fn builder(store: S) -> WriteBehindBuilder<S> {
        WriteBehindBuilder {
            store,
            capacity: 10_000,
            first_delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(30),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// The store behind it.
    pub fn store(&self) -> &S {
        self.shared.store()
    }

    /// What became of the assignments so far.
    pub fn report(&self) -> WriteBehindReport {
        self.shared.report()
    }

    /// Writes what waits, for up to the limit, and ends the thread; says how it went. What is saved afterwards is an error.
    ///
    /// # Blocking
    ///
    /// For up to `limit`, and for as long as the store takes for one write.
    pub fn close(&self, limit: Duration) -> WriteBehindReport {
        self.shared.close(limit);
        self.shared.report()
    }
}

impl<S> WriteBehindBuilder<S> {
    /// How many assignments may wait. One more is dropped, which is an error of [`save`](StickyBucketService::save): the user
    /// has the variation of the hash then, as without a store.
    pub fn capacity(mut self, assignments: usize) -> Self {
        self.capacity = assignments;
        self
    }

    /// How long to wait after a failure at first (100 ms unless set), and at most (30 s), doubling in between.
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_delay, self.longest_delay) = (first, longest);
        self
    }

    /// Where time comes from: the operating system, unless a test brings another clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl<S: StickyBucketService> WriteBehindBuilder<S> {
    /// Starts the thread. If the system gives none, every assignment is written in the thread that saves it.
    pub fn build(self) -> WriteBehind<S> {
        let shared = Arc::new(Shared::new(self.store, self.capacity, self.clock));
        let backoff = growthbook_core::Backoff::new(self.first_delay, self.longest_delay);
        let of_thread = Arc::clone(&shared);
        let thread = Builder::new().name("gb-sticky".to_owned());
        let started = thread.spawn(move || writer::run(&of_thread, backoff));
        if let Err(error) = started {
            log::error!(target: crate::LOG, "no thread to write sticky buckets in, so they are written at once: {}", error.kind());
            shared.write_through();
        }
        WriteBehind { shared }
    }
}

impl<S: StickyBucketService> StickyBucketService for WriteBehind<S> {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        self.shared.load(identities)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.shared.save(write)
    }

    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        self.shared.flush(limit)
    }
}

impl<S: StickyBucketService> Drop for WriteBehind<S> {
    fn drop(&mut self) {
        self.shared.close(DROP_LIMIT);
    }
}

impl<S: StickyBucketService> fmt::Debug for WriteBehind<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBehind")
            .field("store", self.store())
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}

const DROP_LIMIT: Duration = Duration::from_secs(2);
