//! Two SDKs with one store, and what they are asked.

use std::sync::Arc;

use growthbook_core::{
    Assignment, Attributes, Experiment, GrowthBookClient, StickyBucketService, StickyIdentity,
    UserContext,
};
use serde_json::{Value, json};

use super::Program;

pub(super) struct Pair<'a, S> {
    pub(super) ours: Arc<S>,
    pub(super) theirs: &'a mut Program,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Here,
    There,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Here => Self::There,
            Self::There => Self::Here,
        }
    }
}

impl<S: StickyBucketService> Pair<'_, S> {
    /// Has each rule as a feature of its own, and as an experiment of the program.
    pub(super) fn ask(&mut self, side: Side, user: &Value, rules: &[Value]) -> Value {
        match side {
            Side::Here => evaluate(&self.ours, user, rules),
            Side::There => ask(self.theirs, user, rules),
        }
    }

    #[track_caller]
    pub(super) fn is_kept(&mut self, side: Side, user: &Value, key: &str, attribute: &str) {
        let answer = self.ask(side, user, &[shut(key, attribute)]);
        for kind in ["features", "experiments"] {
            assert_eq!(
                answer[kind][key],
                kept_answer(),
                "{side:?}, {key} of {user}"
            );
        }
    }

    /// What both find there.
    #[track_caller]
    pub(super) fn document(&mut self, name: &str, value: &str) -> Value {
        let identity = StickyIdentity::new(name, value);
        let documents = self.ours.load(std::slice::from_ref(&identity)).unwrap();
        let here = documents.get(&identity).map(|assignments| {
            json!({"attributeName": name, "attributeValue": value, "assignments": assignments})
        });
        let there = self.theirs.document(name, value);
        assert_eq!(there, here.unwrap_or_default());
        there
    }
}

/// A client of ours with a user, as somebody has it for one request.
pub(super) fn evaluate<S: StickyBucketService>(
    store: &Arc<S>,
    user: &Value,
    rules: &[Value],
) -> Value {
    let client = GrowthBookClient::builder()
        .payload(json!({"features": features(rules)}).to_string())
        .sticky_buckets(Arc::clone(store))
        .build()
        .unwrap();
    let user = UserContext::new(Attributes::try_from(user.clone()).unwrap());
    let told = |value: &Value, assignment: Option<&Assignment>| {
        let assignment = assignment.filter(|it| it.in_experiment());
        json!({
            "value": value,
            "variation": assignment.map(Assignment::variation_key),
            "sticky": assignment.is_some_and(Assignment::sticky_bucket_used),
        })
    };
    let mut answers = json!({"features": {}, "experiments": {}});
    for rule in rules {
        let key = rule["key"].as_str().unwrap();
        let feature = client.evaluate(key, &user);
        answers["features"][key] = told(feature.value(), feature.assignment());
    }
    for json in experiments(rules) {
        let experiment = Experiment::from_json(&json.to_string()).unwrap();
        let result = client.run(&experiment, &user);
        let key = json["key"].as_str().unwrap();
        answers["experiments"][key] = told(result.value(), Some(result.assignment()));
    }
    assert_eq!(client.status().sticky_failures(), 0);
    answers
}

/// The same of the other SDK.
pub(super) fn ask(theirs: &mut Program, user: &Value, rules: &[Value]) -> Value {
    theirs.ask(&json!({
        "do": "evaluate",
        "attributes": user,
        "features": features(rules),
        "experiments": experiments(rules),
    }))
}

fn features(rules: &[Value]) -> Value {
    let mut features = json!({});
    for rule in rules {
        let key = rule["key"].as_str().unwrap();
        features[key] = json!({"defaultValue": "default", "rules": [rule]});
    }
    features
}

/// Those that are shut are so by a condition too. The SDK for Python checks that of a rule for everybody.
fn experiments(rules: &[Value]) -> Vec<Value> {
    let shut = rules.iter().filter(|rule| rule["coverage"] == 0);
    let conditional = shut.map(|rule| {
        let mut experiment = rule.clone();
        experiment["condition"] = json!({"nobody": true});
        experiment
    });
    conditional.collect()
}

/// Everybody gets the variation [`NEW`].
pub(super) fn open(key: &str, attribute: &str) -> Value {
    rule(key, attribute, &json!({"weights": [0, 1]}))
}

/// Nobody gets in, and whoever did would get the other variation.
pub(super) fn shut(key: &str, attribute: &str) -> Value {
    let more = json!({"weights": [1, 0], "coverage": 0, "seed": "another"});
    rule(key, attribute, &more)
}

pub(super) fn rule(key: &str, attribute: &str, more: &Value) -> Value {
    let mut rule = json!({
        "key": key,
        "variations": ["a", "b"],
        "meta": [{"key": "control"}, {"key": NEW}],
        "hashVersion": 2,
        "hashAttribute": attribute,
    });
    for (name, value) in more.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

pub(super) fn kept_answer() -> Value {
    json!({"value": "b", "variation": NEW, "sticky": true})
}

pub(super) fn slice(rule: &Value) -> &[Value] {
    std::slice::from_ref(rule)
}

/// Neither an index nor ASCII.
pub(super) const NEW: &str = "größer \"b\"";
