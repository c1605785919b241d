//! The thread that delivers.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::door::{Brought, Inlet};
use super::lane::Lane;
use super::log::Log;
use super::panics::Panics;
use super::report::{DeliveryFailure, TrackerState};
use crate::EventSink;
use crate::batch::{Dispatch, Next};
use crate::guard::guarded;
use crate::random::random;
use crate::sink::Failure;

pub(super) struct Worker<S, I: Inlet> {
    lane: Arc<Lane>,
    rung: Receiver<()>,
    sink: S,
    inlet: I,
    dispatch: Dispatch<I::Backlog>,
    now: Duration,
    waker: Waker,
    random: fastrand::Rng,
    panics: Panics,
    log: Log,
    /// How many were lost before somebody wanted the end.
    lost_before: Option<u64>,
}

impl<S: EventSink, I: Inlet> Worker<S, I> {
    pub(super) fn new(
        lane: &Arc<Lane>,
        rung: Receiver<()>,
        sink: S,
        (inlet, dispatch): (I, Dispatch<I::Backlog>),
    ) -> Self {
        Self {
            waker: lane.waker(),
            lane: Arc::clone(lane),
            rung,
            sink,
            inlet,
            dispatch,
            now: Duration::ZERO,
            random: random(),
            panics: Panics::default(),
            log: Log::default(),
            lost_before: None,
        }
    }

    /// Works until it is closed, or until it is clear that it cannot.
    pub(super) fn run(mut self) {
        self.lane.enter();
        let state = loop {
            match guarded(|| self.step()) {
                Some(true) => {}
                Some(false) => break TrackerState::Closed,
                None => {
                    self.inlet.sleeps(false);
                    if !self.panics.goes_on(&self.lane, self.now) {
                        break TrackerState::Failed;
                    }
                }
            }
        };
        self.end(state);
    }

    /// Whether there is more to do.
    fn step(&mut self) -> bool {
        let Brought {
            asked,
            is_flowing,
            horizon,
        } = self.inlet.bring(&mut self.dispatch);
        self.now = self.lane.clock.monotonic();
        for answer in asked.flushes {
            self.dispatch.flush(horizon, answer);
        }
        if let Some(deadline) = asked.deadline {
            if self.lost_before.is_none() {
                self.lost_before = Some(self.dispatch.lost());
                self.lane.ledger.is_now(TrackerState::Closing);
            }
            self.dispatch.close(deadline);
        }
        self.log.drops(self.now, &self.lane.ledger.report());
        if self.lane.is_overdue() {
            return false;
        }
        match self.dispatch.poll(self.now) {
            Next::Deliver => self.deliver(),
            Next::End => return false,
            Next::Wait(until) => self.rest(until, is_flowing),
        }
        true
    }

    fn deliver(&mut self) {
        let Some(batch) = self.dispatch.start(self.now) else {
            return;
        };
        let is_retry = batch.attempt() > 0;
        let sink = &mut self.sink;
        // The error is dropped in there, since that is not our code either.
        let answer = guarded(|| sink.deliver(&batch).map_err(|error| error.kind()));
        let ledger = &self.lane.ledger;
        ledger.delivery(is_retry);
        let failure = match answer {
            Some(Ok(())) => None,
            Some(Err(kind)) => Some(DeliveryFailure::from(kind)),
            None => Some(DeliveryFailure::Panicked),
        };
        ledger.answered(failure);
        let down = Err(Failure::Unavailable { retry_after: None });
        // A panic of the clock must not take the answer with it.
        self.now = guarded(|| self.lane.clock.monotonic()).unwrap_or(self.now);
        self.log.answered(self.now, failure);
        let random = self.random.f64();
        let answer = answer.unwrap_or(down);
        self.dispatch.answered(self.now, answer, random);
    }

    /// Waits for a time, for events, or to be asked for something.
    fn rest(&mut self, until: Option<Duration>, is_flowing: bool) {
        let rung = &self.rung;
        let left = |until: Duration| until.saturating_sub(self.now);
        if is_flowing {
            // Where events come, more do. As long as this is awake, nobody who records has to wake it.
            let linger = until.map_or(LINGER, |until| left(until).min(LINGER));
            let _ = rung.recv_timeout(linger);
            return;
        }
        if !self.inlet.sleeps(true) {
            match until {
                None => drop(rung.recv()),
                Some(until) if self.lane.clock.wake_at(until, &self.waker) => drop(rung.recv()),
                Some(until) => drop(rung.recv_timeout(left(until))),
            }
        }
        self.inlet.sleeps(false);
    }

    /// Settles the accounts. Whatever is still somewhere counts as closed where it is dropped.
    fn end(mut self, state: TrackerState) {
        self.lane.shut();
        let late = guarded(|| self.inlet.end(&mut self.dispatch)).unwrap_or_default();
        guarded(|| self.dispatch.abandon());
        let lost = self.dispatch.lost() - self.lost_before.unwrap_or_default();
        let Self {
            lane,
            sink,
            inlet,
            mut log,
            dispatch,
            ..
        } = self;
        drop(dispatch);
        // What the program's code is dropped with may panic.
        guarded(|| drop(sink));
        guarded(|| drop(inlet));
        guarded(|| lane.abandon_queue());
        guarded(|| log.ended(&lane.ledger.report()));
        lane.ledger.is_now(state);
        lane.desk.end(lost + late, lane.left() == 0);
    }
}

/// How long to look for more events before sleep.
pub(super) const LINGER: Duration = Duration::from_millis(5);
