use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::{Batching, DeliveryError, Event, EventBatch, EventSink};

/// A closure as a sink: it gets up to ten events at a time, at the latest 30 s after they happened.
///
/// It returns nothing or a `Result`. After an error or a panic it gets the same events again, three times at most: after
/// about 1, 2 and 4 s. [`BatchTracker::callback`](crate::BatchTracker::callback) makes a tracker around one, for
/// exposures; `BatchTracker::builder(Callback::new(..))` does so with other settings.
pub struct Callback<F>(F);

/// What a closure for events may return: nothing, or a `Result`.
pub trait CallbackOutcome {
    /// What came of the delivery.
    ///
    /// # Errors
    ///
    /// When the closure wants the same events again, or says otherwise what becomes of them.
    fn into_delivered(self) -> Result<(), DeliveryError>;
}

impl<F> Callback<F> {
    /// A sink that calls the closure.
    pub fn new<R: CallbackOutcome>(call: F) -> Self
    where
        F: FnMut(&[Event]) -> R + Send + 'static,
    {
        Self(call)
    }
}

impl<F, R> EventSink for Callback<F>
where
    F: FnMut(&[Event]) -> R + Send + 'static,
    R: CallbackOutcome,
{
    fn batching(&self) -> Batching {
        Batching::default()
            .at_most(10, usize::MAX)
            .interval(Duration::from_secs(30))
            .max_retries(Some(3))
    }

    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        (self.0)(batch.events()).into_delivered()
    }
}

impl<F> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}

impl CallbackOutcome for () {
    fn into_delivered(self) -> Result<(), DeliveryError> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> CallbackOutcome for Result<(), E> {
    fn into_delivered(self) -> Result<(), DeliveryError> {
        self.map_err(DeliveryError::unavailable)
    }
}
