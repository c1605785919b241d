//! The evaluation engine of the GrowthBook SDK for Rust.
mod attributes;
mod audience;
pub mod bucketing;
mod client;
mod condition;
mod decrypt;
mod diagnostic;
pub mod engine;
mod error;
mod experiment;
mod feature_value;
mod js_regex;
mod json;
mod page_url;
pub mod reduce;
mod result;
mod ruleset;
mod secret;
mod stack;
mod sticky;
mod text;
mod text_index;
mod user;
mod version;
mod wire;

pub use self::attributes::{AttributeError, AttributeValue, Attributes, Number};
pub use self::client::{BuildError, GrowthBookClient, GrowthBookClientBuilder};
pub use self::decrypt::{DecryptError, decrypt};
pub use self::diagnostic::{Diagnostic, Problem};
pub use self::error::{BackendError, BackgroundError};
pub use self::experiment::{
    Experiment, ExperimentBuilder, ExperimentError, ExperimentInfo, ExperimentOverride,
    ExperimentResult,
};
pub use self::result::{Assignment, BanditAssignment, FeatureResult, FeatureSource, ValueError};
pub use self::ruleset::{PayloadError, Revision, Ruleset};
pub use self::secret::{ClientKey, DecryptionKey, DecryptionKeyError};
pub use self::sticky::{
    MemoryStickyBuckets, Saved, StickyAssignments, StickyBucketService, StickyDocuments,
    StickyIdentity, StickyWrite,
};
pub use self::user::{GlobalContext, UserContext};
