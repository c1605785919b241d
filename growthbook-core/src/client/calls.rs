//! The client's calls of the program's code: caught, counted, and never from within themselves.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use super::background::BackgroundError;
use super::log::{self, Said, Trouble};
use super::shared::Shared;
use crate::error::BackendError;
use crate::guard::{Called, answered, called};

impl Shared {
    /// Calls the program's code. A panic in it is counted and reported.
    pub(crate) fn call<W, T>(
        &self,
        whose: &W,
        doing: &'static str,
        call: impl FnOnce() -> T,
    ) -> Called<T> {
        let called = called(whose, doing, call);
        if matches!(called, Called::Panicked) {
            self.panicked(doing, 1);
        }
        called
    }

    /// The same where nothing may be reported now: a panic in it is counted.
    pub(crate) fn call_quietly<W, T>(
        &self,
        whose: &W,
        doing: &'static str,
        call: impl FnOnce() -> T,
    ) -> Called<T> {
        let called = called(whose, doing, call);
        if matches!(called, Called::Panicked) {
            self.counters.panicked(1);
        }
        called
    }

    /// Calls a store or the like. The caller reports what failed.
    pub(crate) fn call_backend<W, T>(
        &self,
        whose: &W,
        backend: &'static str,
        call: impl FnOnce() -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        answered(backend, self.call_quietly(whose, backend, call))
    }

    /// Counts panics in the program's code, and says that there were some.
    pub(crate) fn panicked(&self, callback: &'static str, times: u64) {
        self.counters.panicked(times);
        self.report(&BackgroundError::Panicked { callback });
    }

    /// Tells the program of an error that no caller gets; not of those that come up while it is being told of one.
    pub(crate) fn report(&self, error: &BackgroundError) {
        self.report_as(Trouble::of(error), error);
    }

    /// The same, of an error that means more than it says by itself.
    pub(crate) fn report_as(&self, trouble: Trouble, error: &BackgroundError) {
        self.log(|said| log::background(error, trouble, said, || self.monotonic()));
        if let Some(on_error) = &self.hooks.on_error {
            self.call_quietly(on_error, "on_error", || on_error(error));
        }
    }

    /// Says something in the log, which is the program's own code as well.
    pub(crate) fn log(&self, say: impl FnOnce(&Said)) {
        let said = &self.counters.said;
        self.call_quietly(said, "log", || say(said));
    }

    /// The date, unless the clock fails.
    pub(crate) fn now(&self) -> Option<SystemTime> {
        self.call_quietly(&self.clock, "date", || self.clock.now())
            .returned()
    }

    /// The clock's monotonic reading. A clock that fails stands still.
    pub(crate) fn monotonic(&self) -> Duration {
        let last = &self.counters.last_reading;
        let reading = self.call_quietly(&self.clock, "monotonic", || self.clock.monotonic());
        let Some(reading) = reading.returned() else {
            return Duration::from_nanos(last.load(Ordering::Relaxed));
        };
        let nanos = u64::try_from(reading.as_nanos()).unwrap_or(u64::MAX);
        last.fetch_max(nanos, Ordering::Relaxed);
        reading
    }
}
