use std::fmt;

use crate::sink::Failure;
#[cfg(feature = "spool")]
use crate::{SpoolError, SpoolReport};

/// What became of the events that a [`BatchTracker`](crate::BatchTracker) was offered.
///
/// It holds at any moment, also while events come and go, that `offered` is `delivered` and `pending` and all that was
/// dropped, added up. With a spool, what earlier processes left behind counts as offered when it is found, and what is on disk
/// as pending, also after the tracker has been closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrackerReport {
    pub(super) offered: u64,
    pub(super) delivered: u64,
    pub(super) pending: u64,
    pub(super) dropped: [u64; DropReason::ALL.len()],
    pub(super) deliveries: u64,
    pub(super) retries: u64,
    pub(super) panics: u64,
    pub(super) last_failure: Option<DeliveryFailure>,
    pub(super) state: TrackerState,
    #[cfg(feature = "spool")]
    pub(super) spool: Option<SpoolReport>,
    #[cfg(feature = "spool")]
    pub(super) spool_error: Option<SpoolError>,
}

/// Why an event was not delivered.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DropReason {
    /// The tracker was closed when it came, or had to end before it was delivered.
    Closed,
    /// The same exposure, or the same use of a feature, came before.
    Duplicate,
    /// It could not be delivered for so long that it is too old.
    Expired,
    /// The tracker was told not to take such events.
    Filtered,
    /// The process is a copy of the one that made the tracker, so that its thread is not here.
    Forked,
    /// Its delivery failed too often.
    GaveUp,
    /// There was no room for it.
    QueueFull,
    /// The receiver does not want it, or it cannot be written.
    Rejected,
    /// It was lost on the disk.
    SpoolCorrupt,
    /// It was the oldest when there was no room on the disk.
    SpoolFull,
    /// It alone is larger than the tracker or the receiver takes.
    TooLarge,
}

/// What was wrong with a delivery.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeliveryFailure {
    /// It will never work: [`DeliveryError::hopeless`](crate::DeliveryError::hopeless).
    Hopeless,
    /// The sink panicked.
    Panicked,
    /// The receiver refuses us: [`DeliveryError::refused`](crate::DeliveryError::refused).
    Refused,
    /// The receiver rejects the events: [`DeliveryError::rejected`](crate::DeliveryError::rejected).
    Rejected,
    /// They are too large: [`DeliveryError::too_large`](crate::DeliveryError::too_large).
    TooLarge,
    /// The receiver is not there: [`DeliveryError::unavailable`](crate::DeliveryError::unavailable).
    Unavailable,
}

/// Whether a tracker takes events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TrackerState {
    /// It has ended; all events are dropped.
    Closed,
    /// It delivers what it has, and takes nothing more.
    Closing,
    /// Its thread could not be started, or defects have ended it five times in a minute; all events are dropped.
    Failed,
    /// It takes events.
    Open,
}

impl TrackerReport {
    /// Events that it was told of, and those that it found on disk.
    pub fn offered(&self) -> u64 {
        self.offered
    }

    /// Events that are where they belong.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Events that are on their way.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Events that were dropped, for whatever reason.
    pub fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Events that were dropped for this reason.
    pub fn dropped_as(&self, reason: DropReason) -> u64 {
        self.dropped.get(reason.place()).copied().unwrap_or(0)
    }

    /// How often the sink was handed events.
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// How many of those were not the first for their events.
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// How often the tracker's own thread was ended by a panic, and went on.
    pub fn panics(&self) -> u64 {
        self.panics
    }

    /// What was wrong with the last delivery; `None` if it worked.
    pub fn last_failure(&self) -> Option<DeliveryFailure> {
        self.last_failure
    }

    /// Whether it takes events.
    pub fn state(&self) -> TrackerState {
        self.state
    }

    /// What became of the events that are kept on disk; `None` without a spool, and where it could not be opened.
    ///
    /// What was delivered a moment ago may still be pending in it.
    #[cfg(feature = "spool")]
    #[cfg_attr(docsrs, doc(cfg(feature = "spool")))]
    pub fn spool(&self) -> Option<&SpoolReport> {
        self.spool.as_ref()
    }

    /// Why events cannot be kept on disk at present, and are in memory instead; `None` if they are on disk, or need not be.
    #[cfg(feature = "spool")]
    #[cfg_attr(docsrs, doc(cfg(feature = "spool")))]
    pub fn spool_error(&self) -> Option<SpoolError> {
        self.spool_error
    }

    /// Counts what is pending, when all else was counted before the offers were.
    pub(super) fn of(mut self, offered: u64) -> Self {
        self.offered += offered;
        self.pending = self.offered.saturating_sub(self.delivered + self.dropped());
        self
    }

    #[cfg(feature = "spool")]
    pub(super) fn failing(mut self, error: SpoolError) -> Self {
        self.spool_error = Some(error);
        self
    }

