//! What becomes of a batch when the sink has said how it went.

use std::time::Duration;

use super::group::Group;
use super::{Backlog, Dispatch};
use crate::sink::Failure;
use crate::tracker::DropReason;

impl<B: Backlog> Dispatch<B> {
    /// What came of it. `random` is from 0 to 1, anew each time.
    pub(crate) fn answered(&mut self, now: Duration, answer: Result<(), Failure>, random: f64) {
        let Some(mut group) = self.hand.pop() else {
            return;
        };
        group.attempts = group.attempts.saturating_add(1);
        let failure = match answer {
            Ok(()) => {
                self.reached();
                self.splitting.delivered();
                return group.delivered();
            }
            Err(failure) => failure,
        };
        match failure {
            Failure::Hopeless => {
                self.reached();
                self.drop_all(DropReason::Rejected, group);
            }
            Failure::Refused => self.refused(now, group, random),
            Failure::Rejected => {
                self.reached();
                if self.splitting.may_split(group.len()) {
                    self.halve(DropReason::Rejected, group);
                } else {
                    self.drop_all(DropReason::Rejected, group);
                }
            }
            Failure::TooLarge => {
                self.reached();
                self.halve(DropReason::TooLarge, group);
            }
            Failure::Unavailable { retry_after } => {
                let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
                self.asked_until = self.asked_until.max(now.saturating_add(asked));
                self.unavailable(now, group, random);
            }
        }
    }

    /// The receiver is there, whatever it thinks of the events.
    fn reached(&mut self) {
        self.backoff.reset();
        self.refusals.reset();
        self.not_before = Duration::ZERO;
        self.asked_until = Duration::ZERO;
    }

    fn refused(&mut self, now: Duration, group: Group, random: f64) {
        self.hand.push(group);
        self.not_before = match self.closing {
            // Nobody mends a configuration in the time that is left.
            Some(_) => Duration::MAX,
            None => now.saturating_add(self.refusals.next_delay(random)),
        };
    }

    fn unavailable(&mut self, now: Duration, mut group: Group, random: f64) {
        group.failures = group.failures.saturating_add(1);
        let most = self.batching.max_retries;
        if most.is_some_and(|most| group.failures > most) {
            self.drop_all(DropReason::GaveUp, group);
            // The next batch has as many attempts as this one had.
            self.backoff.reset();
            self.not_before = self.asked_until;
            return;
        }
        self.hand.push(group);
        let delay = self.backoff.next_delay(random);
        self.not_before = now.saturating_add(delay).max(self.asked_until);
    }

    fn halve(&mut self, alone: DropReason, group: Group) {
        match group.halves() {
            (group, None) => self.drop_all(alone, group),
            (earlier, Some(later)) => self.hand.extend([later, earlier]),
        }
    }
}

const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);
