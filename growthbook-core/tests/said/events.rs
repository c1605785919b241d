//! What is said: features that come in force and what is wrong with them, errors that no caller gets, the end.

use std::time::Duration;

use growthbook_core::testing::{ManualClock, RecordingPlugin, ScriptedFetcher, TestFeatures};
use growthbook_core::{GrowthBookClient, UserContext};
use tracing::Level;

use crate::scene::BrokenStore;
use crate::subscriber::{self, Said};

const LIMIT: Duration = Duration::from_secs(60);

fn event(level: Level, message: &str, fields: &str) -> Said {
    Said {
        level,
        target: "growthbook".to_owned(),
        name: None,
        span: None,
        message: message.to_owned(),
        fields: fields.to_owned(),
    }
}

/// What is said beside evaluations, which are events of their own.
fn said<T>(act: impl FnOnce() -> T) -> (T, Vec<Said>) {
    let (returned, mut said) = subscriber::said(act);
    said.retain(|it| it.target == "growthbook");
    (returned, said)
}

fn in_force(features: usize, diagnostics: usize) -> Said {
    from("loaded", features, diagnostics)
}

fn from(origin: &str, features: usize, diagnostics: usize) -> Said {
    let fields = format!("features={features} diagnostics={diagnostics} origin={origin:?} ");
    event(Level::INFO, "features in force", &fields)
}

fn warnings(said: &[Said]) -> Vec<&Said> {
    said.iter().filter(|it| it.level == Level::WARN).collect()
}

#[test]
fn features_in_force_are_said() {
    let client = TestFeatures::new().on("a").on("b");
    let (client, at_start) = said(|| client.client());
    assert_eq!(at_start, [from("bootstrap", 2, 0)]);
    let one = TestFeatures::new().on("a");
    let ((), loaded) = said(|| one.load_into(&client));
    assert_eq!(loaded, [in_force(1, 0)]);
    let ((), again) = said(|| one.load_into(&client));
    assert_eq!(again, [], "nothing has changed");
    let ((), evaluated) = said(|| {
        assert!(client.is_on("a", &UserContext::default()));
        assert!(client.is_off("nowhere", &UserContext::default()));
    });
    assert_eq!(evaluated, [], "evaluations say nothing");
}

#[test]
fn diagnostics_are_said_one_by_one() {
    let client = GrowthBookClient::builder().build().unwrap();
    let payload = br#"{"features": {"a": {"rules": [{"force": 1, "coverage": "half"}, {}]}}}"#;
    let (_, loaded) = said(|| client.load(payload).unwrap());
    let wrong = |diagnostic: &str| {
        let fields = format!("diagnostic={diagnostic} ");
        event(Level::WARN, "part of the payload cannot work", &fields)
    };
    let expected = [
        in_force(1, 2),
        wrong("features.a.rules[0]: `coverage` must be a number, not a string"),
        wrong(
            "features.a.rules[1]: the rule has neither a value, nor variations, nor prerequisites",
        ),
    ];
    assert_eq!(loaded, expected);
}

#[test]
fn many_diagnostics_are_counted_and_not_all_said() {
    let client = GrowthBookClient::builder().build().unwrap();
    let rules = vec!["{}"; 30].join(",");
    let payload = format!(r#"{{"features": {{"a": {{"rules": [{rules}]}}}}}}"#);
    let (_, loaded) = said(|| client.load(payload.as_bytes()).unwrap());
    assert_eq!(loaded.first(), Some(&in_force(1, 30)));
    assert_eq!(warnings(&loaded).len(), 20);
}

#[test]
fn background_errors_are_said_once_a_minute() {
    let clock = ManualClock::new();
    let features = TestFeatures::new().value_in("color", "red", ("color-test", "treatment"));
    let builder = features.builder().clock(clock.clone());
    let client = builder.sticky_buckets(BrokenStore).build().unwrap();
    let user = crate::scene::user();
    let ask = |times: usize| {
        let ((), said) = said(|| {
            for _ in 0..times {
                client.is_on("color", &user);
            }
        });
        said
    };
    let expected = event(
        Level::WARN,
        "growthbook goes on without it",
        "error=sticky buckets are unavailable: broken could not load ",
    );
    assert_eq!(ask(10), std::slice::from_ref(&expected));
    clock.advance(Duration::from_secs(59));
    assert_eq!(ask(10), []);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(10), [expected]);
    assert_eq!(client.status().sticky_failures(), 30, "all are counted");
}

