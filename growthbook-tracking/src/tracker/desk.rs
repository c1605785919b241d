use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Where the worker is asked for things. Whoever asks is told how many events were lost meanwhile.
#[derive(Default)]
pub(super) struct Desk(Mutex<Asked>);

/// What was asked for since the worker looked last.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) flushes: Vec<Sender<u64>>,
    /// Whoever wants to have events on disk, and is told how many are not.
    #[cfg(feature = "spool")]
    pub(super) syncs: Vec<Sender<u64>>,
    pub(super) closers: Vec<Sender<u64>>,
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
        self.flushes.extend(more.flushes);
        self.syncs.extend(more.syncs);
        self.deadline = self.deadline.or(more.deadline);
    }
}

impl Desk {
    pub(super) fn ask_to_flush(&self) -> Receiver<u64> {
        let (answer, answered) = bounded(1);
        let mut asked = self.lock();
        if asked.ended.is_none() {
            asked.flushes.push(answer);
        }
        // Otherwise the answer is dropped, and whoever waits for it need not wait.
        answered
    }

    #[cfg(feature = "spool")]
    pub(super) fn ask_to_sync(&self) -> Receiver<u64> {
        let (answer, answered) = bounded(1);
        let mut asked = self.lock();
        if asked.ended.is_none() {
            asked.syncs.push(answer);
        }
        answered
    }

    /// Says too whether this is the first who wants that.
    pub(super) fn ask_to_close(&self, deadline: Duration) -> (bool, Receiver<u64>) {
        let (answer, answered) = bounded(1);
        let mut asked = self.lock();
        if let Some(lost) = asked.ended {
            let _ = answer.try_send(lost);
            return (false, answered);
        }
        let is_first = asked.deadline.is_none();
        asked.deadline.get_or_insert(deadline);
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
            let _ = answer.try_send(lost);
        }
    }

    /// Things are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
