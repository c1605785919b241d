//! Messages that only say that something has changed: who asks the server then, and when.

use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{
    FeatureCache, FeatureFetcher, GrowthBookClient, MemoryCache, RefreshRequest, SourceStatus,
};
use growthbook_fetch::{HttpFetcher, HttpSource, WebhookAction, WebhookError};

use super::send;
use crate::api::{Api, CLIENT_KEY, features};
use crate::rig::{Rig, value};

const CHANGE: &[u8] = br#"{"type":"payload.changed","timestamp":"2026-01-02T03:04:05.678Z"}"#;

/// The source has heard of it.
fn until_planned(rig: &Rig) {
    let is_soon = |status: &SourceStatus| status.next_attempt().filter(|due| *due <= MOMENT);
    let due = rig.until(is_soon, "the request for a change to be planned");
    rig.clock.advance(due);
}

#[test]
fn a_source_asks_soon_and_once_for_many_messages() {
    for strategy in [
        (|source| source) as fn(HttpSource) -> HttpSource,
        HttpSource::lazy,
        HttpSource::streaming,
    ] {
        let api = Api::serving(1);
        let rig = Rig::new(strategy(HttpSource::new(api.endpoint())));
        assert_eq!(rig.next_value(), 1);
        api.serve(2);
        for _ in 0..5 {
            let outcome = send(&rig.client, CHANGE);
            assert_eq!(
                (outcome.action(), outcome.status()),
                (WebhookAction::Requested, 200)
            );
        }
        until_planned(&rig);
        assert_eq!((rig.next_value(), api.gets()), (2, 2));
    }
}

/// The answer under way may be older than the message.
#[test]
fn a_message_during_a_request_leads_to_one_more() {
    let api = Api::serving(1);
    api.hold_back();
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    api.wait_for_gets(1);
    api.serve(2);
    for _ in 0..3 {
        assert_eq!(send(&rig.client, b"").action(), WebhookAction::Requested);
    }
    api.let_go();
    assert_eq!(rig.next_value(), 1);
    until_planned(&rig);
    assert_eq!((rig.next_value(), api.gets()), (2, 2));
}

#[test]
fn what_is_pushed_is_kept_where_the_source_keeps_its_own() {
    let api = Api::serving(1);
    let cache = Arc::new(MemoryCache::new());
    let kept = Arc::clone(&cache);
    let rig = Rig::with(HttpSource::new(api.endpoint()), |builder| {
        builder.cache(kept)
    });
    assert_eq!(rig.next_value(), 1);
    assert_eq!(
        send(&rig.client, features(2).as_bytes()).action(),
        WebhookAction::Applied
    );
    assert_eq!((rig.next_value(), rig.value()), (2, 2));
    let key = HttpFetcher::new(api.endpoint()).unwrap().cache_key();
    assert_eq!(
        key.as_str(),
        format!("{}::{CLIENT_KEY}", api.server().url())
    );
    let entry = cache.load(&key).unwrap().unwrap();
    assert_eq!(**entry.bytes(), *features(2).as_bytes());
    // It has no name yet: the server is asked for whatever it has.
    api.serve(2);
    rig.client.force_refresh().unwrap();
    assert_eq!((rig.value(), api.not_modified()), (2, 0));
}

#[test]
fn without_a_thread_the_program_asks() {
    let api = Api::serving(1);
    let fetcher = HttpFetcher::new(api.endpoint()).unwrap();
    let by_hand = GrowthBookClient::builder().fetcher(fetcher);
    let manual = GrowthBookClient::builder().source(HttpSource::new(api.endpoint()).manual());
    for builder in [by_hand, manual] {
        let client = builder.build().unwrap();
        let before = api.gets();
        let outcome = send(&client, CHANGE);
        assert_eq!(
            (outcome.action(), outcome.status()),
            (WebhookAction::NeedsRefresh, 200)
        );
        assert_eq!(api.gets(), before, "nobody waits for a server here");
        client.force_refresh().unwrap();
        assert_eq!(value(&client), 1);
    }
}

#[test]
fn there_may_be_nobody_to_ask_and_nothing_to_do() {
    let client = GrowthBookClient::builder().build().unwrap();
    let outcome = send(&client, CHANGE);
    assert_eq!(
        (outcome.action(), outcome.status()),
        (WebhookAction::Ignored, 200)
    );
    assert!(matches!(outcome.error(), Some(WebhookError::NoSource)));
    client.close(Duration::from_secs(1));
    for body in [CHANGE, features(1).as_bytes()] {
        let outcome = send(&client, body);
        assert_eq!(
            (outcome.action(), outcome.status()),
            (WebhookAction::Rejected, 503)
        );
    }
    let api = Api::serving(1);
    let client = GrowthBookClient::builder().source(HttpSource::new(api.endpoint()));
    let client = client.build().unwrap();
    client.close(Duration::from_secs(5));
    assert_eq!(client.request_refresh(), RefreshRequest::Closed);
}

const MOMENT: Duration = Duration::from_secs(3);
