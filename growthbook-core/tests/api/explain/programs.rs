//! Explanations as programs read them.

use growthbook_core::FeatureSource;
use growthbook_core::explanation::{Holds, RuleKind, RuleOutcome, Step};
use serde_json::json;

use super::{explain, payload, user};

#[test]
fn programs_can_ask_for_every_fact() {
    let rules = r#"[
        {"id": "fr_gate", "parentConditions": [{"id": "p", "condition": {"value": 2}, "gate": true}]},
        {"id": "fr_miss", "condition": {"plan": "pro", "age": {"$gte": 18}}, "force": 1, "coverage": 0.5},
        {"id": "fr_test", "key": "e", "variations": ["x", "y"]}
    ]"#;
    let explanation = explain(
        &payload(rules),
        "f",
        &user(r#"{"id": "u", "plan": "pro", "age": 17}"#),
    );
    assert_eq!(explanation.value(), "x");
    assert_eq!(explanation.source(), FeatureSource::Experiment);
    assert_eq!(explanation.feature().key(), "f");
    assert!(!explanation.is_cut());
    assert_eq!(explanation.others()[0].key(), "p");

    let [gate, miss, test] = explanation.rules() else {
        panic!("three rules were looked at");
    };
    assert_eq!((gate.index(), gate.id()), (0, Some("fr_gate")));
    assert_eq!(
        (gate.kind(), gate.outcome()),
        (RuleKind::Gate, RuleOutcome::GateOpen)
    );
    assert!(gate.prerequisites()[0].is_met());
    assert_eq!(gate.prerequisites()[0].feature(), Some("p"));

    assert_eq!(miss.outcome(), RuleOutcome::Condition);
    let condition = miss.condition().unwrap();
    assert_eq!(
        (condition.operator(), condition.holds()),
        ("$and", Holds::No)
    );
    let [plan, age] = condition.parts() else {
        panic!("two tests");
    };
    assert_eq!((plan.path(), plan.holds()), (Some("plan"), Holds::Yes));
    assert_eq!((age.path(), age.operator()), (Some("age"), "$gte"));
    assert_eq!(
        (age.operand(), age.found()),
        (Some(&18.into()), Some(&17.into()))
    );
    assert!(miss.rollout().is_none());

    let experiment = test.experiment().unwrap();
    assert_eq!((experiment.key(), experiment.step()), ("e", Step::Bucket));
    assert_eq!(experiment.step().number(), "20");
    assert_eq!(experiment.hash().attribute(), "id");
    assert_eq!(experiment.hash().bucket(), Some(0.231));
    assert_eq!(experiment.assignment().variation_index(), 0);
    assert!(experiment.variations()[0].holds_bucket());
}

#[test]
fn tools_get_json() {
    let rules = r#"[
        {"condition": {"$not": {"a": 1}, "$or": 5}, "force": 1},
        {"id": "fr_p", "parentConditions": [{"id": "p", "condition": {"value": 2}}], "force": [1], "coverage": 0.9}
    ]"#;
    let explanation = explain(&payload(rules), "f", &user(r#"{"id": "u", "a": 1}"#));
    let expected = json!({
        "feature": "f", "value": [1], "source": "force", "ruleId": "fr_p",
        "rules": [
            {"index": 0, "kind": "force", "outcome": "condition", "condition": {
                "operator": "$and", "holds": "no", "parts": [
                    {"operator": "$not", "holds": "no", "parts": [
                        {"operator": "=", "path": "a", "operand": 1, "found": 1, "holds": "yes"},
                    ]},
                    {"operator": "malformed", "holds": "malformed", "reached": false,
                        "note": "see the payload's diagnostics"},
                ],
            }},
            {"index": 1, "id": "fr_p", "kind": "force", "outcome": "applied",
                "prerequisites": [{"feature": "p", "value": 2, "met": true, "condition": {
                    "operator": "=", "path": "value", "operand": 2, "found": 2, "holds": "yes",
                }}],
                "rollout": {"attribute": "id", "value": "u", "seed": "f", "hashVersion": 1, "bucket": 0.85,
                    "coverage": 0.9, "included": true}},
        ],
        "others": [{"feature": "p", "value": 2, "source": "defaultValue"}],
    });
    assert_eq!(explanation.to_json(), expected);
}

#[test]
fn debug_output_leaves_attributes_out() {
    let rules = r#"[
        {"condition": {"mail": "x", "deep.mail": {"$in": ["secret-op"]}}, "force": 1},
        {"filters": [{"attribute": "mail", "seed": "s", "ranges": [[0, 1]]}], "force": 1, "coverage": 0, "hashAttribute": "mail"},
        {"key": "e", "hashAttribute": "mail", "namespace": ["n", 0, 1], "variations": [1, 2]}
    ]"#;
    let user = user(r#"{"mail": "secret-1", "deep": {"mail": ["secret-2"]}}"#)
        .with_url("https://shop.example/secret-3?e=1");
    let explanation = explain(&payload(rules), "f", &user);
    let printed = format!("{explanation:?} {explanation:#?}");
    assert!(!printed.contains("secret"), "{printed}");
    let text = explanation.to_string();
    for secret in ["secret-1", "secret-2", "secret-3"] {
        assert!(text.contains(secret), "{text}");
    }
}
