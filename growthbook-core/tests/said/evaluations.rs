//! Evaluations as events of OpenTelemetry: when there are any, and what they say.

use std::collections::BTreeMap;
use std::time::Duration;

use growthbook_core::testing::RecordingPlugin;
use growthbook_core::{
    Attributes, EvaluationEvents, Experiment, Flag, GrowthBookClient, MemoryStickyBuckets, Track,
    UserContext,
};
use tracing::Level;

use crate::subscriber::{self, Said};

const PAYLOAD: &str = r#"{"dateUpdated": "2026-01-02T03:04:05.000Z", "features": {
    "plain": {"defaultValue": "green"},
    "forced": {"defaultValue": 1, "rules": [{"id": "r1", "force": 2}]},
    "unnamed": {"defaultValue": 1, "rules": [{"force": 2.5}]},
    "tried": {"defaultValue": false, "rules": [
        {"id": "r2", "key": "exp", "variations": [false, true], "weights": [0, 1],
         "meta": [{"key": "control"}, {"key": "treatment"}]}
    ]},
    "object": {"defaultValue": {"a": [1]}},
    "nothing": {"defaultValue": null},
    "gated": {"defaultValue": true, "rules": [
        {"parentConditions": [{"id": "plain", "condition": {"value": "red"}, "gate": true}]}
    ]},
    "circle": {"defaultValue": true, "rules": [
        {"parentConditions": [{"id": "circle", "condition": {"value": true}, "gate": true}]}
    ]}
}}"#;

/// What the events of evaluations say, as `name=value` sorted by name.
fn told<T>(act: impl FnOnce() -> T) -> Vec<String> {
    events(act).iter().map(|it| it.fields.clone()).collect()
}

fn events<T>(act: impl FnOnce() -> T) -> Vec<Said> {
    let (_, mut said) = subscriber::said(act);
    said.retain(|it| it.target == "growthbook::evaluation");
    said
}

fn client() -> GrowthBookClient {
    let builder = GrowthBookClient::builder().payload(PAYLOAD);
    builder.build().unwrap()
}

fn user() -> UserContext {
    UserContext::new(Attributes::new().with("id", "u-1"))
}

/// The fields of an event, in the order in which they are written.
fn fields(key: &str, reason: &str, more: &str) -> String {
    let version = r#"feature_flag.version="2026-01-02T03:04:05.000Z" "#;
    let (variant, error) = more.split_once('|').unwrap_or((more, ""));
    format!(
        "feature_flag.key={key:?} feature_flag.provider.name=\"growthbook\" \
         feature_flag.result.reason={reason:?} {variant}{version}{error}"
    )
}

#[test]
fn an_event_says_which_feature_why_and_which_variant() {
    let client = client();
    let check = |feature: &str, reason: &str, more: &str| {
        let event = [fields(feature, reason, more)];
        let user = user();
        let scope = client.scope(user.clone());
        assert_eq!(told(|| client.is_on(feature, &user)), event);
        assert_eq!(told(|| client.is_off(feature, &user)), event);
        assert_eq!(told(|| client.evaluate(feature, &user)), event);
        assert_eq!(told(|| scope.is_on(feature)), event);
        assert_eq!(told(|| scope.evaluate(feature)), event);
        assert_eq!(told(|| scope.value_as::<serde_json::Value>(feature)), event);
    };
    let error = |kind: &str, message: &str| {
        format!("|error.type={kind:?} feature_flag.error.message={message:?} ")
    };
    let variant = |key: &str| format!("feature_flag.result.variant={key:?} ");
    check("plain", "default", "");
    check("forced", "targeting_match", &variant("r1"));
    check("unnamed", "targeting_match", "");
    check("tried", "split", &variant("treatment"));
    check("nothing", "default", "");
    check("gated", "disabled", "");
    let cyclic = "the feature depends on itself through prerequisites";
    check("circle", "error", &error("parse_error", cyclic));
    let unknown = "there is no such feature";
    check("nowhere", "error", &error("flag_not_found", unknown));
}

#[test]
fn it_has_the_name_and_is_in_the_span() {
    let client = client();
    let all = events(|| {
        tracing::info_span!("request").in_scope(|| client.is_on("plain", &user()));
        client.is_on("plain", &user())
    });
    let described: Vec<_> = all.iter().map(|it| (it.level, it.name, it.span)).collect();
    let name = Some("feature_flag.evaluation");
    assert_eq!(
        described,
        [(Level::DEBUG, name, Some(1)), (Level::DEBUG, name, None)]
    );
    assert!(all.iter().all(|it| it.message.is_empty()));
}

