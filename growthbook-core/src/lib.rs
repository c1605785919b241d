//! The evaluation engine of the GrowthBook SDK for Rust, its client, and the traits that stores implement.
//!
//! GrowthBook decides which value of a feature a user gets: by targeting rules, gradual rollouts and experiments that
//! people define in its app. A service downloads that definition, the *payload*, and this crate decides from it, in
//! process, without a network call, and bucket for bucket as every other GrowthBook SDK does.
//!
//! Most programs use the `growthbook` crate, which re-exports this one. The short way in is [`GrowthBookClient`]:
//!
//! ```
//! use growthbook_core::{Attributes, GrowthBookClient, UserContext};
//!
//! let client = GrowthBookClient::builder().build()?;
//! client.load(br#"{"features": {"new-checkout": {
//!     "defaultValue": false,
//!     "rules": [{"condition": {"country": {"$in": ["DE", "AT"]}}, "force": true, "coverage": 0.5}]
//! }}}"#)?;
//!
//! let user = UserContext::new(Attributes::new().with("id", "user-3").with("country", "DE"));
//! if client.is_on("new-checkout", &user) {
//!     // the new one
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The way of a payload
//!
//! ```text
//! bytes ── wire: piece by piece, opened if sealed ──> JSON tree of one feature
//!                                                      │ ruleset: compiled once
//!                                                      v
//! user ── engine: a pure function that borrows both ──> decision ──> result, if one is asked for
//!                                                      └──> effects, told to a recorder
//! ```
//!
//! * [`Ruleset`] is a payload compiled: immutable, shared, with everything done that can be done before there is a user.
//!   What was malformed is in its [diagnostics](Ruleset::diagnostics).
//! * [`engine`] holds the evaluation as pure functions, for those who bring their own shell.
//! * [`explanation`] says why a user gets a value: [`engine::explain`] tells an evaluation fact by fact.
//! * [`GrowthBookClient`] is that shell: it swaps rulesets, and asks the [`StickyBucketService`].
//! * [`FeatureFetcher`] and [`FeatureCache`] say where payloads come from and where they are kept; [`Clock`] and
//!   [`Backoff`] say when it is time to ask again.
//! * [`bucketing`] holds the arithmetic of hashes, ranges and namespaces.
//!
//! # What this crate does not do
//!
//! It opens no file and no socket, starts no thread, reads no environment and prints nothing; only [`SystemClock`] reads the
//! system's clock. It does not panic on any payload, attributes or URL. An evaluation waits for no writer, no I/O and no callback; what it prepares once, at first
//! use (a pattern, an address, a value's JSON), takes a moment of computing.
//!
//! # Cargo features
//!
//! Off by default. None changes what anything else does.
//!
//! | feature | adds |
//! |---|---|
//! | `testing` | the module `testing`: clients with the features of a test, plugins, sources, fetchers and clocks to drive by hand, and the contracts of the traits as suites, which start threads |
//! | `tracing` | what happens beside evaluation, as events of the crate `tracing` with the target `growthbook` |
//!
//! "Spec 16" and the like name sections of `docs/evaluation.md` in the repository, which says what an evaluation computes.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod assignment;
mod attributes;
mod audience;
mod backoff;
pub mod bucketing;
mod cache;
mod client;
mod clock;
mod condition;
mod decrypt;
mod diagnostic;
pub mod engine;
mod error;
mod experiment;
pub mod explanation;
mod feature_value;
mod fetch;
mod flag;
mod guard;
#[doc(hidden)] // Public for the differential run and for fuzzing; no part of the stable API.
pub mod js_regex;
mod json;
mod page_url;
pub mod reduce;
mod request;
mod result;
mod ruleset;
mod secret;
mod secure;
mod stack;
mod sticky;
mod sticky_service;
#[cfg(any(test, feature = "testing"))]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod text;
mod text_index;
mod tracking;
mod user;
mod version;
mod wire;

pub use self::assignment::{Assignment, BanditAssignment};
pub use self::attributes::{AttributeError, AttributeValue, Attributes, Number};
pub use self::backoff::Backoff;
pub use self::cache::{
    CacheKey, CachedPayload, FeatureCache, Lease, LeaseToken, MemoryCache, Validator,
};
pub use self::client::{
    AllFeatures, BackgroundError, BuildError, CloseReport, DeferredExposures, ErrorReporter,
    EvaluatedFeature, Freshness, GrowthBookClient, GrowthBookClientBuilder, Origin, PayloadSink,
    PayloadSource, Readiness, Refresh, RefreshCounts, RefreshError, RefreshEvent, RefreshMode,
    RefreshRequest, SourceHandle, SourceStatus, Status, StreamState, Subscription, Track,
    UserScope,
};
pub use self::clock::{Clock, SystemClock};
pub use self::decrypt::{DecryptError, decrypt};
pub use self::diagnostic::{Diagnostic, Problem};
pub use self::engine::{AutoExperiments, AutoOptions, AutoResult};
pub use self::error::{BackendError, FlushError};
pub use self::experiment::{
    Experiment, ExperimentBuilder, ExperimentError, ExperimentInfo, ExperimentOverride,
    ExperimentResult,
};
pub use self::explanation::Explanation;
pub use self::fetch::{FeatureFetcher, FetchError, Fetched, StaticFetcher};
pub use self::flag::{Flag, FlagValue};
pub use self::request::{RequestContext, UserAgentRules};
pub use self::result::{FeatureResult, FeatureSource, ValueError};
pub use self::ruleset::{
    FeatureChanges, PayloadError, Rebucketing, RebucketingCause, Revision, Ruleset,
};
pub use self::secret::{ClientKey, DecryptionKey, DecryptionKeyError};
pub use self::secure::SecureSalt;
pub use self::sticky::{StickyAssignments, StickyDocuments, StickyIdentity, StickyWrite};
pub use self::sticky_service::{MemoryStickyBuckets, Saved, StickyBucketService};
pub use self::tracking::{
    CustomEvent, ExperimentViewed, FeatureEvaluated, Interest, OwnedTrackingEvent, TrackedUser,
    TrackingEvent, TrackingPlugin,
};
pub use self::user::{GlobalContext, UserContext};
