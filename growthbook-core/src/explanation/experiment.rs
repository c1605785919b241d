use super::{ExplainedBucket, ExplainedPrerequisite, Step};
use crate::assignment::Assignment;
use crate::attributes::AttributeValue;
use crate::bucketing::Range;
use crate::condition::{ConditionPart, Holds};

/// An experiment that was run, and what settled it.
#[derive(Clone, Debug)]
pub struct ExplainedExperiment {
    pub(crate) key: String,
    pub(crate) step: Step,
    pub(crate) assignment: Assignment,
    /// Of this type because it does not print in `Debug`.
    pub(crate) page: Option<AttributeValue>,
    pub(crate) bandit: Option<ExplainedBandit>,
    pub(crate) sticky: Option<StickyAnswer>,
    pub(crate) filters: Vec<ExplainedBucket>,
    pub(crate) namespace: Option<ExplainedBucket>,
    pub(crate) condition: Option<ConditionPart>,
    pub(crate) prerequisites: Vec<ExplainedPrerequisite>,
    pub(crate) hash: ExplainedBucket,
    pub(crate) variations: Vec<ExplainedVariation>,
    pub(crate) variation_count: usize,
}

impl ExplainedExperiment {
    /// The experiment's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What settled it.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Which variation the user gets, and whether they are in the experiment.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// The address of the user's page, if it settled the experiment.
    pub fn page(&self) -> Option<&str> {
        self.page.as_ref()?.as_str()
    }

    /// What the contextual bandit said that sets the weights, if there is one.
    pub fn bandit(&self) -> Option<&ExplainedBandit> {
        self.bandit.as_ref()
    }

    /// What earlier assignments say, if they were looked up: with sticky buckets only.
    pub fn sticky(&self) -> Option<&StickyAnswer> {
        self.sticky.as_ref()
    }

    /// The filters that were asked, in order.
    pub fn filters(&self) -> &[ExplainedBucket] {
        &self.filters
    }

    /// The experiment's part of a namespace, if it was asked.
    pub fn namespace(&self) -> Option<&ExplainedBucket> {
        self.namespace.as_ref()
    }

    /// The condition, if it was asked.
    pub fn condition(&self) -> Option<&ConditionPart> {
        self.condition.as_ref()
    }

    /// The experiment's own prerequisites, as far as they were asked.
    pub fn prerequisites(&self) -> &[ExplainedPrerequisite] {
        &self.prerequisites
    }

    /// What is hashed, and the bucket that this gives. Whether the bucket came to count is another question, which the
    /// [step](Self::step) answers.
    pub fn hash(&self) -> &ExplainedBucket {
        &self.hash
    }

    /// The variations and their ranges of buckets, if it came to dealing them: the first few, if there are many, and the
    /// one whose range holds the user's bucket.
    pub fn variations(&self) -> &[ExplainedVariation] {
        &self.variations
    }
}

/// A variation's range of buckets.
#[derive(Clone, Debug)]
pub struct ExplainedVariation {
    pub(crate) index: usize,
    pub(crate) key: Option<String>,
    pub(crate) range: Range,
    pub(crate) holds_bucket: bool,
}

impl ExplainedVariation {
    /// The variation's index.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The variation's key; none if there are more ranges than variations.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Its buckets.
    pub fn range(&self) -> Range {
        self.range
    }

    /// Whether this is the first range that holds the user's bucket.
    pub fn holds_bucket(&self) -> bool {
        self.holds_bucket
    }
}

/// What earlier assignments say of a user and an experiment (spec 17.2).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StickyAnswer {
    /// The user was assigned under a bucket version that is kept out now.
    Blocked,
    /// The user has this variation.
    Found {
        /// The variation's key.
        variation: String,
    },
    /// Nothing that counts.
    Nothing,
}

/// What a contextual bandit said (spec 18.2).
#[derive(Clone, Debug)]
pub struct ExplainedBandit {
    pub(crate) id: String,
    pub(crate) is_defined: bool,
    pub(crate) leaf_id: Option<i64>,
    pub(crate) leaves: Vec<ExplainedLeaf>,
}

impl ExplainedBandit {
    /// The bandit's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the payload defines it. If not, the experiment runs on its own weights.
    pub fn is_defined(&self) -> bool {
        self.is_defined
    }

    /// The leaf whose weights are used; none if the first that matches cannot be used, or none does.
    pub fn leaf_id(&self) -> Option<i64> {
        self.leaf_id
    }

    /// The leaves that were tried, in order.
    pub fn leaves(&self) -> &[ExplainedLeaf] {
        &self.leaves
    }
}

/// A leaf of a bandit that was tried.
#[derive(Clone, Debug)]
pub struct ExplainedLeaf {
    pub(crate) id: Option<i64>,
    pub(crate) holds: Holds,
    pub(crate) condition: Option<ConditionPart>,
}

impl ExplainedLeaf {
    /// The leaf's id; none if it is not an integer.
    pub fn id(&self) -> Option<i64> {
        self.id
    }

    /// Whether the leaf is for the user.
    pub fn holds(&self) -> Holds {
        self.holds
    }

    /// Its condition, if it has one.
    pub fn condition(&self) -> Option<&ConditionPart> {
        self.condition.as_ref()
    }
}
