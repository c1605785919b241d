//! Nothing private is said at any level, or printed by a type of the client's or of tracking.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use growthbook_core::engine::{self, Exposure, FeatureUsage, Recorder, Subject};
use growthbook_core::testing::{ManualClock, ScriptedFetcher, ScriptedSource};
use growthbook_core::{
    Attributes, BackendError, BackgroundError, BuildError, CachedPayload, ClientKey, Experiment,
    ExperimentOverride, FetchError, Fetched, GlobalContext, GrowthBookClient, StickyDocuments,
    StickyIdentity, StickyWrite, Track, Validator,
};
use serde_json::{Map, json};

use crate::canaries::{self, ATTRIBUTE, CLIENT_KEY, FORCED, HASH_VALUE, PAYLOAD, PROPERTY};
use crate::life;
use crate::scene::{
    BrokenCache, BrokenStore, Panicking, Printed, Printing, cache_key, key, payload, sealed, user,
};
use crate::subscriber::{Said, said};

const LIMIT: Duration = Duration::from_secs(60);
const FEATURES: [&str; 9] = [
    "text", "object", "targeted", "pattern", "grouped", "tried", "wrong", "forced", "nowhere",
];

/// What happens in most programs.
#[test]
fn evaluations_and_events_stay_private() {
    let printed = Printed::default();
    let (client, mut all) = said(|| client(&printed));
    let ((), asked) = said(|| ask(&client, &printed));
    all.extend(asked);
    overhear(&client, &printed);
    let ((), ended) = said(|| end(client, &printed));
    all.extend(ended);
    assert!(all.len() > 5, "something is said: {all:#?}");
    check(&printed, &all, &canaries::ALL);
    for name in [
        "tried-test",
        "FeatureEvaluated",
        "FeatureUsage",
        "purchase",
        "forced",
    ] {
        assert!(printed.text().contains(name), "names are printed: {name}");
    }
}

fn client(printed: &Printed) -> GrowthBookClient {
    let parts = json!({"condition": {"city": {"$ne": PAYLOAD}}, "weights": [0.5, 0.5]});
    let parts = ExperimentOverride::from_json(&parts.to_string()).unwrap();
    let global = GlobalContext::new()
        .with_attributes(Attributes::new().with("region", ATTRIBUTE))
        .with_forced_value("everywhere", FORCED.into())
        .with_override("tried-test", parts);
    let (on_refresh, on_error) = (printed.clone(), printed.clone());
    let builder = GrowthBookClient::builder()
        .payload(sealed())
        .decryption_key(key())
        .global_context(global)
        .exposure_memory(0)
        .plugin(Printing(printed.clone()))
        .on_error(move |error| on_error.error(error))
        .on_refresh(move |event| on_refresh.debug(event));
    printed.debug(&builder);
    let client = builder.build().unwrap();
    client.load(payload().as_bytes()).unwrap();
    client
}

fn ask(client: &GrowthBookClient, printed: &Printed) {
    let user = user();
    let experiment = Experiment::builder("inline-test", [1, 2]).build().unwrap();
    let subscription = client.subscribe({
        let printed = printed.clone();
        move |experiment, assignment| printed.debug(&(experiment, assignment))
    });
    printed.debug(&subscription);
    for track in [Track::On, Track::Deferred] {
        let documents: StickyDocuments = [(StickyIdentity::new("id", HASH_VALUE), [].into())]
            .into_iter()
            .collect();
        let scope = client.scope(user.clone()).with_track(track);
        let scope = scope.with_sticky_documents(documents);
        for feature in FEATURES {
            // A result is the caller's: it prints its value. It prints nothing of the user.
            let result = format!("{:?}", scope.evaluate(feature));
            assert_eq!(canaries::found(&canaries::OF_THE_USER, &result), [""; 0]);
            assert_eq!(scope.value(feature, 7_u8), 7);
        }
        assert_eq!(scope.value("text", ""), PAYLOAD, "the canaries are alive");
        assert_eq!(scope.value("targeted", ""), PAYLOAD);
        printed.debug(&scope.run(&experiment).assignment());
        let properties = Map::from_iter([(PROPERTY.to_owned(), json!([PROPERTY]))]);
        scope.log_event("purchase", properties);
        let all = scope.evaluate_all();
        all.iter().for_each(|feature| printed.debug(&feature));
        for thing in [
            &scope as &dyn std::fmt::Debug,
            &all,
            &scope.deferred(),
            scope.user(),
        ] {
            printed.debug(thing);
        }
        printed.debug(&scope.sticky_documents());
    }
    let globals = client.global_context();
    for thing in [
        client as &dyn std::fmt::Debug,
        &client.status(),
        &client.ruleset(),
        &globals,
    ] {
        printed.debug(thing);
    }
    for diagnostic in client.ruleset().diagnostics() {
        printed.debug(diagnostic);
        printed.debug(&diagnostic.to_string());
    }
    assert!(client.ruleset().diagnostics().len() > 4);
}

/// The engine's own words for what happens.
struct Heard(Printed);

impl Recorder<'_> for Heard {
    fn experiment_viewed(&mut self, exposure: &Exposure<'_>) {
        self.0.debug(exposure);
    }

    fn feature_evaluated(&mut self, usage: &FeatureUsage<'_>) {
        self.0.debug(usage);
    }

    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.0.debug(write);
    }
}

