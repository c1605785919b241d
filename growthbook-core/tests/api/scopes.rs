//! Scopes: one user, one version of the features, exposures once, values that borrow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use growthbook_core::{
    Attributes, BackendError, Experiment, ExperimentInfo, FeatureSource, Flag, GrowthBookClient,
    GrowthBookClientBuilder, Saved, StickyAssignments, StickyBucketService, StickyDocuments,
    StickyIdentity, StickyWrite, Track, TrackingEvent, UserContext, ValueError,
};
use serde_json::{Value, json};

use super::user;

/// `exp` gives everybody `b`, which is its variation `new`.
const PAYLOAD: &str = r#"{"features":{
    "color":{"defaultValue":"green"},
    "size":{"defaultValue":3,"rules":[{"id":"fr_1","condition":{"plan":"pro"},"force":5}]},
    "text":{"rules":[{"id":"fr_2","key":"exp","weights":[0,1],"variations":["a","b"],"meta":[{"key":"ctl"},{"key":"new"}]}]},
    "child":{"defaultValue":false,"rules":[{"parentConditions":[{"id":"text","condition":{"value":"b"}}],"force":true}]}
}}"#;

fn builder() -> GrowthBookClientBuilder {
    GrowthBookClient::builder().payload(PAYLOAD)
}

fn client() -> GrowthBookClient {
    builder().build().unwrap()
}

fn with(attributes: &[(&str, &str)]) -> UserContext {
    let attributes = attributes.iter().copied();
    let mut all = Attributes::new();
    for (name, value) in attributes {
        all.insert(name, value);
    }
    UserContext::new(all)
}

#[test]
fn values_borrow_from_the_scope() {
    let scope = client().scope(user("1").with_forced_value("new", json!("forced")));
    let color: &str = {
        // The key need not live as long as the value.
        let key = String::from("color");
        scope.value(&key, "blue")
    };
    assert_eq!(color, "green");
    assert_eq!(scope.value(&String::from("new"), "blue"), "forced");
    assert_eq!(scope.value("none", "blue"), "blue");
    assert_eq!(scope.value("size", 0), 3);
    assert_eq!(
        scope.value_as::<&str>("size").unwrap_err(),
        ValueError::Mismatch { found: "a number" }
    );
    assert!(scope.is_on("child") && scope.is_off("none"));
}

