//! What every event offered became: counted so that nothing is ever missing from the sum.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "spool")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use super::place::Place;
use super::report::{DeliveryFailure, DropReason, TrackerReport, TrackerState};
#[cfg(feature = "spool")]
use super::spooled::Storage;
#[cfg(feature = "spool")]
use crate::SpoolError;

/// The counters of one tracker, and what room it has left.
///
/// An event counts as offered before it counts as anything else, and as one other thing once. So whoever reads the
/// outcomes first and the offers last sees no more outcomes than offers, and the difference is pending: no lock is needed.
pub(crate) struct Ledger {
    offered: AtomicU64,
    delivered: AtomicU64,
    dropped: [AtomicU64; DropReason::ALL.len()],
    events: AtomicUsize,
    bytes: AtomicUsize,
    most_events: usize,
    most_bytes: usize,
    deliveries: AtomicU64,
    retries: AtomicU64,
    panics: AtomicU64,
    last_failure: AtomicU8,
    state: AtomicU8,
    /// Where events are kept on disk, or why they are not, though they should.
    #[cfg(feature = "spool")]
    storage: OnceLock<Result<Arc<Storage>, SpoolError>>,
    /// Events in memory that should be on disk.
    #[cfg(feature = "spool")]
    spilled: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(most_events: usize, most_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            offered: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            dropped: [const { AtomicU64::new(0) }; DropReason::ALL.len()],
            events: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            most_events,
            most_bytes,
            deliveries: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            last_failure: AtomicU8::new(0),
            state: AtomicU8::new(0),
            #[cfg(feature = "spool")]
            storage: OnceLock::new(),
            #[cfg(feature = "spool")]
            spilled: AtomicUsize::new(0),
        })
    }

    /// Counts an event, and says how many came before it. Every one that is offered gets a place or is turned away.
    pub(crate) fn offer(&self) -> u64 {
        self.offered.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn turn_away(&self, reason: DropReason) {
        if let Some(count) = self.dropped.get(reason.place()) {
            count.fetch_add(1, Ordering::Release);
        }
    }

    /// Whether there is no room even for an empty event, which is quickly said.
    pub(crate) fn is_full(&self) -> bool {
        self.events.load(Ordering::Relaxed) >= self.most_events
    }

    /// Keeps room for an event.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Place> {
        let events = self.events.fetch_add(1, Ordering::Relaxed);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if events >= self.most_events || before.saturating_add(bytes) > self.most_bytes {
            self.release(bytes);
            return None;
        }
        Some(Place::new(Arc::clone(self), bytes))
    }

    pub(super) fn release(&self, bytes: usize) {
        self.events.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// An event is larger or smaller than it seemed. It is taken all the same.
    pub(super) fn resize(&self, before: usize, after: usize) {
        self.bytes.fetch_add(after, Ordering::Relaxed);
        self.bytes.fetch_sub(before, Ordering::Relaxed);
    }

    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Release);
    }

    /// Has events kept on disk from now on, or says why they are not. To be called once, before there are any.
    #[cfg(feature = "spool")]
    pub(super) fn keep(&self, storage: Result<Arc<Storage>, SpoolError>) {
        let _ = self.storage.set(storage);
    }

    #[cfg(feature = "spool")]
    pub(super) fn spilled(&self, is_more: bool) {
        if is_more {
            self.spilled.fetch_add(1, Ordering::Relaxed);
        } else {
            self.spilled.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many events are in memory that should be on disk, beside those on their way there.
    #[cfg(feature = "spool")]
    pub(super) fn in_memory(&self) -> u64 {
        self.spilled.load(Ordering::Relaxed) as u64
    }

    #[cfg(feature = "spool")]
    pub(super) fn storage(&self) -> Option<&Arc<Storage>> {
        self.storage.get()?.as_ref().ok()
    }

    pub(super) fn delivery(&self, is_retry: bool) {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        self.retries
            .fetch_add(u64::from(is_retry), Ordering::Relaxed);
    }

    pub(super) fn answered(&self, failure: Option<DeliveryFailure>) {
        let coded = failure.map_or(0, |failure| failure as u8 + 1);
        self.last_failure.store(coded, Ordering::Relaxed);
    }

    pub(super) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_now(&self, state: TrackerState) {
        self.state.store(state as u8 + 1, Ordering::Release);
    }

    pub(super) fn state(&self) -> TrackerState {
        let coded = self.state.load(Ordering::Acquire);
        let states = [
            TrackerState::Closed,
            TrackerState::Closing,
            TrackerState::Failed,
        ];
        let is_it = |state: &TrackerState| *state as u8 + 1 == coded;
        states.into_iter().find(is_it).unwrap_or(TrackerState::Open)
    }

    fn last_failure(&self) -> Option<DeliveryFailure> {
        let coded = self.last_failure.load(Ordering::Relaxed);
        let failures = [
            DeliveryFailure::Hopeless,
            DeliveryFailure::Panicked,
            DeliveryFailure::Refused,
            DeliveryFailure::Rejected,
            DeliveryFailure::TooLarge,
            DeliveryFailure::Unavailable,
        ];
        let is_it = |failure: &DeliveryFailure| *failure as u8 + 1 == coded;
        failures.into_iter().find(is_it)
    }

    pub(crate) fn report(&self) -> TrackerReport {
        // The offers last: see above.
        let dropped = self.dropped.each_ref().map(|it| it.load(Ordering::Acquire));
        let delivered = self.delivered.load(Ordering::Acquire);
        let report = TrackerReport {
            offered: 0,
            delivered,
            pending: 0,
            dropped,
            deliveries: self.deliveries.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            panics: self.panics.load(Ordering::Relaxed),
            last_failure: self.last_failure(),
            state: self.state(),
            #[cfg(feature = "spool")]
            spool: None,
            #[cfg(feature = "spool")]
            spool_error: None,
        };
        #[cfg(feature = "spool")]
        let report = match self.storage.get() {
            Some(Ok(storage)) => storage.told(report),
            Some(Err(error)) => report.failing(*error),
            None => report,
        };
        report.of(self.offered.load(Ordering::Acquire))
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_by_count_and_by_bytes_and_comes_back() {
        let ledger = Ledger::new(2, 100);
        let first = ledger.reserve(60).unwrap();
        assert!(ledger.reserve(41).is_none());
        let mut second = ledger.reserve(40).unwrap();
        assert!(ledger.is_full() && ledger.reserve(0).is_none());
        second.resize(10);
        first.delivered();
        assert!(ledger.reserve(91).is_none());
        drop(ledger.reserve(90));
        assert_eq!(ledger.bytes.load(Ordering::Relaxed), 10);
        drop(second);
        assert_eq!(ledger.bytes.load(Ordering::Relaxed), 0);
        assert_eq!(ledger.events.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_place_that_is_lost_is_counted() {
        let ledger = Ledger::new(10, 100);
        for _ in 0..4 {
            ledger.offer();
        }
        ledger.reserve(1).unwrap().delivered();
        ledger.reserve(1).unwrap().dropped(DropReason::Expired);
        drop(ledger.reserve(1));
        let report = ledger.report();
        assert_eq!((report.offered(), report.delivered()), (4, 1));
        assert_eq!((report.pending(), report.dropped()), (1, 2));
        assert_eq!(report.dropped_as(DropReason::Closed), 1);
    }
}
