use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::attributes::{AttributeValue, Attributes};
use crate::experiment::ExperimentOverride;
use crate::feature_value::FeatureValue;
use crate::page_url::PageUrl;

/// Who is asking: a user's attributes, and whatever else an evaluation depends on that is theirs alone.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, UserContext};
///
/// let user = UserContext::new(Attributes::new().with("id", "u-1").with("country", "DE"))
///     .with_url("https://shop.example/cart?promo=1")
///     .with_forced_variation("checkout-button", 1);
/// assert_eq!(user.url(), Some("https://shop.example/cart?promo=1"));
/// ```
#[derive(Clone, Default)]
pub struct UserContext {
    /// Shared, so that whoever keeps the user (a scope, an event on its way to analytics) copies a pointer.
    pub(crate) who: Arc<Who>,
}

/// What a [`UserContext`] says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who {
    pub(crate) attributes: Attributes,
    pub(crate) attribute_overrides: Attributes,
    pub(crate) remote_groups: Option<AttributeValue>,
    pub(crate) url: Option<PageUrl>,
    pub(crate) forced: ForcedOutcomes,
    pub(crate) disabled: bool,
    pub(crate) qa_mode: bool,
    pub(crate) skip_all_experiments: bool,
}

/// Variations and values that are given whatever the rules say.
#[derive(Clone, Default)]
pub(crate) struct ForcedOutcomes {
    pub(crate) variations: BTreeMap<String, usize>,
    pub(crate) values: BTreeMap<String, FeatureValue>,
}

impl fmt::Debug for ForcedOutcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForcedOutcomes")
            .field("variations", &self.variations)
            .field("values", &self.values.keys())
            .finish()
    }
}

impl UserContext {
    /// A user with these attributes.
    pub fn new(attributes: Attributes) -> Self {
        Self {
            who: Arc::new(Who {
                attributes,
                ..Who::default()
            }),
        }
    }

    /// The page that the user is on. Experiments may be restricted to pages, and a query parameter named like an
    /// experiment forces its variation (spec 11).
    #[must_use]
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.edit().url = Some(PageUrl::new(&url.into()));
        self
    }

    /// Attributes that win over the user's own: a debugging aid.
    #[must_use]
    pub fn with_attribute_overrides(mut self, overrides: Attributes) -> Self {
        self.edit().attribute_overrides = overrides;
        self
    }

    /// The ids of the remote saved groups that the user is in, as resolved outside. An empty list says that they were
    /// resolved and the user is in none (spec 4.4).
    #[must_use]
    pub fn with_remote_groups<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        let ids = ids
            .into_iter()
            .map(|id| AttributeValue::String(id.into()))
            .collect();
        self.edit().remote_groups = Some(AttributeValue::List(ids));
        self
    }

    /// Gives the user a variation of an experiment, without bucketing and without an exposure. An index that the
    /// experiment does not have keeps the user out of it.
    #[must_use]
    pub fn with_forced_variation(mut self, experiment: impl Into<String>, index: usize) -> Self {
        self.edit()
            .forced
            .variations
            .insert(experiment.into(), index);
        self
    }

    /// Gives the user a feature's value, whatever its rules say. Works for features that do not exist, too.
    #[must_use]
    pub fn with_forced_value(mut self, feature: impl Into<String>, value: Value) -> Self {
        self.edit()
            .forced
            .values
            .insert(feature.into(), FeatureValue::from(value));
        self
    }

    /// Whether experiments run for this user. They do by default; force rules and rollouts always do.
    #[must_use]
    pub fn with_enabled(mut self, on: bool) -> Self {
        self.edit().disabled = !on;
        self
    }

    /// In QA mode nobody is bucketed by hash: only forced variations are given.
    #[must_use]
    pub fn with_qa_mode(mut self, on: bool) -> Self {
        self.edit().qa_mode = on;
        self
    }

    /// Keeps the user out of every experiment that would bucket them; forced variations still hold.
    #[must_use]
    pub fn with_all_experiments_skipped(mut self, skip: bool) -> Self {
        self.edit().skip_all_experiments = skip;
        self
    }

    /// The user's own attributes.
    pub fn attributes(&self) -> &Attributes {
        &self.who.attributes
    }

    /// The page that the user is on, as it was given.
    pub fn url(&self) -> Option<&str> {
        self.who.url.as_ref().map(PageUrl::as_str)
    }

    /// Replaces the user's own attributes.
    pub fn set_attributes(&mut self, attributes: Attributes) {
        self.edit().attributes = attributes;
    }

    /// Adds attributes, each replacing an earlier one of its name.
    pub fn update_attributes(&mut self, attributes: Attributes) {
        self.edit().attributes.append(attributes);
    }

    /// A user who is shared is copied first.
    fn edit(&mut self) -> &mut Who {
        Arc::make_mut(&mut self.who)
    }
}

impl fmt::Debug for UserContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = &*self.who;
        f.debug_struct("UserContext")
            .field("attributes", &who.attributes)
            .field("attribute_overrides", &who.attribute_overrides)
            .field("url", &who.url)
            .field("forced", &who.forced)
            .finish_non_exhaustive()
    }
}

/// What holds for all users of a client: attributes and steering that a [`UserContext`] adds to or overrides.
#[derive(Clone, Debug, Default)]
pub struct GlobalContext {
    pub(crate) attributes: Attributes,
    pub(crate) forced: ForcedOutcomes,
    pub(crate) overrides: BTreeMap<String, Arc<ExperimentOverride>>,
    pub(crate) groups: BTreeMap<String, bool>,
    pub(crate) disabled: bool,
    pub(crate) qa_mode: bool,
}

impl GlobalContext {
    /// A context that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Attributes that every user has, unless they have their own of that name.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// Gives everybody a variation of an experiment.
    #[must_use]
    pub fn with_forced_variation(mut self, experiment: impl Into<String>, index: usize) -> Self {
        self.forced.variations.insert(experiment.into(), index);
        self
    }

    /// Gives everybody a feature's value.
    #[must_use]
    pub fn with_forced_value(mut self, feature: impl Into<String>, value: Value) -> Self {
        self.forced
            .values
            .insert(feature.into(), FeatureValue::from(value));
        self
    }

    /// Replaces parts of an experiment (spec 16, step 3).
    #[must_use]
    pub fn with_override(
        mut self,
        experiment: impl Into<String>,
        parts: ExperimentOverride,
    ) -> Self {
        self.overrides.insert(experiment.into(), Arc::new(parts));
        self
    }

    /// Says whether users are in a group, for experiments that name groups (legacy: spec 16, step 10f).
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>, member: bool) -> Self {
        self.groups.insert(group.into(), member);
        self
    }

    /// Whether experiments run at all. They do by default.
    #[must_use]
    pub fn with_enabled(mut self, on: bool) -> Self {
        self.disabled = !on;
        self
    }

    /// In QA mode nobody is bucketed by hash: only forced variations are given.
    #[must_use]
    pub fn with_qa_mode(mut self, on: bool) -> Self {
        self.qa_mode = on;
        self
    }

    /// The attributes that every user has.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }
}
