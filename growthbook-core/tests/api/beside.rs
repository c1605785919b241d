//! What code beside a client builds on: scopes over other features, what holds for a user, and telling of errors.

use std::error::Error;
use std::sync::{Arc, Mutex};

use growthbook_core::engine::Subject;
use growthbook_core::{
    Attributes, BackendError, BackgroundError, FeatureSource, GlobalContext, GrowthBookClient,
    MemoryStickyBuckets, UserContext, UserScope,
};
use serde_json::json;

use super::{ruleset, user};

#[test]
fn a_scope_over_other_features_is_the_same_scope() {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let (viewing, using) = (Arc::clone(&told), Arc::clone(&told));
    let client = GrowthBookClient::builder()
        .payload(r#"{"features": {"f": {"defaultValue": "client"}, "own": {"defaultValue": 1}}}"#)
        .global_context(GlobalContext::new().with_forced_value("forced", json!("global")))
        .on_experiment_viewed(move |it| {
            viewing
                .lock()
                .unwrap()
                .push(format!("viewed {}", it.experiment().key()));
        })
        .on_feature_usage(move |it| using.lock().unwrap().push(format!("used {}", it.value())))
        .build()
        .unwrap();
    let other = ruleset(
        r#"{"features": {"f": {"defaultValue": 0, "rules": [{"force": "server", "tracks": [
            {"experiment": {"key": "exp", "variations": [0, 1]}, "result": {"variationId": 1, "hashValue": "u"}}
        ]}]}}}"#,
    );
    let scope = client.scope(user("u"));
    assert_eq!(scope.value("f", ""), "client");
    let over = scope.with_ruleset(Arc::clone(&other));
    assert!(Arc::ptr_eq(over.ruleset(), &other));
    for _ in 0..2 {
        let result = over.evaluate("f");
        assert_eq!(
            (result.value(), result.source()),
            (&json!("server"), FeatureSource::Force)
        );
    }
    assert_eq!(over.evaluate("own").source(), FeatureSource::UnknownFeature);
    assert_eq!(
        over.value("forced", ""),
        "global",
        "what holds for all holds there"
    );
    assert_eq!(
        scope.value("f", ""),
        "client",
        "the scope that it was made of has its own"
    );
    let anew = client.scope(user("u")).with_ruleset(other);
    assert_eq!(anew.value("f", ""), "server");
    assert_eq!(
        *told.lock().unwrap(),
        [
            "used \"client\"",
            "viewed exp",
            "used \"server\"",
            "used null",
            "used \"client\"",
            "used \"server\"",
        ],
        "an exposure once for the client, a feature when its value changes in a scope"
    );
}

#[test]
fn sticky_buckets_of_a_scope_are_those_of_its_features() {
    let payload = |seed: &str| {
        let experiment = json!({"key": "exp", "seed": seed, "variations": [0, 1, 2, 3],
            "meta": [{"key": "0"}, {"key": "1"}, {"key": "2"}, {"key": "3"}]});
        json!({"features": {"f": {"rules": [experiment]}}}).to_string()
    };
    let store = Arc::new(MemoryStickyBuckets::new());
    let client = GrowthBookClient::builder()
        .payload(r#"{"features": {}}"#)
        .sticky_buckets(Arc::clone(&store))
        .build()
        .unwrap();
    let scope = client.scope(user("u"));
    assert_eq!(scope.value("f", 9), 9);
    let first = scope.with_ruleset(ruleset(&payload("a")));
    let kept = first.value("f", 9);
    assert_eq!(
        first.peek_sticky("exp").as_deref(),
        Some(&*kept.to_string())
    );
    // Another seed would put the user elsewhere, were it not for what is stored.
    let seeds = ["b", "c", "d", "e", "f"];
    for seed in seeds {
        assert_eq!(
            first.with_ruleset(ruleset(&payload(seed))).value("f", 9),
            kept
        );
    }
    // What a caller supplied is supplied for all features.
    let other = GrowthBookClient::builder()
        .build()
        .unwrap()
        .scope(user("u"));
    let supplied = other
        .clone()
        .with_sticky_documents(first.sticky_documents());
    let dealt = |scope: &UserScope| {
        seeds.map(|seed| scope.with_ruleset(ruleset(&payload(seed))).value("f", 9))
    };
    assert_eq!(dealt(&supplied), [kept; 5]);
    assert_ne!(dealt(&other), [kept; 5]);
}

#[test]
fn what_is_forced_can_be_listed() {
    let global = GlobalContext::new()
        .with_forced_variation("a", 1)
        .with_forced_variation("b", 2)
        .with_forced_value("x", json!("all"))
        .with_forced_value("y", json!("all"));
    let user = UserContext::new(Attributes::new())
        .with_forced_variation("b", 3)
        .with_forced_value("y", json!("own"));
    let alone = Subject::new(&user);
    assert_eq!(
        alone.forced_variations().into_iter().collect::<Vec<_>>(),
        [("b", 3)]
    );
    let within = alone.within(&global);
    assert_eq!(
        within.forced_variations().into_iter().collect::<Vec<_>>(),
        [("a", 1), ("b", 3)]
    );
    let values: Vec<_> = within.forced_values().into_iter().collect();
    assert_eq!(values, [("x", &json!("all")), ("y", &json!("own"))]);
    let client = GrowthBookClient::builder()
        .global_context(global)
        .build()
        .unwrap();
    let scope = client.scope(user.clone());
    assert_eq!(scope.subject().forced_variations().len(), 2);
}

#[test]
fn errors_from_beside_a_client_are_told_like_its_own() {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let noting = Arc::clone(&told);
    let client = GrowthBookClient::builder()
        .on_error(move |error| {
            let cause = error.source().map(ToString::to_string);
            noting
                .lock()
                .unwrap()
                .push(format!("{error}: {}", cause.unwrap_or_default()));
            panic!("in a callback");
        })
        .build()
        .unwrap();
    let reporter = client.error_reporter();
    let error = || BackgroundError::Remote(BackendError::new("a server", "answer", "refused"));
    reporter.report(&error());
    assert_eq!(
        *told.lock().unwrap(),
        ["the features cannot be evaluated remotely: a server could not answer"]
    );
    assert_eq!(client.status().callback_panics(), 1);
    drop(client);
    reporter.clone().report(&error());
    assert_eq!(told.lock().unwrap().len(), 1, "nobody is there");
    assert_eq!(format!("{reporter:?}"), "ErrorReporter { is_gone: true }");
}
