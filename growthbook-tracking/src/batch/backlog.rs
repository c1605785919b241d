use std::collections::VecDeque;
use std::time::Duration;

use crate::Event;
use crate::tracker::Place;

/// An event that waits to be delivered.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) event: Event,
    pub(crate) mark: Mark,
}

/// What is remembered of an event beside itself.
#[derive(Debug)]
pub(crate) struct Mark {
    /// Its place in the order of arrival: larger than that of all before it.
    pub(crate) number: u64,
    /// When it came, by the monotonic clock.
    pub(crate) since: Duration,
    pub(crate) place: Place,
}

/// Where events wait for their turn, in the order in which they came.
///
/// What is taken belongs to whoever took it, and comes not back: each event's own [`Place`] is told what became of it. A
/// backlog that is not in memory makes what it needs out of that.
pub(crate) trait Backlog {
    fn len(&self) -> usize;

    /// The number of the one that is next, and when it came.
    fn oldest(&self) -> Option<(u64, Duration)>;

    fn push(&mut self, kept: Kept);

    /// The next ones: at most so many, and together at most so many bytes, but one at least if there is one.
    fn take(&mut self, events: usize, bytes: usize) -> Vec<Kept>;

    /// The next one, if it came no later than that.
    fn take_until(&mut self, since: Duration) -> Option<Kept>;
}

/// A backlog in memory. Its bounds are those of the tracker's ledger.
#[derive(Debug, Default)]
pub(crate) struct Memory(VecDeque<Kept>);

impl Backlog for Memory {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn oldest(&self) -> Option<(u64, Duration)> {
        let Mark { number, since, .. } = self.0.front()?.mark;
        Some((number, since))
    }

    fn push(&mut self, kept: Kept) {
        self.0.push_back(kept);
    }

    fn take(&mut self, events: usize, bytes: usize) -> Vec<Kept> {
        let mut taken = Vec::new();
        let mut room = bytes;
        while let Some(next) = self.0.front() {
            let fits = next.mark.place.bytes() <= room && taken.len() < events;
            if !fits && !taken.is_empty() {
                break;
            }
            room = room.saturating_sub(next.mark.place.bytes());
            taken.extend(self.0.pop_front());
        }
        taken
    }

    fn take_until(&mut self, since: Duration) -> Option<Kept> {
        let is_due = self.0.front()?.mark.since <= since;
        is_due.then(|| self.0.pop_front()).flatten()
    }
}
