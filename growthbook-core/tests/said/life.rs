//! The whole life of a client in which everything goes wrong, with something private everywhere.

use std::fmt::Write;
use std::time::Duration;

use growthbook_core::testing::{ManualClock, ScriptedSource};
use growthbook_core::{
    AutoOptions, ClientKey, Experiment, FetchError, GrowthBookClient, MetricValue, SecureSalt,
    SourceStatus, StreamState, Track, UserContext,
};
use serde_json::{Map, json};

use crate::canaries::{CAUSE, CLIENT_KEY, PAYLOAD, PROPERTY, SALT};
use crate::scene::{
    BrokenCache, BrokenStore, Panicking, Printed, Printing, cache_key, key, payload, sealed, user,
};

/// Lives it, and prints what a program that watches its client would.
#[expect(clippy::panic, reason = "callbacks of programs do")]
pub(crate) fn live(printed: &Printed) {
    let clock = ManualClock::new();
    let (source, script) = ScriptedSource::new();
    let on_refresh = printed.clone();
    let (ticking, panicking) = (clock.clone(), clock.clone());
    let client = GrowthBookClient::builder()
        .source(source)
        .clock(clock.clone())
        .cache(BrokenCache)
        .sticky_buckets(BrokenStore)
        .plugin(Printing(printed.clone()))
        .plugin(Panicking)
        .on_experiment_viewed(|_| panic!("{CAUSE}"))
        .on_feature_usage(|_| panic!("{CAUSE}"))
        .on_refresh(move |event| {
            on_refresh.debug(event);
            panicking.advance(Duration::from_secs(60));
            panic!("{CAUSE}");
        })
        // What stores say of a failure is for the program alone. Time passes, so that each is said.
        .on_error(move |_| ticking.advance(Duration::from_secs(60)))
        .build()
        .unwrap();
    printed.debug(&(cache_key(), ClientKey::new(CLIENT_KEY), key()));
    watch(&client, printed);
    evaluate(&client, printed);
    // Nobody has the key.
    printed.error(&script.deliver(sealed()).unwrap_err());
    printed.error(&script.deliver(PAYLOAD).unwrap_err());
    printed.error(
        &client
            .load(format!(r#"["{PAYLOAD}"]"#).as_bytes())
            .unwrap_err(),
    );
    script.fail(FetchError::Redirected);
    script.set_status(
        SourceStatus::default()
            .with_failures(3)
            .with_stream(StreamState::Open),
    );
    script.deliver(payload()).unwrap();
    evaluate(&client, printed);
    watch(&client, printed);
    client.close(Duration::from_secs(1));
    evaluate(&client, printed);
    watch(&client, printed);

    let opened = GrowthBookClient::builder()
        .decryption_key(key())
        .payload(sealed());
    let opened = opened.build().unwrap();
    evaluate(&opened, printed);
    watch(&opened, printed);
    printed.debug(&opened);
}

/// As a program does that watches its client.
fn watch(client: &GrowthBookClient, printed: &Printed) {
    let status = client.status();
    printed.debug(&status);
    let mut text = String::new();
    for metric in status.metrics() {
        let is_counter = matches!(metric.value(), MetricValue::Counter(_));
        let labels: Vec<_> = metric.labels().collect();
        let value = metric.as_f64();
        writeln!(
            text,
            "{} {labels:?} {is_counter} {} {value}",
            metric.name(),
            metric.unit()
        )
        .unwrap();
        printed.debug(&metric);
    }
    printed.debug(&text);
}

fn evaluate(client: &GrowthBookClient, printed: &Printed) {
    let salt = SecureSalt::new(SALT);
    printed.debug(&salt);
    let attributes = user().attributes().clone();
    let hashed = UserContext::new(attributes.secure(["city", "list"], &salt));
    let experiment = Experiment::builder("inline-test", [PAYLOAD, "b"])
        .build()
        .unwrap();
    for (user, track) in [
        (user(), Track::On),
        (user(), Track::Deferred),
        (hashed, Track::On),
    ] {
        let scope = client.scope(user).with_track(track);
        for feature in [
            "text", "object", "targeted", "pattern", "grouped", "tried", "wrong", "forced",
            "nowhere",
        ] {
            scope.is_on(feature);
            scope.value(feature, 7_u8);
            let _ = scope.value_as::<bool>(feature);
            scope.evaluate(feature);
        }
        scope.evaluate_all();
        scope.run(&experiment);
        scope.run_auto_experiments(&AutoOptions::default());
        scope.log_event(
            "purchase",
            Map::from_iter([(PROPERTY.to_owned(), json!(PROPERTY))]),
        );
        printed.debug(&scope);
    }
}
