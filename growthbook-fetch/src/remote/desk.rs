//! What there is to be served, and who asks for what there is not.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use growthbook_core::{Clock, Ruleset};

use super::answers::{Answers, Found};
use super::error::RemoteEvaluationError;
use super::flight::{Answer, Flight};
use super::health::{Health, Permit};
use super::inputs::{Inputs, Key};
use super::stats::RemoteEvaluationStats;
use crate::connection::Connection;
use crate::source::crew::guarded;

/// Serves answers, and asks the server for those that are missing: one question of a kind at a time.
pub(super) struct Desk {
    connection: Arc<Connection>,
    clock: Box<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    answers: Answers,
    flights: HashMap<Key, Arc<Flight>>,
    /// What is to be asked anew in the background.
    queued: HashSet<Key>,
    health: Health,
    stats: RemoteEvaluationStats,
    /// The clock's last reading.
    last_reading: Duration,
}

/// What somebody who asks is to do.
#[derive(Debug)]
enum Turn {
    Ask(Arc<Flight>, Permit),
    Fail(RemoteEvaluationError),
    Serve(Arc<Ruleset>),
    /// Serve this, and have it asked for anew.
    ServeStale(Arc<Ruleset>),
    Wait(Arc<Flight>),
}

/// What somebody who asked gets.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) answer: Answer,
    /// Whether this one asked.
    pub(super) asked: bool,
    /// The question that was asked.
    pub(super) flight: Option<Arc<Flight>>,
    /// Whether the answer is to be asked for anew.
    pub(super) is_stale: bool,
}

impl Service {
    pub(super) fn refused(error: RemoteEvaluationError) -> Self {
        Self {
            answer: Err(error),
            asked: false,
            flight: None,
            is_stale: false,
        }
    }

    /// Whether the program is to be told of a failure: once for each question, by whoever hears of it first. Those who ask
    /// for themselves and tell their caller do not count.
    pub(super) fn is_first_to_tell(&self) -> bool {
        self.flight.as_ref().is_some_and(|it| it.is_first_to_tell())
    }
}

impl Desk {
    pub(super) fn new(
        connection: Arc<Connection>,
        clock: Box<dyn Clock>,
        answers: Answers,
    ) -> Self {
        Self {
            connection,
            clock,
            state: Mutex::new(State {
                answers,
                flights: HashMap::new(),
                queued: HashSet::new(),
                health: Health::new(),
                stats: RemoteEvaluationStats::default(),
                last_reading: Duration::ZERO,
            }),
        }
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// What is kept and may be served, or what the server says now.
    pub(super) fn serve(&self, key: &Key, inputs: &Inputs) -> Service {
        let served = |answer, is_stale| Service {
            answer,
            asked: false,
            flight: None,
            is_stale,
        };
        match self.turn(key) {
            Turn::Ask(flight, permit) => Service {
                answer: self.fly(key, inputs, &flight, &permit),
                asked: true,
                flight: Some(flight),
                is_stale: false,
            },
            Turn::Fail(error) => Service::refused(error),
            Turn::Serve(ruleset) => served(Ok(ruleset), false),
            Turn::ServeStale(ruleset) => served(Ok(ruleset), true),
            Turn::Wait(flight) => Service {
                answer: flight.wait(),
                asked: false,
                flight: Some(flight),
                is_stale: false,
            },
        }
    }

    /// Asks anew for what is stale, unless somebody does, or did, or the server failed a moment ago. `None`: nobody was
    /// asked.
    pub(super) fn renew(&self, key: &Key, inputs: &Inputs) -> Option<Answer> {
        let now = self.now();
        let mut state = self.lock();
        state.queued.remove(key);
        let is_wanted = matches!(state.answers.find(key, now), Found::Stale(_));
        if !is_wanted || state.flights.contains_key(key) {
            return None;
        }
        if state.health.is_resting(now) {
            state.stats.postponed += 1;
            return None;
        }
        let flight = state.board(key);
        drop(state);
        // The background tells by itself.
        flight.is_first_to_tell();
        Some(self.fly(key, inputs, &flight, &Permit::default()))
    }

    /// Whether the caller is to have this asked for anew: not if that is to be done already, or failed a moment ago.
    pub(super) fn queue(&self, key: &Key) -> bool {
        let now = self.now();
        let mut state = self.lock();
        !state.health.is_resting(now)
            && !state.flights.contains_key(key)
            && state.queued.insert(*key)
    }

    /// It could not be queued after all.
    pub(super) fn postpone(&self, key: &Key) {
        let mut state = self.lock();
        state.queued.remove(key);
        state.stats.postponed += 1;
    }

    /// What may be served where nothing better is to be had.
    pub(super) fn last_resort(&self, key: &Key) -> Option<Arc<Ruleset>> {
        let now = self.now();
        let mut state = self.lock();
        let found = state.answers.last_resort(key, now);
        if found.is_some() {
            state.stats.last_resorts += 1;
        } else {
            state.stats.empty += 1;
        }
        found
    }

    /// Answers that were given so far are not served any more, and questions that are under way are nobody's but of those
    /// who wait for them.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        state.answers.flush();
        let flights = std::mem::take(&mut state.flights);
        drop(state);
        drop(flights);
    }

