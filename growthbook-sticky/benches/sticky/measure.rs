//! Times and what is said of them.

use std::time::{Duration, Instant};

use growthbook_core::StickyIdentity;

pub(crate) fn timed(count: usize, mut round: impl FnMut(usize)) -> Vec<Duration> {
    let one = |number| {
        let start = Instant::now();
        round(number);
        start.elapsed()
    };
    (0..count).map(one).collect()
}

pub(crate) fn line(what: &str, figure: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    println!(
        "  {what:<46}{figure:<48}median {:.1?}, p99 {:.1?}, worst {:.1?}",
        at(&times, 500),
        at(&times, 990),
        at(&times, 1_000)
    );
}

/// What this part of a thousand did not exceed.
pub(crate) fn at(times: &[Duration], thousandths: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let rank = (times.len() * thousandths).div_ceil(1_000);
    times
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

pub(crate) fn identity(number: usize) -> StickyIdentity {
    StickyIdentity::new("id", number.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts the last digits")]
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// So many, or few if nothing is measured.
pub(crate) fn rounds(wanted: usize) -> usize {
    if cfg!(debug_assertions) {
        wanted.min(BATCH)
    } else {
        wanted
    }
}

pub(crate) const BATCH: usize = 100;
