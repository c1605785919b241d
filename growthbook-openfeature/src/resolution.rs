//! From GrowthBook's answer to OpenFeature's.

use growthbook_core::{Assignment, FeatureResult, FeatureSource};
use open_feature::provider::ResolutionDetails;
use open_feature::{EvaluationReason, FlagMetadata};

use crate::fault::Fault;
use crate::flag_type::{self, FlagType};

/// What a provider answers. A feature without a value is a fault: the provider is not told the caller's default, so that it
/// cannot give it as the value.
pub(crate) fn details<T: FlagType>(result: &FeatureResult) -> Result<ResolutionDetails<T>, Fault> {
    let reason = match result.source() {
        FeatureSource::CyclicPrerequisite => return Err(Fault::Cyclic),
        FeatureSource::DefaultValue => EvaluationReason::Default,
        FeatureSource::Experiment => EvaluationReason::Split,
        FeatureSource::Force => EvaluationReason::TargetingMatch,
        FeatureSource::Override => EvaluationReason::Static,
        FeatureSource::Prerequisite => return Err(Fault::Gated),
        FeatureSource::UnknownFeature => return Err(Fault::Unknown),
        _ => EvaluationReason::Unknown,
    };
    Ok(ResolutionDetails {
        value: flag_type::read(result.value())?,
        variant: variant(result).map(str::to_owned),
        reason: Some(reason),
        flag_metadata: Some(metadata(result)),
    })
}

/// The variation of an experiment, else the rule.
fn variant(result: &FeatureResult) -> Option<&str> {
    let assignment = result.assignment();
    assignment
        .filter(|_| result.source() == FeatureSource::Experiment)
        .map(Assignment::variation_key)
        .or_else(|| result.rule_id())
}

/// What is not there is left out.
fn metadata(result: &FeatureResult) -> FlagMetadata {
    let mut metadata = FlagMetadata::default().with_value("source", result.source().as_str());
    if let Some(rule) = result.rule_id() {
        metadata.add_value("ruleId", rule);
    }
    if let Some(experiment) = result.experiment() {
        metadata.add_value("experimentKey", experiment.key());
    }
    if let Some(assignment) = result.assignment() {
        if let Ok(index) = i64::try_from(assignment.variation_index()) {
            metadata.add_value("variationId", index);
        }
        metadata.add_value("variationKey", assignment.variation_key());
        metadata.add_value("hashAttribute", assignment.hash_attribute());
        metadata.add_value("inExperiment", assignment.in_experiment());
        metadata.add_value("stickyBucketUsed", assignment.sticky_bucket_used());
    }
    metadata
}
