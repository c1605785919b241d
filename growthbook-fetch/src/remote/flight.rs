//! One question on its way: see [`Flight`].

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use growthbook_core::Ruleset;

use super::answers::Epoch;
use super::error::RemoteEvaluationError;

pub(super) type Answer = Result<Arc<Ruleset>, RemoteEvaluationError>;

/// A question that one thread asks, and for whose answer others wait.
#[derive(Debug)]
pub(super) struct Flight {
    pilot: ThreadId,
    process: u32,
    epoch: Epoch,
    answer: Mutex<Option<Answer>>,
    landed: Condvar,
    is_told: AtomicBool,
}

impl Flight {
    /// This thread asks.
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            pilot: thread::current().id(),
            process: process::id(),
            epoch,
            answer: Mutex::new(None),
            landed: Condvar::new(),
            is_told: AtomicBool::new(false),
        }
    }

    /// Whether it lands here: in a copy of the process (`fork`) there is no thread that asks.
    pub(super) fn is_here(&self) -> bool {
        self.process == process::id()
    }

    /// When it was asked.
    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether nobody has told the program what came of it, which is the caller's then.
    pub(super) fn is_first_to_tell(&self) -> bool {
        !self.is_told.swap(true, Ordering::Relaxed)
    }

    pub(super) fn land(&self, answer: Answer) {
        *self.lock() = Some(answer);
        self.landed.notify_all();
    }

    /// Waits for the answer. Whoever asks has a time limit.
    pub(super) fn wait(&self) -> Answer {
        if self.pilot == thread::current().id() {
            return Err(RemoteEvaluationError::InProgress);
        }
        let waited = self
            .landed
            .wait_while(self.lock(), |answer| answer.is_none());
        let answer = waited.unwrap_or_else(PoisonError::into_inner).clone();
        answer.unwrap_or(Err(RemoteEvaluationError::Panicked))
    }

    /// An answer is put in whole.
    fn lock(&self) -> MutexGuard<'_, Option<Answer>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
