//! What the client's listeners are told.

use growthbook_core::FeatureSource;
use growthbook_core::testing::{RecordingPlugin, TestFeatures};
use growthbook_openfeature::{GrowthBookProvider, TrackingDetails};
use open_feature::EvaluationContextFieldValue as Field;
use serde_json::json;

use crate::support::{Broken, asking, run, user};

#[test]
fn exposures_and_usage_go_through_the_client() {
    let analytics = RecordingPlugin::new();
    let client = TestFeatures::new()
        .value_in("color", "red", ("color-test", "treatment"))
        .builder()
        .plugin(analytics.clone())
        .build()
        .unwrap();
    run(async {
        let flags = asking(GrowthBookProvider::new(client)).await;
        for _ in 0..2 {
            let color = flags
                .get_string_value("color", Some(&user("u-1")), None)
                .await;
            assert_eq!(color.unwrap(), "red");
        }
        // Of another type than the caller takes it for, and evaluated all the same.
        flags
            .get_bool_value("color", Some(&user("u-2")), None)
            .await
            .unwrap_err();
    });
    assert_eq!(
        analytics.exposures(),
        [
            ("color-test", "treatment", "id", "u-1"),
            ("color-test", "treatment", "id", "u-2")
        ]
    );
    let used = ("color", "red", FeatureSource::Experiment);
    assert_eq!(analytics.features(), [used, used, used]);
}

#[test]
fn events_have_their_user_fields_and_value() {
    let analytics = RecordingPlugin::new();
    let client = TestFeatures::new()
        .builder()
        .plugin(analytics.clone())
        .build()
        .unwrap();
    let provider = GrowthBookProvider::builder(client)
        .targeting_attribute("user_id")
        .build();
    let tracker = provider.tracker();
    drop(provider);

    let context = user("u-1").with_custom_field("plan", "pro");
    tracker.track("signed-up", &context, TrackingDetails::new());
    let details = TrackingDetails::new()
        .with_field("value", "field")
        .with_field("items", json!(["a"]));
    tracker.track("purchase", &context, details.clone());
    tracker.track("purchase", &context, details.clone().with_value(120.0));
    tracker.track("purchase", &context, details.with_value(f64::NAN));
    tracker.track("rating", &context, TrackingDetails::new().with_value(4.5));

    assert_eq!(
        analytics.custom(),
        [
            ("signed-up", json!({})),
            ("purchase", json!({"value": "field", "items": ["a"]})),
            ("purchase", json!({"value": 120, "items": ["a"]})),
            ("purchase", json!({"value": "field", "items": ["a"]})),
            ("rating", json!({"value": 4.5})),
        ]
    );
    let events = analytics.events();
    let customer = events[0].as_event().user();
    assert_eq!(customer.attribute("user_id"), Some(&"u-1".into()));
    assert_eq!(customer.attribute("plan"), Some(&"pro".into()));
}

#[test]
fn an_event_whose_context_panics_is_lost_alone() {
    let analytics = RecordingPlugin::new();
    let client = TestFeatures::new()
        .builder()
        .plugin(analytics.clone())
        .build();
    let builder = GrowthBookProvider::builder(client.unwrap());
    let tracker = builder.structure::<Broken>().build().tracker();
    let broken = user("u-1").with_custom_field("field", Field::new_struct(Broken("it broke")));
    tracker.track("lost", &broken, TrackingDetails::new());
    tracker.track("kept", &user("u-1"), TrackingDetails::new());
    assert_eq!(analytics.custom(), [("kept", json!({}))]);
}
