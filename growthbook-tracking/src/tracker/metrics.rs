//! A tracker's report in figures.

use growthbook_core::Metric;

use super::report::{DropReason, TrackerReport, TrackerState};
use crate::DeliveryFailure;

impl TrackerReport {
    /// The same in figures, for whatever the program is watched by: always the same names, which are in
    /// `docs/telemetry.md` in the repository. See [`Status::metrics`](growthbook_core::Status::metrics) for how to hand
    /// them on. Those of the spool are there when there is one.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::MetricValue;
    /// use growthbook_tracking::{BatchTracker, Event};
    ///
    /// let tracker = BatchTracker::callback(|_: &[Event]| {});
    /// let offered = tracker
    ///     .report()
    ///     .metrics()
    ///     .find(|metric| metric.name() == "growthbook.tracking.offered");
    /// assert_eq!(offered.map(|metric| metric.value()), Some(MetricValue::Counter(0)));
    /// ```
    pub fn metrics(&self) -> impl Iterator<Item = Metric> + use<> {
        let counters = [
            ("growthbook.tracking.offered", EVENTS, self.offered()),
            ("growthbook.tracking.delivered", EVENTS, self.delivered()),
            (
                "growthbook.tracking.deliveries",
                "{delivery}",
                self.deliveries(),
            ),
            ("growthbook.tracking.retries", "{delivery}", self.retries()),
            ("growthbook.tracking.panics", "{panic}", self.panics()),
        ]
        .map(|(name, unit, count)| Metric::counter(name, unit, count));
        let dropped = DropReason::ALL.map(|reason| {
            Metric::counter(
                "growthbook.tracking.dropped",
                EVENTS,
                self.dropped_as(reason),
            )
            .with_label("reason", reason.as_str())
        });
        let pending = Metric::gauge("growthbook.tracking.pending", EVENTS, size(self.pending()));
        let state = Metric::states(
            "growthbook.tracking.state",
            "state",
            STATES,
            Some(state(self.state())),
        );
        let failure = self.last_failure().map(failure);
        let failure = Metric::states("growthbook.tracking.failure", "kind", FAILURES, failure);
        let all = counters
            .into_iter()
            .chain(dropped)
            .chain([pending])
            .chain(state)
            .chain(failure);
        #[cfg(feature = "spool")]
        let all = all.chain(self.spool_metrics());
        all
    }

    #[cfg(feature = "spool")]
    fn spool_metrics(&self) -> impl Iterator<Item = Metric> + use<> {
        let spool = self.spool().map(|spool| {
            [
                Metric::counter(
                    "growthbook.tracking.spool.recovered",
                    EVENTS,
                    spool.recovered(),
                ),
                Metric::counter(
                    "growthbook.tracking.spool.appended",
                    EVENTS,
                    spool.appended(),
                ),
                Metric::counter(
                    "growthbook.tracking.spool.failures",
                    "{failure}",
                    spool.failures(),
                ),
                Metric::gauge(
                    "growthbook.tracking.spool.pending",
                    EVENTS,
                    size(spool.pending()),
                ),
                Metric::gauge("growthbook.tracking.spool.size", "By", size(spool.bytes())),
            ]
        });
        let fails = f64::from(u8::from(self.spool_error().is_some()));
        let fails = Metric::gauge("growthbook.tracking.spool.fails", "1", fails);
        let fails = (self.spool.is_some() || self.spool_error.is_some()).then_some(fails);
        spool.into_iter().flatten().chain(fails)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing that is kept is that large"
)]
fn size(count: u64) -> f64 {
    count as f64
}

fn state(state: TrackerState) -> &'static str {
    match state {
        TrackerState::Closed => "closed",
        TrackerState::Closing => "closing",
        TrackerState::Failed => "failed",
        TrackerState::Open => "open",
    }
}

fn failure(failure: DeliveryFailure) -> &'static str {
    match failure {
        DeliveryFailure::Hopeless => "hopeless",
        DeliveryFailure::Panicked => "panicked",
        DeliveryFailure::Refused => "refused",
        DeliveryFailure::Rejected => "rejected",
        DeliveryFailure::TooLarge => "too_large",
        DeliveryFailure::Unavailable => "unavailable",
    }
}

const EVENTS: &str = "{event}";
const FAILURES: &[&str] = &[
    "hopeless",
    "panicked",
    "refused",
    "rejected",
    "too_large",
    "unavailable",
];
const STATES: &[&str] = &["closed", "closing", "failed", "open"];
