//! What the suites have in common.

use std::panic;
use std::sync::Barrier;
use std::thread;

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

/// The message that `run` panics with.
#[cfg(test)]
pub(super) fn complaint(run: impl FnOnce()) -> Option<String> {
    let thrown = panic::catch_unwind(panic::AssertUnwindSafe(run)).err()?;
    let message = thrown.downcast::<String>().map(|text| *text);
    message
        .or_else(|thrown| thrown.downcast::<&str>().map(|text| (*text).to_owned()))
        .ok()
}

#[cfg(test)]
mod tests {
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
}
