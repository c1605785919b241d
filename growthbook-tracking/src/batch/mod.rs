//! What is delivered next, and what becomes of what was not: decided without a thread, a sink or a clock.

mod backlog;
mod group;
mod outcome;
mod splitting;
#[cfg(test)]
mod tests;

use std::iter;
use std::time::Duration;

use growthbook_core::Backoff;

pub(crate) use self::backlog::{Backlog, Kept, Mark, Memory, Oldest};
use self::group::Group;
use self::splitting::Splitting;
use crate::answer::Answer;
use crate::tracker::DropReason;
use crate::{Batching, EventBatch};

/// Events on their way, in the order in which they came. All times are readings of one monotonic clock.
pub(crate) struct Dispatch<B> {
    batching: Batching,
    backlog: B,
    /// What was taken to be delivered: one batch, or the parts of one. The last is next.
    hand: Vec<Group>,
    splitting: Splitting,
    backoff: Backoff,
    refusals: Backoff,
    /// Nothing is delivered before.
    not_before: Duration,
    /// The receiver itself wants that.
    asked_until: Duration,
    last_start: Option<Duration>,
    flushes: Vec<Flush>,
    /// Until when the rest may be delivered, once it is to end.
    closing: Option<Duration>,
    lost: u64,
}

/// Somebody waits for all events before a number to be settled, and is told how many of them were dropped.
#[derive(Debug)]
struct Flush {
    horizon: u64,
    lost: u64,
    answer: Answer,
}

/// What to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// [`Dispatch::start`] has a batch.
    Deliver,
    /// It was to end, and there is nothing more.
    End,
    /// Nothing until then, or until something comes.
    Wait(Option<Duration>),
}

impl<B: Backlog> Dispatch<B> {
    pub(crate) fn new(batching: Batching, backlog: B) -> Self {
        let (first, longest) = (batching.first_delay, batching.longest_delay);
        Self {
            backoff: jittered(first, longest),
            refusals: jittered(FIRST_REFUSAL, LONGEST_REFUSAL),
            batching,
            backlog,
            hand: Vec::new(),
            splitting: Splitting::default(),
            not_before: Duration::ZERO,
            asked_until: Duration::ZERO,
            last_start: None,
            flushes: Vec::new(),
            closing: None,
            lost: 0,
        }
    }

    pub(crate) fn push(&mut self, kept: Kept) {
        self.backlog.push(kept);
    }

    #[cfg(feature = "spool")]
    pub(crate) fn backlog(&self) -> &B {
        &self.backlog
    }

    /// Delivers everything before that number as soon as may be, and says then how many of it were dropped. A pause after a
    /// failure ends, unless the receiver asked for it.
    pub(crate) fn flush(&mut self, horizon: u64, answer: Answer) {
        self.not_before = self.asked_until;
        // This one wants all that those want who have stopped waiting.
        self.flushes.retain(|flush| flush.answer.is_awaited());
        self.flushes.push(Flush {
            horizon,
            lost: 0,
            answer,
        });
    }

    /// Delivers what there is until the deadline, with short pauses after failures. Only the first call counts.
    pub(crate) fn close(&mut self, deadline: Duration) {
        if self.closing.is_none() {
            self.closing = Some(deadline);
            self.not_before = self.asked_until;
            self.backoff = jittered(CLOSING_DELAY, LONGEST_CLOSING_DELAY);
        }
    }

    /// How many events were dropped here, for whatever reason.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// What to do now.
    pub(crate) fn poll(&mut self, now: Duration) -> Next {
        self.expire(now);
        self.settle(now);
        self.answer_flushes();
        if let Some(deadline) = self.closing {
            let is_hopeless = self.not_before > now && self.not_before >= deadline;
            if self.oldest().is_none() || now >= deadline || is_hopeless {
                self.abandon();
                return Next::End;
            }
        }
        let Some(oldest) = self.oldest() else {
            return Next::Wait(self.backlog.settles_at());
        };
        let ready = self.ready_at(oldest.since);
        if now < ready {
            let until = ready.min(oldest.expires);
            let settles = self.backlog.settles_at();
            return Next::Wait(Some(settles.map_or(until, |it| it.min(until))));
        }
        if self.hand.is_empty() && !self.take() {
            // It has something, and does not part with it. That is not asked for again and again.
            self.not_before = now.saturating_add(PAUSE);
            return Next::Wait(Some(self.not_before));
        }
        Next::Deliver
    }