#[test]
fn a_scope_sees_one_version() {
    let client = client();
    let scope = client.scope(user("1"));
    client
        .load(br#"{"features":{"color":{"defaultValue":"red"}}}"#)
        .unwrap();
    assert_eq!(scope.value("color", "blue"), "green");
    assert!(scope.is_on("child"));
    assert_eq!(client.scope(user("1")).value("color", "blue"), "red");
}

#[test]
fn a_user_can_change_and_clones_stay() {
    let mut scope = client().scope(with(&[("id", "1")]));
    let clone = scope.clone();
    scope.update_attributes(Attributes::new().with("plan", "pro"));
    assert_eq!((scope.value("size", 0), clone.value("size", 0)), (5, 3));
    scope.set_attribute_overrides(Attributes::new().with("plan", "free"));
    assert_eq!(scope.value("size", 0), 3);
    scope.set_user(with(&[("plan", "pro")]));
    assert_eq!(scope.value("size", 0), 5);
    assert_eq!(scope.user().attributes().len(), 1);
}

#[test]
fn flags_find_their_feature_wherever_it_is() {
    static COLOR: Flag<&str> = Flag::new("color", "blue");
    static SIZE: Flag<u8> = Flag::new("size", 1);
    static TINY: Flag<u8> = Flag::new("color", 7);
    static LIST: Flag<fn() -> Vec<String>> = Flag::new("list", Vec::new);
    let client = client();
    let answers = || {
        let scope = client.scope(user("1"));
        for _ in 0..2 {
            let answers = (
                scope.get(&COLOR).to_owned(),
                scope.get(&SIZE),
                scope.get(&TINY),
                scope.get(&LIST).len(),
            );
            assert_eq!(
                answers,
                (
                    scope.get(&COLOR).to_owned(),
                    scope.get(&SIZE),
                    scope.get(&TINY),
                    scope.get(&LIST).len()
                )
            );
        }
        (
            scope.get(&COLOR).to_owned(),
            scope.get(&SIZE),
            scope.get(&TINY),
            scope.get(&LIST).len(),
        )
    };
    assert_eq!(answers(), ("green".to_owned(), 3, 7, 0));
    client.load(br#"{"features":{"list":{"defaultValue":["x","y"]},"size":{"defaultValue":9},"zz":{"rules":[{"parentConditions":[{"id":"color"}],"force":1}]}}}"#).unwrap();
    assert_eq!(answers(), ("blue".to_owned(), 9, 7, 2));
    client.load(PAYLOAD.as_bytes()).unwrap();
    assert_eq!(answers(), ("green".to_owned(), 3, 7, 0));
}

#[test]
fn all_features_at_once_are_what_they_are_one_by_one() {
    let user =
        with(&[("id", "1"), ("plan", "pro")]).with_forced_value("color", json!({"deep": [1]}));
    let scope = client().scope(user);
    let all = scope.evaluate_all();
    assert_eq!(
        all.to_json(),
        json!({"color": {"deep": [1]}, "size": 5, "text": "b", "child": true})
    );
    assert_eq!(all.len(), 4);
    for feature in all.iter() {
        let result = scope.evaluate(feature.key());
        assert_eq!(feature.value(), result.value());
        assert_eq!(feature.is_on(), result.is_on());
        assert_eq!(feature.source(), result.source());
        assert_eq!(feature.rule_id(), result.rule_id());
        let variation = result.assignment().map(|it| it.variation_key().to_owned());
        assert_eq!(feature.variation_key().map(str::to_owned), variation);
        assert_eq!(
            feature.experiment().map(ExperimentInfo::key),
            result.experiment().map(ExperimentInfo::key)
        );
    }
    let text = all.get("text").unwrap();
    assert_eq!(
        (text.source(), text.variation_key()),
        (FeatureSource::Experiment, Some("new"))
    );
    assert!(all.get("none").is_none());
}

/// A client that notes what it reports.
fn noting() -> (GrowthBookClient, Arc<Mutex<Vec<Value>>>) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&notes);
    let client = builder().on_event(move |event| {
        let owned = event.into_owned();
        // What is owned says the same.
        assert_eq!(
            format!("{:?}", tell(event)),
            format!("{:?}", tell(&owned.as_event()))
        );
        log.lock().unwrap().push(tell(event));
    });
    (client.build().unwrap(), notes)
}

fn tell(event: &TrackingEvent<'_>) -> Value {
    match event {
        TrackingEvent::Custom(event) => {
            json!([event.name(), event.properties(), event.user().to_json()])
        }
        TrackingEvent::ExperimentViewed(event) => event.to_json(),
        TrackingEvent::FeatureEvaluated(event) => {
            assert_eq!(event.to_result().value(), event.value());
            json!([
                event.feature(),
                event.value(),
                event.source().as_str(),
                event.rule_id(),
                event.variation_key()
            ])
        }
        _ => Value::Null,
    }
}

