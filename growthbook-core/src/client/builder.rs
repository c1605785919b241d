use std::fmt;
use std::sync::Arc;

use super::GrowthBookClient;
use super::background::BackgroundError;
#[cfg(feature = "otel")]
use super::evaluation_events::EvaluationEvents;
use super::feed::event::RefreshEvent;
use super::feed::refresh::{Freshness, Origin};
use super::feed::source::{PayloadSink, PayloadSource, Source};
use super::feed::{Arrival, Feed};
use super::hooks::Hooks;
use super::life::Held;
use super::log;
use super::reports::listeners::{Callback, Listeners};
use super::shared::{Opening, Parts, Shared, Snapshot};
use crate::attributes::Attributes;
use crate::cache::FeatureCache;
use crate::clock::{Clock, SystemClock};
use crate::error::BackendError;
use crate::fetch::FeatureFetcher;
use crate::guard::guarded;
use crate::ruleset::{PayloadError, Ruleset};
use crate::secret::DecryptionKey;
use crate::sticky_service::StickyBucketService;
use crate::tracking::{
    ExperimentViewed, FeatureEvaluated, Interest, TrackingEvent, TrackingPlugin,
};
use crate::user::GlobalContext;

/// Builds a [`GrowthBookClient`].
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, GrowthBookClient, MemoryStickyBuckets};
///
/// let client = GrowthBookClient::builder()
///     .payload(br#"{"features": {}}"#)
///     .global_attributes(Attributes::new().with("region", "eu"))
///     .sticky_buckets(MemoryStickyBuckets::new())
///     .on_error(|error| eprintln!("growthbook: {error}"))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct GrowthBookClientBuilder {
    payload: Option<Vec<u8>>,
    decryption_key: Option<DecryptionKey>,
    most_payload_bytes: Option<usize>,
    global: GlobalContext,
    sticky: Option<Box<dyn StickyBucketService>>,
    callbacks: Vec<Box<dyn TrackingPlugin>>,
    plugins: Vec<Box<dyn TrackingPlugin>>,
    exposure_memory: Option<usize>,
    hooks: Hooks,
    clock: Option<Box<dyn Clock>>,
    feed: Feed,
    source: Option<Box<dyn PayloadSource>>,
    #[cfg(feature = "otel")]
    evaluation_events: EvaluationEvents,
}

/// Where features come from.
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

    /// The most bytes of a payload that are accepted. 16 MiB by default.
    pub fn max_payload_bytes(mut self, bytes: usize) -> Self {
        self.most_payload_bytes = Some(bytes);
        self
    }

    /// Keeps the features fresh by itself, on threads of its own, from when the client is built.
    pub fn source(mut self, source: impl PayloadSource) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Fetches features when the program calls [`refresh`](GrowthBookClient::refresh), in the calling thread. With a source,
    /// that is the source's business.
    pub fn fetcher(mut self, fetcher: impl FeatureFetcher) -> Self {
        self.feed.fetcher = Some(Box::new(fetcher));
        self
    }

    /// Keeps payloads where they outlive the process, or where others find them. Of several caches, the first that has
    /// something is used, and all are written.
    pub fn cache(mut self, cache: impl FeatureCache) -> Self {
        self.feed.caches.push(Box::new(cache));
        self
    }

    /// When features are taken to be fresh.
    pub fn freshness(mut self, freshness: Freshness) -> Self {
        self.feed.freshness = freshness;
        self
    }
}

/// What holds for all users.
impl GrowthBookClientBuilder {
    /// All of it: attributes, forced values and the like.
    pub fn global_context(mut self, global: GlobalContext) -> Self {
        self.global = global;
        self
    }

    /// Attributes that every user has, unless they have their own of that name.
    pub fn global_attributes(mut self, attributes: Attributes) -> Self {
        self.global = self.global.with_attributes(attributes);
        self
    }

    /// Whether experiments run at all. They do by default.
    pub fn enabled(mut self, on: bool) -> Self {
        self.global = self.global.with_enabled(on);
        self
    }

