//! From the JSON of a feature, an auto experiment or a bandit to the model, with the leniency of spec 1.5.

use std::sync::Arc;

use super::model::{
    AutoExperiment, Bandit, Change, Context, ForceRule, Rollout, Rule, RuleKind, Share, Track,
};
use super::values::Values;
use crate::assignment::{Assignment, BanditAssignment};
use crate::attributes::AttributeValue;
use crate::audience::{Reader, name_or, range};
use crate::bucketing::{HashSeed, HashVersion, weights_are_valid};
use crate::diagnostic::Problem;
use crate::experiment::ExperimentInfo;
use crate::experiment::read::{Origin, index};
use crate::feature_value::ValueId;
use crate::json::{Json, Object, write_members};

/// A rule of the feature `feature`.
pub(super) fn rule(
    object: &Object<'_>,
    feature: &str,
    values: &mut Values,
    reader: &mut Reader<'_>,
) -> Rule {
    Rule::new(
        object.get("id").and_then(Json::as_str).unwrap_or_default(),
        reader.prerequisites(object),
        reader.filters(object),
        kind(object, feature, values, reader),
    )
}

/// The presence of `force`, even a null one, makes a force rule, whatever else there is.
fn kind(
    object: &Object<'_>,
    feature: &str,
    values: &mut Values,
    reader: &mut Reader<'_>,
) -> RuleKind {
    if let Some(force) = object.get("force") {
        let value = values.add(force);
        return RuleKind::Force(ForceRule {
            value,
            condition: reader.conditions.optional(object.get("condition")),
            rollout: rollout(object, feature, reader).map(Box::new),
            tracks: tracks(object, values, reader),
        });
    }
    let list = |field: &str| object.get(field).and_then(Json::as_array);
    let Some(variations) = list("contextualVariations").or_else(|| list("variations")) else {
        if object.get_some("parentConditions").is_none() {
            reader.problem(Problem::EmptyRule);
        }
        return RuleKind::Gate;
    };
    if variations.len() < 2 {
        reader.problem(Problem::FewVariations {
            count: variations.len(),
        });
        return RuleKind::Gate;
    }
    let definition = definition(object, feature);
    let origin = Origin::Rule { feature };
    let values = values.add_all(variations);
    let experiment = ExperimentInfo::read(object, values.len(), origin, definition, reader);
    RuleKind::Experiment(Arc::new(experiment.with_values(values)))
}

/// The members of a rule that its experiment takes over (spec 15), without the variations.
fn definition(rule: &Object<'_>, feature: &str) -> Box<str> {
    let key = Json::String(name_or(rule, "key", feature).into());
    let present = COPIED_IF_PRESENT
        .into_iter()
        .filter_map(|field| Some((field, rule.get(field)?)));
    let truthy = COPIED_IF_TRUTHY
        .into_iter()
        .filter_map(|field| Some((field, rule.get(field)?)));
    let truthy = truthy.filter(|(_, value)| value.is_truthy());
    write_members(std::iter::once(("key", &key)).chain(present).chain(truthy))
}

const COPIED_IF_PRESENT: [&str; 3] = ["coverage", "bucketVersion", "minBucketVersion"];

const COPIED_IF_TRUTHY: [&str; 13] = [
    "weights",
    "hashAttribute",
    "fallbackAttribute",
    "disableStickyBucketing",
    "namespace",
    "meta",
    "ranges",
    "name",
    "phase",
    "seed",
    "hashVersion",
    "filters",
    "condition",
];

/// Which share of users a force rule is for; `None` means all, with or without anything to hash (spec 9.6).
fn rollout(object: &Object<'_>, feature: &str, reader: &mut Reader<'_>) -> Option<Rollout> {
    let range = match object.get_some("range") {
        Some(Json::Array(pair)) if pair.is_empty() => None,
        other => other,
    };
    let share = match (range, object.get_some("coverage")) {
        (Some(json), _) => Share::Within(range_or_problem(json, reader)),
        (None, None) => return None,
        (None, Some(Json::Number(coverage))) if coverage.value == 0.0 => Share::Nobody,
        (None, Some(Json::Number(coverage))) => Share::Below(coverage.value),
        (None, Some(other)) => {
            reader.wrong("coverage", "a number", other);
            Share::Nobody
        }
    };
    let fallback = object
        .get("fallbackAttribute")
        .and_then(Json::as_non_empty_str);
    let fallback = fallback
        .filter(|_| {
            !object
                .get("disableStickyBucketing")
                .is_some_and(Json::is_truthy)
        })
        .map(|name| reader.hash_attribute(name));
    Some(Rollout {
        seed: HashSeed::new(name_or(object, "seed", feature)),
        attribute: reader.hash_attribute(name_or(object, "hashAttribute", "id")),
        fallback,
        version: reader.hash_version(object, HashVersion::V1),
        share,
    })
}

fn range_or_problem(json: &Json<'_>, reader: &mut Reader<'_>) -> crate::bucketing::Range {
    if !matches!(
        json.as_array(),
        Some([Json::Number(_), Json::Number(_), ..])
    ) {
        reader.wrong("range", "two numbers", json);
    }
    range(json)
}

/// Experiments that a remote evaluation reports through this rule (spec 14).
fn tracks(object: &Object<'_>, values: &mut Values, reader: &mut Reader<'_>) -> Box<[Track]> {
    let entries = object
        .get("tracks")
        .and_then(Json::as_array)
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| track(entry, values, reader))
        .collect()
}

