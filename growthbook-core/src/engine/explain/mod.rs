//! Evaluation, with somebody who takes notes of how it goes.

mod facts;
mod notes;

use std::collections::HashSet;
use std::sync::Arc;

use super::subject::HashSource;
use super::{Run, Subject};
use crate::condition::{self, Budget, Condition, ConditionPart, Scope};
use crate::experiment::{Experiment, ExperimentInfo};
use crate::explanation::{
    ExperimentExplanation, ExplainedExperiment, ExplainedFeature, ExplainedLeaf, ExplainedRule,
    Explanation, Step,
};
use crate::result::FeatureResult;
use crate::ruleset::Ruleset;
use crate::sticky::StickyDocuments;

/// Says why a feature has its value for a user: what [`evaluate`](super::evaluate) does, told fact by fact.
///
/// Nobody is exposed and nothing is stored: the evaluation works on a copy of the documents. An explanation holds the
/// user's attributes: it is for the developer who asks, not for logs.
///
/// # Example
///
/// ```
/// use growthbook_core::engine::{self, Subject};
/// use growthbook_core::explanation::Holds;
/// use growthbook_core::{Attributes, FeatureSource, Ruleset, UserContext};
/// use std::sync::Arc;
///
/// let ruleset = Arc::new(Ruleset::from_json(
///     br#"{"features": {"beta": {"rules": [{"condition": {"plan": "pro", "age": {"$gte": 18}}, "force": true}]}}}"#,
///     None,
/// )?);
/// let user = UserContext::new(Attributes::new().with("plan", "pro").with("age", 17));
/// let explanation = engine::explain(&ruleset, "beta", &Subject::new(&user), None);
///
/// assert_eq!(explanation.source(), FeatureSource::DefaultValue);
/// let condition = explanation.rules()[0].condition().ok_or("the rule has a condition")?;
/// assert_eq!(condition.parts()[1].path(), Some("age"));
/// assert_eq!(condition.parts()[1].found(), Some(&17.into()));
/// assert_eq!(condition.parts()[1].holds(), Holds::No);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain<'a>(
    ruleset: &'a Arc<Ruleset>,
    feature: &'a str,
    subject: &Subject<'a>,
    sticky: Option<&StickyDocuments>,
) -> Explanation {
    let mut documents = sticky.cloned();
    let explainer = Explainer::new(ruleset, *subject);
    let mut run = Run::new(ruleset, subject, documents.as_mut(), explainer);
    let decision = run.feature_named(feature);
    let result = decision.into_result(ruleset, feature, run.outcome_of(&decision));
    run.recorder.explanation(result)
}

/// Says why a user gets a variation of an experiment that the program defines, or none: what [`run`](super::run) does,
/// told fact by fact. As with [`explain`], nobody is exposed and nothing is stored.
pub fn explain_experiment<'a, T>(
    ruleset: &'a Arc<Ruleset>,
    experiment: &'a Experiment<T>,
    subject: &Subject<'a>,
    sticky: Option<&StickyDocuments>,
) -> ExperimentExplanation {
    let mut documents = sticky.cloned();
    let mut explainer = Explainer::new(ruleset, *subject);
    explainer.open.push(Open::listening(""));
    let mut run = Run::new(ruleset, subject, documents.as_mut(), explainer);
    let outcome = run.experiment(&experiment.info, None, None);
    let Explainer {
        features,
        budget,
        mut ran,
        ..
    } = run.recorder;
    ExperimentExplanation {
        // What was heard of it ends with the outcome.
        experiment: ran
            .pop()
            .unwrap_or_else(|| facts::experiment(&outcome, Step::Bucket)),
        others: features.into_iter().flatten().collect(),
        is_cut: budget.is_exceeded(),
    }
}

/// Takes notes.
struct Explainer<'a> {
    ruleset: &'a Arc<Ruleset>,
    subject: Subject<'a>,
    /// What has been told, in the order of asking. A feature that is still being evaluated has its place already.
    features: Vec<Option<ExplainedFeature>>,
    keys: HashSet<&'a str>,
    /// The features being evaluated, each because the one before it asked for it.
    open: Vec<Open<'a>>,
    /// Experiments that no rule runs.
    ran: Vec<ExplainedExperiment>,
    budget: Budget,
}

/// A feature being evaluated, or an experiment by itself.
struct Open<'a> {
    key: &'a str,
    place: Option<usize>,
    /// Not to what has been told before, nor once there is no room.
    listens: bool,
    rules: Vec<ExplainedRule>,
    running: Option<Running<'a>>,
    /// A bandit's, for the experiment that comes next.
    leaves: Vec<ExplainedLeaf>,
}

/// An experiment being run.
struct Running<'a> {
    told: ExplainedExperiment,
    experiment: &'a ExperimentInfo,
    hash: HashSource<'a>,
}

impl<'a> Open<'a> {
    fn listening(key: &'a str) -> Self {
        Self {
            key,
            place: None,
            listens: true,
            rules: Vec::new(),
            running: None,
            leaves: Vec::new(),
        }
    }
}

impl<'a> Explainer<'a> {
    fn new(ruleset: &'a Arc<Ruleset>, subject: Subject<'a>) -> Self {
        Self {
            ruleset,
            subject,
            features: Vec::new(),
            keys: HashSet::new(),
            open: Vec::new(),
            ran: Vec::new(),
            budget: Budget::full(),
        }
    }

    fn explanation(self, result: FeatureResult) -> Explanation {
        let mut features = self.features.into_iter().flatten();
        let rules = features.next().map(|first| first.rules);
        Explanation {
            feature: ExplainedFeature {
                result,
                rules: rules.unwrap_or_default(),
            },
            others: features.collect(),
            is_cut: self.budget.is_exceeded(),
        }
    }

    /// What is being evaluated, if somebody wants to know.
    fn listener(&mut self) -> Option<&mut Open<'a>> {
        self.open.last_mut().filter(|open| open.listens)
    }

    fn rule(&mut self) -> Option<&mut ExplainedRule> {
        self.listener()?.rules.last_mut()
    }

    fn running(&mut self) -> Option<&mut Running<'a>> {
        self.listener()?.running.as_mut()
    }

    fn experiment(&mut self) -> Option<&mut ExplainedExperiment> {
        Some(&mut self.running()?.told)
    }

    fn parts(&mut self, condition: &Condition, scope: &Scope<'_>) -> Option<ConditionPart> {
        condition::explain(condition, scope, self.ruleset.groups(), &mut self.budget)
    }
}
