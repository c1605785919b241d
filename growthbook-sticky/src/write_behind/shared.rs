use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use growthbook_core::{
    BackendError, Clock, FlushError, Saved, StickyAssignments, StickyBucketService, StickyIdentity,
    StickyWrite,
};

use super::buffer::{Assignment, Buffer, Full};
use super::report::WriteBehindReport;

/// What the writer has in common with those who ask. Neither the store nor the clock is called under the lock.
pub(super) struct Shared<S> {
    store: S,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    buffer: Buffer,
    report: WriteBehindReport,
    /// What the store said last, if that was an error.
    error: Option<BackendError>,
    stage: Stage,
    /// Somebody waits for everything to be written, so that there is no pause after a failure.
    flushing: usize,
    is_woken: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Open,
    /// Written until then, and no longer.
    Closing {
        deadline: Duration,
    },
    Ended,
    /// There is no thread.
    WriteThrough,
}

/// What the writer is to do.
pub(super) enum Work {
    Batch(Vec<Assignment>),
    End,
}

impl<S> Shared<S> {
    pub(super) fn new(store: S, capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            state: Mutex::new(State {
                buffer: Buffer::new(capacity),
                report: WriteBehindReport::default(),
                error: None,
                stage: Stage::Open,
                flushing: 0,
                is_woken: false,
            }),
            changed: Condvar::new(),
        }
    }

    pub(super) fn store(&self) -> &S {
        &self.store
    }

    pub(super) fn report(&self) -> WriteBehindReport {
        let state = self.lock();
        WriteBehindReport {
            pending: state.buffer.len(),
            ..state.report
        }
    }

    /// What is next, as soon as there is something.
    pub(super) fn next(&self, most: usize) -> Work {
        let is_idle = |state: &mut State| state.stage == Stage::Open && state.buffer.len() == 0;
        let waited = self.changed.wait_while(self.lock(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let (batch, now_at) = (state.buffer.batch(most), state.stage);
        drop(state);
        match now_at {
            Stage::Closing { deadline } if self.clock.monotonic() >= deadline => Work::End,
            Stage::Ended => Work::End,
            _ if batch.is_empty() => Work::End,
            _ => Work::Batch(batch),
        }
    }

    pub(super) fn arrived(&self, assignment: &Assignment, saved: &Saved) {
        let mut state = self.lock();
        state.buffer.arrived(assignment, saved);
        match saved {
            Saved::Kept(_) => state.report.overruled += 1,
            Saved::Stored => state.report.written += 1,
        }
        let error = state.error.take();
        drop((state, error));
        self.changed.notify_all();
    }

    pub(super) fn failed(&self, error: BackendError) {
        let mut state = self.lock();
        state.report.failures += 1;
        let (told, before) = (error.clone(), state.error.replace(error));
        drop(state);
        if before.is_none() {
            // The logger may ask for what is said here.
            log::warn!(target: crate::LOG, "sticky buckets cannot be written, and wait: {told}");
        }
        self.changed.notify_all();
    }

    /// The writer has ended.
    pub(super) fn ended(&self) {
        self.lock().stage = Stage::Ended;
        self.changed.notify_all();
    }

    pub(super) fn write_through(&self) {
        self.lock().stage = Stage::WriteThrough;
    }

    /// Waits after a failure, unless somebody is waiting for the outcome.
    pub(super) fn pause(&self, delay: Duration, waker: &Waker) {
        let now = self.clock.monotonic();
        let mut until = now.saturating_add(delay);
        loop {
            let mut state = self.lock();
            if let Stage::Closing { deadline } = state.stage {
                until = until.min(deadline);
            }
            let is_hurried = state.flushing > 0 && delay > SHORTEST_PAUSE;
            if is_hurried {
                until = until.min(now.saturating_add(SHORTEST_PAUSE));
            }
            state.is_woken = false;
            drop(state);
            let now = self.clock.monotonic();
            if now >= until {
                return;
            }
            let is_woken_then = self.clock.wake_at(until, waker);
            let (was, limit) = (self.hurry(), until.saturating_sub(now));
            let is_resting = |state: &mut State| !state.is_woken && state.hurry() == was;
            let (state, changed) = (self.lock(), &self.changed);
            if is_woken_then {
                drop(changed.wait_while(state, is_resting));
            } else {
                drop(changed.wait_timeout_while(state, limit, is_resting));
            }
        }
    }

    fn hurry(&self) -> (usize, Stage) {
        self.lock().hurry()
    }

    /// Under the lock assignments are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hurry(&self) -> (usize, Stage) {
        (self.flushing, self.stage)
    }
}

impl<S: StickyBucketService> Shared<S> {
    pub(super) fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let noted = self.lock().buffer.waiting_for(identities);
        let mut documents = self.store.load(identities)?;
        let mut state = self.lock();
        state.buffer.overlay(&noted, identities, &mut documents);
        drop(state);
        Ok(documents)
    }

    pub(super) fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let refused = |reason: &'static str| BackendError::new("write-behind", "keep", reason);
        let mut state = self.lock();
        match state.stage {
            Stage::Open => {}
            Stage::WriteThrough => {
                drop(state);
                return self.store.save(write);
            }
            Stage::Closing { .. } | Stage::Ended => {
                state.report.dropped += 1;
                return Err(refused("it was closed"));
            }
        }
        let taken = state.buffer.take(write).map_err(|Full| {
            state.report.dropped += 1;
            refused("too many assignments are waiting")
        });
        drop(state);
        self.changed.notify_all();
        taken
    }

    pub(super) fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        let started = self.clock.monotonic();
        let mut state = self.lock();
        if state.stage != Stage::WriteThrough {
            let horizon = state.buffer.horizon();
            state.flushing += 1;
            self.changed.notify_all();
            let is_waiting = |state: &mut State| {
                !state.buffer.is_settled(horizon) && state.stage != Stage::Ended
            };
            let waited = self.changed.wait_timeout_while(state, limit, is_waiting);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.flushing -= 1;
            if !state.buffer.is_settled(horizon) {
                let error = state.error.clone();
                return Err(error.map_or(FlushError::TimedOut, FlushError::Backend));
            }
        }
        drop(state);
        let spent = self.clock.monotonic().saturating_sub(started);
        self.store.flush(limit.saturating_sub(spent))
    }

    pub(super) fn close(&self, limit: Duration) {
        let deadline = self.clock.monotonic().saturating_add(limit);
        let mut state = self.lock();
        if state.stage == Stage::Open {
            state.stage = Stage::Closing { deadline };
        }
        self.changed.notify_all();
        let is_writing = |state: &mut State| matches!(state.stage, Stage::Closing { .. });
        let grace = limit.saturating_add(LAST_WRITE);
        let waited = self.changed.wait_timeout_while(state, grace, is_writing);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let lost = state.buffer.len();
        drop(state);
        if lost > 0 {
            log::error!(target: crate::LOG, "{lost} sticky buckets are lost, since they could not be written in time");
        }
    }
}

impl<S: Send + Sync + 'static> Wake for Shared<S> {
    fn wake(self: Arc<Self>) {
        self.lock().is_woken = true;
        self.changed.notify_all();
    }
}

/// The pause after a failure while somebody waits.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// What the store may still be given, when the limit has passed in the middle of a write.
const LAST_WRITE: Duration = Duration::from_millis(300);
