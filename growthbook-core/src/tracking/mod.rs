//! What is reported about users, and to whom: events, and the trait of those who take them to analytics.

mod event;
mod interest;
mod occasion;
mod owned;
mod weight;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::event::Evaluated;
pub use self::event::{CustomEvent, ExperimentViewed, FeatureEvaluated, TrackingEvent};
pub use self::interest::Interest;
pub(crate) use self::occasion::Occasion;
pub use self::occasion::TrackedUser;
pub use self::owned::OwnedTrackingEvent;
use crate::error::FlushError;

/// Takes events to analytics.
///
/// # Contract
///
/// * `record` is called in the thread that evaluates, so it must be quick: put the event into a bounded queue
///   ([`TrackingEvent::into_owned`] makes one that can be sent), and count what does not fit. It may be called from any
///   thread, several at a time. No lock is held around it: it may evaluate, flush, or drop the client. What it evaluates
///   or logs itself it is not told of, but others are; an exposure among that comes to it when it next occurs.
/// * A panic in it is caught and counted. An exposure whose `record` panicked is offered again when it next occurs; all
///   others come once per user, experiment and variation, as long as the client remembers them.
/// * `flush` waits until what was recorded before the call is delivered or given up, at most for the limit.
/// * `close` is a flush after which nothing comes any more, except from evaluations that are under way in other threads:
///   what they still record is dropped, and counted. It may be called from a thread of the plugin's own, which it
///   must not wait for then.
///
/// `testing::tracking_contract`, of the Cargo feature `testing`, checks this of an implementation.
///
/// # Example
///
/// ```
/// use std::sync::mpsc::{SyncSender, sync_channel};
///
/// use growthbook_core::{GrowthBookClient, Interest, OwnedTrackingEvent, TrackingEvent, TrackingPlugin};
///
/// /// Hands exposures to a thread that sends them on.
/// #[derive(Debug)]
/// struct Queue(SyncSender<OwnedTrackingEvent>);
///
/// impl TrackingPlugin for Queue {
///     fn interest(&self) -> Interest {
///         Interest::EXPERIMENT_VIEWED
///     }
///
///     fn record(&self, event: &TrackingEvent<'_>) {
///         // A full queue drops the event: the evaluation does not wait.
///         let _ = self.0.try_send(event.into_owned());
///     }
/// }
///
/// let (sender, receiver) = sync_channel(1_000);
/// let client = GrowthBookClient::builder().plugin(Queue(sender)).build()?;
/// # let _ = (client, receiver);
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
pub trait TrackingPlugin: fmt::Debug + Send + Sync + 'static {
    /// Which events it wants. Asked once, when the client is built: what nobody wants is not even gathered.
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    /// Takes an event.
    fn record(&self, event: &TrackingEvent<'_>);

    /// Waits until everything recorded so far is delivered or given up.
    ///
    /// # Errors
    ///
    /// When that was not done within the limit, or something was given up.
    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        let _ = limit;
        Ok(())
    }

    /// Delivers what it can, and ends what it started.
    ///
    /// # Errors
    ///
    /// As [`TrackingPlugin::flush`].
    fn close(&self, limit: Duration) -> Result<(), FlushError> {
        self.flush(limit)
    }
}

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<P: TrackingPlugin + ?Sized> TrackingPlugin for $pointer<P> {
            fn interest(&self) -> Interest {
                (**self).interest()
            }

            fn record(&self, event: &TrackingEvent<'_>) {
                (**self).record(event);
            }

            fn flush(&self, limit: Duration) -> Result<(), FlushError> {
                (**self).flush(limit)
            }

            fn close(&self, limit: Duration) -> Result<(), FlushError> {
                (**self).close(limit)
            }
        }
    )*};
}

forward!(Arc, Box);
