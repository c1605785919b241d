use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock::Clock;

/// A clock that moves by hand. A clone is one more hand on the same clock.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::Clock;
/// use growthbook_core::testing::ManualClock;
///
/// let clock = ManualClock::new();
/// let given_away = clock.clone();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(given_away.monotonic(), Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    times: Arc<Mutex<Times>>,
}

#[derive(Debug)]
struct Times {
    now: SystemTime,
    monotonic: Duration,
}

impl ManualClock {
    /// A clock that stands at the start of 2026 in UTC, with its intervals counted from zero.
    pub fn new() -> Self {
        Self {
            times: Arc::new(Mutex::new(Times {
                now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
                monotonic: Duration::ZERO,
            })),
        }
    }

    /// Lets time pass, by both readings. A date that the system cannot express stays as it is.
    pub fn advance(&self, by: Duration) {
        let mut times = self.lock();
        times.now = times.now.checked_add(by).unwrap_or(times.now);
        times.monotonic = times.monotonic.saturating_add(by);
    }

    /// Lets time pass while the date stands still.
    pub fn advance_monotonic(&self, by: Duration) {
        let mut times = self.lock();
        times.monotonic = times.monotonic.saturating_add(by);
    }

    /// Sets the date, forward or back, as somebody who corrects the system's clock: no time passes.
    pub fn set_now(&self, now: SystemTime) {
        self.lock().now = now;
    }

    /// A panic elsewhere cannot leave a time half set.
    fn lock(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.lock().now
    }

    fn monotonic(&self) -> Duration {
        self.lock().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_and_intervals_move_apart() {
        let clock = ManualClock::default();
        let start = clock.now();
        let second = Duration::from_secs(1);
        clock.advance(second);
        clock.advance_monotonic(second);
        assert_eq!(clock.now(), start + second);
        assert_eq!(clock.monotonic(), second * 2);
        clock.set_now(SystemTime::UNIX_EPOCH);
        assert_eq!(clock.now(), SystemTime::UNIX_EPOCH);
        assert_eq!(clock.monotonic(), second * 2);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let clock = ManualClock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.monotonic(), Duration::MAX);
    }
}
