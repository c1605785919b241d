//! Figures of a tracker, for whoever watches it.

use growthbook_core::{Metric, MetricValue, TrackingPlugin};
use growthbook_testkit::{rows_in, rows_of};
use growthbook_tracking::{BatchTracker, DropReason, TrackerReport};

use crate::support::{Answer, FarEnd, PATIENCE, events, record};

#[test]
fn every_figure_is_documented_and_every_documented_one_is_there() {
    let builder = BatchTracker::builder(FarEnd::new().sink());
    #[cfg(feature = "spool")]
    let folder = tempfile::tempdir().unwrap();
    #[cfg(feature = "spool")]
    let builder = builder.spool(growthbook_tracking::SpoolOptions::new(folder.path()));
    let metrics: Vec<Metric> = builder.build().report().metrics().collect();
    let figures = metrics.iter().map(|metric| {
        let kind = match metric.value() {
            MetricValue::Counter(_) => "counter",
            _ => "gauge",
        };
        (metric.name(), kind, metric.unit(), metric.labels().next())
    });
    let is_ours = |name: &str| {
        let has_spool = cfg!(feature = "spool") || !name.starts_with("growthbook.tracking.spool.");
        name.starts_with("growthbook.tracking.") && has_spool
    };
    let page = include_str!("../../../docs/telemetry.md");
    assert_eq!(rows_of(figures), rows_in(page, is_ours));
}

#[test]
fn figures_say_what_the_report_says() {
    let far = FarEnd::new();
    far.answers([Answer::Accept], Answer::Reject);
    let tracker = BatchTracker::builder(far.sink()).build();
    record(&tracker, &events(1));
    tracker.flush(PATIENCE).unwrap();
    let report = tracker.report();
    check(&report, "growthbook.tracking.state{open}", 1);
    check(&report, "growthbook.tracking.failure{rejected}", 0);
    record(&tracker, &events(3));
    tracker.close(PATIENCE).unwrap_err();
    let report = tracker.report();
    assert!(report.dropped_as(DropReason::Rejected) == 3, "{report}");
    check(&report, "growthbook.tracking.offered", 4);
    check(&report, "growthbook.tracking.delivered", 1);
    check(&report, "growthbook.tracking.pending", 0);
    check(&report, "growthbook.tracking.dropped{rejected}", 3);
    check(&report, "growthbook.tracking.dropped{queue_full}", 0);
    check(
        &report,
        "growthbook.tracking.deliveries",
        report.deliveries(),
    );
    check(&report, "growthbook.tracking.retries", report.retries());
    check(&report, "growthbook.tracking.failure{rejected}", 1);
    check(&report, "growthbook.tracking.state{closed}", 1);
    check(&report, "growthbook.tracking.state{open}", 0);
}

fn check(report: &TrackerReport, wanted: &str, expected: u64) {
    let named = |metric: &Metric| {
        let labels: Vec<_> = metric
            .labels()
            .map(|(_, value)| format!("{{{value}}}"))
            .collect();
        format!("{}{}", metric.name(), labels.concat()) == wanted
    };
    let found = report.metrics().find(named);
    let expected: f64 = u32::try_from(expected).unwrap().into();
    assert_eq!(
        found.map(|metric| metric.as_f64()),
        Some(expected),
        "{wanted}"
    );
}
