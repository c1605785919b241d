//! What the engine says of its way to a decision, to whoever explains it.

use super::experiment::Setup;
use super::outcome::Outcome;
use super::sticky::Lookup;
use super::subject::HashSource;
use super::{Decision, Exposure, FeatureUsage, Key, Parent, Recorder};
use crate::audience::{Filter, Prerequisite};
use crate::bucketing::Namespace;
use crate::condition::Condition;
use crate::explanation::Step;
use crate::ruleset::{Context, Rollout, Rule, RulePlace};
use crate::sticky::StickyWrite;

/// Hears how an evaluation comes to its decisions, beside what it does.
///
/// Calls come in the order of the evaluation, and nest as features, rules and experiments do. Every method does nothing
/// by default, and what it is handed is at hand anyway: where nobody listens, nothing is left of the calls.
pub(crate) trait Witness<'a>: Recorder<'a> {
    /// A feature is asked for. What is heard until it ends is about it.
    fn feature_begins(&mut self, _key: Key<'a>) {}

    fn feature_ends(&mut self, _decision: &Decision<'a>, _outcome: Option<&Outcome<'a>>) {}

    /// A rule is tried. It ends where the next one begins, or with the feature.
    fn rule_begins(&mut self, _rule: &'a Rule, _at: RulePlace) {}

    /// A prerequisite of the rule or experiment was asked; `parent` is what the feature came to, if there is an entry.
    fn prerequisite(
        &mut self,
        _prerequisite: &'a Prerequisite,
        _parent: Option<Parent<'a>>,
        _met: bool,
    ) {
    }

    /// The filters of the rule or experiment were asked, up to the first that keeps the user out.
    fn filters(&mut self, _filters: &'a [Filter]) {}

    /// A condition on the user was asked: the leaf's, else the experiment's, else the rule's.
    fn condition(&mut self, _condition: &'a Condition, _holds: bool) {}

    fn rollout(&mut self, _rollout: &'a Rollout, _source: HashSource<'a>) {}

    /// A leaf of a bandit is tried, for the experiment that begins next.
    fn leaf(&mut self, _context: &'a Context) {}

    fn experiment_begins(&mut self, _setup: &Setup<'a>) {}

    fn sticky_found(&mut self, _found: Lookup) {}

    fn namespace(&mut self, _namespace: &'a Namespace, _hash_text: &str) {}

    /// The user's bucket is known. Whether it counts is another question.
    fn bucketed(&mut self, _setup: &Setup<'a>, _bucket: f64) {}

    /// The experiment is settled.
    fn settled_by(&mut self, _step: Step) {}

    fn experiment_ends(&mut self, _outcome: &Outcome<'a>) {}
}

/// A recorder to whom only effects are told.
#[derive(Debug)]
pub(crate) struct Unwitnessed<'r, R>(pub(crate) &'r mut R);

#[deny(clippy::missing_trait_methods)]
impl<'a, R: Recorder<'a>> Recorder<'a> for Unwitnessed<'_, R> {
    #[inline]
    fn experiment_viewed(&mut self, exposure: &Exposure<'a>) {
        self.0.experiment_viewed(exposure);
    }

    #[inline]
    fn feature_evaluated(&mut self, usage: &FeatureUsage<'a>) {
        self.0.feature_evaluated(usage);
    }

    #[inline]
    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.0.sticky_assigned(write);
    }
}

impl<'a, R: Recorder<'a>> Witness<'a> for Unwitnessed<'_, R> {}
