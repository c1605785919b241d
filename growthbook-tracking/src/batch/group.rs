use std::time::Duration;

use super::backlog::{Kept, Mark};
use crate::{Event, EventBatch};

/// Events that are delivered together, and again if that fails.
#[derive(Debug)]
pub(super) struct Group {
    events: Vec<Event>,
    marks: Vec<Mark>,
    /// How often these events were handed to the sink.
    pub(super) attempts: u32,
    /// How often that failed since the receiver was not there.
    pub(super) failures: u32,
}

impl Group {
    /// `None` if there is nothing.
    pub(super) fn of(kept: Vec<Kept>) -> Option<Self> {
        let (events, marks): (Vec<_>, Vec<_>) =
            kept.into_iter().map(|it| (it.event, it.mark)).unzip();
        (!events.is_empty()).then_some(Self {
            events,
            marks,
            attempts: 0,
            failures: 0,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn batch(&self, limit: Duration) -> EventBatch<'_> {
        EventBatch::new(&self.events, self.attempts, limit)
    }

    pub(super) fn oldest(&self) -> Option<(u64, Duration)> {
        let Mark { number, since, .. } = self.marks.first()?;
        Some((*number, *since))
    }

    /// The events that came no later than that, and what is left of the group.
    pub(super) fn without_until(mut self, since: Duration) -> (Vec<Mark>, Option<Self>) {
        let old = self.marks.partition_point(|mark| mark.since <= since);
        self.events.drain(..old);
        let dropped = self.marks.drain(..old).collect();
        (dropped, (!self.events.is_empty()).then_some(self))
    }

    /// The earlier half and the later; `None` beside one event alone.
    pub(super) fn halves(mut self) -> (Self, Option<Self>) {
        let half = self.len().div_ceil(2);
        if half == self.len() {
            return (self, None);
        }
        let later = Self {
            events: self.events.split_off(half),
            marks: self.marks.split_off(half),
            ..self
        };
        (self, Some(later))
    }

    pub(super) fn delivered(self) {
        for mark in self.marks {
            mark.place.delivered();
        }
    }

    pub(super) fn into_marks(self) -> Vec<Mark> {
        self.marks
    }
}
