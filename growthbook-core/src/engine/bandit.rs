use super::Run;
use super::outcome::BanditUse;
use super::witness::Witness;
use crate::bucketing::weights_are_valid;
use crate::experiment::ExperimentInfo;
use crate::ruleset::{Bandit, Context};

/// What a bandit decided for one user and one experiment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selected<'a> {
    /// The weights of the leaf, if there is a usable one.
    pub(super) leaf_weights: Option<&'a [f64]>,
    pub(super) used: BanditUse<'a>,
}

impl<'a, R: Witness<'a>> Run<'a, '_, R> {
    /// Asks the experiment's bandit for weights (spec 18.2). `None` if it has none, or names one that is not there.
    pub(super) fn select_leaf(&mut self, experiment: &'a ExperimentInfo) -> Option<Selected<'a>> {
        let bandit = self.ruleset.bandit(experiment.bandit.as_deref()?)?;
        let count = experiment.variation_count();
        let leaf = self
            .first_match(bandit)
            .filter(|(_, weights)| weights_are_valid(weights, count));
        let (leaf_id, leaf_weights) = match leaf {
            Some((id, weights)) => (id, Some(weights)),
            None => (NO_LEAF, None),
        };
        Some(Selected {
            leaf_weights,
            used: BanditUse {
                leaf_id,
                weights: leaf_weights.or(experiment.allotment.weights.as_deref()),
                version: bandit.version,
            },
        })
    }

    /// The first context that the user matches decides, usable or not.
    fn first_match(&mut self, bandit: &'a Bandit) -> Option<(i64, &'a [f64])> {
        for context in &bandit.contexts {
            self.recorder.leaf(context);
            match context {
                Context::Leaf {
                    id,
                    condition,
                    weights,
                } => {
                    if condition
                        .as_ref()
                        .is_none_or(|condition| self.matches(condition))
                    {
                        return Some(((*id)?, weights.as_deref()?));
                    }
                }
                Context::Malformed => return None,
            }
        }
        None
    }
}

/// The leaf id that says that there is no leaf.
const NO_LEAF: i64 = -1;
