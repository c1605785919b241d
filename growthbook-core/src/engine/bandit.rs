use super::Run;
use super::witness::Witness;
use crate::bucketing::weights_are_valid;
use crate::experiment::ExperimentInfo;
use crate::ruleset::{Bandit, Context};

/// What a bandit decided for one user and one experiment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selected<'a> {
    bandit: &'a Bandit,
    /// The context that decided, if its weights can be used.
    leaf: Option<&'a Context>,
}

impl<'a> Selected<'a> {
    /// The leaf's id, or the one that says that there is none.
    pub(super) fn leaf_id(&self) -> i64 {
        match self.leaf {
            Some(Context::Leaf { id: Some(id), .. }) => *id,
            _ => NO_LEAF,
        }
    }

    /// The leaf's weights.
    pub(super) fn leaf_weights(&self) -> Option<&'a [f64]> {
        match self.leaf? {
            Context::Leaf { weights, .. } => weights.as_deref(),
            Context::Malformed => None,
        }
    }

    pub(super) fn version(&self) -> Option<i64> {
        self.bandit.version
    }
}

impl<'a, R: Witness<'a>> Run<'a, '_, R> {
    /// Asks the experiment's bandit for weights (spec 18.2). `None` if it has none, or names one that is not there.
    #[inline]
    pub(super) fn select_leaf(&mut self, experiment: &'a ExperimentInfo) -> Option<Selected<'a>> {
        let bandit = experiment.bandit.as_deref()?;
        self.select_leaf_of(bandit, experiment.variation_count())
    }

    #[inline(never)]
    fn select_leaf_of(&mut self, bandit: &str, variations: usize) -> Option<Selected<'a>> {
        let bandit = self.ruleset.bandit(bandit)?;
        Some(Selected {
            bandit,
            leaf: self
                .first_match(bandit)
                .filter(|context| is_usable(context, variations)),
        })
    }

    /// The first context that the user matches decides, usable or not.
    fn first_match(&mut self, bandit: &'a Bandit) -> Option<&'a Context> {
        bandit.contexts.iter().find(|context| {
            self.recorder.leaf(context);
            match context {
                Context::Leaf { condition, .. } => condition
                    .as_ref()
                    .is_none_or(|condition| self.matches(condition)),
                Context::Malformed => true,
            }
        })
    }
}

fn is_usable(context: &Context, variations: usize) -> bool {
    matches!(
        context,
        Context::Leaf { id: Some(_), weights: Some(weights), .. }
            if weights_are_valid(weights, variations)
    )
}

/// The leaf id that says that there is no leaf.
const NO_LEAF: i64 = -1;
