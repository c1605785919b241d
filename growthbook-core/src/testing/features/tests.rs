use serde_json::json;

use super::*;
use crate::attributes::Attributes;
use crate::experiment::Experiment;
use crate::result::FeatureSource;
use crate::user::UserContext;

const SHIPPED: &str = r#"{"features": {
    "color": {"defaultValue": "blue", "rules": [{"id": "r1", "condition": {"plan": "pro"}, "force": "gold"}]},
    "layout": {"defaultValue": "old", "rules": [
        {"key": "layout-test", "variations": ["old", "new"], "hashVersion": 2, "meta": [{"key": "a"}, {"key": "b"}]}
    ]},
    "exact": {"defaultValue": 0, "rules": [{"condition": {"shape": {"b": 1, "a": 2}}, "force": 1}]}
}, "savedGroups": {"vip": ["u-1"]}}"#;

fn user(id: &str) -> UserContext {
    UserContext::new(Attributes::new().with("id", id))
}

fn value(features: &TestFeatures, feature: &str, user: &UserContext) -> Value {
    features.client().evaluate(feature, user).value().clone()
}

#[test]
fn everybody_and_nobody() {
    let features = TestFeatures::new().on("a").off("b").value("c", 1.5);
    let client = features.client();
    assert!(client.is_on("a", &user("u-1")));
    assert_eq!(value(&features, "b", &user("u-1")), false);
    assert_eq!(value(&features, "c", &user("u-1")), 1.5);
    let unsaid = client.evaluate("d", &user("u-1"));
    assert_eq!(unsaid.source(), FeatureSource::UnknownFeature);
    assert!(client.ruleset().diagnostics().is_empty());
}

#[test]
fn later_statements_win() {
    let features = TestFeatures::new()
        .value_for("a", 1, ("id", "u-1"))
        .value_for("a", 2, ("id", "u-1"))
        .value_for("a", 3, ("age", 40));
    let forty = UserContext::new(Attributes::new().with("id", "u-1").with("age", 40));
    assert_eq!(value(&features, "a", &user("u-1")), 2);
    assert_eq!(value(&features, "a", &forty), 3);
    assert_eq!(value(&features, "a", &user("u-2")), json!(null));
    let features = features.value("a", 4);
    assert_eq!(value(&features, "a", &forty), 4);
    assert_eq!(value(&features.unknown("a"), "a", &forty), json!(null));
}

#[test]
fn features_of_a_payload_are_replaced_or_added_to() {
    let features = TestFeatures::from_payload(SHIPPED).unwrap();
    let pro = UserContext::new(Attributes::new().with("id", "u-1").with("plan", "pro"));
    assert_eq!(value(&features, "color", &pro), "gold");
    let special = features.clone().value_for("color", "red", ("id", "u-1"));
    assert_eq!(value(&special, "color", &pro), "red");
    assert_eq!(value(&special, "color", &user("u-2")), "blue");
    let plain = features.clone().value("color", "grey");
    assert_eq!(value(&plain, "color", &pro), "grey");
    let groups = json!({"id": {"$inGroup": "vip"}});
    let grouped = features.value_where("gift", true, groups);
    assert_eq!(value(&grouped, "gift", &pro), true);
    assert_eq!(value(&grouped, "gift", &user("u-2")), json!(null));
}

#[test]
fn the_order_of_keys_in_a_payload_stays() {
    let features = TestFeatures::from_payload(SHIPPED).unwrap().on("other");
    let shaped = Attributes::from_json(r#"{"shape": {"b": 1, "a": 2}}"#).unwrap();
    let user = UserContext::new(shaped);
    assert_eq!(value(&features, "exact", &user), 1);
}

#[test]
fn a_value_in_an_experiment_is_everybodys_with_an_id() {
    let features =
        TestFeatures::new()
            .value("color", "blue")
            .value_in("color", "red", ("color-test", "0"));
    let client = features.client();
    for number in 0..1_000 {
        let result = client.evaluate("color", &user(&format!("u-{number}")));
        assert_eq!(result.value(), "red", "{number}");
        let assignment = result.assignment().unwrap();
        assert_eq!(assignment.variation_key(), "0");
        assert!(assignment.hash_used());
    }
    assert_eq!(value(&features, "color", &UserContext::default()), "blue");
    assert!(client.ruleset().diagnostics().is_empty());
}

#[test]
fn variations_are_forced_in_payloads_and_in_code() {
    let experiment = Experiment::builder("code-test", ["x", "y", "z"]);
    let experiment = experiment.build().unwrap();
    let shipped = TestFeatures::from_payload(SHIPPED).unwrap();
    for index in [0, 1] {
        let client = shipped
            .clone()
            .variation("layout-test", index)
            .variation("code-test", index + 1)
            .client();
        let layout = client.evaluate("layout", &user("u-1"));
        assert_eq!(layout.value(), ["old", "new"][index]);
        let ran = client.run(&experiment, &user("u-1"));
        assert_eq!(**ran.value(), ["x", "y", "z"][index + 1]);
        assert!(!ran.assignment().hash_used());
    }
}

#[test]
fn a_client_takes_other_features_in_mid_test() {
    let client = GrowthBookClient::builder()
        .global_attributes(Attributes::new().with("id", "all"))
        .build()
        .unwrap();
    let anybody = UserContext::default();
    let scope = client.scope(anybody.clone());
    let features = TestFeatures::from_payload(SHIPPED).unwrap();
    features.clone().on("beta").load_into(&client);
    assert!(client.is_on("beta", &anybody));
    assert!(scope.is_off("beta"), "a scope goes on with what it has");
    features
        .off("beta")
        .variation("layout-test", 1)
        .load_into(&client);
    assert!(client.is_off("beta", &anybody));
    let layout = client.evaluate("layout", &anybody);
    assert_eq!(layout.value(), "new");
    assert!(!layout.assignment().unwrap().hash_used(), "it is forced");
    let global = client.global_context();
    assert!(global.attributes().get("id").is_some(), "attributes stay");
}

#[test]
fn what_is_no_payload_is_refused() {
    let refused = |payload: &str| TestFeatures::from_payload(payload).unwrap_err();
    assert_eq!(refused("[]"), PayloadError::NotAnObject);
    assert_eq!(refused("{}"), PayloadError::MissingFeatures);
    assert_eq!(
        refused(r#"{"encryptedFeatures": "x.y"}"#),
        PayloadError::MissingKey
    );
    assert!(matches!(refused("{"), PayloadError::Json { .. }));
}

#[test]
fn the_payload_is_the_text_that_a_client_would_fetch() {
    let features = TestFeatures::new().on("a").value_for("b", 1, ("id", "u"));
    let text = features.payload();
    assert_eq!(
        text,
        r#"{"features":{"a":{"defaultValue":true},"b":{"rules":[{"condition":{"id":"u"},"force":1}]}}}"#
    );
    let again = TestFeatures::from_payload(&text).unwrap();
    assert_eq!(again.payload(), text);
}
