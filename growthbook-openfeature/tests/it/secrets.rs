//! Values of users stay out of logs, errors and what `Debug` prints.

use std::fmt::Debug;

use growthbook_core::testing::TestFeatures;
use growthbook_openfeature::{GrowthBookProvider, TrackingDetails};
use open_feature::{EvaluationContext, EvaluationContextFieldValue as Field, StructValue};

use crate::ear::{heard, listen};
use crate::support::{Broken, asking, run};

/// In every value, and in nothing else.
const CANARY: &str = "canary-7f3a";

struct Unknown(#[expect(dead_code, reason = "it is there to be found")] &'static str);

fn context() -> EvaluationContext {
    let infinite = StructValue::default().with_field(CANARY, f64::INFINITY);
    EvaluationContext::default()
        .with_targeting_key(CANARY)
        .with_custom_field("email", CANARY)
        .with_custom_field("left-out-unknown", Field::new_struct(Unknown(CANARY)))
        .with_custom_field("left-out-infinite", Field::new_struct(infinite))
}

#[test]
fn no_value_is_said() {
    listen();
    let client = TestFeatures::new()
        .value("secret", CANARY)
        .value("null", serde_json::Value::Null)
        .client();
    let builder = GrowthBookProvider::builder(client).structure::<Broken>();
    let mut said = vec![format!("{builder:?}")];
    let provider = builder.build();
    let tracker = provider.tracker();
    let details = TrackingDetails::new()
        .with_field("name", CANARY)
        .with_value(73.125);
    said.extend([debug(&provider), debug(&tracker), debug(&details)]);
    tracker.track("event", &context(), details);

    run(async {
        let flags = asking(provider).await;
        let broken = context().with_custom_field("broken", Field::new_struct(Broken(CANARY)));
        tracker.track("event", &broken, TrackingDetails::new());
        for context in [context(), broken] {
            for feature in ["secret", "null", "no-such"] {
                let error = flags
                    .get_int_value(feature, Some(&context), None)
                    .await
                    .unwrap_err();
                said.push(debug(&error));
            }
        }
    });
    let heard = heard();
    for name in ["left-out-unknown", "left-out-infinite"] {
        let left_out = format!("DEBUG growthbook::openfeature: the field `{name}` is left out");
        assert!(
            heard.iter().any(|line| line.starts_with(&left_out)),
            "{heard:?}"
        );
    }
    let lost = "WARN growthbook::openfeature: an event is not logged";
    assert!(heard.iter().any(|line| line.starts_with(lost)), "{heard:?}");
    said.extend(heard);
    for text in &said {
        assert!(!text.contains(CANARY) && !text.contains("73.125"), "{text}");
    }
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?}")
}
