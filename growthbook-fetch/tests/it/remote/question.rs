//! What is asked, and what is refused before anything is.

use std::error::Error;

use growthbook_core::{
    Attributes, BuildError, DecryptionKey, GlobalContext, GrowthBookClient, MemoryStickyBuckets,
    UserContext,
};
use growthbook_fetch::{ConfigError, Endpoint, RemoteEvaluation, RemoteEvaluationError};
use serde_json::json;

use super::{Evaluator, Rig, user};
use crate::api::CLIENT_KEY;

#[test]
fn a_question_says_all_that_an_evaluation_knows() {
    let evaluator = Evaluator::counting();
    let endpoint = evaluator
        .endpoint()
        .header("X-Tenant", "shop")
        .user_agent_suffix("checkout");
    let global = GlobalContext::new()
        .with_attributes(Attributes::new().with("tier", "gold"))
        .with_forced_variation("exp-2", 1);
    let rig = Rig::with(endpoint, |it| it, |it| it.global_context(global));
    let user = UserContext::new(Attributes::new().with("id", "u1").with("country", "US"))
        .with_attribute_overrides(Attributes::new().with("country", "DE"))
        .with_forced_value("banner", json!("v2"))
        .with_forced_variation("exp-1", 2)
        .with_url("https://shop.example/cart");
    let scope = rig.remote.scope(&rig.client, user);
    assert_eq!(scope.value("f", 0), 1);
    assert_eq!(scope.value("banner", "v1"), "v2", "it holds here as well");
    let (request, body) = evaluator.last_question();
    assert_eq!(
        (request.method(), request.target()),
        ("POST", &*format!("/api/eval/{CLIENT_KEY}"))
    );
    let mut headers: Vec<_> = request
        .headers()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    headers.sort();
    let length = body.len().to_string();
    let agent = format!("growthbook-rust/{} (checkout)", env!("CARGO_PKG_VERSION"));
    let host = evaluator.api.server().address().to_string();
    assert_eq!(
        headers,
        [
            ("accept", "application/json"),
            ("accept-encoding", "gzip"),
            ("content-length", &length),
            ("content-type", "application/json"),
            ("host", &host),
            ("user-agent", &agent),
            ("x-tenant", "shop"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        body,
        r#"{"attributes":{"tier":"gold","id":"u1","country":"DE"},"forcedFeatures":[["banner","v2"]],"forcedVariations":{"exp-1":2,"exp-2":1},"url":"https://shop.example/cart"}"#
    );
    let _ = rig.remote.scope(&rig.client, UserContext::default());
    let global = r#"{"attributes":{"tier":"gold"},"forcedFeatures":[],"forcedVariations":{"exp-2":1},"url":""}"#;
    assert_eq!(evaluator.last_question().1, global);
}

#[test]
fn forced_features_make_no_other_question_and_go_with_the_next() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!(rig.value("u"), 1);
    let forced = user("u").with_forced_value("g", json!(true));
    let scope = rig.remote.scope(&rig.client, forced.clone());
    assert_eq!((scope.value("f", 0), scope.is_on("g")), (1, true));
    assert_eq!(evaluator.questions(), 1);
    rig.pass(60);
    assert_eq!(rig.remote.scope(&rig.client, forced).value("f", 0), 2);
    assert!(
        evaluator
            .last_question()
            .1
            .contains(r#""forcedFeatures":[["g",true]]"#)
    );
}

#[test]
fn whoever_differs_in_what_counts_asks_for_themselves() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.cache_key_attributes(["id"]),
        |it| it,
    );
    let ask = |user: UserContext| -> u32 { rig.remote.scope(&rig.client, user).value("f", 0) };
    let clicked =
        |clicks: i32| UserContext::new(Attributes::new().with("id", "u").with("clicks", clicks));
    assert_eq!(ask(clicked(1)), 1);
    assert_eq!(ask(clicked(2)), 1, "nobody looks at clicks");
    assert_eq!(ask(user("v")), 2);
    assert_eq!(ask(clicked(1).with_url("https://h/")), 3);
    assert_eq!(ask(clicked(1).with_forced_variation("e", 0)), 4);
    let mut scope = rig.remote.scope(&rig.client, clicked(1));
    scope.update_attributes(Attributes::new().with("id", "w"));
    assert_eq!(scope.value("f", 0), 1, "nothing is asked by itself");
    assert_eq!(rig.remote.renew(&scope).value("f", 0), 5);
    assert_eq!(evaluator.questions(), 5);
}

