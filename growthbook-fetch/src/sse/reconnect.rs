//! When to open the next stream: see [`Reconnect`].

use std::time::Duration;

use growthbook_core::Backoff;

/// Decides when to connect again, from how the stream before ended.
///
/// * A stream that the server ended after a while is routine: servers end theirs every minute. The next one follows
///   within a second, and nothing has failed.
/// * A failure waits for the server's `retry:`, or a second, doubling up to 30 seconds, each delay cut by up to a half. A
///   stream that lasted for a minute forgets the failures before it.
/// * A refusal waits for about five minutes: whoever refuses once does so again, but not for ever.
/// * A server that names a time is not asked before it, up to ten minutes.
///
/// Every delay is drawn anew, so that those who lost their streams together do not come back together.
#[derive(Debug)]
pub(crate) struct Reconnect {
    retry: Duration,
    backoff: Backoff,
    failures: u32,
}

/// How a stream ended, or the attempt to open one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ended {
    /// The server ended the stream, as it should be ended.
    Closed { open_for: Duration },
    /// It could not be opened, broke, or was silent for too long. Never open is open for no time.
    Failed { open_for: Duration },
    /// `204`: there is no stream to be had.
    NoContent,
    /// An answer that will not change soon: `4xx`, but for 408, 425 and 429, or something that is no event stream.
    Refused,
    /// An answer that names the time to wait.
    RetryAfter(Duration),
}

/// When to open the next stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Next {
    After(Duration),
    /// Not at all, until somebody asks for it: poll instead.
    Never,
}

impl Ended {
    /// Whether this is as it should be: nothing to warn of, and no failure.
    pub(crate) fn is_rotation(&self) -> bool {
        matches!(self, Self::Closed { open_for } if *open_for >= SHORTEST_ROTATION)
    }
}

impl Reconnect {
    /// Nothing has failed, and no server has named a time.
    pub(crate) fn new() -> Self {
        Self {
            retry: SHORTEST_RETRY,
            backoff: backoff(SHORTEST_RETRY),
            failures: 0,
        }
    }

    /// What the server's `retry:` says, from 1 to 60 seconds. The failures so far still count.
    pub(crate) fn set_retry(&mut self, retry: Duration) {
        let retry = retry.clamp(SHORTEST_RETRY, LONGEST_RETRY);
        if retry == self.retry {
            return;
        }
        self.retry = retry;
        self.backoff = backoff(retry);
        for _ in 0..self.failures {
            self.backoff.next_delay(0.0);
        }
    }

    /// When to connect again. `random` is from 0 up to, but not including, 1, evenly distributed and anew for each call.
    pub(crate) fn next(&mut self, ended: &Ended, random: f64) -> Next {
        let random = if random.is_nan() {
            0.0
        } else {
            random.clamp(0.0, 1.0)
        };
        let delay = match ended {
            Ended::NoContent => return Next::Never,
            Ended::Refused => REFUSED.mul_f64(0.75 + random / 2.0),
            Ended::RetryAfter(least) => {
                let least = (*least).min(LONGEST_RETRY_AFTER);
                let spread = (least / 4).max(LEAST_SPREAD).mul_f64(random);
                self.failed(random).max(least + spread)
            }
            Ended::Closed { .. } if ended.is_rotation() => {
                self.recover();
                ROTATION.mul_f64(random)
            }
            Ended::Closed { open_for } | Ended::Failed { open_for } => {
                if *open_for >= HEALTHY {
                    self.recover();
                }
                self.failed(random)
            }
        };
        Next::After(delay)
    }

    fn failed(&mut self, random: f64) -> Duration {
        self.failures = self.failures.saturating_add(1).min(FAILURES_THAT_COUNT);
        self.backoff.next_delay(random)
    }

    fn recover(&mut self) {
        self.failures = 0;
        self.backoff.reset();
    }
}

fn backoff(retry: Duration) -> Backoff {
    Backoff::new(retry, retry.max(LONGEST_DELAY))
}

