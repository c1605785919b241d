//! Evaluation: pure functions from a ruleset and a user to a decision.
//!
//! [`evaluate`], [`run`] and [`run_auto_experiments`] borrow what they are given, do no I/O, and say what is to be done
//! (exposures to report, sticky buckets to store) through a [`Recorder`]. The client is one shell around them;
//! bring your own where it does not fit, on an edge worker, say.
//!
//! ```
//! use growthbook_core::engine::{self, Silent, Subject};
//! use growthbook_core::{Attributes, Ruleset, UserContext};
//! use std::sync::Arc;
//!
//! let ruleset = Arc::new(Ruleset::from_json(
//!     br#"{"features": {"beta": {"defaultValue": false, "rules": [{"condition": {"plan": "pro"}, "force": true}]}}}"#,
//!     None,
//! )?);
//! let user = UserContext::new(Attributes::new().with("plan", "pro"));
//! assert!(engine::evaluate(&ruleset, "beta", &Subject::new(&user), None, &mut Silent).is_on());
//! # Ok::<(), growthbook_core::PayloadError>(())
//! ```
//!
//! # Why this value?
//!
//! [`explain`] runs the same evaluation for a developer who wants to know why it comes to what it does. It exposes nobody
//! and stores nothing.
//!
//! ```
//! use growthbook_core::engine::{self, Subject};
//! use growthbook_core::{Attributes, Ruleset, UserContext};
//! use std::sync::Arc;
//!
//! let ruleset = Arc::new(Ruleset::from_json(
//!     br#"{"features": {"beta": {"defaultValue": false, "rules": [
//!         {"id": "fr_team", "condition": {"mail": {"$regex": "@acme.com$"}}, "force": true},
//!         {"id": "fr_some", "condition": {"country": {"$in": ["DE", "AT"]}}, "force": true, "coverage": 0.2}
//!     ]}}}"#,
//!     None,
//! )?);
//! let user = UserContext::new(Attributes::new().with("id", "u-1").with("country", "DE"));
//! let explanation = engine::explain(&ruleset, "beta", &Subject::new(&user), None);
//! assert_eq!(explanation.to_string(), r#"
//! beta = false [defaultValue]: no rule applied
//!   rules[0] fr_team (force): skipped, its condition does not hold
//!     no   mail $regex /@acme.com$/   found nothing
//!   rules[1] fr_some (force): skipped, the user is outside the rollout
//!     yes  country $in ["DE","AT"]   found "DE"
//!     no   rollout: id "u-1" has bucket 0.976, outside coverage 0.2 (seed "beta", hash version 1)
//! "#.trim_start());
//! # Ok::<(), growthbook_core::PayloadError>(())
//! ```

mod auto;
mod bandit;
mod experiment;
mod explain;
mod exposure;
mod feature;
mod outcome;
mod recorder;
mod sticky;
mod subject;
mod usage;
mod witness;

use std::sync::Arc;

pub use self::auto::{AutoExperiments, AutoOptions, AutoResult, run_auto_experiments};
pub use self::explain::{explain, explain_experiment};
pub use self::exposure::{Exposure, OwnedExposure};
pub(crate) use self::feature::{Decision, Parent};
pub(crate) use self::outcome::Outcome;
pub use self::recorder::{Recorder, Silent};
pub use self::subject::Subject;
pub use self::usage::FeatureUsage;
use self::witness::{Unwitnessed, Witness};
use crate::audience::FeatureRef;
use crate::experiment::{Experiment, ExperimentResult};
use crate::feature_value::FeatureValue;
use crate::result::FeatureResult;
use crate::ruleset::{Reach, RulePlace, Ruleset};
use crate::stack::Stack;
use crate::sticky::{StickyDocuments, StickyIdentity};

/// Evaluates a feature for a user (spec 12).
///
/// `sticky` are the documents that concern the user; `None` means that there is no sticky bucketing. Assignments that the
/// evaluation makes are added to them, and told to `recorder`, in case they are to be stored.
pub fn evaluate<'a, R: Recorder<'a>>(
    ruleset: &'a Arc<Ruleset>,
    feature: &'a str,
    subject: &Subject<'a>,
    sticky: Option<&mut StickyDocuments>,
    recorder: &mut R,
) -> FeatureResult {
    let mut run = Run::new(ruleset, subject, sticky, Unwitnessed(recorder));
    let decision = run.feature_named(feature);
    decision.into_result(ruleset, feature, run.outcome_of(&decision))
}

