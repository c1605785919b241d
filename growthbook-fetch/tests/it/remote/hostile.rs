//! Answers that are no answers.

use std::sync::OnceLock;

use growthbook_core::{GrowthBookClient, UserContext};
use growthbook_fetch::RemoteEvaluation;
use proptest::prelude::*;

use super::{Evaluator, user};

/// One server for all cases.
fn evaluator() -> &'static Evaluator {
    static EVALUATOR: OnceLock<Evaluator> = OnceLock::new();
    EVALUATOR.get_or_init(|| Evaluator::answering(b""))
}

/// Whatever comes, a scope is there, and whatever is asked of it has an outcome.
fn check(body: &[u8]) {
    let evaluator = evaluator();
    evaluator.answer(200, &[], body);
    let remote = RemoteEvaluation::new(evaluator.endpoint()).unwrap();
    let client = GrowthBookClient::builder()
        .on_event(|_| {})
        .build()
        .unwrap();
    for user in [UserContext::default(), user("u")] {
        let scope = remote.scope(&client, user);
        let _ = scope.evaluate("f");
        let _ = scope.evaluate_all().to_json();
        let _ = scope.explain("f").to_string();
    }
    assert_eq!(client.status().callback_panics(), 0);
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-1".to_owned()),
        Just("1e400".to_owned()),
        Just("0.5".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        Just("\"f\"".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let names = prop_oneof![
            Just("experiment"),
            Just("result"),
            Just("key"),
            Just("variations"),
            Just("variationId"),
            Just("leafId"),
            Just("variationWeights"),
            Just("banditVersion"),
            Just("hashValue"),
            Just("meta"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((names, inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_body_ends_an_evaluation(body in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&body);
    }

    #[test]
    fn no_feature_ends_an_evaluation(tracks in json(), force in json()) {
        check(format!(
            "{{\"features\":{{\"f\":{{\"defaultValue\":{force},\"rules\":[{{\"force\":{force},\"tracks\":{tracks}}}, {tracks}]}}, \"g\": {tracks}}}}}"
        ).as_bytes());
        check(format!("{{\"features\":{{\"f\":{{\"rules\":[{{\"force\":1,\"tracks\":[{tracks}]}}]}}}}}}").as_bytes());
    }
}