#[test]
fn events_come_in_order_and_say_who_and_what() {
    let (client, notes) = noting();
    client.set_global_attributes(Attributes::new().with("region", "eu").with("plan", "free"));
    let user = with(&[("id", "1"), ("plan", "pro")]).with_url("https://shop.example/");
    let scope = client.scope(user);
    assert!(scope.is_on("child"));
    scope.log_event("purchase", [("total", 12)]);
    let properties = serde_json::Map::from_iter([("total".to_owned(), json!(12))]);
    client.log_event("purchase", properties, scope.user());
    let who = json!({"attributes": {"region": "eu", "plan": "pro", "id": "1"}, "url": "https://shop.example/"});
    let expected = json!([
        {
            "experiment": {"key": "exp", "variations": ["a", "b"], "weights": [0, 1], "meta": [{"key": "ctl"}, {"key": "new"}]},
            "result": {"featureId": "text", "inExperiment": true, "variationId": 1, "value": "b", "key": "new", "hashUsed": true,
                       "hashAttribute": "id", "hashValue": "1", "bucket": notes.lock().unwrap()[0]["result"]["bucket"],
                       "stickyBucketUsed": false},
            "user": who,
        },
        ["text", "b", "experiment", "fr_2", "new"],
        ["child", true, "force", null, null],
        ["purchase", {"total": 12}, who],
        ["purchase", {"total": 12}, who],
    ]);
    assert_eq!(Value::Array(notes.lock().unwrap().clone()), expected);
}

#[test]
fn what_is_off_is_not_told_and_what_is_deferred_is_kept() {
    let (client, notes) = noting();
    let off = client.scope(user("1")).with_track(Track::Off);
    assert!(off.is_on("child"));
    off.log_event("purchase", serde_json::Map::new());
    assert_eq!((notes.lock().unwrap().len(), off.deferred().len()), (0, 0));

    let page = client.scope(user("1")).with_track(Track::Deferred);
    page.evaluate_all();
    assert!(page.is_on("text"));
    let exposures = page.deferred();
    assert_eq!((exposures.len(), exposures.dropped()), (1, 0));
    assert_eq!(exposures.to_json()[0]["result"]["key"], "new");
    assert!(
        notes.lock().unwrap().iter().all(Value::is_array),
        "features used are reported, exposures are not"
    );
    assert_eq!(page.take_deferred().len(), 1);
    assert!(page.deferred().is_empty());
    // The page has it, and would report it a second time.
    assert!(page.is_on("text"));
    assert!(page.take_deferred().is_empty());

    // Nothing of this counts as reported.
    notes.lock().unwrap().clear();
    assert!(client.is_on("text", &user("1")));
    assert_eq!(
        notes
            .lock()
            .unwrap()
            .iter()
            .filter(|it| it.is_object())
            .count(),
        1
    );
}

#[test]
fn a_page_can_be_given_the_exposures_of_what_it_shows() {
    let page = client().scope(user("1")).with_track(Track::Deferred);
    page.evaluate_all();
    page.run(&Experiment::builder("mine", [0, 1]).build().unwrap());
    let mut exposures = page.take_deferred();
    assert_eq!(exposures.len(), 2);
    exposures.retain(|event| match event {
        TrackingEvent::ExperimentViewed(viewed) => viewed.feature() == Some("text"),
        _ => false,
    });
    let json = exposures.to_json();
    assert_eq!(json[0]["experiment"]["key"], "exp");
    assert_eq!(json.as_array().unwrap().len(), 1);
}

#[test]
fn another_users_features_are_reported_anew() {
    let (client, notes) = noting();
    let mut scope = client.scope(user("1"));
    let mut reports = |change: &dyn Fn(&mut growthbook_core::UserScope)| {
        change(&mut scope);
        scope.is_on("color");
        std::mem::take(&mut *notes.lock().unwrap()).len()
    };
    assert_eq!(reports(&|_| ()), 1);
    assert_eq!(reports(&|_| ()), 0);
    let known = Attributes::new().with("plan", "pro");
    assert_eq!(
        reports(&move |scope| scope.update_attributes(known.clone())),
        0
    );
    assert_eq!(reports(&|scope| scope.set_user(user("2"))), 1);
}

#[test]
fn sticky_buckets_can_be_loaded_ahead() {
    let store = Arc::new(Counting::default());
    let client = builder()
        .sticky_buckets(Arc::clone(&store))
        .build()
        .unwrap();
    let scope = client.scope(user("1"));
    scope.load_sticky();
    assert_eq!(store.loads.load(Ordering::Relaxed), 1);
    scope.is_on("text");
    scope.load_sticky();
    assert_eq!(store.loads.load(Ordering::Relaxed), 1);
}

