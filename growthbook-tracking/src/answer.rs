//! Answers to those who wait, for as long as they do.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use crossbeam_channel::{Receiver, Sender, bounded};

/// To be given once, to somebody who may have stopped waiting.
#[derive(Debug)]
pub(crate) struct Answer {
    to: Sender<u64>,
    waiting: Weak<()>,
}

/// Where it is waited for; who drops this waits no more.
#[derive(Debug)]
pub(crate) struct Awaited {
    answered: Receiver<u64>,
    _waiting: Arc<()>,
}

impl Answer {
    pub(crate) fn new() -> (Self, Awaited) {
        let (to, answered) = bounded(1);
        let waiting = Arc::new(());
        let answer = Self {
            to,
            waiting: Arc::downgrade(&waiting),
        };
        let awaited = Awaited {
            answered,
            _waiting: waiting,
        };
        (answer, awaited)
    }

    /// Whoever has stopped waiting needs none.
    pub(crate) fn give(&self, number: u64) {
        let _ = self.to.try_send(number);
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.strong_count() > 0
    }
}

impl Deref for Awaited {
    type Target = Receiver<u64>;

    fn deref(&self) -> &Self::Target {
        &self.answered
    }
}
