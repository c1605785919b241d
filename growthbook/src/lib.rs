// Its code needs `fetch`, so it is not run without.
#![cfg_attr(
    any(feature = "fetch", not(doctest)),
    doc = include_str!("../README.md")
)]
//!
//! ## Where to look
//!
//! | to | see |
//! |---|---|
//! | evaluate features and run experiments | [`GrowthBookClient`], built by [`GrowthBookClientBuilder`] |
//! | ask several things of one user | [`UserScope`], and [`Flag`] for features that the program names once |
//! | report who saw which variation | [`GrowthBookClientBuilder::on_experiment_viewed`], [`TrackingPlugin`] |
//! | deliver that to analytics, in batches that outlive failures | `BatchTracker` and the module `tracking`, with the Cargo feature `tracking`; on disk until then with `spool`; to a stream of Redis with `tracking-redis` |
//! | say who asks | [`UserContext`] and [`Attributes`]; [`GlobalContext`] for what holds for all users |
//! | say what an HTTP request says of its user | [`RequestContext`] |
//! | give each request of a web service its user | the module `web`, with the Cargo feature `axum`, `actix` or `tower` |
//! | target attributes without knowing them | [`Attributes::secure`] |
//! | find out how a value was given | [`FeatureResult`], [`FeatureSource`], [`Assignment`] |
//! | find out why, fact by fact | [`engine::explain`], [`Explanation`] |
//! | define an experiment in code | [`Experiment`] and [`ExperimentResult`] |
//! | see what is wrong with a payload | [`Ruleset::diagnostics`], [`PayloadError`] |
//! | see what another payload changes, and whom it deals anew | [`RefreshEvent::changes`], [`FeatureChanges`] |
//! | keep users in their variation | [`StickyBucketService`], [`MemoryStickyBuckets`]; `SqliteStickyBuckets`, `Cached`, `WriteBehind` and `cookies`, with the Cargo feature `sticky`; `RedisStickyBuckets` with `sticky-redis` |
//! | keep features fresh over HTTP, and keep the last good ones on disk | `HttpSource`, `Endpoint`, `FileCache`, with the Cargo feature `fetch` |
//! | share features among processes, of which one asks for all | `RedisCache`, with the Cargo feature `cache-redis` |
//! | take what GrowthBook sends to the program | `Webhook`, `ProxyPush`, `EventWebhook`, with the Cargo feature `fetch`; [`GrowthBookClient::receive`] for what comes in another way |
//! | keep rules on a server that evaluates them | `RemoteEvaluation`, with the Cargo feature `fetch` |
//! | fetch payloads in another way, and keep them elsewhere | [`PayloadSource`], [`FeatureFetcher`], [`FeatureCache`]; [`Backoff`] and [`Clock`] for when |
//! | see how the client is doing | [`GrowthBookClient::status`], [`Readiness`], [`BackgroundError`] |
//! | test a program, or a store, fetcher, source or plugin of your own | the module `testing`, with the Cargo feature of that name |
//! | evaluate without a client | [`engine`] |
//! | predict or audit an assignment | [`bucketing`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

// The client.
#[doc(inline)]
pub use growthbook_core::{
    BackgroundError, BuildError, CloseReport, ErrorReporter, GrowthBookClient,
    GrowthBookClientBuilder, Readiness, Status, Subscription,
};

// One user, for the length of a request.
#[doc(inline)]
pub use growthbook_core::{
    AllFeatures, DeferredExposures, EvaluatedFeature, Flag, FlagValue, Track, UserScope,
};

// What is reported, and to whom.
#[doc(inline)]
pub use growthbook_core::{
    CustomEvent, ExperimentViewed, FeatureEvaluated, Interest, OwnedTrackingEvent, TrackedUser,
    TrackingEvent, TrackingPlugin,
};

// Who asks.
#[doc(inline)]
pub use growthbook_core::{
    AttributeError, AttributeValue, Attributes, GlobalContext, Number, RequestContext, SecureSalt,
    UserAgentRules, UserContext,
};

// What is answered, and why.
#[doc(inline)]
pub use growthbook_core::{
    Assignment, BanditAssignment, Explanation, FeatureResult, FeatureSource, ValueError,
};

// Experiments that the program defines, and changes to those of the payload.
#[doc(inline)]
pub use growthbook_core::{
    AutoExperiments, AutoOptions, AutoResult, Experiment, ExperimentBuilder, ExperimentError,
    ExperimentInfo, ExperimentOverride, ExperimentResult,
};

// Payloads and keys.
#[doc(inline)]
pub use growthbook_core::{
    ClientKey, DecryptError, DecryptionKey, DecryptionKeyError, Diagnostic, FeatureChanges,
    PayloadError, Problem, Rebucketing, RebucketingCause, Revision, Ruleset, decrypt,
};

