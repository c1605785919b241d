//! From JSON to an [`ExperimentInfo`], for rules, inline experiments and auto experiments alike.

use std::sync::Arc;

use super::ExperimentInfo;
use crate::audience::{Filter, Prerequisite, Reader, name_or, ranges};
use crate::bucketing::{
    BucketRanges, HashSeed, HashVersion, Namespace, bucket_ranges, weights_are_valid,
};
use crate::condition::Condition;
use crate::diagnostic::Problem;
use crate::json::{Json, Object};
use crate::page_url::{LegacyUrlPattern, UrlPattern, UrlTargeting};

/// What is known of one variation beside its value.
#[derive(Clone, Debug)]
pub(crate) struct Variation {
    pub(crate) key: Arc<str>,
    /// Whether the key was given by the author: sticky buckets are found by such keys only (spec 17.2).
    pub(crate) has_own_key: bool,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) passthrough: bool,
}

/// How buckets are dealt to variations (spec 9).
#[derive(Debug)]
pub(crate) struct Allotment {
    pub(crate) ranges: BucketRanges,
    /// The ranges were written out, so weights and coverage do not count.
    pub(crate) is_explicit: bool,
    /// NaN if it is not a number: nobody is included.
    pub(crate) coverage: f64,
    /// The weights, if they can be used.
    pub(crate) weights: Option<Box<[f64]>>,
}

