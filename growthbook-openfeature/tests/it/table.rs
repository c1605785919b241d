//! Every row of what GrowthBook's sources are in OpenFeature.

use std::collections::HashMap;

use growthbook_core::{GlobalContext, GrowthBookClient, MemoryStickyBuckets};
use growthbook_openfeature::GrowthBookProvider;
use open_feature::provider::FeatureProvider;
use open_feature::{
    EvaluationContext, EvaluationErrorCode as Code, EvaluationReason as Reason, FlagMetadataValue,
};
use serde_json::json;

use crate::support::{asking, asking_with, check_general, run, told, user, with};

const PAYLOAD: &str = r#"{"features": {
    "plain": {"defaultValue": "grey"},
    "named-force": {"defaultValue": "grey", "rules": [{"id": "fr_1", "force": "gold"}]},
    "nameless-force": {"defaultValue": "grey", "rules": [{"force": "gold"}]},
    "rollout": {"defaultValue": "grey", "rules": [{"id": "fr_2", "force": "gold", "coverage": 1, "hashAttribute": "id"}]},
    "experiment": {"defaultValue": "grey", "rules": [{
        "id": "fr_3", "key": "colors", "variations": ["red", "blue"], "weights": [0, 1], "coverage": 1,
        "meta": [{"key": "control"}, {"key": "treatment"}]
    }]},
    "nameless-experiment": {"defaultValue": "grey", "rules": [
        {"key": "plain-colors", "variations": ["red", "blue"], "weights": [0, 1], "coverage": 1}
    ]},
    "forced": {"defaultValue": "grey"},
    "gate": {"defaultValue": false},
    "gated": {"defaultValue": "grey", "rules": [
        {"parentConditions": [{"id": "gate", "condition": {"value": true}, "gate": true}]}
    ]},
    "cyclic": {"defaultValue": "grey", "rules": [
        {"parentConditions": [{"id": "cyclic-too", "condition": {"value": true}, "gate": true}]}
    ]},
    "cyclic-too": {"defaultValue": "grey", "rules": [
        {"parentConditions": [{"id": "cyclic", "condition": {"value": true}, "gate": true}]}
    ]},
    "null": {"defaultValue": null},
    "null-force": {"defaultValue": "grey", "rules": [{"id": "fr_4", "force": null}]},
    "number": {"defaultValue": 3.7}
}}"#;

#[test]
fn without_features_it_is_not_ready() {
    run(async {
        let client = GrowthBookClient::builder().build().unwrap();
        let flags = asking(GrowthBookProvider::new(client.clone())).await;
        let answer = told(flags.get_string_details("plain", None, None).await);
        assert_eq!(answer, Err(Code::ProviderNotReady));

        client.load(br#"{"features": {}}"#).unwrap();
        let answer = told(flags.get_string_details("plain", None, None).await);
        assert_eq!(answer, Err(Code::FlagNotFound));

        client.load(PAYLOAD.as_bytes()).unwrap();
        let answer = flags.get_string_value("plain", None, None).await;
        assert_eq!(answer.unwrap(), "grey");
    });
}

#[test]
fn before_it_is_initialized_it_is_not_ready() {
    run(async {
        let provider = GrowthBookProvider::new(with(PAYLOAD));
        let context = EvaluationContext::default();
        let answer = provider.resolve_string_value("plain", &context).await;
        assert_eq!(answer.err().unwrap().code, Code::ProviderNotReady);
    });
}

#[test]
fn an_unknown_feature_is_not_found() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let answer = flags
            .get_bool_details("no-such", Some(&user("u-1")), None)
            .await;
        let error = answer.unwrap_err();
        assert_eq!(error.code, Code::FlagNotFound);
        assert_eq!(error.message.as_deref(), Some("there is no such feature"));
    });
}

