use growthbook::{
    Attributes, BuildError, Experiment, FeatureSource, GlobalContext, GrowthBookClient,
    MemoryStickyBuckets, PayloadError, StickyIdentity, UserContext, ValueError,
};
use serde_json::{Value, json};

use crate::shop;

fn user(attributes: Value) -> UserContext {
    UserContext::new(Attributes::try_from(attributes).unwrap())
}

#[test]
fn a_client_decides_and_gives_its_reasons() {
    let client = shop::client();
    let guest = user(json!({"deviceId": "d-40321", "country": "DE", "city": "Berlin"}));

    assert!(client.is_on("shop-open", &guest));
    assert!(client.is_off("staff-toolbar", &guest));
    assert_eq!(client.value("currency", &guest, String::new()), "EUR");

    let layout = client.evaluate("checkout-layout", &guest);
    assert_eq!(layout.value(), "express");
    assert_eq!(layout.source(), FeatureSource::Experiment);
    assert_eq!(layout.rule_id(), Some("fr_checkout_test"));
    assert_eq!(layout.experiment().unwrap().key(), "checkout-steps");
    let assignment = layout.assignment().unwrap();
    assert_eq!(assignment.variation_key(), "express");
    assert_eq!(assignment.hash_attribute(), "deviceId");
    assert!(assignment.hash_used());
}

#[test]
fn prerequisites_follow_what_they_depend_on() {
    let client = shop::client();
    let blocked = user(json!({"deviceId": "d-666", "country": "DE"}));
    assert_eq!(
        client.evaluate("payments", &blocked).rule_id(),
        Some("fr_payments_blocked")
    );
    let methods = client.evaluate("payment-methods", &blocked);
    assert_eq!(methods.source(), FeatureSource::Prerequisite);
    assert_eq!(methods.value_as::<Vec<String>>(), Err(ValueError::Missing));
}

#[test]
fn a_holdout_keeps_its_users_and_passes_the_others_on() {
    let client = shop::client();
    let held = user(json!({"deviceId": "d-40032"}));
    for feature in ["checkout-layout", "homepage-hero"] {
        let result = client.evaluate(feature, &held);
        assert_eq!(result.experiment().unwrap().key(), "holdout-spring");
        assert!(!result.assignment().unwrap().passthrough());
    }
}

#[test]
fn values_have_the_type_of_the_fallback() {
    let client = shop::client();
    let buyer = user(json!({"company": {"employees": 250, "vatNumber": "PL1"}}));
    assert_eq!(client.value("max-cart-items", &buyer, 10), 2_000);
    assert_eq!(client.value("price-display", &buyer, String::new()), "net");
    assert_eq!(client.value("price-display", &buyer, 7), 7);
    assert_eq!(client.value("no-such-feature", &buyer, [1, 2]), [1, 2]);
}

#[test]
fn a_bandit_sets_the_weights_that_its_leaf_has() {
    let client = shop::client();
    let regular = user(json!({"deviceId": "d-40028", "orders": 46}));
    let result = client.evaluate("recommendations", &regular);
    let bandit = result.assignment().unwrap().bandit().unwrap();
    assert_eq!(bandit.leaf_id(), 1);
    assert_eq!(bandit.variation_weights(), [0.1, 0.2, 0.7]);
}

#[test]
fn experiments_of_the_program_have_variations_of_any_type() {
    #[derive(Debug, PartialEq)]
    enum Shelf {
        Cheap,
        Good,
    }
    let client = shop::client();
    let experiment = Experiment::builder("shelf", [Shelf::Cheap, Shelf::Good])
        .weights([0.0, 1.0])
        .build()
        .unwrap();
    let result = client.run(&experiment, &user(json!({"id": "u-1"})));
    assert_eq!(result.into_value(), &Shelf::Good);
    let nobody = client.run(&experiment, &UserContext::default());
    assert!(!nobody.assignment().in_experiment());
    assert_eq!(nobody.value(), &&Shelf::Cheap);
}

#[test]
fn the_address_and_the_client_can_force_variations() {
    let client = shop::client();
    let shopper =
        user(json!({"deviceId": "d-40321"})).with_url("https://shop.example/cart?checkout-steps=1");
    assert_eq!(
        client.value("checkout-layout", &shopper, String::new()),
        "one-page"
    );
    client.set_global_context(GlobalContext::new().with_forced_value("currency", json!("SEK")));
    let result = client.evaluate("currency", &shopper);
    assert_eq!(
        (result.value(), result.source()),
        (&json!("SEK"), FeatureSource::Override)
    );
}

#[test]
fn sticky_buckets_hold_against_new_weights() {
    let store = std::sync::Arc::new(MemoryStickyBuckets::new());
    let client = GrowthBookClient::builder()
        .sticky_buckets(std::sync::Arc::clone(&store))
        .payload(shop::PLAIN)
        .build()
        .unwrap();
    let shopper = user(json!({"deviceId": "d-40321"}));
    let before = client.evaluate("homepage-hero", &shopper);
    assert_eq!(before.value(), "people");

    let mut payload: Value = serde_json::from_slice(shop::PLAIN).unwrap();
    payload["features"]["homepage-hero"]["rules"][1]["weights"] = json!([1.0, 0.0, 0.0]);
    client.load(payload.to_string().as_bytes()).unwrap();
    let after = client.evaluate("homepage-hero", &shopper);
    assert_eq!(after.value(), "people");
    assert!(after.assignment().unwrap().sticky_bucket_used());
    let document = store
        .document(&StickyIdentity::new("deviceId", "d-40321"))
        .unwrap();
    assert_eq!(document["hero-picture__1"], "people");
}

#[test]
fn a_bad_payload_changes_nothing() {
    let client = shop::client();
    let revision = *client.ruleset().revision();
    for (bad, error) in [
        (&b"<html>"[..], PayloadError::Json { line: 1, column: 1 }),
        (b"[]", PayloadError::NotAnObject),
        (b"{\"status\": 400}", PayloadError::MissingFeatures),
        (
            b"{\"encryptedFeatures\": \"a.b\"}",
            PayloadError::MissingKey,
        ),
    ] {
        assert_eq!(client.load(bad).unwrap_err(), error);
        assert_eq!(*client.ruleset().revision(), revision);
    }
    let error = GrowthBookClient::builder()
        .payload("[]")
        .build()
        .unwrap_err();
    assert!(matches!(
        error,
        BuildError::Payload(PayloadError::NotAnObject)
    ));
}

#[test]
fn a_rule_that_is_wrong_reaches_nobody_and_is_named() {
    let client = GrowthBookClient::builder().build().unwrap();
    let ruleset = client
        .load(br#"{"features": {"beta": {"defaultValue": 1, "rules": [{"force": 2, "coverage": "half"}, {"force": 3}]}}}"#)
        .unwrap();
    assert_eq!(ruleset.diagnostics()[0].place(), "features.beta.rules[0]");
    assert_eq!(client.value("beta", &user(json!({"id": "u-1"})), 0), 3);
}

#[test]
fn a_client_can_be_used_from_several_threads() {
    let client = shop::client();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..100 {
                    let shopper = user(json!({"deviceId": format!("d-{number}")}));
                    assert!(client.evaluate("homepage-hero", &shopper).is_on());
                }
            });
        }
        for _ in 0..10 {
            client.load(shop::PLAIN).unwrap();
        }
    });
}
