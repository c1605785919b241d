use std::fmt;
use std::sync::Arc;

use growthbook_core::{CacheKey, CachedPayload, FeatureFetcher, FetchError, Fetched, Validator};

use crate::config::ConfigError;
use crate::connection::{Answer, Connection};
use crate::endpoint::Endpoint;

/// Fetches features from the GrowthBook API, when it is told to.
///
/// For programs that refresh by hand: `client.refresh()` asks once and waits for the answer. A request is conditional if
/// the version in force is known, compressed, and limited in time and size; see [`Endpoint`]. A clone shares the
/// connections.
///
/// Each request is a line at `DEBUG` of the crate `log`, with the target `growthbook::fetch`, and without the client key.
/// The HTTP library underneath prints the client key and all headers at `TRACE`: a program that logs at that level leaves
/// out the targets `ureq` and `ureq_proto`.
///
/// # Example
///
/// ```no_run
/// use growthbook_core::GrowthBookClient;
/// use growthbook_fetch::HttpFetcher;
///
/// let client = GrowthBookClient::builder()
///     .fetcher(HttpFetcher::new("sdk-abc123")?)
///     .build()?;
/// client.refresh()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HttpFetcher {
    connection: Arc<Connection>,
}

impl HttpFetcher {
    /// A fetcher for this endpoint, or with a client key alone, for the hosted GrowthBook. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the endpoint is configured in a way that no request can be made.
    pub fn new(endpoint: impl Into<Endpoint>) -> Result<Self, ConfigError> {
        let connection = endpoint.into().connect()?;
        Ok(Self {
            connection: Arc::new(connection),
        })
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Whether the server says that changes can be streamed; `None` as long as no answer has come that said so.
    pub fn offers_streaming(&self) -> Option<bool> {
        self.connection.offers_streaming()
    }
}

impl FeatureFetcher for HttpFetcher {
    fn cache_key(&self) -> CacheKey {
        self.connection.cache_key().clone()
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        Ok(match self.connection.features(known)? {
            Answer::Payload { bytes, validator } => {
                Fetched::Fresh(CachedPayload::new(bytes).with_validator(validator))
            }
            Answer::Unchanged => Fetched::Unchanged { max_age: None },
        })
    }
}

impl fmt::Debug for HttpFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpFetcher")
            .field(&self.connection)
            .finish()
    }
}