fn track(entry: &Json<'_>, values: &mut Values, reader: &mut Reader<'_>) -> Option<Track> {
    let entry = entry.as_object()?;
    let experiment = entry.get("experiment")?.as_object()?;
    experiment.get("key")?.as_non_empty_str()?;
    let variations = experiment.get("variations")?.as_array()?;
    let variations = values.add_all(variations);
    let empty = Object::default();
    let result = entry
        .get("result")
        .and_then(Json::as_object)
        .unwrap_or(&empty);
    Some(Track {
        value: values.add(result.get("value").unwrap_or(&Json::Null)),
        assignment: tracked_assignment(result, variations.len()),
        experiment: standalone(experiment, variations, reader),
    })
}

/// The result that a remote evaluation sends, with defaults for what it leaves out.
fn tracked_assignment(result: &Object<'_>, count: usize) -> Assignment {
    let flag = |field: &str| result.get(field).is_some_and(Json::is_truthy);
    let text = |field: &str| result.get(field).and_then(Json::as_non_empty_str);
    let variation_index = result
        .get("variationId")
        .and_then(Json::as_f64)
        .and_then(index);
    let variation_index = variation_index.unwrap_or(0);
    let integer = |field: &str| result.get(field).and_then(Json::as_integer);
    let weights = result
        .get("variationWeights")
        .and_then(|json| {
            json.as_array()?
                .iter()
                .map(Json::as_f64)
                .collect::<Option<Box<[f64]>>>()
        })
        .filter(|weights| weights_are_valid(weights, count));
    let bandit = integer("leafId")
        .zip(weights)
        .map(|(leaf_id, variation_weights)| {
            Box::new(BanditAssignment {
                leaf_id,
                variation_weights,
                bandit_version: integer("banditVersion"),
            })
        });
    Assignment {
        variation_index,
        variation_key: text("key").map_or_else(|| variation_index.to_string().into(), Into::into),
        variation_name: text("name").map(Into::into),
        in_experiment: flag("inExperiment"),
        hash_used: flag("hashUsed"),
        hash_attribute: text("hashAttribute").unwrap_or("id").into(),
        hash_value: result
            .get("hashValue")
            .map(AttributeValue::from)
            .filter(AttributeValue::is_identity)
            .unwrap_or_default(),
        bucket: result.get("bucket").and_then(Json::as_f64),
        sticky_bucket_used: flag("stickyBucketUsed"),
        passthrough: flag("passthrough"),
        bandit,
    }
}

/// An entry of `experiments`.
pub(super) fn auto_experiment(
    object: &Object<'_>,
    values: &mut Values,
    reader: &mut Reader<'_>,
) -> AutoExperiment {
    let variations = object
        .get("variations")
        .and_then(Json::as_array)
        .unwrap_or_default();
    let flag = |field: &str| object.get(field).is_some_and(Json::is_truthy);
    AutoExperiment {
        experiment: standalone(object, values.add_all(variations), reader),
        change: change(object, variations),
        change_id: object
            .get("changeId")
            .and_then(Json::as_non_empty_str)
            .map(Into::into),
        is_manual: flag("manual"),
        persists_query: flag("persistQueryString"),
    }
}

/// An experiment that is no rule's.
fn standalone(
    object: &Object<'_>,
    values: Box<[ValueId]>,
    reader: &mut Reader<'_>,
) -> Arc<ExperimentInfo> {
    let definition = write_members(object.without("variations"));
    let origin = Origin::Standalone;
    let experiment = ExperimentInfo::read(object, values.len(), origin, definition, reader);
    Arc::new(experiment.with_values(values))
}

fn change(object: &Object<'_>, variations: &[Json<'_>]) -> Change {
    let has = |key: &str| {
        variations
            .iter()
            .filter_map(Json::as_object)
            .any(|variation| variation.contains_key(key))
    };
    if object.get_some("urlPatterns").is_some() && has("urlRedirect") {
        let address = |variation: &Json<'_>| {
            let target = variation.as_object()?.get("urlRedirect")?;
            target.as_non_empty_str().map(Into::into)
        };
        return Change::Redirect(variations.iter().map(address).collect());
    }
    let mutates = |variation: &Json<'_>| {
        let mutations = variation.as_object().and_then(|it| it.get("domMutations"));
        mutations.is_some_and(Json::is_truthy)
    };
    if variations.iter().any(mutates) || has("js") || has("css") {
        return Change::Visual;
    }
    Change::Unknown
}

/// A bandit's definition; `None` for one that counts as not being there (spec 18.2, step 1).
pub(super) fn bandit(json: &Json<'_>, reader: &mut Reader<'_>) -> Option<Bandit> {
    let Some(object) = json.as_object() else {
        let is_absent = !json.is_truthy() || json.as_array().is_some_and(<[_]>::is_empty);
        return (!is_absent).then(|| Bandit {
            version: None,
            contexts: Box::default(),
        });
    };
    let contexts = object
        .get("contexts")
        .and_then(Json::as_array)
        .unwrap_or_default();
    Some(Bandit {
        version: object.get("banditVersion").and_then(Json::as_integer),
        contexts: contexts
            .iter()
            .map(|context| bandit_context(context, reader))
            .collect(),
    })
}

fn bandit_context(json: &Json<'_>, reader: &mut Reader<'_>) -> Context {
    let Some(object) = json.as_object() else {
        reader.wrong("contexts", "a list of objects", json);
        return Context::Malformed;
    };
    Context::Leaf {
        id: object.get("leafId").and_then(Json::as_integer),
        condition: reader.conditions.optional(object.get("condition")),
        weights: object
            .get("weights")
            .and_then(|json| json.as_array()?.iter().map(Json::as_f64).collect()),
    }
}
