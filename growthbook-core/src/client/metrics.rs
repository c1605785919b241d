//! A client's status in figures.

use super::feed::refresh::RefreshError;
use super::feed::source_status::{SourceStatus, StreamState};
use super::status::{Readiness, Status};
use crate::metric::Metric;

impl Status {
    /// The same in figures, for whatever the program is watched by: always the same names, which are in
    /// `docs/telemetry.md`.
    ///
    /// A system that asks (Prometheus, an observable instrument of OpenTelemetry) is best served from its own question, as
    /// here; into one that is told (the crate `metrics`), write them every few seconds from a thread of yours. Either way,
    /// [`GrowthBookClient::status`](crate::GrowthBookClient::status) is cheap and waits for nobody.
    ///
    /// # Example
    ///
    /// The answer to a scrape by Prometheus:
    ///
    /// ```
    /// use std::fmt::Write;
    ///
    /// use growthbook_core::{GrowthBookClient, Metric};
    ///
    /// fn exposition(metrics: impl Iterator<Item = Metric>) -> String {
    ///     let mut text = String::new();
    ///     for metric in metrics {
    ///         let labels: Vec<_> = metric.labels().map(|(name, value)| format!("{name}={value:?}")).collect();
    ///         let (name, labels) = (metric.name().replace('.', "_"), labels.join(","));
    ///         let _ = writeln!(text, "{name}{{{labels}}} {}", metric.as_f64());
    ///     }
    ///     text
    /// }
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// client.load(br#"{"features": {"a": {}, "b": {}}}"#)?;
    /// let text = exposition(client.status().metrics());
    /// assert!(text.contains("growthbook_payload_features{} 2\n"));
    /// assert!(text.contains("growthbook_readiness{state=\"live\"} 1\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn metrics(&self) -> impl Iterator<Item = Metric> + use<> {
        let ruleset = self.ruleset();
        let source = self.source().cloned().unwrap_or_default();
        let age = self.age();
        let refreshes = self.refreshes();
        let gauges = [
            Metric::gauge(
                "growthbook.payload.features",
                "{feature}",
                size(ruleset.feature_count()),
            ),
            Metric::gauge(
                "growthbook.payload.diagnostics",
                "{diagnostic}",
                size(ruleset.diagnostics().len()),
            ),
            Metric::gauge(
                "growthbook.payload.size",
                "By",
                size(ruleset.payload().len()),
            ),
            Metric::gauge(
                "growthbook.source.failures",
                "{attempt}",
                f64::from(source.failures()),
            ),
            Metric::gauge(
                "growthbook.closed",
                "1",
                f64::from(u8::from(self.is_closed())),
            ),
        ];
        let outcome = |outcome, count| {
            Metric::counter("growthbook.refreshes", "{refresh}", count)
                .with_label("outcome", outcome)
        };
        let counters = [
            outcome("failed", refreshes.failed()),
            outcome("from_cache", refreshes.from_cache()),
            outcome("unchanged", refreshes.unchanged()),
            outcome("updated", refreshes.updated()),
            Metric::counter(
                "growthbook.payloads.outdated",
                "{payload}",
                refreshes.outdated(),
            ),
            Metric::counter(
                "growthbook.payloads.rejected",
                "{payload}",
                refreshes.rejected(),
            ),
            Metric::counter(
                "growthbook.callback.panics",
                "{panic}",
                self.callback_panics(),
            ),
            Metric::counter(
                "growthbook.sticky.failures",
                "{failure}",
                self.sticky_failures(),
            ),
        ];
        let age = age.map(|age| Metric::gauge("growthbook.payload.age", "s", age.as_secs_f64()));
        let asked = source.last_attempt();
        let asked = asked
            .map(|ago| Metric::gauge("growthbook.source.last_attempt.age", "s", ago.as_secs_f64()));
        gauges
            .into_iter()
            .chain(counters)
            .chain(age)
            .chain(asked)
            .chain(self.states())
    }

    /// What it is one of several of.
    fn states(&self) -> impl Iterator<Item = Metric> + use<> {
        let stream_state = self.source().map(SourceStatus::stream).unwrap_or_default();
        let states = [
            (
                "growthbook.payload.origin",
                "origin",
                ORIGINS,
                Some(self.origin().as_str()),
            ),
            (
                "growthbook.readiness",
                "state",
                READINESS,
                Some(readiness(self.readiness())),
            ),
            (
                "growthbook.refresh.error",
                "kind",
                ERRORS,
                self.last_error().map(error),
            ),
            (
                "growthbook.stream",
                "state",
                STREAMS,
                Some(stream(stream_state)),
            ),
        ];
        states
            .into_iter()
            .flat_map(|(name, label, states, current)| Metric::states(name, label, states, current))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing in memory is that large"
)]
fn size(count: usize) -> f64 {
    count as f64
}

fn readiness(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Bootstrap => "bootstrap",
        Readiness::Empty => "empty",
        Readiness::Live => "live",
        Readiness::Stale { .. } => "stale",
    }
}

fn error(error: &RefreshError) -> &'static str {
    match error {
        RefreshError::Closed => "closed",
        RefreshError::Fetch(_) => "fetch",
        RefreshError::InProgress => "in_progress",
        RefreshError::NoSource => "no_source",
        RefreshError::Panicked => "panicked",
        RefreshError::Payload(_) => "payload",
        RefreshError::TimedOut => "timed_out",
    }
}

fn stream(stream: StreamState) -> &'static str {
    match stream {
        StreamState::Connecting => "connecting",
        StreamState::Disabled => "disabled",
        StreamState::Open => "open",
        StreamState::Unsupported => "unsupported",
        StreamState::Waiting { .. } => "waiting",
    }
}

const ERRORS: &[&str] = &[
    "closed",
    "fetch",
    "in_progress",
    "no_source",
    "panicked",
    "payload",
    "timed_out",
];
const ORIGINS: &[&str] = &["bootstrap", "cache", "fetched", "loaded", "nowhere"];
const READINESS: &[&str] = &["bootstrap", "empty", "live", "stale"];
const STREAMS: &[&str] = &["connecting", "disabled", "open", "unsupported", "waiting"];