#[test]
fn a_user_whom_the_server_would_not_read_is_not_sent() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    let many: Attributes = (0..1_001).map(|n| (format!("a{n}"), n)).collect();
    let long = Attributes::new().with("a", "x".repeat(2 << 20));
    let checks = [
        (many, "there are more than 1000 attributes"),
        (long, "the user takes more than 2097152 bytes to describe"),
    ];
    for (attributes, words) in checks {
        let user = UserContext::new(attributes);
        let error = rig.remote.preload(&rig.client, &user).unwrap_err();
        assert_eq!(error.to_string(), words);
        assert_eq!(rig.remote.scope(&rig.client, user).value("f", 0), 0);
    }
    assert_eq!((evaluator.questions(), rig.errors()), (0, 2));
    let stats = rig.remote.stats();
    assert_eq!(
        (stats.requests(), stats.failures(), stats.empty()),
        (0, 4, 2)
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |endpoint: Endpoint| RemoteEvaluation::new(endpoint).map(drop).unwrap_err();
    let at = |host: &str| refused(Endpoint::new("sdk-1").api_host(host));
    assert_eq!(
        refused(Endpoint::new(" ").api_host("http://localhost")),
        ConfigError::MissingClientKey
    );
    assert_eq!(at("ftp://h"), ConfigError::InvalidHost);
    assert_eq!(at("http://proxy.example"), ConfigError::InsecureHost);
    assert_eq!(refused(Endpoint::new("sdk-1")), ConfigError::MissingHost);
    assert_eq!(at("  "), ConfigError::MissingHost);
    #[cfg(feature = "rustls")]
    {
        for host in [
            "cdn.growthbook.io",
            "https://API.growthbook.io/x",
            "https://growthbook.io",
        ] {
            assert_eq!(at(host), ConfigError::CloudHost, "{host}");
        }
        assert!(RemoteEvaluation::new(Endpoint::new("sdk-1").api_host("notgrowthbook.io")).is_ok());
    }
    let insecure = Endpoint::new("sdk-1").api_host("http://api.growthbook.io");
    assert_eq!(
        refused(insecure.allow_insecure_http()),
        ConfigError::CloudHost
    );
    assert!(
        RemoteEvaluation::new(Endpoint::new("sdk-1").api_host("http://localhost:3300")).is_ok()
    );
}

#[test]
fn a_client_of_a_remote_source_has_no_use_for_keys_and_buckets() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    let builder = || GrowthBookClient::builder().source(rig.remote.source());
    let refused = |built: Result<GrowthBookClient, BuildError>| match built.unwrap_err() {
        BuildError::Source(error) => error.source().unwrap().to_string(),
        error => error.to_string(),
    };
    let key = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
    assert_eq!(
        refused(builder().decryption_key(key).build()),
        "remote evaluation has no use for a decryption key"
    );
    assert_eq!(
        refused(builder().sticky_buckets(MemoryStickyBuckets::new()).build()),
        "remote evaluation has no use for a sticky bucket service"
    );
    assert!(builder().build().is_ok());
}

#[test]
fn nothing_that_is_printed_says_who_asked() {
    let evaluator = Evaluator::answering(b"canary-payload");
    let rig = Rig::new(&evaluator);
    let user = user("canary-attribute").with_url("https://h/?canary-url");
    let error = rig.remote.preload(&rig.client, &user).unwrap_err();
    let _ = rig.remote.scope(&rig.client, user.clone());
    let long = UserContext::new(Attributes::new().with("canary", "canary".repeat(1 << 20)));
    let too_long = rig.remote.preload(&rig.client, &long).unwrap_err();
    assert!(matches!(error, RemoteEvaluationError::Payload(_)));
    let printed = format!(
        "{error:?} {error} {too_long:?} {too_long} {:?} {:?} {:?}",
        rig.remote,
        rig.remote.source(),
        rig.errors
    );
    assert!(!printed.contains("canary"), "{printed}");
}
