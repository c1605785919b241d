use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use crate::clock::Clock;

/// A clock that moves by hand. A clone is one more hand on the same clock.
///
/// Threads of the SDK that wait for a time wait for the clock to be moved there: a source that polls every minute asks its
/// server when the clock has been advanced by a minute. [`ManualClock::wait_for_alarm`] says when one of them waits.
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
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    times: Mutex<Times>,
    /// Somebody waits for a time.
    armed: Condvar,
}

#[derive(Debug)]
struct Times {
    now: SystemTime,
    monotonic: Duration,
    /// Who waits, and for which reading. Everybody once: who waits anew waits for another one.
    alarms: Vec<(Duration, Waker)>,
}

impl ManualClock {
    /// A clock that stands at the start of 2026 in UTC, with its intervals counted from zero.
    pub fn new() -> Self {
        let times = Times {
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
            monotonic: Duration::ZERO,
            alarms: Vec::new(),
        };
        Self {
            shared: Arc::new(Shared {
                times: Mutex::new(times),
                armed: Condvar::new(),
            }),
        }
    }

    /// Lets time pass, by both readings. A date that the system cannot express stays as it is.
    pub fn advance(&self, by: Duration) {
        let mut times = self.lock();
        times.now = times.now.checked_add(by).unwrap_or(times.now);
        Self::pass(times, by);
    }

    /// Lets time pass while the date stands still.
    pub fn advance_monotonic(&self, by: Duration) {
        Self::pass(self.lock(), by);
    }

    /// Sets the date, forward or back, as somebody who corrects the system's clock: no time passes.
    pub fn set_now(&self, now: SystemTime) {
        self.lock().now = now;
    }

    /// Waits until some thread waits for a time that has not come yet, at most for the limit of real time, and says how far
    /// away the next such time is.
    pub fn wait_for_alarm(&self, limit: Duration) -> Option<Duration> {
        let is_idle = |times: &mut Times| times.alarms.is_empty();
        let armed = &self.shared.armed;
        let waited = armed.wait_timeout_while(self.lock(), limit, is_idle);
        let (times, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let next = times.alarms.iter().map(|(at, _)| *at).min()?;
        Some(next.saturating_sub(times.monotonic))
    }

    fn pass(mut times: MutexGuard<'_, Times>, by: Duration) {
        times.monotonic = times.monotonic.saturating_add(by);
        let now = times.monotonic;
        let alarms = std::mem::take(&mut times.alarms);
        let (due, later): (Vec<_>, Vec<_>) = alarms.into_iter().partition(|(at, _)| *at <= now);
        times.alarms = later;
        drop(times);
        // With no lock held: whoever is woken may ask for the time.
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// A panic elsewhere cannot leave a time half set.
    fn lock(&self) -> MutexGuard<'_, Times> {
        let times = &self.shared.times;
        times.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn wake_at(&self, at: Duration, waker: &Waker) -> bool {
        let mut times = self.lock();
        times
            .alarms
            .retain(|(_, waiting)| !waiting.will_wake(waker));
        if times.monotonic >= at {
            drop(times);
            waker.wake_by_ref();
            return true;
        }
        times.alarms.push((at, waker.clone()));
        drop(times);
        self.shared.armed.notify_all();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

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

    #[derive(Debug, Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn those_who_wait_are_woken_when_their_time_has_come() {
        let clock = ManualClock::new();
        let second = Duration::from_secs(1);
        let [early, late] = [(); 2].map(|()| Arc::new(Woken::default()));
        let waker = |woken: &Arc<Woken>| Waker::from(Arc::clone(woken));
        assert_eq!(clock.wait_for_alarm(Duration::ZERO), None);
        let (early_waker, late_waker) = (waker(&early), waker(&late));
        assert!(clock.wake_at(second * 5, &early_waker));
        assert!(clock.wake_at(second, &early_waker));
        assert!(clock.wake_at(second * 3, &late_waker));
        assert_eq!(clock.wait_for_alarm(Duration::MAX), Some(second));
        let woken = || [&early, &late].map(|it| it.0.load(Ordering::SeqCst));
        clock.advance(second * 2);
        assert_eq!(woken(), [1, 0]);
        clock.advance(second * 8);
        assert_eq!(woken(), [1, 1]);
        assert!(clock.wake_at(second, &early_waker));
        assert_eq!(woken(), [2, 1], "what has passed is told at once");
        assert_eq!(clock.wait_for_alarm(Duration::ZERO), None);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let clock = ManualClock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.monotonic(), Duration::MAX);
    }
}