    /// Whether there was something to be had.
    fn take(&mut self) -> bool {
        let Batching {
            most_events,
            most_bytes,
            ..
        } = self.batching;
        let taken = self.backlog.take(most_events, most_bytes);
        self.hand.extend(Group::of(taken));
        self.splitting.begin();
        !self.hand.is_empty() || self.backlog.len() == 0
    }

    /// The batch that is next, which counts as tried from now on.
    pub(crate) fn start(&mut self, now: Duration) -> Option<EventBatch<'_>> {
        let left = self.closing.map(|deadline| deadline.saturating_sub(now));
        let limit = self.batching.limit;
        let limit = left.map_or(limit, |left| left.min(limit));
        self.last_start = Some(now);
        Some(self.hand.last()?.batch(limit))
    }

    /// Everything is dropped but what outlives the process, and whoever waits is told.
    pub(crate) fn abandon(&mut self) {
        self.closing.get_or_insert(Duration::ZERO);
        let hand = std::mem::take(&mut self.hand).into_iter().rev();
        let mut rest: Vec<_> = hand.flat_map(Group::into_kept).collect();
        rest.extend(iter::from_fn(|| self.backlog.take_expired(Duration::MAX)));
        for mark in self.backlog.keep(rest) {
            self.drop_mark(DropReason::Closed, mark);
        }
        self.settle(Duration::MAX);
        self.answer_flushes();
        // Who waits for what is kept hears nothing, and so that it is pending.
        self.flushes.clear();
    }

    fn settle(&mut self, now: Duration) {
        let is_waited_for = !self.flushes.is_empty() || self.closing.is_some();
        let lost = self.backlog.settle(now, is_waited_for);
        self.lost += lost;
        for flush in &mut self.flushes {
            // The oldest go first: that is what a flush waits for.
            flush.lost += lost;
        }
    }

    fn oldest(&self) -> Option<Oldest> {
        let in_hand = self.hand.last().and_then(Group::oldest);
        in_hand.or_else(|| self.backlog.oldest())
    }

    fn ready_at(&self, oldest_since: Duration) -> Duration {
        let is_hurried = self.closing.is_some() || !self.flushes.is_empty();
        let is_due = !self.hand.is_empty() || self.backlog.len() >= self.batching.batch_size;
        let due = if is_hurried || is_due {
            Duration::ZERO
        } else {
            oldest_since.saturating_add(self.batching.interval)
        };
        let spaced = match (self.last_start, self.closing) {
            (Some(start), None) => start.saturating_add(self.batching.spacing),
            _ => Duration::ZERO,
        };
        due.max(spaced).max(self.not_before)
    }

    fn expire(&mut self, now: Duration) {
        if self.hand.iter().any(|group| group.is_expired(now)) {
            for group in std::mem::take(&mut self.hand) {
                let (old, rest) = group.without_expired(now);
                self.hand.extend(rest);
                for mark in old {
                    self.drop_mark(DropReason::Expired, mark);
                }
            }
        }
        while let Some(kept) = self.backlog.take_expired(now) {
            self.drop_mark(DropReason::Expired, kept.mark);
        }
    }

    fn drop_all(&mut self, reason: DropReason, group: Group) {
        for mark in group.into_marks() {
            self.drop_mark(reason, mark);
        }
    }

    fn drop_mark(&mut self, reason: DropReason, mark: Mark) {
        self.lost += 1;
        for flush in &mut self.flushes {
            flush.lost += u64::from(mark.number < flush.horizon);
        }
        mark.place.dropped(reason);
    }

    fn answer_flushes(&mut self) {
        let oldest = self.oldest().map_or(u64::MAX, |oldest| oldest.number);
        self.flushes.retain(|flush| {
            let is_open = flush.horizon > oldest;
            if !is_open {
                flush.answer.give(flush.lost);
            }
            is_open
        });
    }
}

/// A fifth more or less than a delay that doubles.
fn jittered(first: Duration, longest: Duration) -> Backoff {
    let (first, longest) = (first.saturating_mul(6) / 5, longest.saturating_mul(6) / 5);
    Backoff::new(first, longest).with_jitter(1.0 / 3.0)
}

/// Until a backlog is asked again that gave nothing of what it has.
const PAUSE: Duration = Duration::from_secs(1);
const FIRST_REFUSAL: Duration = Duration::from_secs(30);
const LONGEST_REFUSAL: Duration = Duration::from_secs(600);
const CLOSING_DELAY: Duration = Duration::from_millis(100);
const LONGEST_CLOSING_DELAY: Duration = Duration::from_secs(1);
