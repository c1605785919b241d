//! Payloads that are none, and payloads with parts that are none: bad data never replaces good.

use std::sync::Arc;

use growthbook_core::{
    Attributes, BuildError, DecryptionKey, GrowthBookClient, PayloadError, Problem, Ruleset,
    UserContext,
};

use super::user;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
const OTHER_KEY: &str = "ZmVkY2JhOTg3NjU0MzIxMA==";
/// `{"features":{}}` and not the content of a section, which would be `{}`; sealed with `KEY`.
const SEALED: &str = "BwcHBwcHBwcHBwcHBwcHBw==.S330KajsGls2F7baSc44wQ==";

fn client(key: Option<&str>) -> GrowthBookClient {
    let builder =
        GrowthBookClient::builder().payload(r#"{"features":{"good":{"defaultValue":true}}}"#);
    match key {
        Some(key) => builder.decryption_key(DecryptionKey::new(key).unwrap()),
        None => builder,
    }
    .build()
    .unwrap()
}

/// Loads a payload that must be refused, with the flags from before still served.
fn refuse(client: &GrowthBookClient, payload: &[u8]) -> PayloadError {
    let before = client.ruleset();
    let error = client.load(payload).unwrap_err();
    assert!(Arc::ptr_eq(&before, &client.ruleset()));
    assert!(client.is_on("good", &user("1")));
    error
}

#[test]
fn what_is_no_payload_is_refused_and_named() {
    let client = client(None);
    for (payload, expected) in [
        ("", PayloadError::Json { line: 1, column: 0 }),
        (
            "<html>login</html>",
            PayloadError::Json { line: 1, column: 1 },
        ),
        (
            "Error fetching proxied request: aborted",
            PayloadError::Json { line: 1, column: 1 },
        ),
        (
            "{\"features\":\n{\"a\":}}",
            PayloadError::Json { line: 2, column: 6 },
        ),
        (
            r#"{"features":{}} trailing"#,
            PayloadError::Json {
                line: 1,
                column: 17,
            },
        ),
        ("[]", PayloadError::NotAnObject),
        ("null", PayloadError::NotAnObject),
        ("\"x\"", PayloadError::NotAnObject),
        ("17", PayloadError::NotAnObject),
        ("{}", PayloadError::MissingFeatures),
        (r#"{"features":null}"#, PayloadError::MissingFeatures),
        (r#"{"features":[]}"#, PayloadError::MissingFeatures),
        (
            r#"{"status":401,"error":"no such key"}"#,
            PayloadError::MissingFeatures,
        ),
        (
            r#"{"features":{},"encryptedFeatures":"a.b"}"#,
            PayloadError::MissingKey,
        ),
    ] {
        assert_eq!(refuse(&client, payload.as_bytes()), expected, "{payload}");
    }
    assert_eq!(
        refuse(&client, b"{\"features\":{\"\xff\":1}}"),
        PayloadError::Json {
            line: 1,
            column: 15
        },
    );
}

#[test]
fn depth_and_size_are_bounded() {
    let client = client(None);
    for (open, close) in [("[", "]"), ("{\"$not\":", "}")] {
        let deep = format!(
            r#"{{"features":{{"f":{{"rules":[{{"condition":{}1{},"force":1}}]}}}}}}"#,
            open.repeat(100_000),
            close.repeat(100_000),
        );
        assert!(matches!(
            refuse(&client, deep.as_bytes()),
            PayloadError::Json { .. }
        ));
    }
    let large = format!(
        r#"{{"features":{{}},"padding":"{}"}}"#,
        "x".repeat(100 * 1024 * 1024)
    );
    assert_eq!(
        refuse(&client, large.as_bytes()),
        PayloadError::TooLarge {
            limit: 16 * 1024 * 1024
        }
    );
    let patient = GrowthBookClient::builder()
        .max_payload_bytes(200 * 1024 * 1024)
        .build()
        .unwrap();
    assert!(patient.load(large.as_bytes()).is_ok());
}

#[test]
fn a_byte_order_mark_is_no_obstacle() {
    assert!(client(None).load(b"\xEF\xBB\xBF{\"features\":{}}").is_ok());
}

#[test]
fn an_empty_features_object_removes_all_features() {
    let client = client(None);
    client.load(br#"{"features":{}}"#).unwrap();
    assert!(client.is_off("good", &user("1")));
}

#[test]
fn sealed_features_open_with_their_key_only() {
    let payload = format!(r#"{{"features":{{}},"encryptedFeatures":"{SEALED}"}}"#);
    let with_key = client(Some(KEY));
    with_key.load(payload.as_bytes()).unwrap();
    assert_eq!(
        with_key.ruleset().feature_keys().collect::<Vec<_>>(),
        ["features"]
    );
    assert_eq!(
        refuse(&client(Some(OTHER_KEY)), payload.as_bytes()),
        PayloadError::Decrypt
    );
    let damaged = payload.replace("S330", "S331");
    assert_eq!(
        refuse(&client(Some(KEY)), damaged.as_bytes()),
        PayloadError::Decrypt
    );
    let error = PayloadError::Decrypt.to_string();
    assert!(!error.contains(KEY) && !error.contains("features\""));
}

#[test]
fn a_sealed_section_that_does_not_open_keeps_what_was_there() {
    let client = client(None);
    client
        .load(br#"{"features":{"f":{"rules":[{"condition":{"id":{"$inGroup":"g"}},"force":1}]}},"savedGroups":{"g":["1"]}}"#)
        .unwrap();
    let ruleset = client
        .load(br#"{"features":{"f":{"rules":[{"condition":{"id":{"$inGroup":"g"}},"force":1}]}},"encryptedSavedGroups":"a.b"}"#)
        .unwrap();
    assert_eq!(
        ruleset.diagnostics()[0].to_string(),
        "encryptedSavedGroups: the section is sealed and cannot be opened; it is left as it was"
    );
    assert!(client.is_on("f", &user("1")));
}

#[test]
fn a_section_that_is_missing_keeps_its_content_and_an_empty_one_clears_it() {
    let client = client(None);
    let features =
        r#""features":{"f":{"rules":[{"condition":{"id":{"$inGroup":"g"}},"force":1}]}}"#;
    client
        .load(format!(r#"{{{features},"savedGroups":{{"g":["1"]}}}}"#).as_bytes())
        .unwrap();
    for _ in 0..3 {
        client.load(format!("{{{features}}}").as_bytes()).unwrap();
        assert!(client.is_on("f", &user("1")));
        assert!(client.is_off("f", &user("2")));
    }
    client
        .load(format!(r#"{{{features},"savedGroups":{{}}}}"#).as_bytes())
        .unwrap();
    assert!(client.is_off("f", &user("1")));
}

#[test]
fn malformed_parts_are_quarantined_alone_and_named() {
    let ruleset = Ruleset::from_json(
        br#"{"features":{
            "good":{"defaultValue":true},
            "five":5,
            "rules":{"defaultValue":1,"rules":[5,{"force":2}]},
            "pattern":{"rules":[{"condition":{"x":{"$regex":"("}},"force":1}]},
            "operator":{"rules":[{"condition":{"x":{"$regx":"a"}},"force":1}]},
            "weights":{"rules":[{"variations":[0,1],"weights":["x"]}]},
            "lonely":{"rules":[{"variations":[0]}]},
            "version":{"rules":[{"force":1,"coverage":0.5,"hashVersion":7}]},
            "needs":{"rules":[{"parentConditions":[{"id":"missing"}],"force":1}]},
            "loop":{"rules":[{"parentConditions":[{"id":"loop"}],"force":1}]},
            "group":{"rules":[{"condition":{"$savedGroup":{"id":"nobody"}},"force":1}]},
            "bandit":{"rules":[{"variations":[0,1],"meta":5,"ranges":[[0,"x"]],"contextualBanditRef":"cb"}]},
            "empty":{"rules":[{"foo":1}]}
        },"savedGroups":{"five":5,"valueless":{"type":"list"},"bare":{"type":"condition"},"later":{"type":"x"}},
        "experiments":{},"contextualBandits":5}"#,
        None,
    )
    .unwrap();
    let told: Vec<String> = ruleset
        .diagnostics()
        .iter()
        .map(ToString::to_string)
        .collect();
    let starts = [
        "features.five: `feature` must be an object, not a number",
        "features.rules.rules[0]: `rule` must be an object, not a number",
        "features.pattern.rules[0]: a regular expression matches nothing: ",
        "features.operator.rules[0]: the operator `$regx` is unknown",
        "features.weights.rules[0]: `weights` must be one number per variation",
        "features.lonely.rules[0]: an experiment needs at least two variations and has 1",
        "features.version.rules[0]: `hashVersion` must be 1 or 2",
        "features.bandit.rules[0]: `meta` must be an array, not a number",
        "features.bandit.rules[0]: `ranges` must be pairs of numbers",
        "features.empty.rules[0]: the rule has neither a value",
        "savedGroups.five: `saved group` must be a list or an object, not a number",
        "savedGroups.valueless: `values` must be an array, not null",
        "savedGroups.bare: `condition` must be an object, not null",
        "savedGroups.later: `type` must be a kind of saved group that this SDK knows",
        "experiments: `experiments` must be an array, not an object",
        "contextualBandits: `contextualBandits` must be an object, not a number",
        "features.needs: the prerequisite `missing` is not in the payload",
        "features.loop: the prerequisites lead back",
        "features.bandit: the contextual bandit `cb` is not in the payload",
        "savedGroups: the saved group `nobody` is not in the payload",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
    assert_eq!(
        ruleset.diagnostics()[5].problem(),
        &Problem::FewVariations { count: 1 }
    );
    assert_eq!(ruleset.feature_count(), 12);
}

#[test]
fn a_pattern_that_runs_away_is_stopped_and_named() {
    let client = client(None);
    let payload =
        r#"{"features":{"f":{"rules":[{"condition":{"x":{"$regex":"(a+)+\\1b"}},"force":1}]}}}"#;
    client.load(payload.as_bytes()).unwrap();
    let evaluate = |x: &str| client.is_on("f", &UserContext::new(Attributes::new().with("x", x)));
    assert!(evaluate("aaab"));
    assert_eq!(client.ruleset().exhausted_patterns().count(), 0);
    assert!(!evaluate(&"a".repeat(40)));
    assert_eq!(
        client.ruleset().exhausted_patterns().collect::<Vec<_>>(),
        [r"(a+)+\1b"],
    );
}

#[test]
fn a_key_of_great_length_is_left_out_and_named_in_short() {
    let key = "k".repeat(60_000);
    let rules = vec![r#"{"variations":[1,2]}"#; 500].join(",");
    let payload =
        format!(r#"{{"features":{{"{key}":{{"rules":[{rules}]}},"good":{{"defaultValue":1}}}}}}"#);
    let ruleset = Ruleset::from_json(payload.as_bytes(), None).unwrap();
    assert_eq!(ruleset.feature_keys().collect::<Vec<_>>(), ["good"]);
    let diagnostic = &ruleset.diagnostics()[0];
    assert_eq!(diagnostic.problem(), &Problem::LongKey { bytes: 60_000 });
    assert!(diagnostic.to_string().len() < 200);
}

#[test]
fn debug_output_holds_no_personal_data_and_no_payload() {
    let secret = "ada@example.com";
    let user = UserContext::new(
        Attributes::new()
            .with("email", secret)
            .with("tags", [secret]),
    )
    .with_attribute_overrides(Attributes::new().with("id", secret))
    .with_remote_groups([secret])
    .with_url(format!("https://example.com/?email={secret}"));
    let payload = format!(
        r#"{{"features":{{"f":{{"rules":[{{"hashAttribute":"email","condition":{{"email":"{secret}"}},"variations":[1,2]}}]}}}}}}"#
    );
    let builder = GrowthBookClient::builder().payload(payload.as_str());
    let before = format!("{builder:?} {user:?}");
    let client = builder.build().unwrap();
    let result = client.evaluate("f", &user);
    let debug = format!("{before} {result:?} {:?} {client:?}", result.experiment());
    assert!(result.assignment().is_some());
    assert!(
        !debug.contains("ada") && !debug.contains("97, 100, 97"),
        "{debug}"
    );
}

#[test]
fn a_client_does_not_start_from_what_is_no_payload() {
    let error = GrowthBookClient::builder()
        .payload("oops")
        .build()
        .unwrap_err();
    assert!(matches!(
        error,
        BuildError::Payload(PayloadError::Json { line: 1, column: 1 })
    ));
}

#[test]
fn the_revision_is_the_sha_256_of_the_bytes() {
    let ruleset = Ruleset::from_json(br#"{"features":{}}"#, None).unwrap();
    assert_eq!(
        ruleset.revision().to_string(),
        "69b74503365b54990581bab8b47f3c2dab97b19bb50e2f8e7a8e01bb3708c76c",
    );
}