const SHORTEST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(10 * 60);
/// A time that a server names, it names to all: whoever heard it comes within a quarter of it after, and this at least.
const LEAST_SPREAD: Duration = Duration::from_secs(2);
const REFUSED: Duration = Duration::from_secs(5 * 60);
const ROTATION: Duration = Duration::from_secs(1);
const SHORTEST_ROTATION: Duration = Duration::from_secs(5);
const HEALTHY: Duration = Duration::from_secs(60);
/// From the shortest delay to the longest it is fewer doublings than these.
const FAILURES_THAT_COUNT: u32 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::{collection, num};

    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn closed(open_for: u64) -> Ended {
        let open_for = secs(open_for);
        Ended::Closed { open_for }
    }

    const fn failed(open_for: u64) -> Ended {
        let open_for = secs(open_for);
        Ended::Failed { open_for }
    }

    fn millis(next: Next) -> Option<u128> {
        match next {
            Next::After(delay) => Some(delay.as_millis()),
            Next::Never => None,
        }
    }

    #[track_caller]
    fn check(retry: Option<u64>, ends: &[Ended], random: f64, expected: &[u128]) {
        let mut reconnect = Reconnect::new();
        if let Some(retry) = retry {
            reconnect.set_retry(Duration::from_millis(retry));
        }
        let delays = ends.iter().map(|ended| reconnect.next(ended, random));
        let expected: Vec<_> = expected.iter().copied().map(Some).collect();
        assert_eq!(delays.map(millis).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn failures_double_up_to_the_cap_each_cut_by_up_to_a_half() {
        let full = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
        check(None, &[failed(0); 7], 0.0, &full);
        check(None, &[failed(0); 7], 0.5, &full.map(|delay| delay * 3 / 4));
        let early = [closed(0), closed(4), failed(59), closed(1)];
        check(None, &early, 0.0, &[1_000, 2_000, 4_000, 8_000]);
    }

    /// S4.
    #[test]
    fn the_servers_retry_comes_first_and_is_clamped() {
        for (retry, delays) in [
            (0, [1_000, 2_000]),
            (999, [1_000, 2_000]),
            (10_000, [10_000, 20_000]),
            (20_000, [20_000, 30_000]),
            (45_000, [45_000, 45_000]),
            (u64::MAX, [60_000, 60_000]),
        ] {
            check(Some(retry), &[failed(0); 2], 0.0, &delays);
        }
    }

    #[test]
    fn another_retry_does_not_forget_failures() {
        let mut reconnect = Reconnect::new();
        for _ in 0..3 {
            reconnect.next(&failed(0), 0.0);
        }
        reconnect.set_retry(secs(2));
        assert_eq!(reconnect.next(&failed(0), 0.0), Next::After(secs(16)));
        reconnect.next(&closed(5), 0.0);
        assert_eq!(reconnect.next(&failed(0), 0.0), Next::After(secs(2)));
    }

    #[test]
    fn what_lasted_forgets_failures() {
        let rotated = [failed(0), failed(0), closed(5), failed(0)];
        check(None, &rotated, 0.0, &[1_000, 2_000, 0, 1_000]);
        let lasted = [failed(0), failed(0), failed(60), failed(59)];
        check(None, &lasted, 0.0, &[1_000, 2_000, 1_000, 2_000]);
        check(
            None,
            &[closed(5), closed(60), closed(3_600)],
            0.5,
            &[500; 3],
        );
    }

    #[test]
    fn only_an_end_after_a_while_is_a_rotation() {
        assert!(closed(5).is_rotation() && closed(60).is_rotation());
        let just_short = Duration::from_millis(4_999);
        let others = [
            Ended::Closed {
                open_for: just_short,
            },
            failed(60),
            Ended::NoContent,
            Ended::Refused,
            Ended::RetryAfter(secs(5)),
        ];
        assert!(!others.iter().any(Ended::is_rotation));
    }

    #[test]
    fn a_refusal_waits_long_and_a_named_time_is_kept() {
        let refused = Ended::Refused;
        check(
            None,
            &[refused, failed(0), refused],
            0.0,
            &[225_000, 1_000, 225_000],
        );
        check(None, &[refused], 0.5, &[300_000]);
        for (asked, random, delay) in [
            (0, 0.0, 1_000),
            (0, 0.5, 1_000),
            (3, 0.0, 3_000),
            (3, 0.5, 4_000),
            (120, 0.5, 135_000),
            (u64::MAX, 0.0, 600_000),
            (u64::MAX, 0.5, 675_000),
        ] {
            check(None, &[Ended::RetryAfter(secs(asked))], random, &[delay]);
        }
        let asked = [
            Ended::RetryAfter(secs(1)),
            failed(0),
            failed(0),
            Ended::RetryAfter(secs(1)),
        ];
        check(None, &asked, 0.0, &[1_000, 2_000, 4_000, 8_000]);
    }

    #[test]
    fn no_content_ends_it() {
        assert_eq!(Reconnect::new().next(&Ended::NoContent, 0.5), Next::Never);
    }

    /// A server that accepts and closes at once, and names another time to wait whenever it is asked.
    #[test]
    fn a_server_that_closes_at_once_is_left_in_peace() {
        for retries in [
            &[][..],
            &[0],
            &[1_000, 1_001],
            &[1_000, 2_000, 1_500],
            &[60_000, 1_000],
        ] {
            let mut reconnect = Reconnect::new();
            let (mut now, mut attempts) = (Duration::ZERO, Vec::new());
            let mut retries = retries.iter().copied().map(Duration::from_millis).cycle();
            while now < secs(3_600) {
                attempts.push(now);
                if let Some(retry) = retries.next() {
                    reconnect.set_retry(retry);
                }
                // As early as chance allows.
                let Next::After(delay) = reconnect.next(&closed(0), 1.0) else {
                    panic!("it goes on for ever");
                };
                now += delay;
            }
            for (at, from) in attempts.iter().enumerate() {
                let minute = attempts[at..]
                    .iter()
                    .take_while(|to| **to < *from + secs(60));
                let minute = minute.count();
                assert!(
                    *from < secs(60) || minute <= 10,
                    "{minute} attempts from {from:?}"
                );
            }
        }
    }

    /// The times at which 5,000 clients knock, who lost their streams at once, until the server is back.
    fn knocks(retry: Option<Duration>, lost: Ended, back: Duration) -> Vec<Duration> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut knocks = Vec::new();
        for _ in 0..CLIENTS {
            let mut reconnect = Reconnect::new();
            if let Some(retry) = retry {
                reconnect.set_retry(retry);
            }
            let (mut now, mut ended) = (Duration::ZERO, lost);
            while let Next::After(delay) = reconnect.next(&ended, random.f64()) {
                now += delay;
                knocks.push(now);
                ended = failed(0);
                if now >= back {
                    break;
                }
            }
        }
        knocks
    }

    /// The greatest share of the clients that knocks in one tenth of a second, from a time on.
    fn busiest(knocks: &[Duration], from: Duration) -> f64 {
        let mut slots = std::collections::BTreeMap::new();
        for knock in knocks.iter().filter(|knock| **knock >= from) {
            *slots.entry(knock.as_millis() / 100).or_insert(0_u32) += 1;
        }
        f64::from(slots.into_values().max().unwrap_or(0)) / f64::from(CLIENTS)
    }

    /// S22.
    #[test]
    fn those_who_lost_their_streams_together_do_not_come_back_together() {
        let proxy = Some(secs(10));
        for (name, retry, lost, back, from) in [
            ("rotated, back at once", proxy, closed(60), 0, 1),
            ("broken, back at once", proxy, failed(60), 0, 0),
            ("broken, away for a minute", proxy, failed(60), 60, 0),
            ("broken, away for an hour", proxy, failed(60), 3_600, 0),
            ("busy", proxy, Ended::RetryAfter(secs(3)), 0, 0),
            ("busy for long", proxy, Ended::RetryAfter(secs(600)), 0, 0),
            ("refused", proxy, Ended::Refused, 0, 0),
            ("no retry named, back at once", None, failed(60), 0, 1),
            (
                "no retry named, away for an hour",
                None,
                failed(60),
                3_600,
                7,
            ),
        ] {
            let busiest = busiest(&knocks(retry, lost, secs(back)), secs(from));
            println!("{name}: {busiest}");
            assert!(busiest <= 0.05, "{name}: {busiest}");
        }
    }

    proptest! {
        #[test]
        fn no_numbers_are_too_large(
            retry: Option<Duration>, lasted: Duration,
            steps in collection::vec((0_usize..5, num::f64::ANY), 1..50),
        ) {
            let mut reconnect = Reconnect::new();
            if let Some(retry) = retry { reconnect.set_retry(retry); }
            for (kind, random) in steps {
                let (open_for, least) = (lasted, lasted.min(LONGEST_RETRY_AFTER));
                let ended = [
                    Ended::Closed { open_for },
                    Ended::Failed { open_for },
                    Ended::NoContent,
                    Ended::Refused,
                    Ended::RetryAfter(lasted),
                ][kind];
                match (ended, reconnect.next(&ended, random)) {
                    (Ended::NoContent, next) => prop_assert_eq!(next, Next::Never),
                    (Ended::RetryAfter(_), Next::After(delay)) => {
                        prop_assert!(delay >= least && delay <= secs(750));
                    }
                    (Ended::Refused, Next::After(delay)) => {
                        prop_assert!(delay >= secs(225) && delay <= secs(375));
                    }
                    (ended, Next::After(delay)) => {
                        let least = Duration::from_millis(if ended.is_rotation() { 0 } else { 500 });
                        prop_assert!(delay >= least && delay <= secs(60));
                    }
                    (_, Next::Never) => prop_assert!(false, "{ended:?}"),
                }
            }
        }
    }

    const CLIENTS: u32 = 5_000;
}
