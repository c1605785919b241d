//! Figures for whoever watches: named, with their unit, and in no library's types.

/// One figure of a client or of what it is made of, at one moment, for whichever system the program is watched by.
///
/// Names, labels and units are fixed and listed in `docs/telemetry.md` in the repository: `growthbook.refreshes`, with the
/// label `outcome`, say. Labels are never data of a user or of a payload, so their number is bounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    name: &'static str,
    unit: &'static str,
    label: Option<(&'static str, &'static str)>,
    value: MetricValue,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricValue {
    /// It only rises, for as long as what it belongs to lives.
    Counter(u64),
    /// It rises and falls.
    Gauge(f64),
}

impl Metric {
    /// A counter.
    pub fn counter(name: &'static str, unit: &'static str, count: u64) -> Self {
        Self {
            name,
            unit,
            label: None,
            value: MetricValue::Counter(count),
        }
    }

    /// A gauge.
    pub fn gauge(name: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            name,
            unit,
            label: None,
            value: MetricValue::Gauge(value),
        }
    }

    /// A gauge for each of some states: 1 for the one that something is in, 0 for all others.
    pub fn states(
        name: &'static str,
        label: &'static str,
        states: &'static [&'static str],
        current: Option<&'static str>,
    ) -> impl Iterator<Item = Self> + use<> {
        states.iter().map(move |state| {
            let is_current = current == Some(*state);
            Self::gauge(name, "1", f64::from(u8::from(is_current))).with_label(label, state)
        })
    }

    /// Tells it from others of its name.
    #[must_use]
    pub fn with_label(self, name: &'static str, value: &'static str) -> Self {
        Self {
            label: Some((name, value)),
            ..self
        }
    }

    /// Its name, in lower case and with dots between words: `growthbook.payload.age`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is measured in, as OpenTelemetry writes units: `s`, `By`, `{event}`, or `1` for a mere number.
    pub fn unit(&self) -> &'static str {
        self.unit
    }

    /// What tells it from others of its name: none or one pair of name and value.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.label.into_iter()
    }

    /// What is measured.
    pub fn value(&self) -> MetricValue {
        self.value
    }

    /// The same as a double, whatever it is. Counts above 2^53 are rounded.
    #[expect(clippy::cast_precision_loss, reason = "that is what it says")]
    pub fn as_f64(&self) -> f64 {
        match self.value {
            MetricValue::Counter(count) => count as f64,
            MetricValue::Gauge(value) => value,
        }
    }
}
