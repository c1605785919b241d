use std::collections::BTreeMap;
use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{
    Attributes, BanditAssignment, FeatureResult, Ruleset, StickyAssignments, StickyDocuments,
    StickyIdentity, UserContext,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::case::{Case, difference};
use crate::report::{local, part, suite};

/// `[name, context, feature key, expected result]`
fn check(case: &Case) -> Result<(), String> {
    let context = case.context(1);
    let (ruleset, user) = (Arc::new(context.ruleset()), context.user());
    let key: String = case.get(2);
    let subject = Subject::new(&user);
    let result = engine::evaluate(&ruleset, &key, &subject, None, &mut Silent);
    difference(&result.to_json(), &case.value(3))?;
    let explanation = engine::explain(&ruleset, &key, &subject, None);
    difference(&explanation.feature().result().to_json(), &case.value(3))
}

#[test]
fn feature() {
    suite("feature", check);
}

#[test]
fn contextual_bandit() {
    suite("contextualBandit", check);
}

#[test]
fn saved_group_references_v2() {
    part("savedGroupReferencesV2", "feature", check);
}

#[test]
fn saved_group_references_remote() {
    part("savedGroupReferencesRemote", "feature", check);
}

/// `[name, rules, attributes, expected value, expected source]`: the feature `f` with those rules and the default `"def"`.
#[test]
fn rules() {
    local("rules", |case| {
        let payload = format!(
            r#"{{"features":{{"f":{{"defaultValue":"def","rules":{}}}}}}}"#,
            case.text(1),
        );
        let result = evaluate(&payload, case.text(2));
        let actual = json!([result.value(), result.source().as_str()]);
        difference(&actual, &json!([case.value(3), case.value(4)]))
    });
}

/// `[name, definition, more of the rule, value, leaf id, weights, version]`: the user `1`, who lands on `t` without a
/// bandit.
#[test]
fn bandits() {
    local("bandits", |case| {
        let mut rule = json!({
            "key": "e", "seed": "e", "hashVersion": 2, "contextualVariations": ["c", "t"],
            "weights": [0.5, 0.5], "contextualBanditRef": "cb",
        });
        let more: serde_json::Map<String, Value> = case.get(2);
        rule.as_object_mut().unwrap().extend(more);
        let payload = format!(
            r#"{{"features":{{"f":{{"rules":[{rule}]}}}},"contextualBandits":{{"cb":{}}}}}"#,
            case.text(1),
        );
        let result = evaluate(&payload, r#"{"id":"1"}"#);
        let bandit = result
            .assignment()
            .and_then(|assignment| assignment.bandit());
        let actual = json!([
            result.value(),
            bandit.map(BanditAssignment::leaf_id),
            bandit.map(BanditAssignment::variation_weights),
            bandit.and_then(BanditAssignment::bandit_version),
        ]);
        let expected = json!([case.value(3), case.value(4), case.value(5), case.value(6)]);
        difference(&actual, &expected)
    });
}

fn evaluate(payload: &str, attributes: &str) -> FeatureResult {
    let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap());
    let user = UserContext::new(Attributes::from_json(attributes).unwrap());
    engine::evaluate(&ruleset, "f", &Subject::new(&user), None, &mut Silent)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    attribute_name: String,
    attribute_value: String,
    assignments: StickyAssignments,
}

/// `[name, context, stored documents, feature key, expected experiment result, expected documents]`
#[test]
fn sticky_bucket() {
    suite("stickyBucket", |case| {
        let context = case.context(1);
        let (ruleset, user) = (Arc::new(context.ruleset()), context.user());
        let subject = Subject::new(&user);
        let identities = engine::sticky_identities(&ruleset, &subject);
        let stored: Vec<Document> = case.get(2);
        let mut documents: StickyDocuments = stored
            .into_iter()
            .map(|it| {
                (
                    StickyIdentity::new(it.attribute_name, it.attribute_value),
                    it.assignments,
                )
            })
            .filter(|(identity, _)| identities.contains(identity))
            .collect();
        let key: String = case.get(3);
        let explanation = engine::explain(&ruleset, &key, &subject, Some(&documents));
        let result = engine::evaluate(&ruleset, &key, &subject, Some(&mut documents), &mut Silent);
        for result in [&result, explanation.feature().result()] {
            let result = result.to_json();
            let result = result.get("experimentResult").cloned();
            difference(&result.unwrap_or_default(), &case.value(4))?;
        }
        let documents: BTreeMap<String, Value> = documents
            .iter()
            .map(|(identity, assignments)| {
                let document = json!({
                    "attributeName": identity.attribute(),
                    "attributeValue": identity.value(),
                    "assignments": assignments,
                });
                (identity.to_string(), document)
            })
            .collect();
        difference(&json!(documents), &case.value(5))
    });
}
