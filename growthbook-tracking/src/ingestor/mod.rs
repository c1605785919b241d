//! The sink that sends events to GrowthBook, over HTTP.

mod address;
mod agent;
mod answer;
mod body;
mod builder;
mod config;
mod failure;
mod post;
mod schema;
#[cfg_attr(not(feature = "rustls"), path = "no_tls.rs")]
mod tls;

use std::fmt;
use std::time::{Duration, SystemTime};

pub use self::builder::{IngestorBuilder, Region};
pub use self::config::IngestorError;
use self::post::Post;
pub use self::schema::{EventNaming, Schema};
use crate::{Batching, DeliveryError, EventBatch, EventSink};

/// Sends events to GrowthBook's ingestion API: the managed warehouse, or the event forwarder.
///
/// A client key is all that it takes. The [region](Region) must be that of the warehouse, or the events are lost. It asks for
/// batches of ten events or ten seconds, at most 100 events or 512 KiB, at most one each second, which is what GrowthBook
/// allows; and for as many attempts as it takes until an event is too old.
///
/// | the server answers | the events are |
/// |---|---|
/// | 2xx | delivered |
/// | 408, 425, 429, 5xx, or not at all | tried again, after `Retry-After` if it says so |
/// | 413 | tried again in smaller batches |
/// | 400, 422 | sorted until the bad ones are found, which are dropped |
/// | 401, 403, 404, 407, or a redirect to somewhere else | kept and tried again, rarely: it is the key or the address that is wrong |
/// | anything else | dropped |
///
/// Delivery is at least once: what becomes of a request whose answer is lost nobody knows, so it is sent again. Redirects are
/// followed within the same scheme, host and port, three in a row at most. Certificates are always checked.
///
/// GrowthBook derives places and browsers from the address and the `User-Agent` of the request, which are this server's,
/// unless the user has attributes `ip` and `ua`.
///
/// What is logged names neither the key nor anything of a user. The HTTP library below does name the address with the key, in
/// its most detailed level: programs that log at that level leave out the targets `ureq` and `ureq_proto`.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "rustls")]
/// # fn main() -> Result<(), growthbook_tracking::IngestorError> {
/// use growthbook_tracking::{BatchTracker, Ingestor, Region};
///
/// let ingestor = Ingestor::builder("sdk-abc123").region(Region::Eu).build()?;
/// let tracker = BatchTracker::new(ingestor);
/// # let _ = tracker;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rustls"))]
/// # fn main() {}
/// ```
pub struct Ingestor {
    post: Post,
    schema: Schema,
    naming: EventNaming,
    timeout: Duration,
}

impl Ingestor {
    /// Events of this client key, to the region [`Region::Us`]. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When there is no client key, when it cannot be one, or when this program was built without TLS.
    pub fn new(client_key: impl Into<String>) -> Result<Self, IngestorError> {
        Self::builder(client_key).build()
    }

    /// The same, to be changed. White space around the key does not matter.
    pub fn builder(client_key: impl Into<String>) -> IngestorBuilder {
        IngestorBuilder::new(&client_key.into())
    }
}

impl EventSink for Ingestor {
    fn batching(&self) -> Batching {
        Batching::default()
            .spacing(Duration::from_secs(1))
            .limit(self.timeout)
    }

    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        let events = batch.events();
        let body = body::encoded(events, self.schema, self.naming, SystemTime::now());
        let body = body.map_err(DeliveryError::rejected)?;
        self.post.send(&body, events.len(), batch.limit())
    }
}

impl fmt::Debug for Ingestor {
    /// Says where events go, without the client key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingestor")
            .field("address", &self.post.label())
            .field("schema", &self.schema)
            .field("naming", &self.naming)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
