use std::time::Duration;

use super::backlog::{Kept, Mark, Oldest};
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

    pub(super) fn oldest(&self) -> Option<Oldest> {
        Some(self.marks.first()?.oldest())
    }

    pub(super) fn is_expired(&self, now: Duration) -> bool {
        self.marks.iter().any(|mark| mark.expires <= now)
    }

    /// The events that are too old, which need not be the first ones, and what is left of the group.
    pub(super) fn without_expired(self, now: Duration) -> (Vec<Mark>, Option<Self>) {
        let Self {
            attempts, failures, ..
        } = self;
        let is_old = |it: &Kept| it.mark.expires <= now;
        let (old, rest): (Vec<_>, Vec<_>) = self.into_kept().partition(is_old);
        let rest = Self::of(rest).map(|rest| Self {
            attempts,
            failures,
            ..rest
        });
        (old.into_iter().map(|it| it.mark).collect(), rest)
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

    pub(super) fn into_kept(self) -> impl Iterator<Item = Kept> {
        let all = self.events.into_iter().zip(self.marks);
        all.map(|(event, mark)| Kept { event, mark })
    }
}
