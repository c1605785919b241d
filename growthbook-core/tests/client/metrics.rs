//! Figures of a client, for whoever watches it.

use std::time::Duration;

use growthbook_core::testing::{ManualClock, ScriptedSource};
use growthbook_core::{
    FetchError, GrowthBookClient, Metric, MetricValue, SourceStatus, Status, StreamState,
};
use growthbook_testkit::{rows_in, rows_of};

use super::support::user;

#[test]
fn every_figure_is_documented_and_every_documented_one_is_there() {
    let (source, script) = ScriptedSource::new();
    let client = GrowthBookClient::builder().source(source).build().unwrap();
    script.deliver(r#"{"features": {}}"#).unwrap();
    script.set_status(SourceStatus::default().with_last_attempt(Duration::from_secs(1)));
    let metrics: Vec<Metric> = client.status().metrics().collect();
    let figures = metrics.iter().map(|metric| {
        let kind = match metric.value() {
            MetricValue::Counter(_) => "counter",
            _ => "gauge",
        };
        (metric.name(), kind, metric.unit(), metric.labels().next())
    });
    let is_ours =
        |name: &str| name.starts_with("growthbook.") && !name.starts_with("growthbook.tracking.");
    let page = include_str!("../../../docs/telemetry.md");
    assert_eq!(rows_of(figures), rows_in(page, is_ours));
}

#[test]
fn figures_say_what_the_status_says() {
    let clock = ManualClock::new();
    let (source, script) = ScriptedSource::new();
    let client = GrowthBookClient::builder()
        .source(source)
        .clock(clock.clone())
        .on_feature_usage(|_| panic!("on purpose"))
        .build()
        .unwrap();
    let empty = client.status();
    check(&empty, "growthbook.readiness{state=empty}", 1.0);
    check(&empty, "growthbook.payload.origin{origin=nowhere}", 1.0);
    assert_eq!(value(&empty, "growthbook.payload.age"), None);
    assert_eq!(value(&empty, "growthbook.source.last_attempt.age"), None);

    let payload = r#"{"features": {"a": {}, "b": {"rules": [{}]}}}"#;
    script.deliver(payload).unwrap();
    script.deliver(payload).unwrap();
    clock.advance(Duration::from_millis(2_500));
    script.fail(FetchError::Redirected);
    script.deliver("no payload").unwrap_err();
    let status = SourceStatus::default().with_failures(2);
    script.set_status(status.with_stream(StreamState::Open));
    client.is_on("a", &user("1"));
    let status = client.status();
    for (name, expected) in [
        ("growthbook.callback.panics", 1.0),
        ("growthbook.closed", 0.0),
        ("growthbook.payload.age", 2.5),
        ("growthbook.payload.diagnostics", 1.0),
        ("growthbook.payload.features", 2.0),
        ("growthbook.payload.origin{origin=fetched}", 1.0),
        ("growthbook.payload.origin{origin=nowhere}", 0.0),
        ("growthbook.payload.size", 45.0),
        ("growthbook.payloads.rejected", 1.0),
        ("growthbook.readiness{state=stale}", 1.0),
        ("growthbook.readiness{state=live}", 0.0),
        ("growthbook.refresh.error{kind=payload}", 1.0),
        ("growthbook.refresh.error{kind=fetch}", 0.0),
        ("growthbook.refreshes{outcome=failed}", 2.0),
        ("growthbook.refreshes{outcome=updated}", 1.0),
        ("growthbook.refreshes{outcome=unchanged}", 1.0),
        ("growthbook.source.failures", 2.0),
        ("growthbook.stream{state=open}", 1.0),
        ("growthbook.stream{state=disabled}", 0.0),
    ] {
        check(&status, name, expected);
    }
    client.close(Duration::from_secs(1));
    check(&client.status(), "growthbook.closed", 1.0);
}

fn check(status: &Status, name: &str, expected: f64) {
    assert_eq!(value(status, name), Some(expected), "{name}");
}

fn value(status: &Status, wanted: &str) -> Option<f64> {
    let named = |metric: &Metric| {
        let labels: Vec<_> = metric
            .labels()
            .map(|(name, value)| format!("{{{name}={value}}}"))
            .collect();
        format!("{}{}", metric.name(), labels.concat()) == wanted
    };
    status.metrics().find(named).map(|metric| metric.as_f64())
}