#[test]
fn what_a_caller_gets_is_not_said_as_well() {
    let fetcher = ScriptedFetcher::default();
    let client = GrowthBookClient::builder().fetcher(fetcher).build();
    let client = client.unwrap();
    let ((), said) = said(|| {
        assert!(client.refresh().is_err());
        assert!(client.load(b"no payload").is_err());
    });
    assert_eq!(said, []);
}

#[test]
fn the_end_is_said_once() {
    let client = TestFeatures::new().client();
    let ((), closed) = said(|| {
        client.close(LIMIT);
        client.close(LIMIT);
        drop(client);
    });
    assert_eq!(closed, [event(Level::INFO, "client closed", "")]);
    let client = TestFeatures::new().client();
    let ((), dropped) = said(|| drop(client));
    assert_eq!(dropped, [event(Level::INFO, "client closed", "")]);
}

#[test]
fn an_end_that_loses_something_is_an_error() {
    let plugin = RecordingPlugin::new();
    plugin.fail_next(1);
    let client = GrowthBookClient::builder().plugin(plugin).build().unwrap();
    let (_, closed) = said(|| client.close(LIMIT));
    let message = "client closed, and not everything was written";
    assert_eq!(closed, [event(Level::ERROR, message, "failures=1 ")]);
}

#[test]
fn users_who_change_their_variation_are_said_by_name() {
    let payload = |seed: &str, version: u8, count: usize| {
        let feature = |index: usize| {
            format!(
                r#""f{index}":{{"rules":[{{"key":"exp{index}","variations":[1,2],"seed":"{seed}",
                "bucketVersion":{version},"meta":[{{"key":"a"}},{{"key":"b"}}]}}]}}"#
            )
        };
        let features: Vec<_> = (0..count).map(feature).collect();
        format!(r#"{{"features":{{{}}}}}"#, features.join(","))
    };
    let moved = |cause: &str| {
        let fields = format!(r#"feature="f0" experiment="exp0" cause={cause} "#);
        event(Level::WARN, "users change their variation", &fields)
    };
    let check = |client: &GrowthBookClient, expected: [Option<&str>; 4]| {
        for ((seed, version), expected) in [
            ("secret-1", 0),
            ("secret-2", 0),
            ("secret-2", 1),
            ("secret-3", 2),
        ]
        .into_iter()
        .zip(expected)
        {
            let payload = payload(seed, version, 1);
            let (_, loaded) = said(|| client.load(payload.as_bytes()).unwrap());
            let mut all = vec![in_force(1, 0)];
            all.extend(expected.map(moved));
            assert_eq!(loaded, all, "{seed} {version}");
        }
    };
    let plain = GrowthBookClient::builder().build().unwrap();
    let seed = Some("another seed");
    check(&plain, [None, seed, None, seed]);
    // Who has a sticky bucket stays, until it does not count any more.
    let sticky = GrowthBookClient::builder().sticky_buckets(BrokenStore);
    let released = Some("sticky buckets that do not count any more");
    check(&sticky.build().unwrap(), [None, None, released, seed]);

    let many = GrowthBookClient::builder().build().unwrap();
    many.load(payload("1", 0, 30).as_bytes()).unwrap();
    let (_, loaded) = said(|| many.load(payload("2", 0, 30).as_bytes()).unwrap());
    assert_eq!(warnings(&loaded).len(), 20);
}
