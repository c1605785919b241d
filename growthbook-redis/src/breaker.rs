//! Leaves a server alone that keeps failing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use growthbook_core::Backoff;

/// After three failures in a row nobody is let through for a while; then one is, to see.
pub(crate) struct Breaker(Mutex<State>);

/// Leave to try, which is answered for by [`Breaker::report`].
pub(crate) struct Permit {
    is_probe: bool,
}

struct State {
    failures: u32,
    pauses: Backoff,
    /// Until when nobody is let through.
    paused_until: Option<Duration>,
    probing: bool,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            failures: 0,
            pauses: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE).with_jitter(0.0),
            paused_until: None,
            probing: false,
        }))
    }

    pub(crate) fn permit(&self, now: Duration) -> Option<Permit> {
        let mut state = self.lock();
        let Some(until) = state.paused_until else {
            return Some(Permit { is_probe: false });
        };
        if now < until || state.probing {
            return None;
        }
        state.probing = true;
        Some(Permit { is_probe: true })
    }

    pub(crate) fn report(&self, permit: &Permit, worked: bool, now: Duration) {
        let mut state = self.lock();
        if permit.is_probe {
            state.probing = false;
        } else if state.paused_until.is_some() {
            // It began before the pause, and says nothing that is not known.
            return;
        }
        if worked {
            state.failures = 0;
            state.paused_until = None;
            state.pauses.reset();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            let pause = state.pauses.next_delay(0.0);
            state.paused_until = Some(now.saturating_add(pause));
        }
    }

    /// Whether nobody is let through at this time.
    pub(crate) fn is_pausing(&self, now: Duration) -> bool {
        self.lock().paused_until.is_some_and(|until| now < until)
    }

    /// Whether nothing has failed since something worked.
    pub(crate) fn is_calm(&self) -> bool {
        self.lock().failures == 0
    }

    /// Nothing that can panic runs under this lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const FAILURES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    fn fail(breaker: &Breaker, now: Duration) -> bool {
        let permit = breaker.permit(now);
        if let Some(permit) = &permit {
            breaker.report(permit, false, now);
        }
        permit.is_some()
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        let breaker = Breaker::new();
        assert_eq!(
            [(); 4].map(|()| fail(&breaker, NOW)),
            [true, true, true, false]
        );
        let mut now = NOW;
        for pause in [5, 10, 20, 40, 60, 60] {
            let almost = now + Duration::from_millis(pause * 1_000 - 1);
            assert!(!fail(&breaker, almost), "{pause}");
            now += Duration::from_secs(pause);
            assert!(fail(&breaker, now), "{pause}");
        }
    }

    #[test]
    fn one_at_a_time_tries_again_and_opens_the_way() {
        let breaker = Breaker::new();
        let late = breaker.permit(NOW).unwrap();
        let _ = [(); 3].map(|()| fail(&breaker, NOW));
        breaker.report(&late, true, NOW);
        assert!(
            breaker.permit(NOW).is_none(),
            "what began before says nothing"
        );
        let now = NOW + FIRST_PAUSE;
        let probe = breaker.permit(now).unwrap();
        assert!(breaker.permit(now).is_none());
        breaker.report(&probe, true, now);
        assert_eq!(
            [(); 4].map(|()| fail(&breaker, now)),
            [true, true, true, false]
        );
        assert!(
            fail(&breaker, now + FIRST_PAUSE),
            "and pauses are short again"
        );
    }

    #[test]
    fn failures_count_in_a_row() {
        let breaker = Breaker::new();
        for _ in 0..10 {
            assert!(fail(&breaker, NOW) && fail(&breaker, NOW));
            let permit = breaker.permit(NOW).unwrap();
            breaker.report(&permit, true, NOW);
        }
    }
}