// Where payloads come from and where they are kept, and when it is time to ask.
#[doc(inline)]
pub use growthbook_core::{
    Backoff, CacheKey, CachedPayload, Clock, FeatureCache, FeatureFetcher, FetchError, Fetched,
    Freshness, Lease, LeaseToken, MemoryCache, Origin, PayloadSink, PayloadSource, Refresh,
    RefreshCounts, RefreshError, RefreshEvent, RefreshMode, RefreshRequest, SourceHandle,
    SourceStatus, StaticFetcher, StreamState, SystemClock, Validator,
};

// Payloads over HTTP, and the last good one on disk.
#[cfg(feature = "fetch")]
#[cfg_attr(docsrs, doc(cfg(feature = "fetch")))]
#[doc(inline)]
pub use growthbook_fetch::{ConfigError, Endpoint, FileCache, HttpFetcher, HttpSource};

// Payloads in a Redis, for a fleet.
#[cfg(feature = "cache-redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache-redis")))]
#[doc(inline)]
pub use growthbook_cache_redis::{RedisCache, RedisCacheBuilder};

// What GrowthBook sends to the program.
#[cfg(feature = "fetch")]
#[cfg_attr(docsrs, doc(cfg(feature = "fetch")))]
#[doc(inline)]
pub use growthbook_fetch::{
    EventWebhook, ProxyPush, Webhook, WebhookAction, WebhookError, WebhookEvent, WebhookOutcome,
    WebhookSecretError,
};

// Features that a server evaluates, one user at a time.
#[cfg(feature = "fetch")]
#[cfg_attr(docsrs, doc(cfg(feature = "fetch")))]
#[doc(inline)]
pub use growthbook_fetch::{
    RemoteEvaluation, RemoteEvaluationBuilder, RemoteEvaluationError, RemoteEvaluationStats,
    RemoteSource,
};

// Sticky buckets, and stores for them.
#[doc(inline)]
pub use growthbook_core::{
    BackendError, FlushError, MemoryStickyBuckets, Saved, StickyAssignments, StickyBucketService,
    StickyDocuments, StickyIdentity, StickyWrite,
};

// Sticky buckets in a file and in cookies, and what wraps a store.
#[cfg(feature = "sticky")]
#[cfg_attr(docsrs, doc(cfg(feature = "sticky")))]
#[doc(inline)]
pub use growthbook_sticky::{
    Cached, SqliteStickyBuckets, SqliteStickyBucketsBuilder, WriteBehind, WriteBehindBuilder,
    WriteBehindReport, cookies,
};

// Sticky buckets in a Redis.
#[cfg(feature = "sticky-redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "sticky-redis")))]
#[doc(inline)]
pub use growthbook_sticky::{RedisStickyBuckets, RedisStickyBucketsBuilder};

// Exposures and events in batches, and where they go.
#[cfg(feature = "tracking")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracking")))]
#[doc(inline)]
pub use growthbook_tracking as tracking;
#[cfg(feature = "tracking")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracking")))]
#[doc(inline)]
pub use growthbook_tracking::{
    BatchTracker, BatchTrackerBuilder, EventSink, Ingestor, JsonLines, TrackerReport,
};

// Events kept on disk, and in a stream of Redis.
#[cfg(feature = "tracking-redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracking-redis")))]
#[doc(inline)]
pub use growthbook_tracking::{RedisStream, RedisStreamBuilder};
#[cfg(feature = "spool")]
#[cfg_attr(docsrs, doc(cfg(feature = "spool")))]
#[doc(inline)]
pub use growthbook_tracking::{SpoolError, SpoolOptions, SpoolReport};

// How it is doing, in figures.
#[doc(inline)]
pub use growthbook_core::{Metric, MetricValue};

// Evaluations in traces.
#[cfg(feature = "otel")]
#[cfg_attr(docsrs, doc(cfg(feature = "otel")))]
#[doc(inline)]
pub use growthbook_core::EvaluationEvents;

// A user for each request of a web service.
#[cfg(any(feature = "actix", feature = "axum", feature = "tower"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "actix", feature = "axum", feature = "tower")))
)]
#[doc(inline)]
pub use growthbook_web as web;

// The parts under the client.
#[doc(inline)]
pub use growthbook_core::{bucketing, engine, explanation, reduce};

// For tests.
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
#[doc(inline)]
pub use growthbook_core::testing;

/// The repository's other pages, whose code runs with this crate's tests.
#[cfg(doctest)]
mod pages {
    #[cfg(feature = "fetch")]
    #[doc = include_str!("../../README.md")]
    mod repository {}

    #[doc = include_str!("../../growthbook-core/README.md")]
    mod core {}
}
