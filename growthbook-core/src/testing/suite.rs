//! What the suites have in common.

use std::panic;
use std::sync::Barrier;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::BackendError;

/// What a call gave, which had no reason to fail.
pub(super) fn given<T>(call: &str, answer: Result<T, BackendError>) -> T {
    answer.unwrap_or_else(|error| panic!("`{call}` failed: {error:?}"))
}

/// Calls `act` with the numbers below `count`, each in a thread of its own, which set off together; the answers in the
/// order of the numbers.
pub(super) fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (start, act) = (&Barrier::new(count), &act);
    thread::scope(|scope| {
        let act = move |number| {
            start.wait();
            act(number)
        };
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || act(number)))
            .collect();
        let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ends.map(|end| end.unwrap_or_else(|thrown| panic::resume_unwind(thrown)))
            .collect()
    })
}

/// What `call` gives, which must neither panic nor take longer than [`PATIENCE`]. It runs in a thread of its own, which is
/// left behind if it does not come to an end.
pub(super) fn in_time<T: Send + 'static>(
    what: &str,
    call: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = sync_channel(1);
    in_background(move || {
        // Nobody hears of it if it comes too late.
        let _ = sender.send(call());
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(given) => given,
        Err(RecvTimeoutError::Disconnected) => panic!("{what} panicked"),
        Err(RecvTimeoutError::Timeout) => {
            panic!("{what} did not come to an end within {PATIENCE:?}")
        }
    }
}

/// Runs something in a thread that nobody need wait for.
pub(super) fn in_background(run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name("growthbook-contract".to_owned());
    let spawned = thread.spawn(run);
    spawned.unwrap_or_else(|error| panic!("a thread could not be started: {error}"))
}

/// Whether something comes to be within [`PATIENCE`].
pub(super) fn eventually(mut is_so: impl FnMut() -> bool) -> bool {
    let clock = SystemClock::new();
    let start = clock.monotonic();
    while !is_so() {
        if clock.monotonic().saturating_sub(start) > PATIENCE {
            return false;
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    true
}

/// How long the suites wait for what should take no time to speak of, on a machine that has much else to do.
///
/// Shorter here, where much is tested that never comes to an end.
pub(super) const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 10 } else { 30 });

/// The message that `run` panics with.
#[cfg(test)]
pub(super) fn complaint(run: impl FnOnce()) -> Option<String> {
    let thrown = panic::catch_unwind(panic::AssertUnwindSafe(run)).err()?;
    let message = thrown.downcast::<String>().map(|text| *text);
    message
        .or_else(|thrown| thrown.downcast::<&str>().map(|text| (*text).to_owned()))
        .ok()
}

/// Runs a suite on implementations with a flaw each, at once: each must be found, with these words.
#[cfg(test)]
pub(super) fn all_are_found<F: Copy + std::fmt::Debug + Sync>(
    flaws: &[(F, &str)],
    check: impl Fn(F) + Sync,
) {
    let wrong = at_once(flaws.len(), |number| {
        let (flaw, found) = flaws[number];
        match complaint(|| check(flaw)) {
            Some(complaint) if complaint.contains(found) => None,
            Some(complaint) => Some(format!("{flaw:?}: {complaint}")),
            None => Some(format!("{flaw:?} was not found")),
        }
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn answers_come_in_order() {
        assert_eq!(at_once(4, |number| number * 10), [0, 10, 20, 30]);
    }

    #[test]
    fn complaints_are_heard() {
        let failed = || given("load", Err(BackendError::new("store", "load", "gone")));
        let complaint_of_failure = complaint(failed).unwrap();
        assert!(complaint_of_failure.starts_with("`load` failed"));
        let in_a_thread = complaint(|| drop(at_once(2, |number| assert!(number < 1, "too many"))));
        assert_eq!(in_a_thread.as_deref(), Some("too many"));
        assert_eq!(complaint(|| ()), None);
    }

    #[test]
    fn a_flaw_that_is_not_found_is_told() {
        let check = |flaw: u8| assert!(flaw != 1, "a rule is broken");
        all_are_found(&[(1, "rule")], check);
        let told = complaint(|| all_are_found(&[(2, "rule")], check));
        assert!(told.unwrap().contains("2 was not found"));
        let told = complaint(|| all_are_found(&[(1, "law")], check));
        assert!(told.unwrap().contains("1: a rule is broken"));
    }

    #[test]
    fn what_hangs_or_panics_is_left_behind() {
        assert_eq!(in_time("a call", || 1), 1);
        let panicked = complaint(|| in_time("a call", || panic!("on purpose")));
        assert_eq!(panicked.as_deref(), Some("a call panicked"));
        let (release, held) = channel::<()>();
        let hung = complaint(|| assert!(!in_time("a call", move || held.recv().is_ok())));
        assert!(hung.unwrap().starts_with("a call did not come to an end"));
        drop(release);
    }

    #[test]
    fn what_comes_to_be_is_waited_for() {
        let mut left = 3;
        assert!(eventually(|| {
            left -= 1;
            left == 0
        }));
        assert!(!eventually(|| false));
    }
}
