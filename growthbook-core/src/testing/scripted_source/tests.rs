use std::sync::Mutex;
use std::thread;

use super::*;
use crate::cache::{FeatureCache, MemoryCache};
use crate::client::{GrowthBookClient, Readiness, RefreshRequest, StreamState};
use crate::error::BackendError;
use crate::testing::suite::complaint;
use crate::testing::{ManualClock, ScriptedFetcher, TestFeatures};
use crate::user::UserContext;

const LIMIT: Duration = Duration::from_secs(10);

fn build() -> (GrowthBookClient, SourceScript, ManualClock) {
    let (source, script) = ScriptedSource::new();
    let clock = ManualClock::new();
    let builder = GrowthBookClient::builder().clock(clock.clone());
    (builder.source(source).build().unwrap(), script, clock)
}

fn payload(feature: &str) -> String {
    TestFeatures::new().on(feature).payload()
}

fn is_on(client: &GrowthBookClient, feature: &str) -> bool {
    client.is_on(feature, &UserContext::default())
}

#[test]
fn what_is_delivered_is_in_force_at_once() {
    let (client, script, _) = build();
    assert_eq!(client.status().readiness(), Readiness::Empty);
    assert_eq!(script.deliver(payload("a")).unwrap(), Refresh::Updated);
    assert_eq!(client.wait_ready(Duration::ZERO), Readiness::Live);
    assert!(is_on(&client, "a"));
    script.deliver(payload("b")).unwrap();
    assert!(is_on(&client, "b") && !is_on(&client, "a"));
    let refused = script.deliver("no payload");
    assert!(matches!(refused, Err(RefreshError::Payload(_))));
    assert!(is_on(&client, "b"));
}

#[test]
fn what_is_confirmed_is_young_again() {
    let (client, script, clock) = build();
    script.deliver(payload("a")).unwrap();
    clock.advance(LIMIT);
    assert_eq!(client.status().age(), Some(LIMIT));
    script.confirm();
    assert_eq!(client.status().age(), Some(Duration::ZERO));
}

#[test]
fn a_failure_is_counted_and_changes_nothing() {
    let (client, script, _) = build();
    script.deliver(payload("a")).unwrap();
    script.fail(FetchError::TimedOut);
    assert_eq!(client.status().refresh_failures(), 1);
    assert!(is_on(&client, "a"));
}

#[test]
fn a_refresh_is_answered_by_the_script() {
    let (client, script, _) = build();
    let fetched = CachedPayload::new(payload("a").into_bytes());
    let fetched = fetched.with_validator(Validator::new("\"a\""));
    script.answer_refresh(Ok(Fetched::Fresh(fetched)));
    script.answer_refresh(Ok(Fetched::Unchanged { max_age: None }));
    script.answer_refresh(Err(FetchError::Redirected));
    assert_eq!(client.refresh().unwrap(), Refresh::Updated);
    assert!(is_on(&client, "a"));
    assert_eq!(client.refresh().unwrap(), Refresh::Unchanged);
    let failed = client.refresh();
    assert!(matches!(
        failed,
        Err(RefreshError::Fetch(FetchError::Redirected))
    ));
    assert_eq!(client.status().refresh_failures(), 1);
    assert!(matches!(client.refresh(), Err(RefreshError::TimedOut)));
    assert_eq!(script.refreshes(), 4);
}

#[test]
fn a_request_is_noted_and_waits_for_nothing() {
    let (client, script, _) = build();
    assert_eq!(client.request_refresh(), RefreshRequest::Accepted);
    script.set_status(SourceStatus::default().with_manual(true));
    assert_eq!(client.request_refresh(), RefreshRequest::Manual);
    assert_eq!((script.requests(), script.refreshes()), (2, 0));
    client.close(LIMIT);
    assert_eq!(client.request_refresh(), RefreshRequest::Closed);
    assert_eq!(script.requests(), 2);
}

#[test]
fn what_the_program_receives_is_kept_under_its_key() {
    let (source, script) = ScriptedSource::new();
    let cache = Arc::new(MemoryCache::new());
    let client = GrowthBookClient::builder()
        .source(source)
        .fetcher(ScriptedFetcher::default())
        .cache(Arc::clone(&cache));
    let client = client.build().unwrap();
    script.deliver(payload("a")).unwrap();
    let received = payload("b").into_bytes();
    client.receive(received.clone()).unwrap();
    let kept = cache.load(&cache_key()).unwrap().unwrap();
    assert_eq!(**kept.bytes(), *received);
}

#[test]
fn it_ends_with_the_client() {
    let (client, script, _) = build();
    assert!(!script.is_ended());
    client.close(LIMIT);
    assert_eq!((script.is_ended(), script.closes()), (true, 1));
    assert!(matches!(
        script.deliver(payload("a")),
        Err(RefreshError::Closed)
    ));
    script.confirm();
    script.fail(FetchError::TimedOut);
    assert_eq!(client.status().refresh_failures(), 0);

    let (client, script, _) = build();
    drop(client);
    assert!(script.is_ended());
}

#[test]
fn it_refuses_to_start_once() {
    let (source, script) = ScriptedSource::new();
    let cause = BackendError::new("the source", "start", "on purpose");
    script.refuse_to_start(BuildError::Source(cause));
    let built = GrowthBookClient::builder().source(source).build();
    assert!(matches!(built, Err(BuildError::Source(_))));
    let forgotten = complaint(|| drop(script.deliver("{}"))).unwrap();
    assert!(forgotten.contains("build one first"), "{forgotten}");
}

#[test]
fn another_thread_can_wait_for_the_start() {
    let (source, script) = ScriptedSource::new();
    assert!(!script.wait_until_started(Duration::ZERO));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            assert!(script.wait_until_started(LIMIT));
            script.deliver(payload("a")).unwrap();
        });
        let client = GrowthBookClient::builder().source(source).build().unwrap();
        assert_eq!(client.wait_ready(LIMIT), Readiness::Live);
        waiting.join().unwrap();
    });
}

#[test]
fn a_callback_may_come_back_to_the_script() {
    let (source, script) = ScriptedSource::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let client = GrowthBookClient::builder().source(source).on_refresh({
        let (script, seen) = (script.clone(), Arc::clone(&seen));
        move |_| {
            seen.lock().unwrap().push(script.refreshes());
            script.confirm();
        }
    });
    let client = client.build().unwrap();
    script.set_status(SourceStatus::default().with_stream(StreamState::Open));
    script.deliver(payload("a")).unwrap();
    assert_eq!(*seen.lock().unwrap(), [0]);
    assert!(client.status().source().unwrap().is_streaming());
    assert!(format!("{script:?}").contains("Started"));
}
