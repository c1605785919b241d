//! Where time comes from. Nothing in this crate reads the system's clock but [`SystemClock`], so that a test can move time
//! by hand, and a program without an operating system can bring its own.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime};

/// Tells the time, in both meanings of the word.
///
/// # Contract
///
/// * `now` is the date, as people write it down: for what is stored and sent. It may jump either way at any moment, so
///   nothing is timed by it.
/// * `monotonic` is for intervals: it never goes back, whatever happens to the date. Only differences between readings
///   mean something, and only if the same clock or a clone of it gave both.
/// * All may be called from any thread, several at a time, and return at once.
/// * `wake_at` is for clocks whose time does not pass at the system's pace: see there.
///
/// # Example
///
/// A date that stands still, for output that can be compared:
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use growthbook_core::{Clock, SystemClock};
///
/// #[derive(Debug)]
/// struct FixedDate(SystemTime);
///
/// impl Clock for FixedDate {
///     fn now(&self) -> SystemTime {
///         self.0
///     }
///
///     fn monotonic(&self) -> Duration {
///         SystemClock::new().monotonic()
///     }
/// }
///
/// assert_eq!(FixedDate(SystemTime::UNIX_EPOCH).now(), SystemTime::UNIX_EPOCH);
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The date and time.
    fn now(&self) -> SystemTime;

    /// The time that has passed since an origin of the clock's choice.
    fn monotonic(&self) -> Duration;

    /// Wakes somebody once [`monotonic`](Self::monotonic) has reached `at`, at once if it has; says whether it will.
    ///
    /// The threads of sources, stores and plugins wait by this. A clock that keeps the system's pace says no, which is the
    /// default: they wait for the time that is left then. One that is moved by hand keeps the waker, and wakes when
    /// it is moved; waking too often or too early does no harm.
    fn wake_at(&self, at: Duration, waker: &Waker) -> bool {
        let _ = (at, waker);
        false
    }
}

/// The clock of the operating system.
///
/// All of them count from the same origin, the first reading of the process, so their readings can be compared.
///
/// On `wasm32-unknown-unknown`, which has no clock, reading it panics: bring a [`Clock`] of your own there.
///
/// # Example
///
/// ```
/// use growthbook_core::{Clock, SystemClock};
///
/// let clock = SystemClock::new();
/// let before = clock.monotonic();
/// assert!(clock.monotonic() >= before);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The clock of the operating system.
    pub fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that all others ask"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        ORIGIN.elapsed()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that all others ask"
)]
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<C: Clock + ?Sized> Clock for $pointer<C> {
            fn now(&self) -> SystemTime {
                (**self).now()
            }

            fn monotonic(&self) -> Duration {
                (**self).monotonic()
            }

            fn wake_at(&self, at: Duration, waker: &Waker) -> bool {
                (**self).wake_at(at, waker)
            }
        }
    )*};
}

forward!(Arc, Box);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_clocks_share_an_origin() {
        let readings = [(); 4].map(|()| SystemClock::new().monotonic());
        assert!(readings.is_sorted(), "{readings:?}");
    }

    #[test]
    fn a_clock_can_be_shared() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        assert!(clock.now() > SystemTime::UNIX_EPOCH);
        assert!(Box::new(Arc::clone(&clock)).monotonic() <= clock.monotonic());
    }
}
