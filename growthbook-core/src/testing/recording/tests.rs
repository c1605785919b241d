use serde_json::{Map, json};

use super::*;
use crate::attributes::Attributes;
use crate::client::GrowthBookClient;
use crate::result::FeatureSource;
use crate::testing::TestFeatures;
use crate::user::UserContext;

const LIMIT: Duration = Duration::from_secs(60);

fn client(plugin: &RecordingPlugin) -> GrowthBookClient {
    let features =
        TestFeatures::new()
            .value("size", 3)
            .value_in("color", "red", ("color-test", "treatment"));
    let builder = features.builder().plugin(plugin.clone());
    builder.exposure_memory(0).build().unwrap()
}

fn user() -> UserContext {
    UserContext::new(Attributes::new().with("id", 7).with("city", "Ulm"))
}

#[test]
fn each_list_holds_its_kind_in_order() {
    let plugin = RecordingPlugin::new();
    let client = client(&plugin);
    client.is_on("size", &user());
    client.is_on("color", &user());
    client.is_on("nowhere", &user());
    let properties = Map::from_iter([("total".to_owned(), json!(120))]);
    client.log_event("purchase", properties, &user());
    client.log_event("leave", Map::new(), &user());

    assert_eq!(plugin.exposures(), [("color-test", "treatment", "id", "7")]);
    assert_eq!(
        plugin.features(),
        [
            ("size", json!(3), FeatureSource::DefaultValue),
            ("color", json!("red"), FeatureSource::Experiment),
            ("nowhere", json!(null), FeatureSource::UnknownFeature),
        ]
    );
    assert_eq!(
        plugin.custom(),
        [("purchase", json!({"total": 120})), ("leave", json!({}))]
    );
    assert_eq!(plugin.len(), 6);
    let user = |event: &OwnedTrackingEvent| event.as_event().user().attribute("city").cloned();
    assert_eq!(plugin.events().first().and_then(user), Some("Ulm".into()));
}

#[test]
fn every_part_counts_in_comparisons() {
    let plugin = RecordingPlugin::new();
    let client = client(&plugin);
    client.is_on("color", &user());
    client.log_event("leave", Map::new(), &user());
    let exposure = plugin.exposures().remove(0);
    let feature = plugin.features().remove(0);
    let custom = plugin.custom().remove(0);
    for other in [
        ("x", "treatment", "id", "7"),
        ("color-test", "x", "id", "7"),
        ("color-test", "treatment", "x", "7"),
        ("color-test", "treatment", "id", "x"),
    ] {
        assert_ne!(exposure, other);
    }
    for other in [
        ("x", "red", FeatureSource::Experiment),
        ("color", "x", FeatureSource::Experiment),
        ("color", "red", FeatureSource::Force),
    ] {
        assert_ne!(feature, other);
    }
    assert_ne!(custom, ("x", json!({})));
    assert_ne!(custom, ("leave", json!({"x": 1})));
}

#[test]
fn a_clone_is_one_more_hand_on_the_same_record() {
    let plugin = RecordingPlugin::wanting(Interest::EXPERIMENT_VIEWED);
    let client = client(&plugin);
    client.is_on("color", &user());
    assert!(plugin.features().is_empty(), "nobody asked for features");
    assert_eq!(plugin.clone().take().len(), 1);
    assert!(plugin.is_empty());
    client.is_on("color", &user());
    assert!(!plugin.is_empty());
    plugin.clear();
    assert_eq!(plugin.len(), 0);
}

#[test]
fn flushing_and_closing_are_counted_apart() {
    let plugin = RecordingPlugin::new();
    let client = client(&plugin);
    client.flush(LIMIT).unwrap();
    client.flush(LIMIT).unwrap();
    assert_eq!((plugin.flushes(), plugin.closes()), (2, 0));
    assert!(client.close(LIMIT).is_complete());
    assert_eq!((plugin.flushes(), plugin.closes()), (2, 1));
}

#[test]
fn it_fails_as_often_as_it_is_told() {
    let plugin = RecordingPlugin::new();
    let client = client(&plugin);
    plugin.fail_next(1);
    client.is_on("color", &user());
    let failed = client.flush(LIMIT);
    assert!(matches!(failed, Err(FlushError::Backend(_))), "{failed:?}");
    client.flush(LIMIT).unwrap();
    plugin.fail_next(1);
    assert_eq!(client.close(LIMIT).failures().len(), 1);
}

#[test]
fn it_panics_as_often_as_it_is_told_and_the_client_goes_on() {
    let plugin = RecordingPlugin::wanting(Interest::EXPERIMENT_VIEWED);
    let features = TestFeatures::new().value_in("color", "red", ("color-test", "treatment"));
    let builder = features.builder().plugin(plugin.clone());
    let client = builder.build().unwrap();
    plugin.panic_next(2);
    assert_eq!(client.value("color", &user(), String::new()), "red");
    assert_eq!(client.status().callback_panics(), 1);
    assert!(plugin.is_empty());
    assert!(matches!(client.flush(LIMIT), Err(FlushError::Panicked)));
    assert_eq!(plugin.flushes(), 0);
    client.is_on("color", &user());
    assert_eq!(plugin.len(), 1, "the exposure that it missed comes again");
}
