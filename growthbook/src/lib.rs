#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! | to | see |
//! |---|---|
//! | evaluate features and run experiments | [`GrowthBookClient`], built by [`GrowthBookClientBuilder`] |
//! | say who asks | [`UserContext`] and [`Attributes`]; [`GlobalContext`] for what holds for all users |
//! | find out how a value was given | [`FeatureResult`], [`FeatureSource`], [`Assignment`] |
//! | find out why, fact by fact | [`engine::explain`], [`Explanation`] |
//! | define an experiment in code | [`Experiment`] and [`ExperimentResult`] |
//! | see what is wrong with a payload | [`Ruleset::diagnostics`], [`PayloadError`] |
//! | keep users in their variation | [`StickyBucketService`], [`MemoryStickyBuckets`] |
//! | evaluate without a client | [`engine`] |
//! | predict or audit an assignment | [`bucketing`] |

// The client.
#[doc(inline)]
pub use growthbook_core::{BackgroundError, BuildError, GrowthBookClient, GrowthBookClientBuilder};

// Who asks.
#[doc(inline)]
pub use growthbook_core::{
    AttributeError, AttributeValue, Attributes, GlobalContext, Number, UserContext,
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
    ClientKey, DecryptError, DecryptionKey, DecryptionKeyError, Diagnostic, PayloadError, Problem,
    Revision, Ruleset, decrypt,
};

// Sticky buckets, and stores for them.
#[doc(inline)]
pub use growthbook_core::{
    BackendError, MemoryStickyBuckets, Saved, StickyAssignments, StickyBucketService,
    StickyDocuments, StickyIdentity, StickyWrite,
};

// The parts under the client.
#[doc(inline)]
pub use growthbook_core::{bucketing, engine, explanation, reduce};

/// The repository's other pages, whose code runs with this crate's tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod repository {}

    #[doc = include_str!("../../growthbook-core/README.md")]
    mod core {}
}
