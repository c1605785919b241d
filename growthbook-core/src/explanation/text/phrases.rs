//! What is said of one thing, in one line.

use std::borrow::Cow;

use serde_json::Value;

use super::super::{
    ExplainedBucket, ExplainedExperiment, ExplainedFeature, ExplainedPrerequisite, ExplainedRule,
    Step, StickyAnswer,
};
use crate::attributes::AttributeValue;
use crate::bucketing::{HashVersion, Range};
use crate::result::FeatureSource;

pub(super) fn headline(feature: &ExplainedFeature) -> String {
    let (key, source) = (name(feature.key()), feature.source());
    let value = json(&feature.shown());
    let last = feature.rules().last();
    let rule = last.map_or_else(|| "a rule".to_owned(), rule_name);
    let why = match source {
        FeatureSource::CyclicPrerequisite => {
            "prerequisites lead in a circle, or further than is allowed".to_owned()
        }
        FeatureSource::DefaultValue if last.is_none() => "it has no rules".to_owned(),
        FeatureSource::DefaultValue => "no rule applied".to_owned(),
        FeatureSource::Experiment => {
            let assignment = feature.result().assignment();
            let key = assignment.map_or("", |assignment| assignment.variation_key());
            format!("variation {} of {rule}", name(key))
        }
        FeatureSource::Force => rule,
        FeatureSource::Override => "forced by the program".to_owned(),
        FeatureSource::Prerequisite => format!("the gate of {rule} is closed"),
        FeatureSource::UnknownFeature => "there is no such feature".to_owned(),
    };
    format!("{key} = {value} [{source}]: {why}")
}

pub(super) fn rule_name(rule: &ExplainedRule) -> String {
    let index = rule.index();
    match rule.id() {
        Some(id) => format!("rules[{index}] {}", name(id)),
        None => format!("rules[{index}]"),
    }
}

pub(super) fn need(prerequisite: &ExplainedPrerequisite) -> String {
    let feature = match prerequisite.feature() {
        Some(key) => name(key),
        None if prerequisite.is_malformed() => "what a malformed entry says".into(),
        None => "a feature that is not named".into(),
    };
    let gate = if prerequisite.is_gate() {
        " (gate)"
    } else {
        ""
    };
    let answer = match (prerequisite.is_met(), prerequisite.is_cyclic()) {
        (true, _) => "met",
        (false, true) => "not met, it leads in a circle or too far",
        (false, false) => "not met",
    };
    format!("needs {feature}{gate}: {answer}")
}

pub(super) fn verdict(experiment: &ExplainedExperiment) -> String {
    let (key, step) = (name(experiment.key()), experiment.step());
    let assignment = experiment.assignment();
    let outcome = if assignment.in_experiment() {
        format!("variation {}", name(assignment.variation_key()))
    } else {
        "not in it".to_owned()
    };
    let is_forced = matches!(step, Step::ForcedVariation | Step::ForcedForAll);
    let lack = if is_forced && !assignment.in_experiment() {
        ", to a variation that does not exist"
    } else {
        ""
    };
    let number = step.number();
    format!("experiment {key}: {outcome}, {step}{lack} (step {number})")
}

pub(super) fn earlier(sticky: &StickyAnswer) -> Cow<'_, str> {
    match sticky {
        StickyAnswer::Blocked => "of a bucket version that is kept out".into(),
        StickyAnswer::Found { variation } => name(variation),
        StickyAnswer::Nothing => "none".into(),
    }
}

/// A value hashed, and where that leads.
pub(super) fn hashed(bucket: &ExplainedBucket) -> String {
    let attribute = name(bucket.attribute());
    if bucket.value().is_null() {
        return format!("{attribute} has no value that can be hashed");
    }
    let value = json(bucket.value());
    let Some(number) = bucket.bucket() else {
        return format!("{attribute} {value}, but the hash version is unknown to this SDK");
    };
    let version = match bucket.hash_version() {
        Some(HashVersion::V2) => 2,
        Some(HashVersion::V1) | None => 1,
    };
    let side = if bucket.is_included() {
        "inside"
    } else {
        "outside"
    };
    let area = match (bucket.coverage(), bucket.ranges()) {
        (Some(coverage), _) => format!(", {side} coverage {coverage}"),
        (None, []) => String::new(),
        (None, ranges) => {
            let ranges: Vec<String> = ranges
                .iter()
                .map(|range| interval(*range, Some(number)))
                .collect();
            let more = if bucket.range_count > ranges.len() {
                format!(", … {} in all", bucket.range_count)
            } else {
                String::new()
            };
            format!(", {side} {}{more}", ranges.join(", "))
        }
    };
    let seed = Value::from(bucket.seed());
    format!("{attribute} {value} has bucket {number}{area} (seed {seed}, hash version {version})")
}

/// A range without the rounding errors of adding up weights, unless they decide where the bucket is.
pub(super) fn interval(range: Range, bucket: Option<f64>) -> String {
    let round = |number: f64| (number * ROUNDING).round() / ROUNDING;
    let rounded = Range::new(round(range.start()), round(range.end()));
    let is_inside = |range: Range| bucket.is_some_and(|bucket| range.contains(bucket));
    let shown = if is_inside(rounded) == is_inside(range) {
        rounded
    } else {
        range
    };
    format!("[{}, {})", shown.start(), shown.end())
}

/// A name as it is, unless it could be taken for something else: then as JSON writes it.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_alphanumeric() || "-_.$:/@#|?&=%+*~".contains(char);
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(Value::from(text).to_string())
    }
}

pub(super) fn json(value: &AttributeValue) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A regular expression as people write it.
pub(super) fn pattern(text: &str) -> String {
    if text.chars().any(char::is_control) {
        return Value::from(text).to_string();
    }
    format!("/{text}/")
}

/// Ranges are shown to so many parts of one.
const ROUNDING: f64 = 1e6;