#[test]
fn deferred_exposures_are_bounded_and_safe_in_a_page() {
    let page = client()
        .scope(with(&[("id", "</script>\u{2028}")]))
        .with_track(Track::Deferred);
    assert!(page.is_on("text"));
    let script = page.deferred().to_script_json();
    assert!(!script.contains('<') && !script.contains('\u{2028}'));
    assert_eq!(
        serde_json::from_str::<Value>(&script).unwrap(),
        page.deferred().to_json()
    );
    for number in 0..1_500 {
        let experiment = Experiment::builder(format!("e-{number}"), [0, 1])
            .build()
            .unwrap();
        page.run(&experiment);
    }
    let exposures = page.deferred();
    assert_eq!((exposures.len(), exposures.dropped()), (1_000, 501));
    assert_eq!(page.take_deferred().len(), 1_000);
    let experiment = Experiment::builder("another", [0, 1]).build().unwrap();
    page.run(&experiment);
    let exposures = page.deferred();
    assert_eq!((exposures.len(), exposures.dropped()), (1, 0));
}

#[test]
fn without_a_memory_of_the_client_a_scope_has_its_own() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let client = builder()
        .exposure_memory(0)
        .on_experiment_viewed(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    for expected in 1..3 {
        let scope = client.scope(user("1"));
        for _ in 0..3 {
            scope.is_on("text");
            scope.clone().is_on("child");
        }
        assert_eq!(count.load(Ordering::Relaxed), expected);
    }
    client.is_on("text", &user("1"));
    client.is_on("text", &user("1"));
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

#[test]
fn exposures_that_were_long_ago_are_reported_again() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let client = builder()
        .exposure_memory(10)
        .on_experiment_viewed(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    let view = |number: usize| {
        let before = count.load(Ordering::Relaxed);
        client.is_on("text", &user(&number.to_string()));
        count.load(Ordering::Relaxed) > before
    };
    assert!((0..10).all(view));
    assert!(!(0..10).any(view), "the last ten are known");
    assert!((10..40).all(view));
    assert!(view(0), "forgotten, and reported again");
    assert!(!view(39));
}

#[test]
fn experiments_that_run_are_told_to_subscribers() {
    let client = client();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let subscription = client.subscribe(move |experiment, assignment| {
        log.lock()
            .unwrap()
            .push((experiment.key().to_owned(), assignment.in_experiment()));
    });
    let experiment = Experiment::builder("mine", [0, 1]).build().unwrap();
    client.run(&experiment, &user("1"));
    client.scope(UserContext::default()).run(&experiment);
    client
        .scope(user("1"))
        .with_track(Track::Off)
        .run(&experiment);
    client.is_on("text", &user("1"));
    drop(subscription);
    client.run(&experiment, &user("1"));
    let expected = [("mine".to_owned(), true), ("mine".to_owned(), false)];
    assert_eq!(*heard.lock().unwrap(), expected);
}

/// Counts how often it is asked.
#[derive(Debug, Default)]
struct Counting {
    store: growthbook_core::MemoryStickyBuckets,
    loads: AtomicUsize,
}

impl StickyBucketService for Counting {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.store.load(identities)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.store.save(write)
    }
}

