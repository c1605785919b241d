use crate::attributes::{Attributes, Layers};
use crate::audience::HashAttribute;
use crate::condition::Scope;
use crate::experiment::ExperimentOverride;
use crate::feature_value::FeatureValue;
use crate::page_url::PageUrl;
use crate::sticky::StickyIdentity;
use crate::user::{GlobalContext, UserContext, Who};

/// Whom an evaluation is for: a user, within what holds for all users. Borrows both and merges nothing.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    user: &'a UserContext,
    who: &'a Who,
    global: Option<&'a GlobalContext>,
    layers: Layers<'a>,
}

impl<'a> Subject<'a> {
    /// A user on their own.
    #[inline]
    pub fn new(user: &'a UserContext) -> Self {
        let who = &*user.who;
        let layers = Layers {
            global: None,
            user: &who.attributes,
            overrides: (!who.attribute_overrides.is_empty()).then_some(&who.attribute_overrides),
            remote_groups: who.remote_groups.as_ref(),
        };
        Self {
            user,
            who,
            global: None,
            layers,
        }
    }

    /// The user, within what holds for all.
    #[must_use]
    #[inline]
    pub fn within(mut self, global: &'a GlobalContext) -> Self {
        self.global = Some(global);
        self.layers.global = (!global.attributes.is_empty()).then_some(&global.attributes);
        self
    }

    /// The user.
    pub fn user(&self) -> &'a UserContext {
        self.user
    }

    /// All attributes in one map, as conditions see them.
    pub fn merged_attributes(&self) -> Attributes {
        self.layers.merged()
    }

    pub(crate) fn layers(&self) -> &Layers<'a> {
        &self.layers
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope::User(&self.layers)
    }

    pub(crate) fn url(&self) -> Option<&'a PageUrl> {
        self.who.url.as_ref()
    }

    /// Whether any feature's value is forced: most often none is, and that is quickly said.
    #[inline]
    pub(crate) fn forces_values(&self) -> bool {
        !self.who.forced.values.is_empty()
            || self
                .global
                .is_some_and(|global| !global.forced.values.is_empty())
    }

    /// The feature's value that is forced, for this user or for all.
    pub(crate) fn forced_value(&self, feature: &str) -> Option<&'a FeatureValue> {
        let global = self
            .global
            .and_then(|global| global.forced.values.get(feature));
        self.who.forced.values.get(feature).or(global)
    }

    /// The experiment's variation that is forced, for this user or for all.
    pub(crate) fn forced_variation(&self, experiment: &str) -> Option<usize> {
        let global = self.global.map(|global| &global.forced.variations);
        [Some(&self.who.forced.variations), global]
            .into_iter()
            .flatten()
            .filter(|variations| !variations.is_empty())
            .find_map(|variations| variations.get(experiment))
            .copied()
    }

    pub(crate) fn overrides(&self, experiment: &str) -> Option<&'a ExperimentOverride> {
        let overrides = &self.global?.overrides;
        if overrides.is_empty() {
            None
        } else {
            overrides.get(experiment)
        }
    }

    pub(crate) fn is_in_any_group(&self, groups: &[Box<str>]) -> bool {
        let known = self.global.map(|global| &global.groups);
        groups
            .iter()
            .any(|group| known.is_some_and(|known| known.get(&**group) == Some(&true)))
    }

    pub(crate) fn is_disabled(&self) -> bool {
        self.who.disabled || self.global.is_some_and(|global| global.disabled)
    }

    pub(crate) fn is_in_qa_mode(&self) -> bool {
        self.who.qa_mode || self.global.is_some_and(|global| global.qa_mode)
    }

    pub(crate) fn skips_experiments(&self) -> bool {
        self.who.skip_all_experiments
    }

    /// The user's identities by these attributes, as far as they have any.
    pub(crate) fn identities<'h>(
        &self,
        attributes: impl IntoIterator<Item = &'h HashAttribute>,
    ) -> Vec<StickyIdentity> {
        let identity = |attribute: &HashAttribute| {
            let mut buffer = ryu_js::Buffer::new();
            let text = attribute.find(&self.layers)?.identity(&mut buffer)?;
            Some(StickyIdentity::new(attribute.as_str(), text))
        };
        attributes.into_iter().filter_map(identity).collect()
    }

    /// The attribute by which the user is bucketed, and its value: the first if the user has one, else the fallback
    /// (spec 8).
    #[inline]
    pub(crate) fn hash_source(
        &self,
        attribute: &'a HashAttribute,
        fallback: Option<&'a HashAttribute>,
    ) -> HashSource<'a> {
        if let Some(value) = attribute.find(&self.layers) {
            return HashSource {
                attribute,
                value: Some(value),
            };
        }
        let by_fallback = fallback.and_then(|it| Some((it, it.find(&self.layers)?)));
        match by_fallback {
            Some((attribute, value)) => HashSource {
                attribute,
                value: Some(value),
            },
            None => HashSource {
                attribute,
                value: None,
            },
        }
    }
}

/// By what a user is bucketed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashSource<'a> {
    pub(crate) attribute: &'a HashAttribute,
    /// A value that identifies somebody, if the user has one.
    pub(crate) value: Option<&'a crate::AttributeValue>,
}
