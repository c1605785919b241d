//! What a client asks the engine.

use std::sync::Arc;

use super::everything::Entry;
use crate::engine::{self, AutoExperiments, AutoOptions, Recorder, Subject};
use crate::experiment::{Experiment, ExperimentResult};
use crate::feature_value::FeatureValue;
use crate::result::FeatureResult;
use crate::ruleset::Ruleset;
use crate::sticky::{StickyDocuments, StickyIdentity};

/// One call of the engine, still to be made: perhaps more than once, if another process assigns a bucket meanwhile.
///
/// A trait and no closure, because the call is generic over who hears of it.
pub(crate) trait Question<'a> {
    type Answer;

    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        sticky: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer;

    /// The identities whose sticky buckets it may look at.
    fn identities(&self, ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity>;
}

/// The value of a feature that the payload does not name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unknown<'a>(pub(crate) &'a str);

impl<'a> Question<'a> for Unknown<'a> {
    type Answer = &'a FeatureValue;

    #[inline]
    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        _: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer {
        engine::decide_unknown(ruleset, self.0, subject, recorder)
    }

    fn identities(&self, _: &Ruleset, _: &Subject<'_>) -> Vec<StickyIdentity> {
        Vec::new()
    }
}

/// The value of the feature at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueAt(pub(crate) u32);

impl<'a> Question<'a> for ValueAt {
    type Answer = &'a FeatureValue;

    #[inline]
    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        sticky: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer {
        engine::decide_at(ruleset, self.0, subject, sticky, recorder)
    }

    fn identities(&self, ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity> {
        engine::sticky_identities_for(ruleset, Some(self.0), subject)
    }
}

/// A feature's value, and why it is that one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResultOf<'a>(pub(crate) &'a str);

impl<'a> Question<'a> for ResultOf<'a> {
    type Answer = FeatureResult;

    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        sticky: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer {
        engine::evaluate(ruleset, self.0, subject, sticky, recorder)
    }

    fn identities(&self, ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity> {
        engine::sticky_identities_for(ruleset, ruleset.feature_place(self.0), subject)
    }
}

/// The user's variation of an experiment of the program's.
#[derive(Debug)]
pub(crate) struct Trial<'e, T>(pub(crate) &'e Experiment<T>);

impl<'a, 'e: 'a, T> Question<'a> for Trial<'e, T> {
    type Answer = ExperimentResult<&'e T>;

    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        sticky: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer {
        engine::run(ruleset, self.0, subject, sticky, recorder)
    }

    fn identities(&self, ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity> {
        engine::sticky_identities_of(ruleset, self.0, subject)
    }
}

/// The payload's own experiments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Autos<'a>(pub(crate) &'a AutoOptions);

impl<'a> Question<'a> for Autos<'_> {
    type Answer = AutoExperiments;

    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        sticky: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer {
        engine::run_auto_experiments(ruleset, subject, self.0, sticky, recorder)
    }

    fn identities(&self, ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity> {
        engine::sticky_identities(ruleset, subject)
    }
}

/// All features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Everything;

impl<'a> Question<'a> for Everything {
    type Answer = Box<[Entry]>;

    fn ask<R: Recorder<'a>>(
        &self,
        ruleset: &'a Arc<Ruleset>,
        subject: &Subject<'a>,
        sticky: Option<&mut StickyDocuments>,
        recorder: &mut R,
    ) -> Self::Answer {
        let mut entries = Vec::with_capacity(ruleset.feature_count());
        engine::evaluate_all(ruleset, subject, sticky, recorder, |feature| {
            entries.push(Entry::new(&feature));
        });
        entries.into_boxed_slice()
    }

    fn identities(&self, ruleset: &Ruleset, subject: &Subject<'_>) -> Vec<StickyIdentity> {
        engine::sticky_identities(ruleset, subject)
    }
}
