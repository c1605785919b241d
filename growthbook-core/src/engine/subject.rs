use std::collections::BTreeMap;

use serde_json::Value;

use super::Binding;
use crate::attributes::{AttributeValue, Attributes, Layers, Probe, Slot};
use crate::audience::HashAttribute;
use crate::experiment::ExperimentOverride;
use crate::feature_value::FeatureValue;
use crate::page_url::PageUrl;
use crate::ruleset::Ruleset;
use crate::sticky::StickyIdentity;
use crate::user::{GlobalContext, UserContext, Who};

/// Whom an evaluation is for: a user, within what holds for all users. Borrows both and merges nothing.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    user: &'a UserContext,
    who: &'a Who,
    global: Option<&'a GlobalContext>,
    layers: Layers<'a>,
    /// Who remembers where the attributes in these layers are.
    binding: Option<&'a Binding>,
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
            slots: None,
        };
        Self {
            user,
            who,
            global: None,
            layers,
            binding: None,
        }
    }

    /// The user, within what holds for all.
    #[must_use]
    #[inline]
    pub fn within(mut self, global: &'a GlobalContext) -> Self {
        self.global = Some(global);
        self.layers.global = (!global.attributes.is_empty()).then_some(&global.attributes);
        // A binding knows the attributes in other layers.
        self.binding = None;
        self
    }

    /// The same subject, which is what `binding` says it is.
    #[inline]
    pub(super) fn bound(self, binding: &'a Binding) -> Self {
        Self {
            binding: Some(binding),
            ..self
        }
    }

    /// The user.
    pub fn user(&self) -> &'a UserContext {
        self.user
    }

    /// All attributes in one map, as conditions see them.
    pub fn merged_attributes(&self) -> Attributes {
        self.layers.merged()
    }

    /// The maps of which [`Subject::merged_attributes`] makes one.
    pub(crate) fn attribute_maps(&self) -> impl Iterator<Item = &'a Attributes> {
        let layers = &self.layers;
        let user = std::iter::once(layers.user);
        user.chain(layers.global).chain(layers.overrides)
    }

    /// One attribute: overrides win over the user's own, and those over what holds for all.
    pub fn attribute(&self, name: &str) -> Option<&'a AttributeValue> {
        self.layers.find(Probe::new(name), Slot::NONE)
    }

    /// The layers of attributes that an evaluation of this ruleset looks through.
    #[inline]
    pub(crate) fn layers(&self, ruleset: &Ruleset) -> Layers<'a> {
        Layers {
            slots: self.binding.and_then(|binding| binding.slots_for(ruleset)),
            ..self.layers
        }
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

    /// All variations that are forced, by the keys of their experiments: the user's, and those that hold for all.
    pub fn forced_variations(&self) -> BTreeMap<&'a str, usize> {
        let global = self.global.map(|global| &global.forced.variations);
        let forced = global.into_iter().chain([&self.who.forced.variations]);
        let each = |(key, index): (&'a String, &usize)| (key.as_str(), *index);
        forced.flatten().map(each).collect()
    }

    /// All values that are forced, by the keys of their features: the user's, and those that hold for all.
    pub fn forced_values(&self) -> BTreeMap<&'a str, &'a Value> {
        let global = self.global.map(|global| &global.forced.values);
        let forced = global.into_iter().chain([&self.who.forced.values]);
        let each = |(key, value): (&'a String, &'a FeatureValue)| (key.as_str(), value.json());
        forced.flatten().map(each).collect()
    }

    pub(crate) fn overrides(&self, experiment: &str) -> Option<&'a ExperimentOverride> {
        let overrides = &self.global?.overrides;
        if overrides.is_empty() {
            None
        } else {
            overrides.get(experiment).map(|it| &**it)
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

    /// Whether there is anything about the user, or about all users, by which an experiment's outcome can differ from what
    /// its buckets and its targeting say.
    pub(crate) fn steers_experiments(&self) -> bool {
        self.who.url.is_some()
            || self.is_disabled()
            || self.is_in_qa_mode()
            || self.skips_experiments()
            || !self.who.forced.variations.is_empty()
            || self.global.is_some_and(|global| {
                !global.forced.variations.is_empty() || !global.overrides.is_empty()
            })
    }
}

/// By what a user is bucketed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashSource<'a> {
    pub(crate) attribute: &'a HashAttribute,
    /// A value that identifies somebody, if the user has one.
    pub(crate) value: Option<&'a AttributeValue>,
}

impl<'a> HashSource<'a> {
    /// The attribute by which the user is bucketed, and its value: the first if the user has one, else the fallback
    /// (spec 8).
    #[inline]
    pub(crate) fn find(
        layers: &Layers<'a>,
        attribute: &'a HashAttribute,
        fallback: Option<&'a HashAttribute>,
    ) -> Self {
        let value = attribute.find(layers);
        if let (None, Some(fallback)) = (value, fallback)
            && let Some(value) = fallback.find(layers)
        {
            return Self {
                attribute: fallback,
                value: Some(value),
            };
        }
        Self { attribute, value }
    }
}
