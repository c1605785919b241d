//! Explanations as JSON, for tools. What has nothing to say is left out.

use serde_json::{Map, Value};

use super::{
    ExperimentExplanation, ExplainedBandit, ExplainedBucket, ExplainedExperiment, ExplainedFeature,
    ExplainedPrerequisite, ExplainedRule, Explanation, StickyAnswer,
};
use crate::bucketing::{HashVersion, Range};
use crate::condition::ConditionPart;
use crate::json::number_value;

pub(super) fn feature_explanation(explanation: &Explanation) -> Value {
    let mut json = feature(&explanation.feature);
    // The value that was asked for is whole; the others are for orientation.
    json.set("value", explanation.value().clone());
    json.ending(&explanation.others, explanation.is_cut)
}

pub(super) fn experiment_explanation(explanation: &ExperimentExplanation) -> Value {
    experiment(&explanation.experiment).ending(&explanation.others, explanation.is_cut)
}

/// An object in the making.
struct Members(Map<String, Value>);

impl Members {
    fn new() -> Self {
        Self(Map::new())
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn set_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn set_list<T>(&mut self, name: &str, items: &[T], item: impl Fn(&T) -> Value) {
        if !items.is_empty() {
            self.set(name, items.iter().map(item).collect::<Vec<_>>());
        }
    }

    fn set_if(&mut self, name: &str, is_so: bool) {
        self.set_some(name, is_so.then_some(true));
    }

    fn ending(mut self, others: &[ExplainedFeature], is_cut: bool) -> Value {
        self.set_list("others", others, |it| feature(it).finish());
        self.set_if("cut", is_cut);
        self.finish()
    }

    fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

fn feature(feature: &ExplainedFeature) -> Members {
    let mut json = Members::new();
    json.set("feature", feature.key());
    json.set("value", &feature.shown());
    json.set("source", feature.source().as_str());
    json.set_some("ruleId", feature.result().rule_id());
    json.set_list("rules", feature.rules(), rule);
    json
}

fn rule(rule: &ExplainedRule) -> Value {
    let mut json = Members::new();
    json.set("index", rule.index());
    json.set_some("id", rule.id());
    json.set("kind", rule.kind().as_str());
    json.set("outcome", rule.outcome().as_str());
    json.set_list("prerequisites", rule.prerequisites(), prerequisite);
    json.set_list("filters", rule.filters(), bucket);
    json.set_some("condition", rule.condition().map(condition));
    json.set_some("rollout", rule.rollout().map(bucket));
    let experiment = rule.experiment().map(|it| experiment(it).finish());
    json.set_some("experiment", experiment);
    json.set_list("tracks", &rule.tracks, |(experiment, variation)| {
        let mut json = Members::new();
        json.set("experiment", experiment.as_str());
        json.set("variation", variation.as_str());
        json.finish()
    });
    json.finish()
}

fn prerequisite(prerequisite: &ExplainedPrerequisite) -> Value {
    let mut json = Members::new();
    json.set_some("feature", prerequisite.feature());
    json.set("value", prerequisite.value());
    json.set_if("malformed", prerequisite.is_malformed());
    json.set_if("gate", prerequisite.is_gate());
    json.set_if("cyclic", prerequisite.is_cyclic());
    json.set("met", prerequisite.is_met());
    json.set_some("condition", prerequisite.condition().map(condition));
    json.finish()
}

fn condition(part: &ConditionPart) -> Value {
    let mut json = Members::new();
    json.set("operator", part.operator());
    json.set_some("path", part.path());
    json.set_some("operand", part.operand());
    json.set_some("found", part.found());
    json.set_some("note", part.note());
    json.set("holds", part.holds().as_str());
    json.set_some("reached", (!part.is_reached()).then_some(false));
    json.set_list("parts", part.parts(), condition);
    json.finish()
}

fn bucket(bucket: &ExplainedBucket) -> Value {
    let mut json = hash(bucket);
    json.set_some("coverage", bucket.coverage().map(number_value));
    json.set_list("ranges", bucket.ranges(), |it| range(*it));
    json.set("included", bucket.is_included());
    json.finish()
}

fn hash(bucket: &ExplainedBucket) -> Members {
    let mut json = Members::new();
    json.set("attribute", bucket.attribute());
    json.set("value", bucket.value());
    json.set("seed", bucket.seed());
    let version = bucket.hash_version().map(|version| match version {
        HashVersion::V1 => 1,
        HashVersion::V2 => 2,
    });
    json.set("hashVersion", version);
    json.set_some("bucket", bucket.bucket().map(number_value));
    json
}

fn range(range: Range) -> Value {
    [range.start(), range.end()]
        .map(number_value)
        .to_vec()
        .into()
}

fn experiment(experiment: &ExplainedExperiment) -> Members {
    let assignment = experiment.assignment();
    let mut json = Members::new();
    json.set("experiment", experiment.key());
    json.set("settledBy", experiment.step().as_str());
    json.set("step", experiment.step().number());
    json.set("inExperiment", assignment.in_experiment());
    json.set("variationId", assignment.variation_index());
    json.set("variation", assignment.variation_key());
    json.set_if("passthrough", assignment.passthrough());
    json.set_some("page", experiment.page());
    json.set_some("bandit", experiment.bandit().map(bandit));
    json.set_some("stickyBucket", experiment.sticky().map(sticky));
    json.set_list("filters", experiment.filters(), bucket);
    json.set_some("namespace", experiment.namespace().map(bucket));
    json.set_some("condition", experiment.condition().map(condition));
    json.set_list("prerequisites", experiment.prerequisites(), prerequisite);
    json.set("hash", hash(experiment.hash()).finish());
    json.set_list("variations", experiment.variations(), |variation| {
        let mut json = Members::new();
        json.set("index", variation.index());
        json.set_some("key", variation.key());
        json.set("range", range(variation.range()));
        json.set_if("holdsBucket", variation.holds_bucket());
        json.finish()
    });
    json
}

fn bandit(bandit: &ExplainedBandit) -> Value {
    let mut json = Members::new();
    json.set("id", bandit.id());
    json.set("defined", bandit.is_defined());
    json.set_some("leafId", bandit.leaf_id());
    json.set_list("leaves", bandit.leaves(), |leaf| {
        let mut json = Members::new();
        json.set_some("id", leaf.id());
        json.set("holds", leaf.holds().as_str());
        json.set_some("condition", leaf.condition().map(condition));
        json.finish()
    });
    json.finish()
}

fn sticky(answer: &StickyAnswer) -> Value {
    let mut json = Members::new();
    match answer {
        StickyAnswer::Blocked => json.set("answer", "blocked"),
        StickyAnswer::Found { variation } => {
            json.set("answer", "found");
            json.set("variation", variation.as_str());
        }
        StickyAnswer::Nothing => json.set("answer", "nothing"),
    }
    json.finish()
}
