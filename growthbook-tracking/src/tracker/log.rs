use std::time::Duration;

use super::report::{DeliveryFailure, DropReason, TrackerReport};
use crate::guard::say;

/// Says what goes wrong, in numbers only and at most once a minute: from the worker, so that no logger holds up whoever
/// records.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// What was said last.
    said: Vec<(DropReason, u64)>,
    said_in_all: u64,
    drops_at: Option<Duration>,
    failure_at: Option<Duration>,
    is_failing: bool,
}

impl Log {
    /// Says what was dropped since it was said last, if that is long enough ago. Returns whether it did.
    pub(super) fn drops(&mut self, now: Duration, report: &TrackerReport) -> bool {
        let says = is_due(self.drops_at, now) && self.say(report);
        if says {
            self.drops_at = Some(now);
        }
        says
    }

    pub(super) fn answered(&mut self, now: Duration, failure: Option<DeliveryFailure>) {
        let Some(failure) = failure else {
            if std::mem::take(&mut self.is_failing) {
                say!(info, "events are delivered again");
            }
            return;
        };
        if is_due(self.failure_at, now) {
            say!(warn, "events were not delivered: {failure}");
            (self.failure_at, self.is_failing) = (Some(now), true);
        }
    }

    pub(super) fn ended(&mut self, report: &TrackerReport) {
        self.say(report);
    }

    fn say(&mut self, report: &TrackerReport) -> bool {
        let losses = || DropReason::ALL.into_iter().filter(|it| it.is_loss());
        let in_all = losses().map(|it| report.dropped_as(it)).sum();
        if in_all == self.said_in_all {
            return false;
        }
        let now: Vec<_> = losses().map(|it| (it, report.dropped_as(it))).collect();
        let before = |reason| {
            let said = self.said.iter().find(|(it, _)| *it == reason);
            said.map_or(0, |(_, count)| *count)
        };
        let news: Vec<String> = now
            .iter()
            .filter(|(reason, count)| *count > before(*reason))
            .map(|(reason, count)| format!("{} {reason}", count - before(*reason)))
            .collect();
        say!(warn, "events were dropped: {}", news.join(", "));
        (self.said, self.said_in_all) = (now, in_all);
        true
    }
}

/// A panic outside of what the program brings: it is counted as well.
pub(super) fn panicked(goes_on: bool) {
    let then = if goes_on { "goes on" } else { "ends" };
    say!(error, "the tracker's thread panicked, and {then}");
}

fn is_due(last: Option<Duration>, now: Duration) -> bool {
    last.is_none_or(|last| now.saturating_sub(last) >= MINUTE)
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::super::ledger::Ledger;
    use super::*;

    /// E9: one line a minute.
    #[test]
    fn drops_are_told_once_a_minute() {
        let (ledger, mut log) = (Ledger::new(0, 0), Log::default());
        let at = Duration::from_secs;
        assert!(!log.drops(at(1), &ledger.report()), "there are none");
        ledger.turn_away(DropReason::Filtered);
        assert!(
            !log.drops(at(2), &ledger.report()),
            "nobody wanted that one"
        );
        ledger.turn_away(DropReason::QueueFull);
        assert!(log.drops(at(3), &ledger.report()));
        ledger.turn_away(DropReason::QueueFull);
        assert!(!log.drops(at(62), &ledger.report()));
        assert!(log.drops(at(63), &ledger.report()));
        assert!(!log.drops(at(200), &ledger.report()), "that is known");
    }
}