    pub(super) fn stats(&self) -> RemoteEvaluationStats {
        let state = self.lock();
        RemoteEvaluationStats {
            kept: state.answers.len(),
            ..state.stats
        }
    }

    /// Finding nothing and undertaking to ask are one step: whoever comes later waits.
    fn turn(&self, key: &Key) -> Turn {
        let now = self.now();
        let mut state = self.lock();
        match state.answers.find(key, now) {
            Found::Fresh(ruleset) => {
                state.stats.from_cache += 1;
                Turn::Serve(ruleset)
            }
            Found::Stale(ruleset) => {
                state.stats.from_cache += 1;
                Turn::ServeStale(ruleset)
            }
            Found::Nothing => {
                if let Some(flight) = state.flights.get(key).filter(|it| it.is_here()) {
                    return Turn::Wait(Arc::clone(flight));
                }
                match state.health.permit(now) {
                    Ok(permit) => Turn::Ask(state.board(key), permit),
                    Err(error) => {
                        state.stats.failures += 1;
                        Turn::Fail(RemoteEvaluationError::Fetch(error))
                    }
                }
            }
        }
    }

    fn fly(&self, key: &Key, inputs: &Inputs, flight: &Arc<Flight>, permit: &Permit) -> Answer {
        let answer = guarded(|| self.ask(key, inputs));
        let answer = answer.unwrap_or(Err(RemoteEvaluationError::Panicked));
        let now = self.now();
        let mut state = self.lock();
        if state
            .flights
            .get(key)
            .is_some_and(|it| Arc::ptr_eq(it, flight))
        {
            state.flights.remove(key);
        }
        let replaced = match &answer {
            Ok(ruleset) => {
                state.health.worked(permit);
                let ruleset = Arc::clone(ruleset);
                state.answers.keep(*key, ruleset, flight.epoch(), now)
            }
            Err(error) => {
                state.failed(error, permit, now);
                None
            }
        };
        drop(state);
        drop(replaced);
        flight.land(answer.clone());
        answer
    }

    fn ask(&self, key: &Key, inputs: &Inputs) -> Answer {
        let question = inputs.body()?;
        self.lock().stats.requests += 1;
        let bytes = self.connection.evaluate(&question);
        let bytes = bytes.map_err(RemoteEvaluationError::Fetch)?;
        let kept = self.lock().answers.kept(key).cloned();
        if let Some(same) = kept.filter(|kept| **kept.payload() == *bytes) {
            return Ok(same);
        }
        let ruleset = Ruleset::from_json_within(&bytes, None, self.connection.max_body_bytes());
        ruleset
            .map(Arc::new)
            .map_err(RemoteEvaluationError::Payload)
    }

    /// The clock's reading. One that panics stands still.
    fn now(&self) -> Duration {
        let reading = guarded(|| self.clock.monotonic());
        let mut state = self.lock();
        let now = reading.unwrap_or(state.last_reading);
        state.last_reading = now;
        now
    }

    /// What is changed under the lock is changed by a few steps that do not panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn board(&mut self, key: &Key) -> Arc<Flight> {
        let flight = Arc::new(Flight::new(self.answers.epoch()));
        self.flights.insert(*key, Arc::clone(&flight));
        flight
    }

    fn failed(&mut self, error: &RemoteEvaluationError, permit: &Permit, now: Duration) {
        self.stats.failures += 1;
        match error {
            RemoteEvaluationError::Fetch(error) => self.health.failed(permit, error, now),
            _ => self.health.answered(permit),
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("connection", &self.connection)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
