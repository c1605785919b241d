//! What the program hears of its server in another way than from its source, by a webhook, say.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use growthbook_core::{
    CacheKey, CachedPayload, DecryptionKey, FeatureFetcher, FetchError, Fetched, GrowthBookClient,
    Origin, PayloadError, Readiness, Refresh, RefreshError, RefreshRequest, UserContext, Validator,
};

use super::puppets::Source;
use super::rig::SECOND;
use super::scripted::{HandClock, Script, Shelf, features, fresh};
use super::stage::{Spot, Stage};
use super::support::{Gate, watched};

#[test]
fn what_is_received_is_in_force_as_from_the_server() {
    let (clock, shelf) = (HandClock::new(), Arc::<Shelf>::default());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::<Script>::default())
        .cache(Arc::clone(&shelf))
        .clock(clock.clone());
    let client = client.build().unwrap();
    assert_eq!(receive(&client, &features(1)), Refresh::Updated);
    let status = client.status();
    assert_eq!(
        (status.readiness(), status.origin(), value(&client)),
        (Readiness::Live, Origin::Fetched, 1)
    );
    assert_eq!(client.refresh().unwrap(), Refresh::Fresh, "as just fetched");
    let entry = shelf.entry().unwrap();
    assert_eq!(**entry.bytes(), *features(1).as_bytes());
    assert_eq!(
        (entry.validator(), entry.fetched_at().is_some()),
        (None, true)
    );
    assert_eq!(receive(&client, &features(1)), Refresh::Unchanged);
    let counts = client.status().refreshes();
    assert_eq!((counts.updated(), counts.unchanged()), (1, 1));
}

#[test]
fn an_older_date_is_passed_over_and_the_same_date_is_not() {
    let client = GrowthBookClient::builder().build().unwrap();
    for (value_then, day, expected) in [
        (1, 2, Refresh::Updated),
        (2, 1, Refresh::Unchanged),
        (3, 2, Refresh::Updated),
        (4, 3, Refresh::Updated),
    ] {
        let payload = dated(value_then, day);
        assert_eq!(receive(&client, &payload), expected, "{payload}");
    }
    assert_eq!(value(&client), 4);
    assert_eq!(client.status().refreshes().outdated(), 1);
    // A program's own payload is no measure for the server's.
    client.load(dated(5, 9).as_bytes()).unwrap();
    assert_eq!(receive(&client, &dated(6, 1)), Refresh::Updated);
}

/// Whoever kept an old message could keep a client from asking with it otherwise.
#[test]
fn what_is_passed_over_makes_nothing_fresh() {
    let (clock, script) = (HandClock::new(), Arc::new(Script::default()));
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .clock(clock.clone())
        .build()
        .unwrap();
    receive(&client, &dated(1, 2));
    script.fail(FetchError::TimedOut);
    assert!(client.force_refresh().is_err());
    clock.pass(60 * SECOND);
    assert_eq!(receive(&client, &dated(2, 1)), Refresh::Unchanged);
    let status = client.status();
    assert_eq!(status.age(), Some(60 * SECOND));
    assert!(status.last_error().is_some());
    script.then(fresh(3));
    assert_eq!(client.refresh().unwrap(), Refresh::Updated);
}

