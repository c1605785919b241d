//! Exposures that the server reports with what it evaluated.

use std::sync::{Arc, Mutex};

use growthbook_core::{FeatureSource, GrowthBookClient, Track};
use serde_json::{Value, json};

use super::{Evaluator, Rig, user};

struct Heard {
    client: GrowthBookClient,
    viewed: Arc<Mutex<Vec<Value>>>,
    used: Arc<Mutex<Vec<String>>>,
}

fn heard() -> Heard {
    let (viewed, used) = (
        Arc::<Mutex<Vec<Value>>>::default(),
        Arc::<Mutex<Vec<String>>>::default(),
    );
    let (viewing, using) = (Arc::clone(&viewed), Arc::clone(&used));
    let client = GrowthBookClient::builder()
        .on_experiment_viewed(move |it| viewing.lock().unwrap().push(it.to_json()))
        .on_feature_usage(move |it| {
            using
                .lock()
                .unwrap()
                .push(format!("{} {:?}", it.feature(), it.source()));
        })
        .build()
        .unwrap();
    Heard {
        client,
        viewed,
        used,
    }
}

#[test]
fn an_exposure_is_reported_once_through_all_scopes() {
    let evaluator = Evaluator::answering(
        json!({"features": {
            "plain": {"defaultValue": 42},
            "tested": {"defaultValue": "b", "rules": [{"force": "b", "tracks": [{
                "experiment": {"key": "exp-A", "name": "A", "variations": [{}, "b"]},
                "result": {"key": "1", "name": "B", "variationId": 1, "inExperiment": true, "value": "b", "hashUsed": true,
                    "hashAttribute": "id", "hashValue": "u1", "featureId": "tested", "bucket": 0.61, "stickyBucketUsed": false},
            }]}]},
        }})
        .to_string()
        .as_bytes(),
    );
    let rig = Rig::new(&evaluator);
    let heard = heard();
    for _ in 0..3 {
        let scope = rig.remote.scope(&heard.client, user("u1"));
        assert_eq!(scope.value("plain", 0), 42);
        let result = scope.evaluate("tested");
        assert_eq!(result.source(), FeatureSource::Force);
        assert_eq!(result.value(), "b");
        rig.pass(60);
    }
    assert_eq!(evaluator.questions(), 3);
    let viewed = heard.viewed.lock().unwrap();
    assert_eq!(viewed.len(), 1, "{viewed:?}");
    assert_eq!(viewed[0]["experiment"]["key"], "exp-A");
    assert_eq!(
        viewed[0]["result"],
        json!({"key": "1", "name": "B", "variationId": 1, "inExperiment": true, "value": "b", "hashUsed": true,
            "hashAttribute": "id", "hashValue": "u1", "featureId": "tested", "bucket": 0.61, "stickyBucketUsed": false})
    );
    assert_eq!(viewed[0]["user"]["attributes"], json!({"id": "u1"}));
    // Once in each scope.
    assert_eq!(
        *heard.used.lock().unwrap(),
        ["plain DefaultValue", "tested Force"].repeat(3)
    );
}

#[test]
fn what_is_malformed_is_left_out_alone() {
    let track =
        |experiment: Value, result: Value| json!({"experiment": experiment, "result": result});
    let bandit = |key: &str, more: Value| {
        let mut result = json!({"variationId": 1, "inExperiment": true, "hashAttribute": "id", "hashValue": "u1"});
        result
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        track(json!({"key": key, "variations": [0, 1]}), result)
    };
    let tracks = json!([
        null, 5, "x", [], {},
        track(json!({"variations": [0, 1]}), json!({})),
        track(json!({"key": "no-variations"}), json!({})),
        track(json!({"key": 5, "variations": [0, 1]}), json!({})),
        {"experiment": {"key": "no-result", "variations": [0, 1]}},
        bandit("whole", json!({"leafId": 3, "variationWeights": [0.25, 0.75], "banditVersion": 7})),
        bandit("leaf", json!({"leafId": 1.5, "variationWeights": [0.25, 0.75], "banditVersion": 7})),
        bandit("weights", json!({"leafId": 3, "variationWeights": [1], "banditVersion": 7})),
        bandit("version", json!({"leafId": 3, "variationWeights": [0.25, 0.75], "banditVersion": "7"})),
    ]);
    let features = json!({"features": {"f": {"rules": [{"force": 1, "tracks": tracks}]}}});
    let evaluator = Evaluator::answering(features.to_string().as_bytes());
    let (rig, heard) = (Rig::new(&evaluator), heard());
    assert_eq!(rig.remote.scope(&heard.client, user("u1")).value("f", 0), 1);
    let viewed = heard.viewed.lock().unwrap();
    let said: Vec<_> = viewed
        .iter()
        .map(|it| {
            let result = &it["result"];
            let bandit =
                ["leafId", "variationWeights", "banditVersion"].map(|name| result[name].clone());
            (it["experiment"]["key"].as_str().unwrap(), bandit)
        })
        .collect();
    let none = || [Value::Null, Value::Null, Value::Null];
    assert_eq!(
        said,
        [
            ("no-result", none()),
            ("whole", [json!(3), json!([0.25, 0.75]), json!(7)]),
            ("leaf", none()),
            ("weights", none()),
            ("version", [json!(3), json!([0.25, 0.75]), Value::Null]),
        ]
    );
    assert_eq!(viewed[0]["result"]["hashAttribute"], "id");
    assert_eq!(viewed[0]["result"]["inExperiment"], false);
    drop(viewed);
    // What a rule does not give is not reported: here the user forces another value.
    let forced = user("u2").with_forced_value("f", json!(5));
    assert_eq!(rig.remote.scope(&heard.client, forced).value("f", 0), 5);
    assert_eq!(heard.viewed.lock().unwrap().len(), 5);
}

#[test]
fn exposures_can_be_deferred_or_left_out() {
    let evaluator = Evaluator::answering(
        br#"{"features": {"f": {"rules": [{"force": 1, "tracks": [{"experiment": {"key": "e", "variations": [0, 1]}}]}]}}}"#,
    );
    let (rig, heard) = (Rig::new(&evaluator), heard());
    let deferring = rig
        .remote
        .scope(&heard.client, user("u"))
        .with_track(Track::Deferred);
    assert_eq!(deferring.value("f", 0), 1);
    assert_eq!(deferring.deferred().len(), 1);
    let silent = rig
        .remote
        .scope(&heard.client, user("u"))
        .with_track(Track::Off);
    assert_eq!(silent.value("f", 0), 1);
    assert_eq!(heard.viewed.lock().unwrap().len(), 0);
    // What was deferred stays so when the scope goes on with newer features.
    assert_eq!(rig.remote.renew(&deferring).value("f", 0), 1);
    assert_eq!(deferring.deferred().len(), 1);
}
