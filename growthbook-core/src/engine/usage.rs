use std::sync::Arc;

use serde_json::Value;

use super::{Decision, Key, Outcome};
use crate::assignment::Assignment;
use crate::result::{FeatureResult, FeatureSource};
use crate::ruleset::Ruleset;

/// A feature was evaluated (spec 20).
///
/// It borrows from the ruleset and the user, and costs nothing to make; [`FeatureUsage::to_result`] makes it last.
#[derive(Clone, Copy, Debug)]
pub struct FeatureUsage<'a> {
    ruleset: &'a Arc<Ruleset>,
    key: Key<'a>,
    decision: Decision<'a>,
    outcome: Option<Outcome<'a>>,
}

impl<'a> FeatureUsage<'a> {
    pub(crate) fn new(
        ruleset: &'a Arc<Ruleset>,
        key: Key<'a>,
        decision: Decision<'a>,
        outcome: Option<Outcome<'a>>,
    ) -> Self {
        Self {
            ruleset,
            key,
            decision,
            outcome,
        }
    }

    /// The feature's key.
    pub fn key(&self) -> &'a str {
        self.key.text(self.ruleset)
    }

    /// Its value.
    pub fn value(&self) -> &'a Value {
        self.decision.value.json()
    }

    /// Whether its value is truthy, as in JavaScript.
    pub fn is_on(&self) -> bool {
        self.decision.value.is_truthy()
    }

    /// Why it has that value.
    pub fn source(&self) -> FeatureSource {
        self.decision.source
    }

    /// The id of the rule that decided, if one did and has an id.
    pub fn rule_id(&self) -> Option<&'a str> {
        let rule = self.ruleset.rule(self.decision.rule()?)?;
        Some(&*rule.id).filter(|id| !id.is_empty())
    }

    /// The key of the variation whose value it is, if an experiment decided.
    pub fn variation_key(&self) -> Option<&'a str> {
        let outcome = self.outcome.as_ref()?;
        Some(outcome.meta().map_or("0", |meta| &meta.key))
    }

    pub(crate) fn decision(&self) -> &Decision<'a> {
        &self.decision
    }

    /// Where the feature is in the ruleset, if it is.
    pub(crate) fn place(&self) -> Option<u32> {
        match self.key {
            Key::Place(place) => Some(place),
            Key::Text(_) => None,
        }
    }

    /// The index of the variation whose value it is.
    pub(crate) fn variation(&self) -> Option<usize> {
        self.outcome.as_ref().map(|outcome| outcome.variation)
    }

    /// The variation of the experiment whose value it is. Allocates.
    pub fn assignment(&self) -> Option<Assignment> {
        self.outcome.as_ref().map(Outcome::assignment)
    }

    /// The same as a result, which outlives everything else. Allocates.
    pub fn to_result(&self) -> FeatureResult {
        self.decision
            .into_result(self.ruleset, self.key, self.outcome.as_ref())
    }
}
