//! What went wrong, counted. Nothing here is written by an evaluation in which all goes well: a counter that all threads
//! write would slow them all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::log::Said;

#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Shared with what may outlive the client.
    callback_panics: Arc<AtomicU64>,
    sticky_failures: AtomicU64,
    /// In the log.
    pub(crate) said: Said,
    /// The clock's last monotonic reading, in nanoseconds.
    pub(crate) last_reading: AtomicU64,
}

impl Counters {
    pub(crate) fn panicked(&self, times: u64) {
        self.callback_panics.fetch_add(times, Ordering::Relaxed);
    }

    pub(crate) fn sticky_failed(&self) {
        self.sticky_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn callback_panics(&self) -> &Arc<AtomicU64> {
        &self.callback_panics
    }

    pub(crate) fn sticky_failures(&self) -> u64 {
        self.sticky_failures.load(Ordering::Relaxed)
    }
}
