//! Threads that are watched, and users.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{AttributeValue, Attributes, TrackedUser, UserContext};

/// Runs `work` in a thread of its own, and fails if it does not come to an end.
pub(crate) fn watched<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    watched_for(LIMIT, what, work)
}

pub(crate) fn watched_for<T: Send + 'static>(
    limit: Duration,
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (end, ended) = channel::<()>();
    let worker = thread::spawn(move || {
        let _end = end;
        work()
    });
    if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(limit) {
        panic!("{what}: no end in {limit:?}");
    }
    worker.join().unwrap_or_else(|thrown| resume_unwind(thrown))
}

pub(crate) fn user(id: &str) -> UserContext {
    UserContext::new(Attributes::new().with("id", id))
}

/// The name that [`user`] was given.
pub(crate) fn name_of(user: &TrackedUser<'_>) -> String {
    match user.attribute("id") {
        Some(AttributeValue::String(id)) => id.clone(),
        _ => String::new(),
    }
}

/// Something that threads wait for until it is so.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    pub(crate) fn pass(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(
            self.opened
                .wait_while(is_open, |is_open| !*is_open)
                .unwrap(),
        );
    }
}

/// Whether the tests of endurance are to take their time.
pub(crate) fn is_long() -> bool {
    std::env::var_os("GROWTHBOOK_TESTS").is_some_and(|value| value == "long")
}

/// Lets others come to where they wait, if they are about to: nothing tells when they have. On a busy machine each turn may
/// take long, so there are not many of them.
pub(crate) fn give_way() {
    let started = Instant::now();
    for _ in 0..1_000 {
        if started.elapsed() > Duration::from_millis(20) {
            return;
        }
        thread::yield_now();
    }
}

/// How long the calling thread has run, without the time in which others had its processor. Where the system does not say
/// that, how long it is since `start`.
pub(crate) fn run_time(start: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|it| it.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// As long for what has many threads do something many times, on a machine with other things to do.
pub(crate) const MANY_ROUNDS: Duration = Duration::from_secs(600);

/// After which a thread is taken to be stuck. Long, since a busy machine is no failure.
const LIMIT: Duration = Duration::from_secs(120);
