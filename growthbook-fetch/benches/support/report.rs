//! Figures, as lines.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

/// What was measured of one thing: printed by [`Row::print`].
#[must_use = "a row says nothing unless it is printed"]
pub(crate) struct Row(String);

impl Row {
    pub(crate) fn new(label: &str) -> Self {
        Self(format!("  {label:<52}"))
    }

    pub(crate) fn figure(self, name: &str, value: impl Display) -> Self {
        self.cell(name, &value.to_string(), "")
    }

    /// A figure that should be `bar` at most.
    pub(crate) fn within<T: Copy + Display + PartialOrd>(
        self,
        name: &str,
        value: T,
        bar: T,
    ) -> Self {
        let mark = if value > bar { " !" } else { "" };
        self.cell(name, &value.to_string(), &format!(" (bar {bar}){mark}"))
    }

    pub(crate) fn print(self) {
        println!("{}", self.0.trim_end());
    }

    fn cell(mut self, name: &str, value: &str, bar: &str) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{:<38}  ", format!("{name} {value}{bar}"));
        self
    }
}

/// Times, in order.
#[derive(Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Of as many rounds.
    pub(crate) fn of(rounds: u64, round: impl FnMut(u64) -> Duration) -> Self {
        Self::from((0..rounds).map(round).collect::<Vec<_>>())
    }

    /// What this part of a thousand did not exceed.
    pub(crate) fn at(&self, thousandths: usize) -> Time {
        let last = self.0.len().saturating_sub(1);
        let rank = (self.0.len() * thousandths).div_ceil(1_000);
        let time = self.0.get(rank.saturating_sub(1).min(last));
        Time(time.copied().unwrap_or_default())
    }

    pub(crate) fn median(&self) -> Time {
        self.at(500)
    }

    pub(crate) fn best(&self) -> Time {
        self.at(0)
    }

    pub(crate) fn worst(&self) -> Time {
        self.at(1_000)
    }

    /// A line with the median, and how far the rounds are apart.
    pub(crate) fn row(&self, label: &str) -> Row {
        self.spread(Row::new(label).figure("median", self.median()))
    }

    /// The same, with a bar for the median.
    pub(crate) fn row_within(&self, label: &str, bar: Duration) -> Row {
        self.spread(Row::new(label).within("median", self.median(), Time(bar)))
    }

    fn spread(&self, row: Row) -> Row {
        row.figure("best", self.best())
            .figure("worst", self.worst())
    }
}

impl From<Vec<Duration>> for Times {
    fn from(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Time(pub(crate) Duration);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs_f64() {
            it if it < 1e-6 => write!(f, "{:.0} ns", it * 1e9),
            it if it < 1e-3 => write!(f, "{:.2} µs", it * 1e6),
            it if it < 1.0 => write!(f, "{:.2} ms", it * 1e3),
            it => write!(f, "{it:.1} s"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Bytes(pub(crate) i64);

impl Bytes {
    /// How much that is of so many bytes.
    pub(crate) fn times(self, whole: usize) -> Multiple {
        #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
        Multiple(self.0 as f64 / whole as f64)
    }
}

impl From<usize> for Bytes {
    fn from(bytes: usize) -> Self {
        Self(i64::try_from(bytes).unwrap_or(i64::MAX))
    }
}

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
        match self.0 as f64 {
            it if it.abs() < 1e4 => write!(f, "{it:.0} B"),
            it if it.abs() < 1e6 => write!(f, "{:.1} kB", it / 1e3),
            it => write!(f, "{:.2} MB", it / 1e6),
        }
    }
}

/// How often something contains another thing.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Multiple(pub(crate) f64);

impl Display for Multiple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} x", self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Percent(pub(crate) f64);

impl Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} %", self.0)
    }
}

pub(crate) const NOT_MEASURED: &str = "not measured on this system";
