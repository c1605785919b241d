//! What an evaluation tells its recorder, and in which order (spec 20).

use growthbook_core::engine::{self, Exposure, FeatureUsage, Recorder, Subject};
use growthbook_core::{Experiment, StickyDocuments, StickyWrite, UserContext};
use serde_json::json;

use super::{ruleset, user};

/// Keeps what it hears, as text.
#[derive(Default)]
struct Log(Vec<String>);

impl Recorder<'_> for Log {
    fn experiment_viewed(&mut self, exposure: &Exposure<'_>) {
        let assignment = exposure.assignment();
        self.0.push(format!(
            "viewed {} {}",
            exposure.experiment().key(),
            assignment.variation_key()
        ));
    }

    fn feature_evaluated(&mut self, usage: &FeatureUsage<'_>) {
        self.0.push(format!(
            "used {} {} {}",
            usage.key(),
            usage.source(),
            usage.value()
        ));
    }

    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.0.push(format!(
            "assigned {} {}={}",
            write.identity, write.key, write.variation
        ));
    }
}

/// Keeps exposures, as JSON.
#[derive(Default)]
struct Exposures(Vec<serde_json::Value>);

impl Recorder<'_> for Exposures {
    fn experiment_viewed(&mut self, exposure: &Exposure<'_>) {
        self.0.push(exposure.to_json());
    }
}

fn log(payload: &str, feature: &str, user: &UserContext) -> Vec<String> {
    let mut log = Log::default();
    engine::evaluate(
        &ruleset(payload),
        feature,
        &Subject::new(user),
        None,
        &mut log,
    );
    log.0
}

#[test]
fn a_prerequisite_is_exposed_and_used_before_the_feature_that_needed_it() {
    let payload = r#"{"features":{
        "parent":{"rules":[{"key":"exp","seed":"my-test","variations":["a","b"],"meta":[{"key":"ctl"},{"key":"new"}]}]},
        "child":{"defaultValue":"off","rules":[{"parentConditions":[{"id":"parent","condition":{"value":"a"}}],"force":"on"}]}
    }}"#;
    assert_eq!(
        log(payload, "child", &user("1")),
        [
            "viewed exp new",
            r#"used parent experiment "b""#,
            r#"used child defaultValue "off""#
        ],
    );
}

#[test]
fn a_cycle_is_reported_from_the_inside_out() {
    let payload = r#"{"features":{
        "flag1":{"rules":[{"parentConditions":[{"id":"flag2"}],"force":1}]},
        "flag2":{"rules":[{"parentConditions":[{"id":"flag1"}],"force":1}]}
    }}"#;
    assert_eq!(
        log(payload, "flag1", &user("1")),
        [
            "used flag1 cyclicPrerequisite null",
            "used flag2 cyclicPrerequisite null",
            "used flag1 cyclicPrerequisite null",
        ],
    );
}

#[test]
fn what_is_forced_exposes_nobody() {
    let payload =
        r#"{"features":{"f":{"rules":[{"key":"exp","seed":"my-test","variations":[1,2]}]}}}"#;
    let forced = user("1").with_forced_variation("exp", 0);
    assert_eq!(log(payload, "f", &forced), ["used f experiment 1"]);
    let overridden = user("1")
        .with_forced_value("f", json!(3))
        .with_forced_value("new", json!(4));
    assert_eq!(log(payload, "f", &overridden), Vec::<String>::new());
    assert_eq!(log(payload, "new", &overridden), Vec::<String>::new());
    assert_eq!(
        log(payload, "unknown", &user("1")),
        ["used unknown unknownFeature null"]
    );
}

#[test]
fn a_holdout_exposes_and_lets_pass() {
    let payload = r#"{"features":{"f":{"defaultValue":0,"rules":[
        {"key":"holdout","seed":"my-test","variations":[0,1],"meta":[{"key":"in","passthrough":true},{"key":"out","passthrough":true}]},
        {"key":"exp","seed":"my-test","variations":[1,2]}
    ]}}}"#;
    assert_eq!(
        log(payload, "f", &user("1")),
        ["viewed holdout out", "viewed exp 1", "used f experiment 2"]
    );
}

