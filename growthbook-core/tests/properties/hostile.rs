//! Inputs that nobody sends in good faith: they are refused with a clear error, or quarantined part by part.

use std::sync::Arc;

use growthbook_core::engine::{self, AutoOptions, Silent, Subject};
use growthbook_core::{
    Attributes, DecryptionKey, FeatureSource, GrowthBookClient, PayloadError, Ruleset, UserContext,
};

use crate::support::{evaluate, ruleset, user};

fn check(payload: impl AsRef<[u8]>, expected: &PayloadError, message: &str) {
    let client = GrowthBookClient::builder()
        .payload(*br#"{"features":{"kept":{"defaultValue":1}}}"#)
        .build()
        .unwrap();
    let before = client.ruleset();
    let error = client.load(payload.as_ref()).unwrap_err();
    assert_eq!((&error, error.to_string().as_str()), (expected, message));
    assert!(Arc::ptr_eq(&before, &client.ruleset()));
    assert_eq!(client.value("kept", &UserContext::default(), 0), 1);
}

#[test]
fn what_is_no_json_is_refused_with_the_place() {
    let json = |line, column| PayloadError::Json { line, column };
    check(
        "",
        &json(1, 0),
        "the payload is not valid JSON (line 1, column 0)",
    );
    check(
        "<html>",
        &json(1, 1),
        "the payload is not valid JSON (line 1, column 1)",
    );
    check(
        "Error fetching proxied request: aborted",
        &json(1, 1),
        "the payload is not valid JSON (line 1, column 1)",
    );
    check(
        "{\"features\":{\n\"f\":",
        &json(2, 4),
        "the payload is not valid JSON (line 2, column 4)",
    );
    check(
        "{\"features\":{}} x",
        &json(1, 17),
        "the payload is not valid JSON (line 1, column 17)",
    );
    check(
        "{\"features\":{}}{}",
        &json(1, 16),
        "the payload is not valid JSON (line 1, column 16)",
    );
    check(
        b"{\"features\":{\"f\":\n\"\xFF\"}}",
        &json(2, 2),
        "the payload is not valid JSON (line 2, column 2)",
    );
    check(
        b"\x1F\x8B\x08",
        &json(1, 2),
        "the payload is not valid JSON (line 1, column 2)",
    );
}

#[test]
fn what_has_no_features_is_refused() {
    for payload in [
        "[]",
        "null",
        "\"x\"",
        "5",
        "-1",
        "1.5",
        "true",
        "[{\"features\":{}}]",
    ] {
        check(
            payload,
            &PayloadError::NotAnObject,
            "the payload is not a JSON object",
        );
    }
    for payload in [
        "{}",
        "{\"features\":null}",
        "{\"features\":[]}",
        "{\"features\":5}",
        "{\"features\":\"x\"}",
        "{\"features\":false}",
        "{\"status\":401,\"message\":\"no\"}",
        "{\"savedGroups\":{}}",
        "{\"features\":{},\"features\":null}",
        "{\"encryptedFeatures\":\"\"}",
        "{\"encryptedFeatures\":null}",
    ] {
        check(
            payload,
            &PayloadError::MissingFeatures,
            "the payload has no features",
        );
    }
}

#[test]
fn empty_features_are_accepted() {
    let client = GrowthBookClient::builder()
        .payload(*br#"{"features":{"f":{"defaultValue":1}}}"#)
        .build()
        .unwrap();
    client.load(b"{\"features\":{}}").unwrap();
    assert_eq!(
        client.evaluate("f", &UserContext::default()).source(),
        FeatureSource::UnknownFeature
    );
}

#[test]
fn what_cannot_be_opened_is_refused() {
    let sealed = "{\"encryptedFeatures\":\"BwcHBwcHBwcHBwcHBwcHBw==.S330KajsGls2F7baSc44wQ==\"}";
    check(
        sealed,
        &PayloadError::MissingKey,
        "the features are encrypted and no decryption key is configured",
    );
    let wrong = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlYQ==").unwrap();
    let error = Ruleset::from_json(sealed.as_bytes(), Some(&wrong)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the encrypted features cannot be opened with this key"
    );
    assert_eq!(error, PayloadError::Decrypt);
    let right = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
    // It opens, and holds a payload where features belong: one feature, which is called so.
    let ruleset = Ruleset::from_json(sealed.as_bytes(), Some(&right)).unwrap();
    assert!(ruleset.feature_keys().eq(["features"]));
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let payload = vec![b' '; 100 * 1024 * 1024];
    check(
        payload,
        &PayloadError::TooLarge {
            limit: 16 * 1024 * 1024,
        },
        "the payload is larger than 16777216 bytes",
    );
}

#[test]
fn what_nests_too_deep_is_refused() {
    for open in ["[", "{\"a\":", "{\"$not\":", "{\"$not\":[{\"$and\":["] {
        for prefix in [
            "",
            "{\"features\":",
            "{\"features\":{\"f\":{\"rules\":[{\"condition\":",
            "{\"ignored\":",
        ] {
            let text = format!("{prefix}{}", open.repeat(100_000));
            assert!(
                matches!(
                    Ruleset::from_json(text.as_bytes(), None),
                    Err(PayloadError::Json { .. })
                ),
                "{prefix}{open}"
            );
            assert!(Attributes::from_json(&text).is_err());
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_payload() {
    let ruleset = ruleset("\u{FEFF}{\"features\":{\"f\":{\"defaultValue\":1}}}");
    assert_eq!(evaluate(&ruleset, "f", &UserContext::default()).value(), 1);
}

#[test]
fn the_last_of_repeated_keys_counts() {
    let ruleset = ruleset(
        r#"{"features":{"gone":{}},"features":{"f":{"defaultValue":1},"g":{"defaultValue":1,"defaultValue":3},"f":{"defaultValue":2}},
        "savedGroups":{"x":["1"]},"savedGroups":{"x":["2"],"x":["3"]}}"#,
    );
    assert!(ruleset.feature_keys().eq(["f", "g"]));
    let nobody = UserContext::default();
    assert_eq!(evaluate(&ruleset, "f", &nobody).value(), 2);
    assert_eq!(evaluate(&ruleset, "g", &nobody).value(), 3);
    assert_eq!(
        evaluate(&ruleset, "gone", &nobody).source(),
        FeatureSource::UnknownFeature
    );
}

#[test]
fn huge_numbers_and_strings_are_ordinary() {
    let long = "x".repeat(1 << 20);
    let payload = format!(
        "{{\"features\":{{\"{long}\":{{\"defaultValue\":1}},\"big\":{{\"defaultValue\":1234567890123456789012345678901234567890}},\"f\":{{\"rules\":[\
         {{\"condition\":{{\"{long}\":{{\"$gte\":1e308}}}},\"force\":\"{long}\"}}]}}}}}}"
    );
    let ruleset = ruleset(&payload);
    assert_eq!(
        evaluate(&ruleset, &long, &UserContext::default()).source(),
        FeatureSource::UnknownFeature
    );
    assert_eq!(
        evaluate(&ruleset, "big", &UserContext::default()).value(),
        1.234_567_890_123_456_8e39
    );
    let user = UserContext::new(Attributes::new().with(long.clone(), 1e308));
    assert_eq!(evaluate(&ruleset, "f", &user).value(), long.as_str());
}

#[test]
fn malformed_parts_are_named_up_to_a_limit() {
    let rules = vec!["5"; 100_000].join(",");
    let ruleset = ruleset(&format!(
        "{{\"features\":{{\"f\":{{\"defaultValue\":1,\"rules\":[{rules}]}}}}}}"
    ));
    assert_eq!(ruleset.diagnostics().len(), 1_000);
    assert_eq!(evaluate(&ruleset, "f", &UserContext::default()).value(), 1);
}

#[test]
fn thirty_thousand_of_anything_are_read() {
    for (name, payload) in wide_payloads(30_000) {
        let ruleset = ruleset(&payload);
        let user = user("{\"id\":\"1\",\"k5\":5}").with_url("https://a.com/?k5=1");
        for key in ruleset.feature_keys().take(3) {
            assert_eq!(
                evaluate(&ruleset, key, &user),
                evaluate(&ruleset, key, &user),
                "{name}"
            );
        }
        let subject = Subject::new(&user);
        let _ = engine::sticky_identities(&ruleset, &subject);
        let _ = engine::run_auto_experiments(
            &ruleset,
            &subject,
            &AutoOptions::new(),
            None,
            &mut Silent,
        );
    }
    let attributes = wide_user(100_000);
    assert_eq!(Subject::new(&attributes).merged_attributes().len(), 100_000);
}

/// Payloads of so many parts, one for each kind of part.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn wide_payloads(count: usize) -> Vec<(&'static str, String)> {
    let members = |value: &dyn Fn(usize) -> String| -> String {
        (0..count)
            .map(|index| format!("\"k{index}\":{}", value(index)))
            .collect::<Vec<_>>()
            .join(",")
    };
    let items = |value: &dyn Fn(usize) -> String| -> String {
        (0..count).map(value).collect::<Vec<_>>().join(",")
    };
    let feature = |rule: &str| format!("{{\"features\":{{\"f\":{{\"rules\":[{rule}]}}}}}}");
    vec![
        (
            "features",
            format!("{{\"features\":{{{}}}}}", members(&|_| "{}".to_owned())),
        ),
        (
            "rules",
            feature(&items(&|_| "{\"force\":1,\"coverage\":0}".to_owned())),
        ),
        (
            "members of a rule",
            feature(&format!("{{\"force\":1,{}}}", members(&|_| "1".to_owned()))),
        ),
        (
            "conditions",
            feature(&format!(
                "{{\"force\":1,\"condition\":{{{}}}}}",
                members(&|_| "null".to_owned())
            )),
        ),
        (
            "values to be in",
            feature(&format!(
                "{{\"force\":1,\"condition\":{{\"id\":{{\"$in\":[{}]}}}}}}",
                items(&|index| format!("\"{index}\""))
            )),
        ),
        (
            "clauses",
            feature(&format!(
                "{{\"force\":1,\"condition\":{{\"$or\":[{}]}}}}",
                items(&|index| format!("{{\"a\":{index}}}"))
            )),
        ),
        (
            "filters",
            feature(&format!(
                "{{\"force\":1,\"filters\":[{}]}}",
                items(&|_| "{\"ranges\":[[0,1]]}".to_owned())
            )),
        ),
        (
            "ranges",
            feature(&format!(
                "{{\"variations\":[0,1],\"ranges\":[{}]}}",
                items(&|_| "[0,0]".to_owned())
            )),
        ),
        (
            "variations",
            feature(&format!(
                "{{\"variations\":[{}]}}",
                items(&|index| index.to_string())
            )),
        ),
        (
            "prerequisites",
            feature(&format!(
                "{{\"force\":1,\"parentConditions\":[{}]}}",
                items(&|index| format!("{{\"id\":\"p{index}\"}}"))
            )),
        ),
        (
            "tracks",
            feature(&format!(
                "{{\"force\":1,\"tracks\":[{}]}}",
                items(&|_| "{\"experiment\":{\"key\":\"k\",\"variations\":[]}}".to_owned())
            )),
        ),
        (
            "saved groups",
            format!(
                "{{\"features\":{{}},\"savedGroups\":{{{}}}}}",
                members(&|_| "[]".to_owned())
            ),
        ),
        (
            "bandits",
            format!(
                "{{\"features\":{{}},\"contextualBandits\":{{{}}}}}",
                members(&|_| "{}".to_owned())
            ),
        ),
        (
            "hash attributes",
            format!(
                "{{\"features\":{{}},\"experiments\":[{}]}}",
                items(&|index| format!("{{\"hashAttribute\":\"h{index}\"}}"))
            ),
        ),
        (
            "indices",
            feature(&format!(
                "{{\"force\":{{{}}}}}",
                (0..count)
                    .rev()
                    .map(|index| format!("\"{index}\":0"))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
        ),
    ]
}

fn wide_user(count: usize) -> UserContext {
    UserContext::new(
        (0..count)
            .map(|index| (format!("k{index}"), index))
            .collect::<Attributes>(),
    )
}

/// Two addresses with so many parameters each.
#[test]
fn an_address_with_many_parameters_is_passed_on() {
    let count = 20_000;
    let query = |prefix: &str| {
        (0..count)
            .map(|index| format!("{prefix}{index}=1"))
            .collect::<Vec<_>>()
            .join("&")
    };
    let payload = format!(
        "{{\"features\":{{}},\"experiments\":[{{\"key\":\"e\",\"persistQueryString\":true,\"ranges\":[[0,0],[0,1]],\
         \"urlPatterns\":[{{\"type\":\"simple\",\"pattern\":\"/old\"}}],\
         \"variations\":[{{}},{{\"urlRedirect\":\"https://a.com/new?{}\"}}]}}]}}",
        query("own")
    );
    let user = UserContext::new(Attributes::new().with("id", "1"))
        .with_url(format!("https://a.com/old?{}", query("page")));
    let done = engine::run_auto_experiments(
        &ruleset(&payload),
        &Subject::new(&user),
        &AutoOptions::new(),
        None,
        &mut Silent,
    );
    assert_eq!(
        done.redirect_url().map(|url| url.split('&').count()),
        Some(2 * count)
    );
}
