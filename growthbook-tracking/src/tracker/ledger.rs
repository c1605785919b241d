//! What every event offered became: counted so that nothing is ever missing from the sum.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use super::report::{DeliveryFailure, DropReason, TrackerReport, TrackerState};

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
        Some(Place {
            ledger: Arc::clone(self),
            bytes,
            fate: Fate::Dropped(DropReason::Closed),
        })
    }

    fn release(&self, bytes: usize) {
        self.events.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
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
        let settled = dropped.iter().sum::<u64>() + delivered;
        let offered = self.offered.load(Ordering::Acquire);
        TrackerReport {
            offered,
            delivered,
            pending: offered.saturating_sub(settled),
            dropped,
            deliveries: self.deliveries.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            panics: self.panics.load(Ordering::Relaxed),
            last_failure: self.last_failure(),
            state: self.state(),
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report().fmt(f)
    }
}

/// An event's place in the tracker. Wherever the event ends, be it in a panic, it is counted there: as closed, unless
/// somebody knows better.
#[derive(Debug)]
pub(crate) struct Place {
    ledger: Arc<Ledger>,
    bytes: usize,
    fate: Fate,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Delivered,
    Dropped(DropReason),
}

impl Place {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was estimated is known now. An event that is larger than it seemed is taken all the same.
    pub(crate) fn resize(&mut self, bytes: usize) {
        self.ledger.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.ledger.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }

    pub(crate) fn delivered(mut self) {
        self.fate = Fate::Delivered;
    }

    pub(crate) fn dropped(mut self, reason: DropReason) {
        self.fate = Fate::Dropped(reason);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.ledger.release(self.bytes);
        match self.fate {
            Fate::Delivered => {
                self.ledger.delivered.fetch_add(1, Ordering::Release);
            }
            Fate::Dropped(reason) => self.ledger.turn_away(reason),
        }
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
