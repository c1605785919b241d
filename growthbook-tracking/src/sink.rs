use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Batching, DeliveryFailure, Event};

/// Takes batches of events to where they are kept.
///
/// # Contract
///
/// * `deliver` is called on the tracker's own thread, one call at a time, in the order in which the events came. It may
///   block; it should end within [`EventBatch::limit`]. While it runs, new events wait in the tracker's queue.
/// * `Ok` means that all events of the batch are where they belong. After an error none of them counts as delivered, and
///   what becomes of them is up to the error's kind: see [`DeliveryError`]. The same events may come again, alone or in other
///   batches, with the same ids and times.
/// * A panic in it is caught, and counts as [`DeliveryError::unavailable`].
/// * It is dropped on the tracker's thread when the tracker is closed.
///
/// # Example
///
/// ```
/// use std::io::Write;
///
/// use growthbook_tracking::{BatchTracker, DeliveryError, EventBatch, EventSink};
///
/// /// One line of JSON for each event.
/// #[derive(Debug)]
/// struct Lines<W>(W);
///
/// impl<W: Write + std::fmt::Debug + Send + 'static> EventSink for Lines<W> {
///     fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
///         let mut lines = Vec::new();
///         for event in batch.events() {
///             serde_json::to_writer(&mut lines, event).map_err(DeliveryError::rejected)?;
///             lines.push(b'\n');
///         }
///         self.0.write_all(&lines).map_err(DeliveryError::unavailable)
///     }
/// }
///
/// let tracker = BatchTracker::new(Lines(Vec::new()));
/// # let _ = tracker;
/// ```
pub trait EventSink: fmt::Debug + Send + 'static {
    /// How it likes to be handed events, unless the tracker's builder says otherwise. Asked once.
    fn batching(&self) -> Batching {
        Batching::default()
    }

    /// Delivers a batch, which is never empty.
    ///
    /// # Errors
    ///
    /// When it could not; the kind of the error decides what the tracker does next.
    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError>;
}

impl<S: EventSink + ?Sized> EventSink for Box<S> {
    fn batching(&self) -> Batching {
        (**self).batching()
    }

    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        (**self).deliver(batch)
    }
}

/// Events to be delivered together.
#[derive(Clone, Copy, Debug)]
pub struct EventBatch<'a> {
    events: &'a [Event],
    attempt: u32,
    limit: Duration,
}

impl<'a> EventBatch<'a> {
    /// A batch as a tracker makes it, for tests of a sink.
    pub fn new(events: &'a [Event], attempt: u32, limit: Duration) -> Self {
        Self {
            events,
            attempt,
            limit,
        }
    }

    /// The events, oldest first.
    pub fn events(&self) -> &'a [Event] {
        self.events
    }

    /// 0 when these events are tried for the first time, and one more each time after that.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long the delivery may take.
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

/// Why a batch was not delivered, which decides what becomes of it.
///
/// The cause must not contain keys, attributes, or addresses with keys.
#[derive(Clone, Debug, thiserror::Error)]
#[error("events were not delivered: {kind}")]
pub struct DeliveryError {
    kind: Failure,
    #[source]
    source: Arc<dyn Error + Send + Sync>,
}

/// What a failure means for the batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    Hopeless,
    Refused,
    Rejected,
    TooLarge,
    Unavailable { retry_after: Option<Duration> },
}

impl DeliveryError {
    /// It may work later: the network, a server that is down or overloaded. The same events are tried again, after a delay
    /// that grows, until they are too old or the tracker gives up.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Failure::Unavailable { retry_after: None }, source)
    }

    /// The same, of a server that says how long it wants to be left alone. Ten minutes at most are heeded.
    pub fn unavailable_for(
        retry_after: Duration,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let retry_after = Some(retry_after);
        Self::new(Failure::Unavailable { retry_after }, source)
    }

    /// The server does not want them from us: wrong credentials. The events are kept and tried again, more and more
    /// rarely, until they are too old: somebody may mend the configuration.
    pub fn refused(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Failure::Refused, source)
    }

    /// Something in the batch is unacceptable. It is halved until it is clear which events those are; they are dropped, the
    /// others delivered.
    pub fn rejected(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Failure::Rejected, source)
    }

    /// The batch is too large. It is halved; an event that is too large alone is dropped.
    pub fn too_large(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Failure::TooLarge, source)
    }

    /// It will never work. The batch is dropped.
    pub fn hopeless(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Failure::Hopeless, source)
    }

    fn new(kind: Failure, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into().into();
        Self { kind, source }
    }

    pub(crate) fn kind(&self) -> Failure {
        self.kind
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DeliveryFailure::from(*self).fmt(f)
    }
}