/// The identities under which a user may have sticky buckets of this payload's experiments: what to load before an
/// evaluation with sticky bucketing (spec 17.1).
pub fn sticky_identities(ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity> {
    subject.identities(ruleset.sticky_attributes())
}

/// As [`sticky_identities`], for an evaluation of the feature at a place: none if it cannot reach an experiment.
pub(crate) fn sticky_identities_for(
    ruleset: &Ruleset,
    place: Option<u32>,
    subject: &Subject<'_>,
) -> Vec<StickyIdentity> {
    let feature = place.and_then(|place| ruleset.feature(place));
    if feature.is_some_and(|feature| feature.reaches_experiment) {
        sticky_identities(ruleset, subject)
    } else {
        Vec::new()
    }
}

/// The key of the variation that a user would keep of an experiment of the payload's, by what is stored.
pub(crate) fn peek_sticky<'a>(
    ruleset: &'a Arc<Ruleset>,
    experiment: &str,
    subject: &Subject<'a>,
    sticky: &mut StickyDocuments,
) -> Option<&'a str> {
    let mut silent = Silent;
    let run = Run::new(ruleset, subject, Some(sticky), Unwitnessed(&mut silent));
    let named = ruleset
        .all_experiments()
        .filter(|it| it.key() == experiment);
    named
        .filter(|experiment| experiment.sticky.enabled)
        .find_map(|experiment| {
            let variation = run.find_sticky(experiment).variation()?;
            experiment.variation_key(variation)
        })
}

/// As [`sticky_identities`], for an experiment that the program defines.
pub fn sticky_identities_of<T>(
    ruleset: &Ruleset,
    experiment: &Experiment<T>,
    subject: &Subject<'_>,
) -> Vec<StickyIdentity> {
    let mut identities = subject.identities(experiment.info().sticky_attributes());
    if experiment.info().asks_for_features() {
        identities.extend(sticky_identities(ruleset, subject));
    }
    identities.sort_unstable();
    identities.dedup();
    identities
}

/// Runs an experiment that the program defines (spec 16). The result holds the variation that the user gets.
pub fn run<'e: 'a, 'a, T, R: Recorder<'a>>(
    ruleset: &'a Arc<Ruleset>,
    experiment: &'e Experiment<T>,
    subject: &Subject<'a>,
    sticky: Option<&mut StickyDocuments>,
    recorder: &mut R,
) -> ExperimentResult<&'e T> {
    let outcome = Run::new(ruleset, subject, sticky, Unwitnessed(recorder)).experiment(
        &experiment.info,
        None,
        None,
    );
    ExperimentResult::new(
        experiment.variation(outcome.variation),
        outcome.assignment(),
    )
}

/// Evaluates a feature that the payload does not name.
pub(crate) fn decide_unknown<'a, R: Recorder<'a>>(
    ruleset: &'a Arc<Ruleset>,
    feature: &'a str,
    subject: &Subject<'a>,
    recorder: &mut R,
) -> &'a FeatureValue {
    Run::new(ruleset, subject, None, Unwitnessed(recorder))
        .unknown(feature)
        .value
}

/// Evaluates the feature at a place for callers who want its value and nothing else: no result is built.
pub(crate) fn decide_at<'a, R: Recorder<'a>>(
    ruleset: &'a Arc<Ruleset>,
    place: u32,
    subject: &Subject<'a>,
    sticky: Option<&mut StickyDocuments>,
    recorder: &mut R,
) -> &'a FeatureValue {
    Run::new(ruleset, subject, sticky, Unwitnessed(recorder))
        .feature(place, Key::Place(place))
        .value
}

