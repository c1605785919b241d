use std::fmt;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use super::{GrowthBookClient, Shared, Snapshot};
use crate::error::BackgroundError;
use crate::ruleset::{PayloadError, Ruleset};
use crate::secret::DecryptionKey;
use crate::sticky_service::StickyBucketService;
use crate::user::GlobalContext;

/// Builds a [`GrowthBookClient`].
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, GlobalContext, GrowthBookClient};
///
/// let client = GrowthBookClient::builder()
///     .global_context(GlobalContext::new().with_attributes(Attributes::new().with("region", "eu")))
///     .payload(br#"{"features": {}}"#)
///     .build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct GrowthBookClientBuilder {
    payload: Option<Vec<u8>>,
    decryption_key: Option<DecryptionKey>,
    global: GlobalContext,
    sticky: Option<Box<dyn StickyBucketService>>,
    most_payload_bytes: Option<usize>,
    on_error: Option<ErrorHandler>,
}

/// What is called with errors that no caller gets.
pub(super) struct ErrorHandler(pub(super) Box<dyn Fn(&BackgroundError) + Send + Sync>);

impl fmt::Debug for ErrorHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorHandler")
    }
}

impl fmt::Debug for GrowthBookClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthBookClientBuilder")
            .field("payload_bytes", &self.payload.as_ref().map(Vec::len))
            .field("decryption_key", &self.decryption_key)
            .field("sticky", &self.sticky)
            .finish_non_exhaustive()
    }
}

impl GrowthBookClientBuilder {
    /// The payload to start from: a file that the program ships, say.
    pub fn payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = Some(payload.into());
        self
    }

    /// Opens sealed payloads.
    pub fn decryption_key(mut self, key: DecryptionKey) -> Self {
        self.decryption_key = Some(key);
        self
    }

    /// What holds for all users: attributes, forced values and the like.
    pub fn global_context(mut self, global: GlobalContext) -> Self {
        self.global = global;
        self
    }

    /// Keeps users in their variations, with assignments in this store (spec 17).
    pub fn sticky_buckets(mut self, service: impl StickyBucketService) -> Self {
        self.sticky = Some(Box::new(service));
        self
    }

    /// The most bytes of a payload that are accepted. 16 MiB by default.
    pub fn max_payload_bytes(mut self, bytes: usize) -> Self {
        self.most_payload_bytes = Some(bytes);
        self
    }

    /// Called with errors beside evaluation, in the thread that met them. It must not block.
    pub fn on_error(mut self, f: impl Fn(&BackgroundError) + Send + Sync + 'static) -> Self {
        self.on_error = Some(ErrorHandler(Box::new(f)));
        self
    }

    /// The client. Without a payload it starts empty: every feature is unknown until one is loaded.
    ///
    /// # Errors
    ///
    /// When the payload to start from is not one.
    pub fn build(self) -> Result<GrowthBookClient, BuildError> {
        let most_payload_bytes = self
            .most_payload_bytes
            .unwrap_or(Ruleset::MAX_PAYLOAD_BYTES);
        let ruleset = match &self.payload {
            None => Ruleset::empty(),
            Some(payload) => {
                let key = self.decryption_key.as_ref();
                Ruleset::from_json_within(payload, key, most_payload_bytes)?
            }
        };
        let snapshot = Snapshot {
            ruleset: Arc::new(ruleset),
            global: Arc::new(self.global),
        };
        Ok(GrowthBookClient {
            shared: Arc::new(Shared {
                snapshot: ArcSwap::from_pointee(snapshot),
                decryption_key: self.decryption_key,
                sticky: self.sticky,
                most_payload_bytes,
                on_error: self.on_error,
                replacing: Mutex::new(()),
            }),
        })
    }
}

/// Why a client cannot be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The payload to start from is not one. Mend it, or start without.
    #[error("the payload to start from cannot be used")]
    Payload(#[from] PayloadError),
}