    /// With what became of those on disk; `found` of them were left by others.
    #[cfg(feature = "spool")]
    pub(super) fn with_spool(mut self, spool: SpoolReport, found: u64) -> Self {
        self.offered += found;
        for (reason, count) in [
            (DropReason::Expired, spool.expired()),
            (DropReason::SpoolCorrupt, spool.corrupt()),
            (DropReason::SpoolFull, spool.full()),
        ] {
            if let Some(dropped) = self.dropped.get_mut(reason.place()) {
                *dropped += count;
            }
        }
        self.spool = Some(spool);
        self
    }

    /// This one, and what happened in the process that this one is a copy of.
    pub(super) fn after(mut self, earlier: &Self) -> Self {
        self.offered += earlier.offered;
        self.delivered += earlier.delivered;
        self.deliveries += earlier.deliveries;
        self.retries += earlier.retries;
        self.panics += earlier.panics;
        for (own, before) in self.dropped.iter_mut().zip(&earlier.dropped) {
            *own += before;
        }
        self
    }

    /// As a copied process sees it: what waits is delivered elsewhere.
    pub(super) fn forked(mut self) -> Self {
        if let Some(forked) = self.dropped.get_mut(DropReason::Forked.place()) {
            *forked += self.pending;
        }
        self.pending = 0;
        self.state = TrackerState::Closed;
        #[cfg(feature = "spool")]
        {
            (self.spool, self.spool_error) = (None, None);
        }
        self
    }
}

impl fmt::Display for TrackerReport {
    /// One line: `12 offered, 9 delivered, 2 pending, 1 dropped (1 queue_full); 3 deliveries, 1 of them again`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            offered,
            delivered,
            pending,
            deliveries,
            retries,
            ..
        } = self;
        let dropped = self.dropped();
        write!(
            f,
            "{offered} offered, {delivered} delivered, {pending} pending, {dropped} dropped"
        )?;
        let mut before = " (";
        for reason in DropReason::ALL {
            let count = self.dropped_as(reason);
            if count > 0 {
                write!(f, "{before}{count} {reason}")?;
                before = ", ";
            }
        }
        let end = if dropped > 0 { ")" } else { "" };
        write!(f, "{end}; {deliveries} deliveries, {retries} of them again")
    }
}

impl DropReason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Closed,
        Self::Duplicate,
        Self::Expired,
        Self::Filtered,
        Self::Forked,
        Self::GaveUp,
        Self::QueueFull,
        Self::Rejected,
        Self::SpoolCorrupt,
        Self::SpoolFull,
        Self::TooLarge,
    ];

    /// Its name in reports and in the log: `queue_full`, say.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::Filtered => "filtered",
            Self::Forked => "forked",
            Self::GaveUp => "gave_up",
            Self::QueueFull => "queue_full",
            Self::Rejected => "rejected",
            Self::SpoolCorrupt => "spool_corrupt",
            Self::SpoolFull => "spool_full",
            Self::TooLarge => "too_large",
        }
    }

    /// Whether somebody wanted the event, and does not get it.
    pub(crate) fn is_loss(self) -> bool {
        !matches!(self, Self::Duplicate | Self::Filtered | Self::Forked)
    }

    pub(super) fn place(self) -> usize {
        self as usize
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Failure> for DeliveryFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Hopeless => Self::Hopeless,
            Failure::Refused => Self::Refused,
            Failure::Rejected => Self::Rejected,
            Failure::TooLarge => Self::TooLarge,
            Failure::Unavailable { .. } => Self::Unavailable,
        }
    }
}

impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hopeless => "they never will be",
            Self::Panicked => "the sink panicked",
            Self::Refused => "the receiver refuses us",
            Self::Rejected => "the receiver rejects them",
            Self::TooLarge => "they are too large",
            Self::Unavailable => "the receiver cannot be reached, or is not able to",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_said_in_one_line() {
        let mut report = TrackerReport {
            offered: 6,
            delivered: 2,
            pending: 4,
            dropped: [0; 11],
            deliveries: 3,
            retries: 1,
            panics: 0,
            last_failure: None,
            state: TrackerState::Open,
            #[cfg(feature = "spool")]
            spool: None,
            #[cfg(feature = "spool")]
            spool_error: None,
        };
        assert_eq!(
            report.to_string(),
            "6 offered, 2 delivered, 4 pending, 0 dropped; 3 deliveries, 1 of them again"
        );
        report.dropped[DropReason::QueueFull.place()] = 1;
        report.dropped[DropReason::TooLarge.place()] = 2;
        report.pending = 1;
        assert_eq!(
            report.to_string(),
            "6 offered, 2 delivered, 1 pending, 3 dropped (1 queue_full, 2 too_large); 3 deliveries, 1 of them again"
        );
    }

    #[test]
    fn every_reason_has_a_place_of_its_own() {
        for (place, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.place(), place, "{reason}");
        }
        assert!(DropReason::ALL.map(DropReason::as_str).is_sorted());
    }
}
