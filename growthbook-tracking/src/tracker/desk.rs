use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::answer::{Answer, Awaited};

/// Where the worker is asked for things. Whoever asks is told how many events were lost meanwhile.
#[derive(Default)]
pub(super) struct Desk(Mutex<Asked>);

/// What was asked for since the worker looked last. Who has stopped waiting is forgotten when somebody else comes, who wants no
/// less.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) flushes: Vec<Answer>,
    /// Whoever wants to have events on disk, and is told how many are not.
    #[cfg(feature = "spool")]
    pub(super) syncs: Vec<Answer>,
    pub(super) closers: Vec<Answer>,
    /// Until when the rest may be delivered, once somebody wants the end.
    pub(super) deadline: Option<Duration>,
    ended: Option<u64>,
}

impl Asked {
    #[cfg(feature = "spool")]
    pub(super) fn is_anything(&self) -> bool {
        !self.flushes.is_empty() || self.deadline.is_some()
    }

    /// And this as well.
    #[cfg(feature = "spool")]
    pub(super) fn add(&mut self, more: Self) {
        self.flushes.retain(Answer::is_awaited);
        self.flushes.extend(more.flushes);
        self.syncs.extend(more.syncs);
        self.deadline = self.deadline.or(more.deadline);
    }
}

impl Desk {
    pub(super) fn ask_to_flush(&self) -> Awaited {
        let (answer, answered) = Answer::new();
        let mut asked = self.lock();
        if asked.ended.is_none() {
            asked.flushes.retain(Answer::is_awaited);
            asked.flushes.push(answer);
        }
        // Otherwise the answer is dropped, and whoever waits for it need not wait.
        answered
    }

    #[cfg(feature = "spool")]
    pub(super) fn ask_to_sync(&self) -> Awaited {
        let (answer, answered) = Answer::new();
        let mut asked = self.lock();
        if asked.ended.is_none() {
            asked.syncs.retain(Answer::is_awaited);
            asked.syncs.push(answer);
        }
        answered
    }

    /// Says too whether this is the first who wants that.
    pub(super) fn ask_to_close(&self, deadline: Duration) -> (bool, Awaited) {
        let (answer, answered) = Answer::new();
        let mut asked = self.lock();
        if let Some(lost) = asked.ended {
            answer.give(lost);
            return (false, answered);
        }
        let is_first = asked.deadline.is_none();
        asked.deadline.get_or_insert(deadline);
        asked.closers.retain(Answer::is_awaited);
        asked.closers.push(answer);
        (is_first, answered)
    }

    /// What there is to be done.
    pub(super) fn take(&self) -> Asked {
        let mut asked = self.lock();
        Asked {
            flushes: std::mem::take(&mut asked.flushes),
            #[cfg(feature = "spool")]
            syncs: std::mem::take(&mut asked.syncs),
            closers: Vec::new(),
            deadline: asked.deadline,
            ended: None,
        }
    }

    /// Nothing more is done; all who wait hear of it, and all who come later. Those who flush hear nothing in particular if
    /// something is left.
    pub(super) fn end(&self, lost: u64, is_all: bool) {
        let mut asked = self.lock();
        asked.ended = Some(lost);
        #[cfg(feature = "spool")]
        asked.syncs.clear();
        let (flushes, closers) = (
            std::mem::take(&mut asked.flushes),
            std::mem::take(&mut asked.closers),
        );
        drop(asked);
        let flushes = flushes.into_iter().filter(|_| is_all);
        for answer in flushes.chain(closers) {
            answer.give(lost);
        }
    }

    /// Things are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-33: also while the worker is held up, by a sink that hangs, say.
    #[test]
    fn who_has_stopped_waiting_is_forgotten() {
        let desk = Desk::default();
        let waiting = desk.ask_to_flush();
        for _ in 0..100 {
            drop(desk.ask_to_flush());
            drop(desk.ask_to_close(Duration::ZERO));
        }
        let asked = desk.take();
        assert_eq!(asked.flushes.len(), 2, "and one that has its effect still");
        assert_eq!(desk.lock().closers.len(), 1);
        for flush in asked.flushes {
            flush.give(7);
        }
        assert_eq!(waiting.try_recv(), Ok(7));
    }
}