#[test]
fn what_cannot_be_used_changes_nothing_but_the_status() {
    let key = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
    let builder = GrowthBookClient::builder().decryption_key(key);
    let client = builder
        .on_error(|error| panic!("whoever receives has the error: {error:?}"))
        .build()
        .unwrap();
    receive(&client, &features(1));
    let before = client.ruleset();
    let deep = format!("{{\"features\":{}", "{\"a\":".repeat(200));
    for payload in [
        "",
        "<html>",
        "{}",
        "[]",
        r#"{"features":null}"#,
        r#"{"features":{},"encryptedFeatures":"AAAA.AAAA"}"#,
        &deep,
    ] {
        let received = client.receive(payload.as_bytes());
        assert!(matches!(received, Err(RefreshError::Payload(_))));
    }
    let large = vec![b' '; (16 << 20) + 1];
    assert!(matches!(
        client.receive(large),
        Err(RefreshError::Payload(PayloadError::TooLarge { .. }))
    ));
    assert!(Arc::ptr_eq(&before, &client.ruleset()));
    let status = client.status();
    assert_eq!(
        (status.refreshes().rejected(), status.refresh_failures()),
        (8, 8)
    );
    assert!(matches!(status.readiness(), Readiness::Stale { .. }));
    // It passes with the next that can be used.
    let sealed = "BwcHBwcHBwcHBwcHBwcHBw==.S330KajsGls2F7baSc44wQ==";
    let sealed = format!(r#"{{"features":{{}},"encryptedFeatures":"{sealed}"}}"#);
    assert_eq!(receive(&client, &sealed), Refresh::Updated);
    assert_eq!(client.status().readiness(), Readiness::Live);
}

/// F36, for what is pushed to the program.
#[test]
fn an_answer_that_was_under_way_does_not_undo_it() {
    watched("a push during a request", || {
        let script = Arc::new(Script::default());
        let (arrive, arrived) = channel();
        let gate = Arc::<Gate>::default();
        let slow = Slow(Arc::clone(&script), arrive, Arc::clone(&gate));
        let client = GrowthBookClient::builder().fetcher(slow).build().unwrap();
        script.then(fresh(1)).then(fresh(3));
        thread::scope(|threads| {
            let asking = threads.spawn(|| client.refresh());
            arrived.recv().unwrap();
            assert_eq!(receive(&client, &features(2)), Refresh::Updated);
            gate.open();
            // The late answer may be older, so the server is asked once more.
            assert_eq!(asking.join().unwrap().unwrap(), Refresh::Updated);
        });
        assert_eq!((value(&client), script.asked().len()), (3, 2));
    });
}

#[test]
fn what_is_received_has_no_name_that_the_server_gave_another() {
    let script = Arc::new(Script::default());
    let builder = GrowthBookClient::builder().fetcher(Arc::clone(&script));
    let client = builder.build().unwrap();
    script.then(fresh(1)).then(fresh(2));
    client.refresh().unwrap();
    receive(&client, &features(2));
    client.force_refresh().unwrap();
    assert_eq!(script.asked(), [None, None]);
}

/// Nor does it take the name of what is kept.
#[test]
fn what_is_received_again_keeps_its_name_in_the_caches() {
    let (script, shelf) = (Arc::new(Script::default()), Arc::<Shelf>::default());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .cache(Arc::clone(&shelf))
        .build()
        .unwrap();
    script.then(fresh(1));
    client.refresh().unwrap();
    let name = |entry: &CachedPayload| entry.validator().cloned();
    let kept = shelf.entry().as_ref().and_then(name);
    assert!(kept.is_some());
    assert_eq!(receive(&client, &features(1)), Refresh::Unchanged);
    assert_eq!(shelf.entry().as_ref().and_then(name), kept);
}

#[test]
fn a_request_says_what_becomes_of_it() {
    let nobody = GrowthBookClient::builder().build().unwrap();
    assert_eq!(nobody.request_refresh(), RefreshRequest::NoSource);
    let script = Arc::new(Script::default());
    let builder = GrowthBookClient::builder().fetcher(Arc::clone(&script));
    let by_hand = builder.build().unwrap();
    assert_eq!(by_hand.request_refresh(), RefreshRequest::Manual);
    assert_eq!(script.asked().len(), 0, "nobody asks for it");
    let stage = Stage::default();
    let builder = GrowthBookClient::builder().source(Source(stage.clone(), "{}"));
    let sourced = builder.build().unwrap();
    assert_eq!(sourced.request_refresh(), RefreshRequest::Accepted);
    let calls = [Spot::SourceRequest, Spot::SourceRefresh].map(|spot| stage.calls(spot));
    assert_eq!(calls, [1, 0], "nobody waits for it");
    for client in [nobody, by_hand, sourced] {
        client.close(SECOND);
        assert_eq!(client.request_refresh(), RefreshRequest::Closed);
        let received = client.receive(features(1).as_bytes());
        assert!(matches!(received, Err(RefreshError::Closed)));
        assert_eq!(value(&client), 0);
    }
}

/// Answers what the script says, once the gate is open.
#[derive(Debug)]
struct Slow(Arc<Script>, std::sync::mpsc::Sender<()>, Arc<Gate>);

impl FeatureFetcher for Slow {
    fn cache_key(&self) -> CacheKey {
        self.0.cache_key()
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let answer = self.0.fetch(known);
        let _ = self.1.send(());
        self.2.pass();
        answer
    }
}

#[track_caller]
fn receive(client: &GrowthBookClient, payload: &str) -> Refresh {
    client.receive(payload.as_bytes()).unwrap()
}

fn value(client: &GrowthBookClient) -> u32 {
    client.value("f", &UserContext::default(), 0)
}

/// Features that say when they were made.
fn dated(value: u32, day: u32) -> String {
    let features = features(value);
    let rest = features.trim_end_matches('}');
    format!(r#"{rest}}}}},"dateUpdated":"2026-01-0{day}T00:00:00.000Z"}}"#)
}
