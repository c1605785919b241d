//! One limit for all the waiting that an operation does: for our own connections, and for whoever else has the file open.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::fault::Fault;

/// Until when an operation waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Instant);

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self(Instant::now() + limit.min(LONGEST))
    }

    pub(super) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Does something in which SQLite waits for locks for as long as is left.
    pub(super) fn during<T>(self, work: impl FnOnce() -> T) -> T {
        let before = UNTIL.replace(Some(self.0));
        let done = work();
        UNTIL.set(before);
        done
    }

    /// Tries again while somebody else has the lock, for what SQLite itself does not wait for.
    pub(super) fn retry<T>(
        self,
        mut attempt: impl FnMut() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        for tries in 0.. {
            match self.during(&mut attempt) {
                Err(Fault::Busy) if self.pause(tries) => {}
                done => return done,
            }
        }
        Err(Fault::Busy)
    }

    /// Waits a little; says whether there is still some patience.
    fn pause(self, tries: i32) -> bool {
        let left = self.left();
        if left.is_zero() {
            return false;
        }
        // Soon at first, since most transactions take microseconds, and never in step with others who wait.
        let most = f64::from(50 << tries.clamp(0, 5));
        let pause = Duration::from_micros(1).mul_f64(most * (0.5 + fastrand::f64()));
        thread::sleep(pause.min(left));
        true
    }
}

/// Makes a connection wait as [`Patience::during`] says. SQLite's own handler waits up to 100 ms at a time, so that it would
/// try only a few times before its limit, and lose to those who happen to try more often.
pub(super) fn teach(connection: &mut Connection) -> Result<(), Fault> {
    let wait: fn(i32) -> bool = |tries| {
        UNTIL
            .get()
            .is_some_and(|until| Patience(until).pause(tries))
    };
    Ok(connection.busy_handler(Some(wait))?)
}

thread_local! {
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
