#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! | to | see |
//! |---|---|
//! | evaluate features and run experiments | [`GrowthBookClient`], built by [`GrowthBookClientBuilder`] |
//! | say who asks | [`UserContext`] and [`Attributes`]; [`GlobalContext`] for what holds for all users |
//! | find out why a value was given | [`FeatureResult`], [`FeatureSource`], [`Assignment`] |
//! | define an experiment in code | [`Experiment`] and [`ExperimentResult`] |
//! | see what is wrong with a payload | [`Ruleset::diagnostics`], [`PayloadError`] |
//! | keep users in their variation | [`StickyBucketService`], [`MemoryStickyBuckets`] |
//! | fetch payloads, and keep them | [`FeatureFetcher`], [`FeatureCache`], [`MemoryCache`]; [`Backoff`] and [`Clock`] for when |
//! | test a program, or a store, fetcher, source or plugin of your own | the module `testing`, with the Cargo feature of that name |
//! | evaluate without a client | [`engine`] |
//! | predict or audit an assignment | [`bucketing`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

// The client.
#[doc(inline)]
pub use growthbook_core::{BackgroundError, BuildError, GrowthBookClient, GrowthBookClientBuilder};

// Who asks.
#[doc(inline)]
pub use growthbook_core::{
    AttributeError, AttributeValue, Attributes, GlobalContext, Number, UserContext,
};

// What is answered.
#[doc(inline)]
pub use growthbook_core::{Assignment, BanditAssignment, FeatureResult, FeatureSource, ValueError};

// Experiments that the program defines, and changes to those of the payload.
#[doc(inline)]
pub use growthbook_core::{
    AutoExperiments, AutoOptions, AutoResult, Experiment, ExperimentBuilder, ExperimentError,
    ExperimentInfo, ExperimentOverride, ExperimentResult,
};

// Payloads and keys.
#[doc(inline)]
pub use growthbook_core::{
    ClientKey, DecryptError, DecryptionKey, DecryptionKeyError, Diagnostic, PayloadError, Problem,
    Revision, Ruleset, decrypt,
};

// Where payloads come from and where they are kept, and when it is time to ask.
#[doc(inline)]
pub use growthbook_core::{
    Backoff, CacheKey, CachedPayload, Clock, FeatureCache, FeatureFetcher, FetchError, Fetched,
    MemoryCache, StaticFetcher, SystemClock, Validator,
};

// Sticky buckets, and stores for them.
#[doc(inline)]
pub use growthbook_core::{
    BackendError, FlushError, MemoryStickyBuckets, Saved, StickyAssignments, StickyBucketService,
    StickyDocuments, StickyIdentity, StickyWrite,
};

// The parts under the client.
#[doc(inline)]
pub use growthbook_core::{bucketing, engine, reduce};

// For tests.
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
#[doc(inline)]
pub use growthbook_core::testing;

/// The repository's other pages, whose code runs with this crate's tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod repository {}

    #[doc = include_str!("../../growthbook-core/README.md")]
    mod core {}
}