#[test]
fn each_source_has_its_reason_and_its_variant() {
    let rows = [
        ("plain", "grey", Reason::Default, None),
        ("named-force", "gold", Reason::TargetingMatch, Some("fr_1")),
        ("nameless-force", "gold", Reason::TargetingMatch, None),
        ("rollout", "gold", Reason::TargetingMatch, Some("fr_2")),
        ("experiment", "blue", Reason::Split, Some("treatment")),
        ("nameless-experiment", "blue", Reason::Split, Some("1")),
        ("forced", "pink", Reason::Static, None),
        ("only-forced", "pink", Reason::Static, None),
    ];
    run(async {
        let global = GlobalContext::new()
            .with_forced_value("forced", "pink".into())
            .with_forced_value("only-forced", "pink".into());
        let client = with(PAYLOAD);
        client.set_global_context(global);
        let flags = asking(GrowthBookProvider::new(client)).await;
        for (feature, value, reason, variant) in rows {
            let answer = told(
                flags
                    .get_string_details(feature, Some(&user("u-1")), None)
                    .await,
            );
            let variant = variant.map(str::to_owned);
            assert_eq!(answer, Ok((value.to_owned(), reason, variant)), "{feature}");
        }
    });
}

#[test]
fn a_user_without_a_targeting_key_is_no_error() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let answer = told(flags.get_string_details("experiment", None, None).await);
        assert_eq!(answer, Ok(("grey".to_owned(), Reason::Default, None)));
        let answer = told(
            flags
                .get_string_details("experiment", Some(&user("")), None)
                .await,
        );
        assert_eq!(answer, Ok(("grey".to_owned(), Reason::Default, None)));
    });
}

#[test]
fn a_feature_without_a_value_is_an_error() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let gated = flags.get_string_details("gated", None, None).await;
        check_general(
            gated,
            "a prerequisite of the feature is not met, so it has no value",
        );
        for null in ["null", "null-force"] {
            let answer = flags.get_string_details(null, None, None).await;
            check_general(answer, "the feature's value is null");
        }
        // Nor is null falsy.
        let answer = flags.get_bool_details("null", None, None).await;
        check_general(answer, "the feature's value is null");
    });
}

#[test]
fn a_cycle_of_prerequisites_is_a_parse_error() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let answer = told(flags.get_string_details("cyclic", None, None).await);
        assert_eq!(answer, Err(Code::ParseError));
    });
}

#[test]
fn another_type_is_a_mismatch_that_names_kinds() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let error = flags
            .get_string_value("number", None, None)
            .await
            .unwrap_err();
        assert_eq!(error.code, Code::TypeMismatch);
        let message = "the feature's value is a number, and not a string";
        assert_eq!(error.message.as_deref(), Some(message));
    });
}

#[test]
fn metadata_say_what_there_is() {
    run(async {
        let client = GrowthBookClient::builder()
            .payload(PAYLOAD)
            .sticky_buckets(MemoryStickyBuckets::new())
            .build();
        let flags = asking(GrowthBookProvider::new(client.unwrap())).await;
        let metadata = async |feature: &str| {
            let answer = flags
                .get_string_details(feature, Some(&user("u-1")), None)
                .await;
            answer.unwrap().flag_metadata.values
        };
        let expected = |entries: &[(&str, FlagMetadataValue)]| {
            let entries = entries.iter();
            let entries = entries.map(|(name, value)| ((*name).to_owned(), value.clone()));
            entries.collect::<HashMap<_, _>>()
        };
        assert_eq!(
            metadata("plain").await,
            expected(&[("source", "defaultValue".into())])
        );
        assert_eq!(
            metadata("named-force").await,
            expected(&[("source", "force".into()), ("ruleId", "fr_1".into())])
        );
        for is_kept in [false, true] {
            let of_experiment = [
                ("source", "experiment".into()),
                ("ruleId", "fr_3".into()),
                ("experimentKey", "colors".into()),
                ("variationId", 1.into()),
                ("variationKey", "treatment".into()),
                ("hashAttribute", "id".into()),
                ("inExperiment", true.into()),
                ("stickyBucketUsed", is_kept.into()),
            ];
            assert_eq!(metadata("experiment").await, expected(&of_experiment));
        }
    });
}

#[test]
fn features_that_are_forced_need_no_payload() {
    run(async {
        let global = GlobalContext::new().with_forced_value("forced", json!(true));
        let client = GrowthBookClient::builder().global_context(global).build();
        let flags = asking(GrowthBookProvider::new(client.unwrap())).await;
        let answer = told(flags.get_bool_details("forced", None, None).await);
        assert_eq!(answer, Ok((true, Reason::Static, None)));
    });
}