#[test]
fn a_scope_asks_the_store_once_and_only_for_experiments() {
    let store = Arc::new(Counting::default());
    let client = builder()
        .sticky_buckets(Arc::clone(&store))
        .build()
        .unwrap();
    let loads = || store.loads.load(Ordering::Relaxed);
    let scope = client.scope(user("1"));
    scope.is_on("color");
    scope.is_on("none");
    client.is_on("size", &user("1"));
    assert_eq!(loads(), 0, "these reach no experiment");
    scope.is_on("child");
    scope.evaluate_all();
    scope.evaluate("text");
    assert_eq!(loads(), 1);
    let by_device = Experiment::builder("mine", [0, 1])
        .hash_attribute("device")
        .build()
        .unwrap();
    let mut scope = client.scope(with(&[("id", "1"), ("device", "d")]));
    scope.is_on("text");
    scope.run(&by_device);
    assert_eq!(loads(), 3, "another attribute is another document");
    scope.update_attributes(Attributes::new().with("id", "2"));
    scope.is_on("text");
    assert_eq!(loads(), 4);
    assert_eq!(
        store
            .store
            .document(&StickyIdentity::new("id", "2"))
            .unwrap()["exp__0"],
        "new"
    );
}

#[test]
fn documents_can_come_from_the_caller() {
    let kept: StickyDocuments = [(
        StickyIdentity::new("id", "1"),
        StickyAssignments::from([("exp__0".to_owned(), "ctl".to_owned())]),
    )]
    .into_iter()
    .collect();
    let scope = client()
        .scope(user("1"))
        .with_sticky_documents(kept.clone());
    assert_eq!(scope.peek_sticky("exp").as_deref(), Some("ctl"));
    assert_eq!(scope.value("text", ""), "a");
    assert_eq!(scope.sticky_documents(), kept);

    let scope = client().scope(user("2")).with_sticky_documents(kept);
    assert_eq!(scope.peek_sticky("exp"), None);
    assert_eq!(scope.value("text", ""), "b");
    assert_eq!(scope.peek_sticky("exp").as_deref(), Some("new"));
    let documents: BTreeMap<_, _> = scope
        .sticky_documents()
        .iter()
        .map(|(who, what)| (who.to_string(), what.clone()))
        .collect();
    assert_eq!(documents["id||2"]["exp__0"], "new");
}

#[test]
fn peeking_buckets_nobody() {
    let store = Arc::new(Counting::default());
    let (viewed, count) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&viewed);
    let client = builder()
        .sticky_buckets(Arc::clone(&store))
        .on_experiment_viewed(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    assert_eq!(client.scope(user("1")).peek_sticky("exp"), None);
    assert_eq!(
        client.scope(user("1")).peek_sticky("no such experiment"),
        None
    );
    assert_eq!(
        (
            viewed.load(Ordering::Relaxed),
            count.load(Ordering::Relaxed)
        ),
        (0, 0)
    );
    assert!(
        store
            .store
            .document(&StickyIdentity::new("id", "1"))
            .is_none()
    );
    client.is_on("text", &user("1"));
    assert_eq!(
        client.scope(user("1")).peek_sticky("exp").as_deref(),
        Some("new")
    );
}

#[test]
fn a_value_that_does_not_fit_is_told_once() {
    static SIZE: Flag<bool> = Flag::new("size", true);
    let errors = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&errors);
    let client = builder().on_error(move |error| log.lock().unwrap().push(error.to_string()));
    let client = client.build().unwrap();
    let scope = client.scope(user("1"));
    for _ in 0..3 {
        assert_eq!(scope.value("size", "small"), "small");
        assert_eq!(client.value("size", &user("1"), String::new()), "");
        assert!(scope.get(&SIZE));
        assert_eq!(scope.value("none", 1), 1);
        assert!(scope.value_as::<bool>("color").is_err());
    }
    let told = "the value of the feature `size` does not fit, and the fallback is served";
    assert_eq!(*errors.lock().unwrap(), [told; 3]);
}

#[test]
fn clients_scopes_and_events_go_anywhere() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<GrowthBookClient>();
    check::<growthbook_core::UserScope>();
    check::<UserContext>();
    check::<growthbook_core::OwnedTrackingEvent>();
    check::<growthbook_core::DeferredExposures>();
    check::<growthbook_core::AllFeatures>();
    check::<growthbook_core::Status>();
    check::<growthbook_core::PayloadSink>();
    check::<growthbook_core::FeatureResult>();
}
