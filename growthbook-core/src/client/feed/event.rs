//! What the program is told when other features come in force.

use std::sync::Arc;

use crate::client::feed::refresh::Origin;
use crate::ruleset::{FeatureChanges, Ruleset};

/// Other features are in force: see
/// [`GrowthBookClientBuilder::on_refresh`](crate::GrowthBookClientBuilder::on_refresh).
///
/// # Example
///
/// ```
/// use growthbook_core::GrowthBookClient;
///
/// let client = GrowthBookClient::builder()
///     .on_refresh(|event| {
///         for rebucketing in event.changes().rebucketings() {
///             eprintln!("{rebucketing}");
///         }
///         if event.is_emptied() {
///             eprintln!("all features are gone");
///         }
///     })
///     .build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RefreshEvent<'a> {
    ruleset: &'a Arc<Ruleset>,
    previous: &'a Arc<Ruleset>,
    origin: Origin,
}

impl<'a> RefreshEvent<'a> {
    pub(crate) fn new(
        ruleset: &'a Arc<Ruleset>,
        previous: &'a Arc<Ruleset>,
        origin: Origin,
    ) -> Self {
        Self {
            ruleset,
            previous,
            origin,
        }
    }

    /// The features in force, and what was found wrong with them.
    pub fn ruleset(&self) -> &'a Arc<Ruleset> {
        self.ruleset
    }

    /// The features that were in force before. Empty if these are the client's first.
    pub fn previous(&self) -> &'a Arc<Ruleset> {
        self.previous
    }

    /// What differs between the two. Worked out by each call, and by nobody who does not ask.
    pub fn changes(&self) -> FeatureChanges<'a> {
        self.ruleset.changes_since(self.previous)
    }

    /// Whether there are no features any more, and there were some before: every feature is unknown now. A payload may say
    /// so, but most often it is that of the wrong project or environment.
    pub fn is_emptied(&self) -> bool {
        self.ruleset.feature_count() == 0 && self.previous.feature_count() > 0
    }

    /// Where they came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}