/// A variation that the experiment's author forces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Forced {
    No,
    /// An index; `None` if it is not a whole number, which is an index that no variation has.
    To(Option<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Status {
    Draft,
    Running,
    Stopped,
}

/// How an experiment keeps its users in their variation (spec 17).
#[derive(Debug)]
pub(crate) struct StickySettings {
    pub(crate) enabled: bool,
    /// The key of an assignment: experiment and bucket version.
    pub(crate) assignment_key: Box<str>,
    /// Users with an assignment of a bucket version below this one are kept out.
    pub(crate) min_bucket_version: f64,
}

/// What restricts an experiment to some users (spec 16, steps 4, 10 and 11).
#[derive(Debug, Default)]
pub(crate) struct Targeting {
    pub(crate) url_patterns: Option<UrlTargeting>,
    pub(crate) filters: Box<[Filter]>,
    /// There are filters, here or on the rule: they make the namespace irrelevant, an overriding one too.
    pub(crate) has_filters: bool,
    pub(crate) namespace: Option<Namespace>,
    pub(crate) include: Option<bool>,
    pub(crate) condition: Option<Condition>,
    pub(crate) prerequisites: Box<[Prerequisite]>,
    pub(crate) groups: Box<[Box<str>]>,
    pub(crate) legacy_url: Option<LegacyUrlPattern>,
}

/// Where the experiment stands, which decides what of it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Origin<'o> {
    /// A rule of this feature: its filters and prerequisites are the rule's, checked before (spec 15).
    Rule { feature: &'o str },
    /// On its own: inline, or an entry of `experiments`.
    Standalone,
}

impl ExperimentInfo {
    /// Reads an experiment that has `count` variations. `definition` is how it will appear in results: JSON, without the
    /// variations.
    pub(crate) fn read(
        object: &Object<'_>,
        count: usize,
        origin: Origin<'_>,
        definition: Box<str>,
        reader: &mut Reader<'_>,
    ) -> Self {
        let key = match origin {
            Origin::Rule { feature } => name_or(object, "key", feature),
            Origin::Standalone => object.get("key").and_then(Json::as_str).unwrap_or_default(),
        };
        // A rule takes over some fields only (spec 15): what else is written there means nothing.
        let is_rule = matches!(origin, Origin::Rule { .. });
        let fallback = object
            .get("fallbackAttribute")
            .and_then(Json::as_non_empty_str);
        let text = |field: &str| {
            object
                .get(field)
                .and_then(Json::as_non_empty_str)
                .map(Into::into)
        };
        let mut info = Self {
            key: key.into(),
            name: text("name"),
            phase: text("phase"),
            variations: variations(object, count, reader),
            hash_attribute: reader.hash_attribute(name_or(object, "hashAttribute", "id")),
            fallback_attribute: fallback.map(|name| reader.hash_attribute(name)),
            seed: HashSeed::new(name_or(object, "seed", key)),
            hash_version: match object.get("hashVersion") {
                // A rule's is taken over if it is truthy (spec 15).
                Some(json) if is_rule && !json.is_truthy() => Some(HashVersion::V1),
                _ => reader.hash_version(object, HashVersion::V1),
            },
            allotment: Allotment::read(object, count, reader),
            is_active: is_rule || object.get("active") != Some(&Json::Bool(false)),
            status: if is_rule {
                Status::Running
            } else {
                Status::read(object.get("status"))
            },
            force: if is_rule {
                Forced::No
            } else {
                Forced::read(object.get("force"))
            },
            sticky: StickySettings::read(object, key),
            targeting: Targeting::read(object, origin, reader),
            bandit: text("contextualBanditRef"),
            identity: 0,
            values: Box::default(),
            definition,
        };
        info.identity = info.identity_of();
        info
    }
}

/// Keys, names and pass-through marks from `meta`, which may be shorter than the variations or malformed anywhere.
fn variations(object: &Object<'_>, count: usize, reader: &mut Reader<'_>) -> Box<[Variation]> {
    if let Some(json) = object
        .get_some("meta")
        .filter(|json| json.as_array().is_none())
    {
        reader.wrong("meta", "an array", json);
    }
    let meta = object
        .get("meta")
        .and_then(Json::as_array)
        .unwrap_or_default();
    let entries = meta
        .iter()
        .map(Json::as_object)
        .chain(std::iter::repeat(None));
    let variation = |(index, entry): (usize, Option<&Object<'_>>)| {
        let text = |field: &str| entry?.get(field)?.as_non_empty_str();
        let own_key = text("key");
        Variation {
            key: match own_key {
                Some(key) => reader.text(key),
                None => reader.index_text(index),
            },
            has_own_key: own_key.is_some(),
            name: text("name").map(|name| reader.text(name)),
            passthrough: entry
                .and_then(|entry| entry.get("passthrough"))
                .is_some_and(Json::is_truthy),
        }
    };
    (0..count).zip(entries).map(variation).collect()
}

impl Allotment {
    fn read(object: &Object<'_>, count: usize, reader: &mut Reader<'_>) -> Self {
        let coverage = match object.get_some("coverage") {
            None => 1.0,
            Some(Json::Number(coverage)) => coverage.value,
            Some(other) => {
                reader.wrong("coverage", "a number", other);
                f64::NAN
            }
        };
        let weights = match object.get("weights").filter(|json| json.is_truthy()) {
            None => None,
            Some(json) => {
                let weights = weights(json, count);
                if weights.is_none() {
                    reader.problem(Problem::InvalidWeights);
                }
                weights
            }
        };
        let explicit = match object.get("ranges").filter(|json| json.is_truthy()) {
            Some(Json::Array(pairs)) if pairs.is_empty() => None,
            Some(json) => {
                let is_pair = |pair: &Json<'_>| {
                    matches!(
                        pair.as_array(),
                        Some([Json::Number(_), Json::Number(_), ..])
                    )
                };
                if !json
                    .as_array()
                    .is_some_and(|pairs| pairs.iter().all(is_pair))
                {
                    reader.wrong("ranges", "pairs of numbers", json);
                }
                Some(ranges(json))
            }
            None => None,
        };
        let is_explicit = explicit.is_some();
        let ranges = explicit.map_or_else(
            || bucket_ranges(count, coverage, weights.as_deref()),
            <[_]>::into_vec,
        );
        Self {
            ranges: BucketRanges::from(ranges),
            is_explicit,
            coverage,
            weights,
        }
    }
}

/// Weights that fit so many variations, or nothing (spec 9.3).
pub(crate) fn weights(json: &Json<'_>, count: usize) -> Option<Box<[f64]>> {
    let weights = json
        .as_array()?
        .iter()
        .map(Json::as_f64)
        .collect::<Option<Box<[f64]>>>()?;
    weights_are_valid(&weights, count).then_some(weights)
}