/// The decision on the feature at a place, and the index of the variation if an experiment made it.
pub(crate) fn settle_at<'a, R: Recorder<'a>>(
    ruleset: &'a Arc<Ruleset>,
    place: u32,
    subject: &Subject<'a>,
    sticky: Option<&mut StickyDocuments>,
    recorder: &mut R,
) -> (Decision<'a>, Option<usize>) {
    let mut run = Run::new(ruleset, subject, sticky, Unwitnessed(recorder));
    let decision = run.feature(place, Key::Place(place));
    let variation = run.outcome_of(&decision).map(|outcome| outcome.variation);
    (decision, variation)
}

/// One call of the engine, while it lasts.
pub(crate) struct Run<'a, 'r, R> {
    ruleset: &'a Ruleset,
    /// The same, for what outlasts the call.
    shared: &'a Arc<Ruleset>,
    subject: &'r Subject<'a>,
    forces_values: bool,
    sticky: Option<&'r mut StickyDocuments>,
    recorder: R,
    /// What the experiment that ran last came to. A decision whose source is an experiment is that experiment's.
    last: Option<Outcome<'a>>,
    /// The features being evaluated, each because the one before it asked for it.
    ancestors: Stack<u32, 4>,
    /// Features evaluated so far, and their rules.
    evaluated: u32,
    tried: u32,
    /// Decisions that will be asked for again, once it shows that prerequisites fan out.
    decided: Vec<(u32, Parent<'a>)>,
}

/// A feature as it is asked for. Its text is looked up only by those who want it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    Text(&'a str),
    Place(u32),
}

impl<'a> Key<'a> {
    pub(crate) fn text(self, ruleset: &'a Ruleset) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Place(place) => ruleset.feature_key(place),
        }
    }
}

impl<'a, 'r, R: Witness<'a>> Run<'a, 'r, R> {
    pub(crate) fn new(
        ruleset: &'a Arc<Ruleset>,
        subject: &'r Subject<'a>,
        sticky: Option<&'r mut StickyDocuments>,
        recorder: R,
    ) -> Self {
        Self {
            ruleset,
            shared: ruleset,
            subject,
            forces_values: subject.forces_values(),
            sticky,
            recorder,
            last: None,
            ancestors: Stack::new(),
            evaluated: 0,
            tried: 0,
            decided: Vec::new(),
        }
    }

    pub(crate) fn feature_named(&mut self, key: &'a str) -> Decision<'a> {
        match self.ruleset.feature_place(key) {
            Some(place) => self.feature(place, Key::Text(key)),
            None => self.unknown(key),
        }
    }

    /// A feature that another one asks for.
    #[inline(never)]
    fn prerequisite(&mut self, feature: &'a FeatureRef) -> Parent<'a> {
        match feature {
            FeatureRef::Indexed(place) if self.evaluated > MOST_FORGOTTEN => {
                self.remembered(*place)
            }
            FeatureRef::Indexed(place) => Parent::from(&self.feature(*place, Key::Place(*place))),
            FeatureRef::Named(key) => Parent::from(&self.feature_named(key)),
            FeatureRef::Nowhere => Parent::from(&Decision::unknown()),
        }
    }

    /// Features may ask for the same ones along many paths: so many, in a payload made for it, that only remembering
    /// decisions bounds the work. Only a feature whose decision cannot depend on the path to it is remembered.
    #[cold]
    fn remembered(&mut self, place: u32) -> Parent<'a> {
        if let Some((_, parent)) = self.decided.iter().find(|(it, _)| *it == place) {
            return *parent;
        }
        let parent = Parent::from(&self.feature(place, Key::Place(place)));
        let reach = self.ruleset.feature(place).map(|feature| feature.reach);
        if let Some(Reach::Ends(height)) = reach
            && self.ancestors.len() + height as usize <= MOST_PREREQUISITES
        {
            self.decided.push((place, parent));
        }
        parent
    }
}

/// Features asking for features, at most: more counts as a cycle (spec 25).
const MOST_PREREQUISITES: usize = 64;

/// Features evaluated in one call before decisions are remembered.
const MOST_FORGOTTEN: u32 = 64;

/// Features evaluated in one call, at most: more counts as a cycle (spec 25).
const MOST_EVALUATED: u32 = 4_096;

/// Rules tried in one call before asking for another feature counts as a cycle.
const MOST_TRIED: u32 = 100_000;
