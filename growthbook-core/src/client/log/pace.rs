//! How often something is said that could be said in every evaluation.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::client::background::BackgroundError;
use crate::client::feed::refresh::RefreshError;
use crate::ruleset::PayloadError;

/// What was said, and when: one trouble must not keep another one from being said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    troubles: [LastSaid; Trouble::COUNT],
    once: [AtomicBool; Once::COUNT],
}

impl Said {
    /// Whether it is time to speak of it, again or for the first time. One of several threads is told so.
    pub(super) fn is_due(&self, trouble: Trouble, now: impl FnOnce() -> Duration) -> bool {
        // Whoever reports a value that does not fit does so once.
        trouble == Trouble::Value
            || self
                .troubles
                .get(trouble as usize)
                .is_some_and(|last| last.is_due(now()))
    }

    /// Whether it was never said before.
    pub(super) fn is_first(&self, what: Once) -> bool {
        let said = self.once.get(what as usize);
        said.is_some_and(|said| {
            !said.load(Ordering::Relaxed) && !said.swap(true, Ordering::Relaxed)
        })
    }
}

/// What goes wrong, as far as it is told apart in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    Cache,
    Fetch,
    Flush,
    Panic,
    Payload,
    Remote,
    Sealed,
    Sticky,
    /// An assignment was not stored.
    StickyLost,
    Value,
}

impl Trouble {
    pub(crate) fn of(error: &BackgroundError) -> Self {
        match error {
            BackgroundError::Cache(_) => Self::Cache,
            BackgroundError::Flush(_) => Self::Flush,
            BackgroundError::Panicked { .. } => Self::Panic,
            BackgroundError::Refresh(RefreshError::Payload(
                PayloadError::Decrypt | PayloadError::MissingKey,
            )) => Self::Sealed,
            BackgroundError::Refresh(RefreshError::Payload(_)) => Self::Payload,
            BackgroundError::Refresh(_) => Self::Fetch,
            BackgroundError::Remote(_) => Self::Remote,
            BackgroundError::Sticky(_) => Self::Sticky,
            BackgroundError::Value { .. } => Self::Value,
        }
    }

    /// Whether it does not pass by itself, or something is lost: an error, and not a warning.
    #[cfg(feature = "tracing")]
    pub(super) fn is_grave(self) -> bool {
        matches!(
            self,
            Self::Flush | Self::Panic | Self::Sealed | Self::StickyLost
        )
    }

    const COUNT: usize = Self::Value as usize + 1;
}

/// What is said once in a client's life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Once {
    /// A feature was asked for before there were any.
    Early,
    /// The program logged an event, and nobody wants such events.
    Unheard,
}

impl Once {
    const COUNT: usize = Self::Unheard as usize + 1;
}

/// In seconds of the clock, from 1 on; 0 is never.
#[derive(Debug, Default)]
struct LastSaid(AtomicU64);

impl LastSaid {
    fn is_due(&self, now: Duration) -> bool {
        let now = now.as_secs().saturating_add(1);
        let last = self.0.load(Ordering::Relaxed);
        let is_due = last == 0 || now.saturating_sub(last) >= PAUSE_SECONDS;
        let order = Ordering::Relaxed;
        is_due && self.0.compare_exchange(last, now, order, order).is_ok()
    }
}

const PAUSE_SECONDS: u64 = 60;
