//! A client with a store of sticky buckets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use growthbook_core::{
    Attributes, BackendError, Experiment, GrowthBookClient, MemoryStickyBuckets, Saved,
    StickyAssignments, StickyBucketService, StickyIdentity, StickyWrite, UserContext,
};

use super::user;

/// An experiment rule with the weights `weights`; the user `1` gets `new` when they are equal.
fn payload(weights: &str, more: &str) -> String {
    format!(
        r#"{{"features":{{"f":{{"defaultValue":"def","rules":[{{"key":"exp","seed":"my-test","variations":["old","new"],
            "meta":[{{"key":"ctl"}},{{"key":"new"}}],"weights":{weights}{more}}}]}}}}}}"#
    )
}

fn client(service: impl StickyBucketService) -> GrowthBookClient {
    let payload = payload("[0.5,0.5]", "");
    GrowthBookClient::builder()
        .payload(payload)
        .sticky_buckets(service)
        .build()
        .unwrap()
}

#[test]
fn users_stay_when_weights_coverage_and_targeting_change() {
    let store = Arc::new(MemoryStickyBuckets::new());
    let client = client(Arc::clone(&store));
    assert_eq!(client.evaluate("f", &user("1")).value(), "new");
    assert_eq!(
        store.document(&StickyIdentity::new("id", "1")).unwrap()["exp__0"],
        "new"
    );
    for changed in [
        payload("[1,0]", ""),
        payload("[0.5,0.5]", r#","coverage":0"#),
        payload("[0.5,0.5]", r#","condition":{"id":"2"}"#),
    ] {
        client.load(changed.as_bytes()).unwrap();
        let result = client.evaluate("f", &user("1"));
        assert_eq!(result.value(), "new", "{changed}");
        assert!(result.assignment().unwrap().sticky_bucket_used());
    }
    client
        .load(payload("[1,0]", r#","disableStickyBucketing":true"#).as_bytes())
        .unwrap();
    assert_eq!(client.evaluate("f", &user("1")).value(), "old");
    client
        .load(payload("[0.5,0.5]", r#","bucketVersion":1,"minBucketVersion":1"#).as_bytes())
        .unwrap();
    assert_eq!(client.evaluate("f", &user("1")).value(), "def");
}

#[test]
fn an_inline_experiment_is_kept_too() {
    let store = Arc::new(MemoryStickyBuckets::new());
    let client = client(Arc::clone(&store));
    let experiment = |weights: [f64; 2]| {
        let builder = Experiment::builder("inline", ["a", "b"]).weights(weights);
        builder.variation_keys(["ctl", "new"]).build().unwrap()
    };
    let (before, after) = (experiment([0.0, 1.0]), experiment([1.0, 0.0]));
    assert_eq!(*client.run(&before, &user("7")).value(), &"b");
    assert_eq!(*client.run(&after, &user("7")).value(), &"b");
    assert_eq!(*client.run(&after, &user("8")).value(), &"a");
}

/// A store that says, at the first write, that another process was there before.
#[derive(Debug, Default)]
struct Raced {
    standing: Mutex<Option<String>>,
    saves: AtomicUsize,
}

impl StickyBucketService for Raced {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let standing = self.standing.lock().unwrap().clone();
        let assignments = standing.map(|variation| [("exp__0".to_owned(), variation)].into());
        Ok(identities.iter().cloned().zip(assignments).collect())
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.saves.fetch_add(1, Ordering::Relaxed);
        *self.standing.lock().unwrap() = Some("ctl".to_owned());
        Ok(Saved::Kept("ctl".to_owned()))
    }
}

#[test]
fn what_is_served_is_what_is_stored() {
    let store = Arc::new(Raced::default());
    let client = client(Arc::clone(&store));
    let result = client.evaluate("f", &user("1"));
    assert_eq!(result.value(), "old");
    assert!(result.assignment().unwrap().sticky_bucket_used());
    assert_eq!(client.evaluate("f", &user("1")).value(), "old");
    assert_eq!(store.saves.load(Ordering::Relaxed), 1);
}

/// A store that is down for reading or for writing.
#[derive(Debug)]
struct Down {
    reads: bool,
    writes: Arc<AtomicUsize>,
}

impl StickyBucketService for Down {
    fn load(
        &self,
        _: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        if self.reads {
            return Ok(BTreeMap::new());
        }
        Err(BackendError::new("a store", "load", "it is down"))
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Err(BackendError::new("a store", "save", "it is down"))
    }
}

/// A store with bugs.
#[derive(Debug)]
struct Broken;

impl StickyBucketService for Broken {
    #[expect(clippy::panic, reason = "it is what is tested")]
    fn load(
        &self,
        _: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        panic!("a bug")
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        Ok(Saved::Stored)
    }
}

#[test]
fn panics_in_user_code_disturb_nobody() {
    let client = GrowthBookClient::builder()
        .payload(payload("[0.5,0.5]", ""))
        .sticky_buckets(Broken)
        .on_error(|_| panic!("another bug"))
        .build()
        .unwrap();
    for _ in 0..2 {
        assert_eq!(client.evaluate("f", &user("1")).value(), "new");
    }
}

#[test]
fn a_prerequisite_of_an_inline_experiment_is_looked_up_too() {
    let store = Arc::new(MemoryStickyBuckets::new());
    let device = StickyIdentity::new("device", "d");
    store
        .save(&StickyWrite::new(&device, "p__0", "v1"))
        .unwrap();
    let client = client(Arc::clone(&store));
    client
        .load(
            br#"{"features":{"parent":{"rules":[{"key":"p","hashAttribute":"device","coverage":0,
                "variations":["a","b"],"meta":[{"key":"v0"},{"key":"v1"}]}]}}}"#,
        )
        .unwrap();
    let experiment = Experiment::from_json(
        r#"{"key":"e","variations":[0,1],"parentConditions":[{"id":"parent","condition":{"value":"b"}}]}"#,
    )
    .unwrap();
    let user = UserContext::new(Attributes::new().with("id", "1").with("device", "d"));
    assert!(client.run(&experiment, &user).assignment().in_experiment());
}