    /// In QA mode nobody is bucketed by hash: only forced variations are given.
    pub fn qa_mode(mut self, on: bool) -> Self {
        self.global = self.global.with_qa_mode(on);
        self
    }

    /// Keeps users in their variations, with assignments in this store (spec 17).
    pub fn sticky_buckets(mut self, service: impl StickyBucketService) -> Self {
        self.sticky = Some(Box::new(service));
        self
    }
}

/// Who is told of what. Callbacks are called in the thread that evaluates, with no lock held; they must not block. They may
/// ask the client anything; what a callback evaluates or logs itself it is not told of. A panic in one is caught and counted.
impl GrowthBookClientBuilder {
    /// Called when a user is bucketed into an experiment: once for each user, experiment and variation, as long as the
    /// client [remembers](Self::exposure_memory) it. If it panics, it is called again at the next such evaluation.
    pub fn on_experiment_viewed(
        self,
        f: impl Fn(&ExperimentViewed<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.callback(Interest::EXPERIMENT_VIEWED, move |event| {
            if let TrackingEvent::ExperimentViewed(viewed) = event {
                f(viewed);
            }
        })
    }

    /// Called when a feature is evaluated, prerequisites included: once for each feature and call, in a scope only when its
    /// value changes.
    pub fn on_feature_usage(
        self,
        f: impl Fn(&FeatureEvaluated<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.callback(Interest::FEATURE_EVALUATED, move |event| {
            if let TrackingEvent::FeatureEvaluated(evaluated) = event {
                f(evaluated);
            }
        })
    }

    /// Called with every event: exposures, features evaluated, events that the program logs.
    pub fn on_event(self, f: impl Fn(&TrackingEvent<'_>) + Send + Sync + 'static) -> Self {
        self.callback(Interest::ALL, f)
    }

    fn callback(
        mut self,
        interest: Interest,
        f: impl Fn(&TrackingEvent<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.callbacks.push(Box::new(Callback::new(interest, f)));
        self
    }

    /// Takes events to analytics. There may be several; they are told after the callbacks, in the order in which they are
    /// added here.
    pub fn plugin(mut self, plugin: impl TrackingPlugin) -> Self {
        self.plugins.push(Box::new(plugin));
        self
    }

    /// How many exposures the client remembers at least, so as not to report them again: 10,000 by default. It may remember
    /// up to three times as many. With 0 each scope remembers its own, and nothing is remembered between them.
    pub fn exposure_memory(mut self, entries: usize) -> Self {
        self.exposure_memory = Some(entries);
        self
    }

    /// Called with errors beside evaluation, in the thread that met them; not with those that it causes itself.
    ///
    /// There is one such callback: the last one given.
    pub fn on_error(mut self, f: impl Fn(&BackgroundError) + Send + Sync + 'static) -> Self {
        self.hooks.on_error = Some(Box::new(f));
        self
    }

    /// Called when other features are in force, in the thread that brought them.
    ///
    /// Two threads may bring some at the same time, an answer and a stream's event, and then either may be told first: to
    /// evaluate, ask the client, and not the event that came last.
    ///
    /// There is one such callback: the last one given.
    pub fn on_refresh(mut self, f: impl Fn(&RefreshEvent<'_>) + Send + Sync + 'static) -> Self {
        self.hooks.on_refresh = Some(Box::new(f));
        self
    }

    /// What the events of evaluations say beyond names and reasons: nothing, unless it is set here.
    ///
    /// With the Cargo feature `otel`, each evaluation that the program asks for is an event in the `tracing` span around it:
    /// the event `feature_flag.evaluation` of OpenTelemetry's semantic conventions, with the target
    /// `growthbook::evaluation` and the level `DEBUG`. A subscriber that does not want these does not slow evaluations
    /// down. There is one event for each feature that is evaluated or that is among [all](crate::UserScope::evaluate_all),
    /// and none for its prerequisites, for experiments that the program defines, or after the client was closed.
    #[cfg(feature = "otel")]
    #[cfg_attr(docsrs, doc(cfg(feature = "otel")))]
    pub fn evaluation_events(mut self, events: EvaluationEvents) -> Self {
        self.evaluation_events = events;
        self
    }

    /// Where time comes from: the operating system, unless a test or a platform brings another clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }
}

impl GrowthBookClientBuilder {
    /// The client, with its source started. Without a payload it starts empty: every feature is unknown until something has
    /// come. Waits for nothing.
    ///
    /// # Errors
    ///
    /// When something is configured in a way that cannot work: the payload to start from is not one, or the source says so.
    /// Never because something is down.
    pub fn build(self) -> Result<GrowthBookClient, BuildError> {
        let most_bytes = self
            .most_payload_bytes
            .unwrap_or(Ruleset::MAX_PAYLOAD_BYTES);
        let key = match (self.decryption_key, &self.source) {
            (None, Some(source)) => {
                guarded(|| source.decryption_key()).ok_or(BuildError::SourcePanicked)?
            }
            (key, _) => key,
        };
        let ruleset = match &self.payload {
            None => Ruleset::empty(),
            Some(payload) => Ruleset::from_json_within(payload, key.as_ref(), most_bytes)?,
        };
        if self.payload.is_some() {
            self.feed
                .arrived(Origin::Bootstrap, Arrival::default(), false);
        }
        if self.callbacks.len() + self.plugins.len() > Listeners::MOST {
            return Err(BuildError::TooManyListeners {
                most: Listeners::MOST,
            });
        }
        let shared = Arc::new(Shared::new(Parts {
            snapshot: Snapshot {
                ruleset: Arc::new(ruleset),
                global: Arc::new(self.global),
            },
            opening: Opening { key, most_bytes },
            sticky: self.sticky,
            listeners: Listeners::new(self.callbacks, self.plugins),
            exposure_memory: self.exposure_memory.unwrap_or(EXPOSURE_MEMORY),
            hooks: self.hooks,
            clock: self.clock.unwrap_or_else(|| Box::new(SystemClock::new())),
            feed: self.feed,
            #[cfg(feature = "otel")]
            evaluation_events: self.evaluation_events,
        }));
        if self.payload.is_some() {
            let ruleset = shared.snapshot.load();
            shared.log(|_| log::installed(&ruleset.ruleset, Origin::Bootstrap));
        }
        if let Some(source) = self.source {
            let sink = PayloadSink::new(Arc::downgrade(&shared));
            let started = guarded(|| source.start(sink));
            let handle = started.unwrap_or(Err(BuildError::SourcePanicked))?;
            let panics = Arc::clone(shared.counters.callback_panics());
            shared.feed.set_source(Source::new(handle, panics));
        }
        Ok(GrowthBookClient {
            shared: Arc::new(Held::new(shared)),
        })
    }
}

impl fmt::Debug for GrowthBookClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthBookClientBuilder")
            .field("payload_bytes", &self.payload.as_ref().map(Vec::len))
            .field("decryption_key", &self.decryption_key)
            .field("sticky", &self.sticky)
            .field("callbacks", &self.callbacks.len())
            .field("plugins", &self.plugins)
            .field("hooks", &self.hooks)
            .field("feed", &self.feed)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Why a client cannot be built.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The payload to start from is not one. Mend it, or start without.
    #[error("the payload to start from cannot be used")]
    Payload(#[from] PayloadError),
    /// The source is configured in a way that cannot work: see the cause.
    #[error("the source cannot be started")]
    Source(#[source] BackendError),
    /// The source panicked when it was started, which is a defect of it. Report it to whoever wrote it.
    #[error("the source panicked when it was started")]
    SourcePanicked,
    /// There are too many callbacks and plugins. Let one hand on to others.
    #[error("there are more than {most} callbacks and plugins")]
    TooManyListeners {
        /// The most that there can be.
        most: usize,
    },
}

const EXPOSURE_MEMORY: usize = 10_000;