#[test]
fn a_type_that_does_not_fit_is_an_error() {
    static FLAG: Flag<bool> = Flag::new("plain", true);
    static FITS: Flag<&str> = Flag::new("plain", "");
    let (client, user) = (client(), user());
    let scope = client.scope(user.clone());
    let misfit = [fields(
        "plain",
        "error",
        "|error.type=\"type_mismatch\" feature_flag.error.message=\
         \"the feature's value is not of the type that was asked for\" ",
    )];
    let fits = [fields("plain", "default", "")];
    let failing = || client.value_as::<u8>("plain", &user).unwrap_err();
    assert_eq!(told(failing), misfit);
    assert_eq!(told(|| client.value("plain", &user, 7)), misfit);
    assert_eq!(told(|| scope.value("plain", 7)), misfit);
    assert_eq!(told(|| scope.get(&FLAG)), misfit);
    assert_eq!(told(|| assert_eq!(scope.get(&FITS), "green")), fits);
    assert_eq!(told(|| assert_eq!(scope.value("plain", ""), "green")), fits);
}

#[test]
fn nothing_was_loaded_yet() {
    let client = GrowthBookClient::builder().build().unwrap();
    let all = told(|| client.is_on("plain", &user()));
    assert!(
        all[0].contains("error.type=\"provider_not_ready\""),
        "{all:?}"
    );
    client.load(br#"{"features": {}}"#).unwrap();
    let all = told(|| client.is_on("plain", &user()));
    assert!(all[0].contains("error.type=\"flag_not_found\""), "{all:?}");
    // Without a date, the payload's sum says which one it was.
    let revision = client.ruleset().revision().to_string();
    assert!(
        all[0].contains(&format!("version=\"{revision}\"")),
        "{all:?}"
    );
}

#[test]
fn values_and_ids_are_said_to_those_who_want_them() {
    let options = EvaluationEvents::new().with_context_id("id").with_values();
    let builder = GrowthBookClient::builder().payload(PAYLOAD);
    let client = builder.evaluation_events(options).build().unwrap();
    let check = |feature: &str, expected: Option<&str>| {
        let all = told(|| client.evaluate(feature, &user()));
        match expected {
            None => assert!(!all[0].contains("result.value"), "{all:?}"),
            Some(value) => {
                let said = format!(" feature_flag.result.value={value} ");
                assert!(all[0].contains(&said), "{all:?}");
            }
        }
        let id = "feature_flag.context.id=\"u-1\" ";
        assert!(all[0].contains(id), "{all:?}");
    };
    check("plain", Some("\"green\""));
    check("forced", Some("2"));
    check("unnamed", Some("2.5"));
    check("tried", Some("true"));
    check("object", Some(r#""{\"a\":[1]}""#));
    check("nothing", None);
    check("nowhere", None);
    let nobody = told(|| client.is_on("plain", &UserContext::default()));
    assert!(!nobody[0].contains("context.id"));
}

#[test]
fn a_forced_value_is_static_and_served() {
    let client = client();
    let user = user().with_forced_value("plain", "mine".into());
    let all = told(|| {
        assert_eq!(client.scope(user.clone()).value("plain", ""), "mine");
        assert!(client.is_on("plain", &user));
    });
    assert_eq!(
        all,
        [fields("plain", "static", ""), fields("plain", "static", "")]
    );
}

#[test]
fn of_all_features_each_is_said_and_of_nothing_else_any() {
    let client = client();
    let scope = client.scope(user()).with_track(Track::Off);
    let all = told(|| assert_eq!(scope.evaluate_all().len(), 8));
    let keys: Vec<_> = all.iter().map(|it| it.split('"').nth(1).unwrap()).collect();
    let expected: Vec<_> = client.ruleset().feature_keys().map(str::to_owned).collect();
    assert_eq!(keys, expected, "those that were asked for, once each");
    let experiment = Experiment::builder("inline", [1, 2]).build().unwrap();
    let none = told(|| {
        scope.run(&experiment);
        scope.explain("plain");
        scope.peek_sticky("exp");
        client.close(Duration::from_secs(1));
        assert!(scope.is_on("plain"), "it is still evaluated");
    });
    assert_eq!(none, [""; 0]);
}

/// What is served, stored and reported is the same, heard or not.
#[test]
fn to_be_heard_changes_nothing() {
    let outcome = |is_heard: bool| {
        let plugin = RecordingPlugin::new();
        let client = GrowthBookClient::builder()
            .payload(PAYLOAD)
            .sticky_buckets(MemoryStickyBuckets::new())
            .plugin(plugin.clone())
            .build()
            .unwrap();
        let ask = || {
            let scope = client.scope(user());
            let keys: Vec<_> = client.ruleset().feature_keys().map(str::to_owned).collect();
            let values: BTreeMap<_, _> = keys
                .iter()
                .map(|key| {
                    let value: Option<serde_json::Value> = scope.value_as(key).ok();
                    (key.clone(), (scope.is_on(key), value))
                })
                .collect();
            (values, scope.sticky_documents())
        };
        let asked = if is_heard {
            subscriber::said(ask).0
        } else {
            ask()
        };
        (asked, plugin.events().len())
    };
    assert_eq!(outcome(true), outcome(false));
    assert!(outcome(true).1 > 3);
}
