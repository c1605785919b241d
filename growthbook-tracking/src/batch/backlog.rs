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
    /// From when on it is too old.
    pub(crate) expires: Duration,
    pub(crate) place: Place,
}

/// What is known of the event that is next, without a look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Oldest {
    pub(crate) number: u64,
    /// When it came, or earlier.
    pub(crate) since: Duration,
    /// From when on it is too old, if the backlog leaves that to be watched.
    pub(crate) expires: Duration,
}

impl Mark {
    pub(super) fn oldest(&self) -> Oldest {
        let Self {
            number,
            since,
            expires,
            ..
        } = *self;
        Oldest {
            number,
            since,
            expires,
        }
    }
}

/// Where events wait for their turn, in the order in which they came.
///
/// What is taken belongs to whoever took it, and comes not back: each event's own [`Place`] is told what became of it. A
/// backlog that is not in memory makes what it needs out of that, when it is asked to [settle](Self::settle).
pub(crate) trait Backlog {
    fn len(&self) -> usize;

    /// The one that is next.
    fn oldest(&self) -> Option<Oldest>;

    fn push(&mut self, kept: Kept);

    /// The next ones: at most so many, and together at most so many bytes, but one at least if there is one.
    fn take(&mut self, events: usize, bytes: usize) -> Vec<Kept>;

    /// The next one, if it is too old by then.
    fn take_expired(&mut self, now: Duration) -> Option<Kept>;

    /// Writes down what became of those that were taken, and says how many were lost within it since it was asked last. If
    /// nobody waits for a flush or for the end, it may take in others that are older.
    fn settle(&mut self, now: Duration, is_waited_for: bool) -> u64 {
        let _ = (now, is_waited_for);
        0
    }

    /// When it wants to settle at the latest.
    fn settles_at(&self) -> Option<Duration> {
        None
    }

    /// Sees to it that these outlive the process, as far as it can. The rest comes back.
    fn keep(&mut self, kept: Vec<Kept>) -> Vec<Mark> {
        kept.into_iter().map(|it| it.mark).collect()
    }
}

/// A backlog in memory. Its bounds are those of the tracker's ledger.
#[derive(Debug, Default)]
pub(crate) struct Memory(VecDeque<Kept>);

#[cfg(feature = "spool")]
impl Memory {
    /// How many of the next ones have no greater number.
    pub(crate) fn count_to(&self, number: u64) -> usize {
        let is_before = |kept: &&Kept| kept.mark.number <= number;
        self.0.iter().take_while(is_before).count()
    }
}

impl Backlog for Memory {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn oldest(&self) -> Option<Oldest> {
        Some(self.0.front()?.mark.oldest())
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

    fn take_expired(&mut self, now: Duration) -> Option<Kept> {
        let is_due = self.0.front()?.mark.expires <= now;
        is_due.then(|| self.0.pop_front()).flatten()
    }
}
