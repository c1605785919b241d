//! How the lane's threads are asked for things, and waited for.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

#[cfg(feature = "spool")]
use crossbeam_channel::RecvTimeoutError;
use growthbook_core::FlushError;

#[cfg(feature = "spool")]
use super::desk::Asked;
use super::lane::Lane;

impl Lane {
    pub(super) fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        if self.pending() == 0 {
            return Ok(());
        }
        let answered = self.desk.ask_to_flush();
        self.ring();
        if self.is_within() {
            return self.outcome(None);
        }
        self.outcome(answered.recv_timeout(limit).ok())
    }

    /// Waits until what came is on disk.
    #[cfg(feature = "spool")]
    pub(super) fn sync(&self, limit: Duration) -> Result<(), FlushError> {
        if self.ledger.storage().is_none() {
            return self.outcome(None);
        }
        let answered = self.desk.ask_to_sync();
        self.ring();
        if self.is_within() {
            return self.outcome(None);
        }
        let in_memory = match answered.recv_timeout(limit) {
            Ok(in_memory) => in_memory,
            Err(RecvTimeoutError::Timeout) => return Err(FlushError::TimedOut),
            // It has ended, and what is left is on disk or dropped.
            Err(RecvTimeoutError::Disconnected) => self.ledger.in_memory(),
        };
        match in_memory {
            0 => Ok(()),
            pending => Err(FlushError::incomplete(0, pending)),
        }
    }

    /// Tells those who want to have events on disk how many are not.
    #[cfg(feature = "spool")]
    pub(super) fn answer_syncs(&self, asked: &mut Asked) {
        for sync in asked.syncs.drain(..) {
            sync.give(self.ledger.in_memory());
        }
    }

    pub(super) fn close(&self, limit: Duration) -> Result<(), FlushError> {
        // First nothing new comes in, then whoever is asked knows that.
        self.shut();
        let deadline = self.clock.monotonic().saturating_add(limit);
        let (is_first, ended) = self.desk.ask_to_close(deadline);
        self.ring();
        if self.is_within() {
            return self.outcome(None);
        }
        let mut lost = ended.recv_timeout(limit).ok();
        if lost.is_none() && is_first {
            self.is_overdue.store(true, Ordering::SeqCst);
            self.ring();
        }
        if lost.is_none() {
            lost = ended.recv_timeout(GRACE).ok();
        }
        let outcome = self.outcome(lost);
        match (lost, self.left()) {
            (Some(lost), left) if left > 0 => Err(FlushError::incomplete(lost, left)),
            _ => outcome,
        }
    }

    /// How many events outlive the tracker.
    #[cfg_attr(
        not(feature = "spool"),
        expect(clippy::unused_self, reason = "without a spool none does")
    )]
    pub(super) fn left(&self) -> u64 {
        #[cfg(feature = "spool")]
        if let Some(storage) = self.ledger.storage() {
            return storage.pending();
        }
        0
    }

    /// What somebody who waited is told: so many were lost, or nothing was heard.
    fn outcome(&self, lost: Option<u64>) -> Result<(), FlushError> {
        let pending = if lost.is_some() { 0 } else { self.pending() };
        match (lost.unwrap_or_default(), pending) {
            (0, 0) => Ok(()),
            (lost, pending) => Err(FlushError::incomplete(lost, pending)),
        }
    }

    fn pending(&self) -> u64 {
        self.ledger.report().pending()
    }

    /// Whether the calling thread is one of the lane's own, which must not wait for themselves.
    fn is_within(&self) -> bool {
        let this = Some(thread::current().id());
        #[cfg(feature = "spool")]
        if this == self.scribe.get().copied() {
            return true;
        }
        this == self.worker.get().copied()
    }

    pub(super) fn ring(&self) {
        self.door.ring();
        self.bell.ring();
    }
}

/// What the worker is given to settle its accounts when a limit has passed.
const GRACE: Duration = Duration::from_millis(50);
