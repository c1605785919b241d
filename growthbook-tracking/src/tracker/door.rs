//! Where events leave the queue, and become what is delivered.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::desk::Asked;
use super::lane::{Lane, Queued};
use super::place::Place;
use crate::Event;
use crate::batch::{Backlog, Dispatch, Kept, Mark, Memory};
use crate::intake::Intake;

/// The way by which events come to the worker.
pub(super) trait Inlet: Send + 'static {
    /// Where they wait then.
    type Backlog: Backlog + Send;

    /// Has what came by now wait for its turn, before anything that was asked for.
    fn bring(&mut self, dispatch: &mut Dispatch<Self::Backlog>) -> Brought;

    /// Before and after a rest. Says whether something has come meanwhile.
    fn sleeps(&self, is_asleep: bool) -> bool;

    /// Nothing more is brought after that. Says how many events came too late.
    fn end(&mut self, dispatch: &mut Dispatch<Self::Backlog>) -> u64;
}

/// What has come.
pub(super) struct Brought {
    pub(super) asked: Asked,
    /// Events come, and the worker should stay awake for more.
    pub(super) is_flowing: bool,
    /// All events that came have smaller numbers.
    pub(super) horizon: u64,
}

/// The queue's end.
pub(super) struct Door {
    queue: Receiver<Queued>,
    intake: Intake,
}

impl Door {
    pub(super) fn new(queue: Receiver<Queued>, intake: Intake) -> Self {
        Self { queue, intake }
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Takes so many of them, which are there, and hands over those that are wanted.
    pub(super) fn take(&mut self, events: usize, mut put: impl FnMut(Event, Place)) {
        for _ in 0..events {
            let Ok(queued) = self.queue.try_recv() else {
                break;
            };
            let mut place = queued.place;
            match self.intake.take(&queued.event) {
                Ok((event, bytes)) => {
                    place.resize(bytes);
                    put(event, place);
                }
                Err(reason) => place.dropped(reason),
            }
        }
    }
}

/// The worker empties the queue itself, into memory.
pub(super) struct Direct {
    lane: Arc<Lane>,
    door: Door,
    max_age: Duration,
    /// The number of the next event.
    next: u64,
}

impl Direct {
    pub(super) fn new(lane: Arc<Lane>, door: Door, max_age: Duration) -> Self {
        Self {
            lane,
            door,
            max_age,
            next: 0,
        }
    }
}

impl Inlet for Direct {
    type Backlog = Memory;

    fn bring(&mut self, dispatch: &mut Dispatch<Memory>) -> Brought {
        let asked = self.lane.desk.take();
        // What was put there before anything that was asked for is among it.
        let waiting = self.door.len();
        if waiting > 0 {
            let since = self.lane.clock.monotonic();
            let (next, expires) = (&mut self.next, since.saturating_add(self.max_age));
            self.door.take(waiting, |event, place| {
                let mark = Mark {
                    number: *next,
                    since,
                    expires,
                    place,
                };
                *next += 1;
                dispatch.push(Kept { event, mark });
            });
        }
        Brought {
            asked,
            is_flowing: waiting > 0,
            horizon: self.next,
        }
    }

    fn sleeps(&self, is_asleep: bool) -> bool {
        self.lane.sleeps(is_asleep);
        self.door.len() > 0
    }

    fn end(&mut self, _: &mut Dispatch<Memory>) -> u64 {
        self.door.len() as u64
    }
}
