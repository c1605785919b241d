//! The thread that delivers.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::lane::{Ends, Lane};
use super::log::{Log, panicked};
use super::report::{DeliveryFailure, TrackerState};
use crate::batch::{Dispatch, Kept, Mark, Memory, Next};
use crate::guard::guarded;
use crate::intake::Intake;
use crate::sink::Failure;
use crate::{Batching, EventSink};

pub(super) struct Worker<S> {
    lane: Arc<Lane>,
    ends: Ends,
    sink: S,
    intake: Intake,
    dispatch: Dispatch<Memory>,
    /// The number of the next event.
    next: u64,
    now: Duration,
    waker: Waker,
    random: fastrand::Rng,
    /// When panics ended a step.
    panics: Vec<Duration>,
    log: Log,
    /// How many were lost before somebody wanted the end.
    lost_before: Option<u64>,
}

impl<S: EventSink> Worker<S> {
    pub(super) fn new(
        lane: Arc<Lane>,
        ends: Ends,
        sink: S,
        intake: Intake,
        batching: Batching,
        max_age: Duration,
    ) -> Self {
        Self {
            waker: lane.waker(),
            lane,
            ends,
            sink,
            intake,
            dispatch: Dispatch::new(batching, max_age, Memory::default()),
            next: 0,
            now: Duration::ZERO,
            random: fastrand::Rng::new(),
            panics: Vec::new(),
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
                None if self.goes_on() => {}
                None => break TrackerState::Failed,
            }
        };
        self.end(state);
    }

    /// Whether there is more to do.
    fn step(&mut self) -> bool {
        let asked = self.lane.desk.take();
        let came = self.drain();
        self.now = self.lane.clock.monotonic();
        for answer in asked.flushes {
            self.dispatch.flush(self.next, answer);
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
            Next::Wait(until) => self.rest(until, came > 0),
        }
        true
    }

    /// Takes what is in the queue now: what was put there before anything that was asked for is among it.
    fn drain(&mut self) -> usize {
        let waiting = self.ends.queue.len();
        if waiting > 0 {
            self.now = self.lane.clock.monotonic();
        }
        for _ in 0..waiting {
            let Ok(queued) = self.ends.queue.try_recv() else {
                break;
            };
            let mut place = queued.place;
            match self.intake.take(&queued.event) {
                Ok((event, bytes)) => {
                    place.resize(bytes);
                    let mark = Mark {
                        number: self.next,
                        since: self.now,
                        place,
                    };
                    self.next += 1;
                    self.dispatch.push(Kept { event, mark });
                }
                Err(reason) => place.dropped(reason),
            }
        }
        waiting
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
        let Ends { queue, rung } = &self.ends;
        let left = |until: Duration| until.saturating_sub(self.now);
        if is_flowing {
            // Where events come, more do. As long as this is awake, nobody who records has to wake it.
            let linger = until.map_or(LINGER, |until| left(until).min(LINGER));
            let _ = rung.recv_timeout(linger);
            return;
        }
        self.lane.sleeps(true);
        if queue.is_empty() {
            match until {
                None => drop(rung.recv()),
                Some(until) if self.lane.clock.wake_at(until, &self.waker) => drop(rung.recv()),
                Some(until) => drop(rung.recv_timeout(left(until))),
            }
        }
        self.lane.sleeps(false);
    }

    /// After a panic outside of what is guarded: a defect of ours, or a clock that panics.
    fn goes_on(&mut self) -> bool {
        self.lane.ledger.panicked();
        self.lane.sleeps(false);
        let now = guarded(|| self.lane.clock.monotonic()).unwrap_or(self.now);
        self.panics.retain(|&at| at.saturating_add(MINUTE) > now);
        self.panics.push(now);
        let goes_on = self.panics.len() < MOST_PANICS;
        guarded(|| panicked(goes_on));
        goes_on
    }

    /// Settles the accounts. Whatever is still somewhere counts as closed where it is dropped.
    fn end(mut self, state: TrackerState) {
        self.lane.shut();
        guarded(|| self.dispatch.abandon());
        let lost = self.dispatch.lost() - self.lost_before.unwrap_or_default();
        let late = self.ends.queue.len();
        let Self {
            lane,
            ends,
            sink,
            mut log,
            dispatch,
            intake,
            ..
        } = self;
        drop(dispatch);
        // What the program's code is dropped with may panic.
        guarded(|| drop(sink));
        guarded(|| drop(intake));
        drop(ends);
        guarded(|| log.ended(&lane.ledger.report()));
        lane.ledger.is_now(state);
        lane.desk.end(lost + late as u64);
    }
}

/// How long to look for more events before sleep.
const LINGER: Duration = Duration::from_millis(5);
const MINUTE: Duration = Duration::from_secs(60);
const MOST_PANICS: usize = 5;
