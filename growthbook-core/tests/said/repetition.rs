//! At which level something is said, and how often, when it could be said in every evaluation.

use std::collections::BTreeMap;
use std::time::Duration;

use growthbook_core::testing::{ManualClock, RecordingPlugin, ScriptedSource, TestFeatures};
use growthbook_core::{
    BackendError, FetchError, GrowthBookClient, MemoryCache, Saved, StaticFetcher,
    StickyAssignments, StickyBucketService, StickyIdentity, StickyWrite, Track, UserContext,
};
use serde_json::Map;
use tracing::Level;

use crate::scene::{BrokenCache, BrokenStore, payload, sealed, user};
use crate::subscriber;

/// Level and text of what is said beside evaluations.
fn said<T>(act: impl FnOnce() -> T) -> Vec<(Level, String)> {
    let (_, said) = subscriber::said(act);
    said.into_iter()
        .filter(|it| it.target == "growthbook" && it.message != "features in force")
        .map(|it| (it.level, it.fields + &it.message))
        .collect()
}

fn check(said: &[(Level, String)], expected: &[(Level, &str)]) {
    let is_it = |(said, expected): (&(Level, String), &(Level, &str))| {
        said.0 == expected.0 && said.1.contains(expected.1)
    };
    let all = said.iter().zip(expected).all(is_it);
    assert!(all && said.len() == expected.len(), "{said:#?}");
}

#[test]
fn one_trouble_keeps_no_other_from_being_said() {
    let clock = ManualClock::new();
    let (source, script) = ScriptedSource::new();
    let client = GrowthBookClient::builder()
        .source(source)
        .cache(BrokenCache)
        .clock(clock.clone())
        .sticky_buckets(BrokenStore)
        .on_feature_usage(|_| panic!("on purpose"))
        .build()
        .unwrap();
    let go_wrong = || {
        for _ in 0..5 {
            script.fail(FetchError::Redirected);
            script.deliver("{}").unwrap_err();
            script.deliver(sealed()).unwrap_err();
            client.load(payload().as_bytes()).unwrap();
            client.is_on("tried", &user());
        }
    };
    let expected = [
        (Level::WARN, "redirect"),
        (Level::WARN, "the payload has no features"),
        (Level::ERROR, "no decryption key is configured"),
        (Level::WARN, "sticky buckets are unavailable"),
        (Level::ERROR, "a tracking listener panicked"),
    ];
    let without_diagnostics = |mut said: Vec<(Level, String)>| {
        said.retain(|(_, text)| text.contains("goes on"));
        said
    };
    check(&without_diagnostics(said(go_wrong)), &expected);
    check(&without_diagnostics(said(go_wrong)), &[]);
    clock.advance(Duration::from_secs(60));
    check(&without_diagnostics(said(go_wrong)), &expected);
}

#[test]
fn a_value_that_does_not_fit_is_said_once_for_each_feature_and_type() {
    let client = TestFeatures::new()
        .value("text", "t")
        .value("list", [1])
        .client();
    let user = UserContext::default();
    let all = said(|| {
        for _ in 0..5 {
            client.value("text", &user, 1_u8);
            client.value("text", &user, 1_i64);
            client.value("list", &user, true);
            // There is none: that is no mistake of the types.
            client.value("nowhere", &user, 1_u8);
        }
    });
    let wrong = [
        (Level::WARN, "`text` does not fit"),
        (Level::WARN, "`text` does not fit"),
        (Level::WARN, "`list` does not fit"),
    ];
    check(&all, &wrong);
}

#[test]
fn an_assignment_that_is_not_stored_is_an_error() {
    let features = TestFeatures::new().value_in("color", "red", ("color-test", "treatment"));
    let client = features.builder().sticky_buckets(ReadOnly).build().unwrap();
    let all = said(|| client.is_on("color", &user()));
    check(&all, &[(Level::ERROR, "read-only could not save")]);
    assert_eq!(client.status().sticky_failures(), 1);
}

#[test]
fn asking_before_there_are_features_is_said_once() {
    let client = GrowthBookClient::builder().build().unwrap();
    let user = UserContext::default();
    let all = said(|| {
        for _ in 0..3 {
            client.is_on("a", &user);
            client.value("a", &user, 1);
            client.evaluate("a", &user);
            client.scope(user.clone()).evaluate_all();
        }
    });
    check(&all, &[(Level::WARN, "before there were any")]);
    // Features that are gone are no features that have not come.
    let client = TestFeatures::new().client();
    check(&said(|| client.is_on("a", &user)), &[]);
}

#[test]
fn an_event_that_nobody_wants_is_said_once() {
    let user = UserContext::default();
    let log = |client: &GrowthBookClient| client.log_event("purchase", Map::new(), &user);
    let client = TestFeatures::new().client();
    let all = said(|| {
        let scope = client.scope(user.clone()).with_track(Track::Off);
        scope.log_event("purchase", Map::new());
    });
    check(&all, &[]);
    let all = said(|| (0..3).for_each(|_| log(&client)));
    check(&all, &[(Level::WARN, "nobody wants such events")]);

    let plugin = RecordingPlugin::new();
    let heard = TestFeatures::new().builder().plugin(plugin.clone()).build();
    let heard = heard.unwrap();
    check(&said(|| log(&heard)), &[]);
    assert_eq!(plugin.events().len(), 1);
    heard.close(Duration::from_secs(1));
    check(&said(|| log(&heard)), &[]);
}

#[test]
fn what_caches_have_is_said_to_whoever_looks_closer() {
    let client = GrowthBookClient::builder()
        .fetcher(StaticFetcher::new(payload().into_bytes()))
        .cache(MemoryCache::default())
        .build()
        .unwrap();
    let ask = || {
        let mut all = said(|| client.refresh().unwrap());
        all.retain(|(level, _)| *level == Level::DEBUG);
        all
    };
    check(&ask(), &[(Level::DEBUG, "found=\"nothing\"")]);
}

/// A store of which nothing can be kept.
#[derive(Debug)]
struct ReadOnly;

impl StickyBucketService for ReadOnly {
    fn load(
        &self,
        _: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        Ok(BTreeMap::new())
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        Err(BackendError::new("read-only", "save", "no room"))
    }
}