#[test]
fn an_assignment_is_stored_before_it_is_reported() {
    let payload = r#"{"features":{"f":{"rules":[
        {"key":"exp","seed":"my-test","variations":[1,2],"meta":[{"key":"ctl"},{"key":"new"}],"bucketVersion":3}
    ]}}}"#;
    let (user, mut documents) = (user("1"), StickyDocuments::new());
    let ruleset = ruleset(payload);
    let mut evaluate = || {
        let mut log = Log::default();
        let result = engine::evaluate(
            &ruleset,
            "f",
            &Subject::new(&user),
            Some(&mut documents),
            &mut log,
        );
        (log.0, result.assignment().unwrap().sticky_bucket_used())
    };
    let first = [
        "assigned id||1 exp__3=new",
        "viewed exp new",
        "used f experiment 2",
    ];
    assert_eq!(evaluate(), (first.map(String::from).to_vec(), false));
    let second = ["viewed exp new", "used f experiment 2"];
    assert_eq!(evaluate(), (second.map(String::from).to_vec(), true));
}

#[test]
fn remote_exposures_come_with_the_value_they_decided() {
    let payload = r#"{"features":{"f":{"rules":[
        {"condition":{"id":"2"},"force":"x","tracks":[{"experiment":{"key":"unseen","variations":[1,2]},"result":{}}]},
        {"force":"y","tracks":[
            {"experiment":{"key":"exp","variations":["a","b"]},
             "result":{"variationId":1,"key":"new","inExperiment":true,"hashUsed":true,"hashAttribute":"device",
                       "hashValue":7,"value":"b","bucket":0.25,"leafId":3,"variationWeights":[0.2,0.8],"banditVersion":"x"}},
            {"experiment":{"key":"bare","variations":["a","b"]},"result":{"leafId":3,"variationWeights":[1]}},
            {"experiment":{"variations":["a","b"]}},
            {"experiment":{"key":"no-variations"}},
            5
        ]}
    ]}}}"#;
    assert_eq!(
        log(payload, "f", &user("1")),
        ["viewed exp new", "viewed bare 0", r#"used f force "y""#],
    );

    let mut exposures = Exposures::default();
    engine::evaluate(
        &ruleset(payload),
        "f",
        &Subject::new(&user("1")),
        None,
        &mut exposures,
    );
    assert_eq!(
        exposures.0[0],
        json!({
            "experiment": {
                "key": "exp", "variations": ["a", "b"],
                "contextualBandit": {"leafId": 3, "variationWeights": [0.2, 0.8]},
            },
            "result": {
                "featureId": "f", "inExperiment": true, "variationId": 1, "value": "b", "key": "new", "hashUsed": true,
                "hashAttribute": "device", "hashValue": 7, "stickyBucketUsed": false, "bucket": 0.25,
                "leafId": 3, "variationWeights": [0.2, 0.8],
            },
        }),
    );
    assert_eq!(
        exposures.0[1]["result"],
        json!({
            "featureId": "f", "inExperiment": false, "variationId": 0, "value": null, "key": "0", "hashUsed": false,
            "hashAttribute": "id", "hashValue": "", "stickyBucketUsed": false,
        }),
    );
}

#[test]
fn an_exposure_in_a_feature_is_what_javascript_would_report() {
    let payload = r#"{"features":{"price":{"defaultValue":10,"rules":[
        {"id":"r3","key":"price-exp","variations":[20,30],"meta":[{"key":"ctl"},{"key":"hi","name":"High"}],"hashVersion":2}
    ]}}}"#;
    let mut exposures = Exposures::default();
    engine::evaluate(
        &ruleset(payload),
        "price",
        &Subject::new(&user("42")),
        None,
        &mut exposures,
    );
    assert_eq!(
        exposures.0,
        [json!({
            "experiment": {"key": "price-exp", "variations": [20, 30], "hashVersion": 2,
                           "meta": [{"key": "ctl"}, {"key": "hi", "name": "High"}]},
            "result": {"featureId": "price", "inExperiment": true, "variationId": 0, "value": 20, "key": "ctl",
                       "hashUsed": true, "hashAttribute": "id", "hashValue": "42", "bucket": 0.0621,
                       "stickyBucketUsed": false},
        })],
    );
}

#[test]
fn an_inline_experiment_has_no_feature() {
    let experiment = Experiment::builder("my-test", ["a", "b"]).build().unwrap();
    let mut log = Log::default();
    let (user, ruleset) = (user("1"), ruleset(r#"{"features":{}}"#));
    let result = engine::run(&ruleset, &experiment, &Subject::new(&user), None, &mut log);
    assert_eq!(
        (*result.value(), result.assignment().bucket()),
        (&"b", Some(0.969))
    );
    assert_eq!(log.0, ["viewed my-test 1"]);
}