#[test]
fn documents_of_id_count_where_no_fallback_is_named() {
    let store = Arc::new(MemoryStickyBuckets::new());
    store
        .save(&StickyWrite::new(
            &StickyIdentity::new("id", "1"),
            "exp__0",
            "new",
        ))
        .unwrap();
    let client = client(Arc::clone(&store));
    client
        .load(payload("[1,0]", r#","hashAttribute":"device""#).as_bytes())
        .unwrap();
    let user = UserContext::new(Attributes::new().with("id", "1").with("device", "d"));
    assert_eq!(client.evaluate("f", &user).value(), "new");
}

#[test]
fn an_outage_decides_by_hash_and_is_reported() {
    for (reads, expected_writes) in [(false, 0), (true, 1)] {
        let writes = Arc::new(AtomicUsize::new(0));
        let told = Arc::new(Mutex::new(Vec::new()));
        let client = GrowthBookClient::builder()
            .payload(payload("[0.5,0.5]", ""))
            .sticky_buckets(Down {
                reads,
                writes: Arc::clone(&writes),
            })
            .on_error({
                let told = Arc::clone(&told);
                move |error| told.lock().unwrap().push(error.to_string())
            })
            .build()
            .unwrap();
        assert_eq!(client.evaluate("f", &user("1")).value(), "new");
        // What could not be read is not written over.
        assert_eq!(writes.load(Ordering::Relaxed), expected_writes);
        assert_eq!(*told.lock().unwrap(), ["sticky buckets are unavailable"]);
        assert_eq!(client.status().sticky_failures(), 1);
    }
}

/// What it was asked for, call by call.
#[derive(Debug, Default)]
struct Asked(Mutex<Vec<Vec<String>>>);

impl StickyBucketService for Asked {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let identities = identities.iter().map(ToString::to_string);
        self.0.lock().unwrap().push(identities.collect());
        Ok(BTreeMap::new())
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        Ok(Saved::Stored)
    }
}

#[test]
fn all_documents_of_a_user_are_asked_for_in_one_call() {
    let store = Arc::new(Asked::default());
    let client = client(Arc::clone(&store));
    let more = r#","hashAttribute":"account","fallbackAttribute":"device""#;
    client.load(payload("[0.5,0.5]", more).as_bytes()).unwrap();
    let user = Attributes::new().with("account", "a").with("device", "d");
    let scope = client.scope(UserContext::new(user.with("country", "US")));
    scope.evaluate("f");
    scope.evaluate_all();
    let mut asked = store.0.lock().unwrap().clone();
    asked[0].sort();
    assert_eq!(asked, [["account||a", "device||d"]]);
}