fn overhear(client: &GrowthBookClient, printed: &Printed) {
    let (ruleset, user) = (client.ruleset(), user());
    let subject = Subject::new(&user);
    let mut sticky = StickyDocuments::new();
    let mut heard = Heard(printed.clone());
    for feature in FEATURES {
        engine::evaluate(&ruleset, feature, &subject, Some(&mut sticky), &mut heard);
    }
    printed.debug(&subject);
    printed.debug(&sticky);
}

fn end(client: GrowthBookClient, printed: &Printed) {
    printed.debug(&client.close(LIMIT));
    printed.debug(&client.status());
    drop(client);
}

/// What happens when everything fails. Causes are the stores' and servers' own: they are not said, whatever they contain,
/// and whoever prints an error with its causes has to know what those contain.
#[test]
fn failures_stay_private() {
    let printed = Printed::default();
    let heard: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let clock = ManualClock::new();
    let payload_bytes = CachedPayload::new(payload().into_bytes());
    let first = payload_bytes.with_validator(Validator::new("\"1\""));
    let whole_or_cut = |bytes: &str| Ok(Fetched::Fresh(CachedPayload::new(bytes.as_bytes())));
    let fetcher = ScriptedFetcher::new([
        Ok(Fetched::Fresh(first)),
        whole_or_cut(payload().get(..200).unwrap()),
        whole_or_cut(&format!("\"{PAYLOAD}\"")),
        whole_or_cut(&format!("{{\"{PAYLOAD}\": \"{CLIENT_KEY}\"}}")),
        whole_or_cut(&format!(
            "{{\"encryptedFeatures\": \"{PAYLOAD}.{PAYLOAD}\"}}"
        )),
        Err(FetchError::Unauthorized { status: 403 }),
    ]);
    let (keeping, ticking) = (Arc::clone(&heard), clock.clone());
    let builder = GrowthBookClient::builder()
        .fetcher(fetcher)
        .cache(BrokenCache)
        .sticky_buckets(BrokenStore)
        .plugin(Panicking)
        .clock(clock)
        .decryption_key(key())
        .on_error(move |error| {
            keeping.lock().unwrap().insert(kind(error).to_owned());
            // So that each is said.
            ticking.advance(Duration::from_secs(60));
        });
    let client = builder.build().unwrap();
    let ((), all) = said(|| {
        assert!(client.force_refresh().is_ok());
        for _ in 0..6 {
            let error = client.force_refresh().unwrap_err();
            printed.error(&error);
            printed.debug(&client.status());
        }
        let user = user();
        for feature in FEATURES {
            client.value(feature, &user, 7_u8);
        }
        client.log_event("purchase", Map::new(), &user);
        printed.error(&client.load(PAYLOAD.as_bytes()).unwrap_err());
        client.close(LIMIT);
        printed.debug(&client);
    });
    let heard: Vec<String> = heard.lock().unwrap().iter().cloned().collect();
    assert_eq!(heard, ["cache", "panicked", "sticky", "value"]);
    for kind in [
        "feature cache",
        "sticky buckets",
        "panicked",
        "does not fit",
    ] {
        assert!(
            all.iter().any(|it| it.fields.contains(kind)),
            "{kind}: {all:#?}"
        );
    }
    check(&printed, &all, &canaries::ALL);
}

#[test]
fn sources_and_what_cannot_be_built_stay_private() {
    let printed = Printed::default();
    let (source, script) = ScriptedSource::new();
    let on_error = printed.clone();
    let builder = GrowthBookClient::builder().source(source);
    let builder = builder.on_error(move |error| on_error.error(error));
    printed.debug(&builder);
    let (client, mut all) = said(|| builder.build().unwrap());
    let ((), delivered) = said(|| {
        script.deliver(payload()).unwrap();
        printed.debug(&script);
        printed.debug(&client.status());
        printed.error(&script.deliver(PAYLOAD).unwrap_err());
        script.fail(FetchError::Redirected);
        printed.error(&client.refresh().unwrap_err());
        printed.debug(&client);
    });
    all.extend(delivered);
    let cause = BackendError::new("source", "start", "no address");
    for error in [
        GrowthBookClient::builder()
            .payload(PAYLOAD)
            .build()
            .unwrap_err(),
        GrowthBookClient::builder()
            .payload(sealed())
            .build()
            .unwrap_err(),
        BuildError::Source(cause),
    ] {
        printed.error(&error);
    }
    printed.debug(&(cache_key(), ClientKey::new(CLIENT_KEY), key()));
    assert!(!all.is_empty());
    check(&printed, &all, &canaries::ALL);
}

/// The same through the crate `log` is in `tests/logged`.
#[test]
fn a_whole_life_stays_private() {
    let printed = Printed::default();
    let ((), all) = said(|| life::live(&printed));
    let has = |target: &str| all.iter().any(|it| it.target == target);
    assert!(has("growthbook"));
    assert_eq!(has("growthbook::evaluation"), cfg!(feature = "otel"));
    assert!(printed.text().contains("growthbook.sticky.failures"));
    check(&printed, &all, &canaries::ALL);
}

fn check(printed: &Printed, said: &[Said], canaries: &[&'static str]) {
    let said = format!("{said:?}");
    assert_eq!(canaries::found(canaries, &said), [""; 0], "{said}");
    for line in printed.text().split("\n\n") {
        assert_eq!(canaries::found(canaries, line), [""; 0], "{line}");
    }
}

fn kind(error: &BackgroundError) -> &'static str {
    match error {
        BackgroundError::Cache(_) => "cache",
        BackgroundError::Panicked { .. } => "panicked",
        BackgroundError::Refresh(_) => "refresh",
        BackgroundError::Sticky(_) => "sticky",
        BackgroundError::Value { .. } => "value",
        _ => "another",
    }
}