impl Forced {
    pub(crate) fn read(json: Option<&Json<'_>>) -> Self {
        match json {
            None | Some(Json::Null) => Self::No,
            Some(json) => Self::To(json.as_f64().and_then(index)),
        }
    }
}

/// A whole number that can be an index.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, not negative and small, as checked"
)]
pub(crate) fn index(number: f64) -> Option<usize> {
    (number.fract() == 0.0 && (0.0..1e9).contains(&number)).then_some(number as usize)
}

impl Status {
    pub(crate) fn read(json: Option<&Json<'_>>) -> Self {
        match json.and_then(Json::as_str) {
            Some("draft") => Self::Draft,
            Some("stopped") => Self::Stopped,
            _ => Self::Running,
        }
    }
}

impl StickySettings {
    fn read(object: &Object<'_>, key: &str) -> Self {
        let number = |field: &str| object.get(field).and_then(Json::as_f64).unwrap_or(0.0);
        let mut buffer = ryu_js::Buffer::new();
        let version = buffer.format(number("bucketVersion"));
        Self {
            enabled: !object
                .get("disableStickyBucketing")
                .is_some_and(Json::is_truthy),
            assignment_key: format!("{key}__{version}").into_boxed_str(),
            min_bucket_version: number("minBucketVersion"),
        }
    }
}

impl Targeting {
    fn read(object: &Object<'_>, origin: Origin<'_>, reader: &mut Reader<'_>) -> Option<Box<Self>> {
        let mut targeting = Self {
            condition: reader.conditions.optional(object.get("condition")),
            ..Self::default()
        };
        targeting.has_filters = match object.get_some("filters") {
            Some(Json::Array(entries)) => !entries.is_empty(),
            other => other.is_some(),
        };
        if !targeting.has_filters {
            targeting.namespace = reader.namespace(object);
        }
        if origin == Origin::Standalone {
            targeting.filters = reader.filters(object);
            targeting.prerequisites = reader.prerequisites(object);
            targeting.url_patterns = url_patterns(object.get_some("urlPatterns"), reader);
            targeting.groups = groups(object.get("groups"));
            targeting.legacy_url = legacy_url(object.get("url"), reader);
        }
        targeting.is_some().then(|| Box::new(targeting))
    }

    fn is_some(&self) -> bool {
        self.url_patterns.is_some()
            || !self.filters.is_empty()
            || self.has_filters
            || self.namespace.is_some()
            || self.include.is_some()
            || self.condition.is_some()
            || !self.prerequisites.is_empty()
            || !self.groups.is_empty()
            || self.legacy_url.is_some()
    }
}

fn url_patterns(json: Option<&Json<'_>>, reader: &mut Reader<'_>) -> Option<UrlTargeting> {
    let entries = json?.as_array().unwrap_or_default();
    let patterns = entries.iter().map(|entry| {
        let field = |name: &str| entry.as_object().and_then(|object| object.get(name));
        let text = |name: &str| field(name).and_then(Json::as_str).unwrap_or_default();
        let include = field("include") != Some(&Json::Bool(false));
        let pattern = UrlPattern::new(text("type"), text("pattern"), include);
        if !pattern.can_match() {
            reader.wrong("urlPatterns", "patterns that can match", entry);
        }
        pattern
    });
    Some(UrlTargeting::from(patterns.collect::<Vec<_>>()))
}

pub(crate) fn groups(json: Option<&Json<'_>>) -> Box<[Box<str>]> {
    match json.filter(|json| json.is_truthy()) {
        None => Box::default(),
        Some(Json::Array(names)) => names
            .iter()
            .map(|name| name.as_str().unwrap_or(NOBODYS_GROUP).into())
            .collect(),
        Some(_) => [NOBODYS_GROUP.into()].into(),
    }
}

/// Stands for a name that is none, so that nobody is let in by mistake.
const NOBODYS_GROUP: &str = "\0";

pub(crate) fn legacy_url(
    json: Option<&Json<'_>>,
    reader: &mut Reader<'_>,
) -> Option<LegacyUrlPattern> {
    let pattern = json?.as_non_empty_str()?;
    match LegacyUrlPattern::new(pattern) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            reader.problem(Problem::invalid_pattern(&error));
            None
        }
    }
}
