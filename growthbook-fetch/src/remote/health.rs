//! How the server does: when it is asked, and when it is left alone. It has no clock: times are readings of one that does not
//! go back.

use std::time::Duration;

use growthbook_core::{Backoff, FetchError};

/// Leaves a server alone that keeps failing: each who waits for it would wait as long as a request may take.
///
/// After three failures in a row, such as timeouts, nobody asks for a while, and then one does, to see. Whoever does
/// not wait is more careful: a single failure makes the background rest.
pub(super) struct Health {
    /// Until then the server wants to be left alone, for this reason.
    hold: Option<(Duration, FetchError)>,
    rested: Duration,
    backoff: Backoff,
    failures: u32,
    last: Option<FetchError>,
    is_probing: bool,
}

/// Leave to ask, which is given back with what came of it.
#[derive(Debug, Default)]
pub(super) struct Permit {
    is_probe: bool,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            hold: None,
            rested: Duration::ZERO,
            backoff: Backoff::new(FIRST_REST, LONGEST_REST),
            failures: 0,
            last: None,
            is_probing: false,
        }
    }

    /// Leave for somebody who waits, or why the server is not to be asked now.
    pub(super) fn permit(&mut self, now: Duration) -> Result<Permit, FetchError> {
        if let Some(error) = self.held(now) {
            return Err(error.clone());
        }
        let is_probe = self.failures >= MOST_FAILURES;
        if is_probe && (self.is_probing || now < self.rested) {
            // There was one, or there were not so many.
            return self.last.clone().map_or_else(|| Ok(Permit::default()), Err);
        }
        self.is_probing |= is_probe;
        Ok(Permit { is_probe })
    }

    /// Whether the server failed a moment ago, and is not to be asked in the background.
    pub(super) fn is_resting(&self, now: Duration) -> bool {
        now < self.rested || self.held(now).is_some()
    }

    /// What came is of no use, and says nothing of whether more of it would come.
    pub(super) fn answered(&mut self, permit: &Permit) {
        self.is_probing &= !permit.is_probe;
    }

    pub(super) fn worked(&mut self, permit: &Permit) {
        self.answered(permit);
        self.backoff.reset();
        self.rested = Duration::ZERO;
        self.hold = None;
        self.failures = 0;
        self.last = None;
    }

    pub(super) fn failed(&mut self, permit: &Permit, error: &FetchError, now: Duration) {
        self.answered(permit);
        self.failures = if is_of_server(error) {
            self.failures.saturating_add(1)
        } else {
            0
        };
        self.last = Some(error.clone());
        // What began before the pause, as a crowd of others did, says nothing that is not known.
        if now >= self.rested {
            let delay = self.backoff.next_delay(fastrand::f64());
            self.rested = now.saturating_add(delay);
        }
        if let Some(asked) = error.retry_after() {
            let until = now.saturating_add(asked.min(LONGEST_RETRY_AFTER));
            self.hold = Some((until, error.clone()));
        }
    }

    fn held(&self, now: Duration) -> Option<&FetchError> {
        let (until, error) = self.hold.as_ref()?;
        (now < *until).then_some(error)
    }
}

/// Whether the server does not do, whoever is asked about. One that refuses a question is there.
fn is_of_server(error: &FetchError) -> bool {
    match error {
        FetchError::TimedOut | FetchError::Transport(_) => true,
        FetchError::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
        _ => false,
    }
}

/// In a row; then nobody waits for the server for a while.
const MOST_FAILURES: u32 = 3;
/// How long nothing is asked after failures; then doubling.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    fn fail(health: &mut Health, now: Duration, error: &FetchError) -> bool {
        let permit = health.permit(now);
        if let Ok(permit) = &permit {
            health.failed(permit, error, now);
        }
        permit.is_ok()
    }

    #[test]
    fn who_waits_is_spared_a_server_that_keeps_failing() {
        let mut health = Health::new();
        let late = health.permit(NOW).unwrap();
        let asked = [(); 4].map(|()| fail(&mut health, NOW, &FetchError::TimedOut));
        assert_eq!(asked, [true, true, true, false]);
        health.failed(&late, &FetchError::TimedOut, NOW);
        let mut now = NOW;
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            now += Duration::from_secs(pause);
            let probe = health.permit(now).unwrap();
            assert!(health.permit(now).is_err(), "one at a time: {pause}");
            health.failed(&probe, &FetchError::TimedOut, now);
            assert!(!fail(&mut health, now, &FetchError::TimedOut), "{pause}");
        }
        now += LONGEST_REST;
        let probe = health.permit(now).unwrap();
        health.worked(&probe);
        let asked = [(); 4].map(|()| fail(&mut health, now, &FetchError::TimedOut));
        assert_eq!(asked, [true, true, true, false], "all is as it was");
    }

    #[test]
    fn a_server_that_refuses_is_there() {
        let refused = FetchError::Status {
            status: 400,
            retry_after: None,
        };
        let mut health = Health::new();
        for _ in 0..10 {
            assert!(fail(&mut health, NOW, &FetchError::TimedOut));
            assert!(fail(&mut health, NOW, &FetchError::TimedOut));
            assert!(fail(&mut health, NOW, &refused));
        }
        assert!(health.is_resting(NOW), "nobody need ask in the background");
    }

    #[test]
    fn a_probe_that_brings_nothing_of_use_is_followed_by_another() {
        let mut health = Health::new();
        for _ in 0..3 {
            assert!(fail(&mut health, NOW, &FetchError::TimedOut));
        }
        for _ in 0..3 {
            let probe = health.permit(NOW + FIRST_REST).unwrap();
            health.answered(&probe);
        }
    }
}
