//! Values as types, and clients as programs hold them.

use std::collections::BTreeMap;
use std::thread;

use growthbook_core::{
    BackendError, Experiment, FeatureResult, GrowthBookClient, Ruleset, UserContext, ValueError,
};
use serde::Deserialize;
use serde_json::json;

fn client() -> GrowthBookClient {
    GrowthBookClient::builder()
        .payload(
            r#"{"features":{
                "flag":{"defaultValue":true}, "zero":{"defaultValue":0}, "empty":{"defaultValue":""},
                "text":{"defaultValue":"off"}, "list":{"defaultValue":[]}, "null":{"defaultValue":null},
                "ratio":{"defaultValue":0.25}, "limits":{"defaultValue":{"perMinute":60,"burst":[1,2]}},
                "big":{"defaultValue":9007199254740991}
            }}"#,
        )
        .build()
        .unwrap()
}

#[test]
fn on_is_javascripts_truthiness() {
    let (client, user) = (client(), UserContext::default());
    for feature in ["flag", "text", "list", "ratio", "limits"] {
        assert!(client.is_on(feature, &user), "{feature}");
    }
    for feature in ["zero", "empty", "null", "unknown"] {
        assert!(client.is_off(feature, &user), "{feature}");
    }
}

#[test]
fn values_become_the_type_that_the_fallback_has() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Limits {
        per_minute: u32,
        burst: (u8, u8),
    }

    let (client, user) = (client(), UserContext::default());
    assert!(client.value("flag", &user, false));
    assert_eq!(client.value("text", &user, String::new()), "off");
    assert_eq!(client.value("ratio", &user, 0.0_f64).to_string(), "0.25");
    assert_eq!(client.value("big", &user, 0_u64), 9_007_199_254_740_991);
    assert_eq!(
        client.value_as::<Limits>("limits", &user),
        Ok(Limits {
            per_minute: 60,
            burst: (1, 2)
        }),
    );
    let map = client
        .value_as::<BTreeMap<String, serde_json::Value>>("limits", &user)
        .unwrap();
    assert_eq!(map["perMinute"], json!(60));
}

#[test]
fn a_fallback_is_for_no_value_and_for_one_that_does_not_fit() {
    let (client, user) = (client(), UserContext::default());
    assert_eq!(client.value("unknown", &user, 7), 7);
    assert_eq!(client.value("null", &user, 7), 7);
    assert_eq!(client.value("text", &user, 7), 7);
    assert_eq!(
        client.value_as::<u8>("null", &user),
        Err(ValueError::Missing)
    );
    assert_eq!(
        client.value_as::<u8>("text", &user),
        Err(ValueError::Mismatch { found: "a string" }),
    );
    assert_eq!(client.value("zero", &user, 7), 0);
}

#[test]
fn a_result_outlives_the_payload_it_came_from() {
    let (client, user) = (client(), UserContext::default());
    let result = client.evaluate("text", &user);
    client.load(br#"{"features":{}}"#).unwrap();
    assert_eq!(result.value(), "off");
    assert_eq!(client.evaluate("text", &user).value(), &json!(null));
}

#[test]
fn evaluation_goes_on_while_payloads_are_replaced() {
    let client = GrowthBookClient::builder().build().unwrap();
    let payload = |value: u32| {
        let features: Vec<String> = (0..50)
            .map(|i| format!(r#""f{i}":{{"defaultValue":{value}}}"#))
            .collect();
        format!(r#"{{"features":{{{}}}}}"#, features.join(","))
    };
    client.load(payload(1).as_bytes()).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let user = UserContext::default();
                for _ in 0..2_000 {
                    let ruleset = client.ruleset();
                    assert_eq!(ruleset.feature_count(), 50);
                    assert!([1, 2].contains(&client.value("f7", &user, 0)));
                }
            });
        }
        for round in 0..200 {
            client.load(payload(1 + round % 2).as_bytes()).unwrap();
        }
    });
}

#[test]
fn what_is_shared_can_be_sent_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<GrowthBookClient>();
    shared::<Ruleset>();
    shared::<UserContext>();
    shared::<FeatureResult>();
    shared::<Experiment<String>>();
    shared::<BackendError>();
}
