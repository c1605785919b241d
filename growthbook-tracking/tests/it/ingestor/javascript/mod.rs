//! The SDK for JavaScript itself, from npm: it sends of the same users what is sent here. Where there is no node, or no
//! registry, what it sent one day stands in for it.

mod packages;

use std::io::{self, Write};
use std::process::Command;

use growthbook_core::{Attributes, GrowthBookClient, Interest, TrackingPlugin, UserContext};
use growthbook_tracking::{BatchTracker, Schema};
use serde_json::{Value, json};

use super::builder;
use crate::ingestor::Collector;
use crate::records::SOON;

const SCENARIO: &str = include_str!("scenario.json");
const RECORDED: &str = include_str!("recorded.json");

#[test]
fn both_sdks_send_the_same() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let expected: Vec<Value> = recorded.iter().cloned().map(as_ours).collect();
    let ours = ours();
    for (ours, expected) in ours.iter().zip(&expected) {
        assert_eq!(ours, expected);
    }
    assert_eq!(ours.len(), expected.len());
    match packages::node_path() {
        Ok(path) => assert_eq!(theirs(&path), recorded, "what was recorded is out of date"),
        Err(why) => {
            let _ = writeln!(
                io::stderr(),
                "SKIPPED: the SDK for JavaScript itself: {why}"
            );
        }
    }
}

/// What this SDK says otherwise on purpose: who it is, and that numbers which identify somebody are text.
fn as_ours(mut event: Value) -> Value {
    assert_eq!(event["sdk_language"], "js");
    event["sdk_language"] = "rust".into();
    event["sdk_version"] = env!("CARGO_PKG_VERSION").into();
    let hash_value = &mut event["properties_json"]["hashValue"];
    if hash_value.is_number() {
        *hash_value = hash_value.to_string().into();
    } else if hash_value.is_null() {
        event["properties_json"]
            .as_object_mut()
            .unwrap()
            .remove("hashValue");
    }
    // It drops them there.
    if event["context_json"] == json!({"company": 7}) {
        event["user_id"] = "1.5".into();
        event["device_id"] = "42".into();
    }
    event
}

fn theirs(node_path: &std::path::Path) -> Vec<Value> {
    let collector = Collector::willing();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/ingestor/javascript");
    let mut node = Command::new("node");
    node.arg(format!("{folder}/program.cjs"));
    node.arg(format!("{folder}/scenario.json"));
    node.arg(collector.server.url()).env("NODE_PATH", node_path);
    packages::run(&mut node).unwrap();
    let request = &collector.server.requests()[0];
    assert_eq!(request.target(), "/track?client_key=sdk-abc123");
    assert_eq!(request.header("content-type"), Some("text/plain"));
    assert_eq!(request.header("accept"), Some("application/json"));
    events(&collector)
}

fn ours() -> Vec<Value> {
    let scenario: Value = serde_json::from_str(SCENARIO).unwrap();
    let collector = Collector::willing();
    let ingestor = builder(&collector.server).schema(Schema::Sdk).build();
    let tracker = BatchTracker::builder(ingestor.unwrap()).interest(Interest::ALL);
    let tracker = tracker.batch_size(100).build();
    let client = GrowthBookClient::builder()
        .payload(scenario["payload"].to_string())
        .plugin(tracker.clone())
        .build()
        .unwrap();
    for user in scenario["users"].as_array().unwrap() {
        let attributes = Attributes::from_json(&user["attributes"].to_string());
        let mut context = UserContext::new(attributes.unwrap());
        if let Some(url) = user["url"].as_str() {
            context = context.with_url(url);
        }
        for (feature, value) in user["forced"].as_object().into_iter().flatten() {
            context = context.with_forced_value(feature, value.clone());
        }
        for feature in user["evaluate"].as_array().unwrap() {
            let _ = client.evaluate(feature.as_str().unwrap(), &context);
        }
        for event in user["log"].as_array().unwrap() {
            let properties = event[1].as_object().unwrap().clone();
            client.log_event(event[0].as_str().unwrap(), properties, &context);
        }
    }
    tracker.flush(SOON).unwrap();
    events(&collector)
}

fn events(collector: &Collector) -> Vec<Value> {
    let bodies = collector.bodies();
    let parsed = |body: &Vec<u8>| serde_json::from_slice::<Vec<Value>>(body).unwrap();
    bodies.iter().flat_map(parsed).collect()
}
