//! Millions of times, in little memory.

use std::time::Duration;

use crate::report::Time;

/// Counts times by classes that are at most a 64th wide.
#[derive(Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    worst: Duration,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; place(u64::MAX) + 1],
            total: 0,
            worst: Duration::ZERO,
        }
    }

    pub(crate) fn add(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(place(nanoseconds)) {
            *count += 1;
        }
        self.total += 1;
        self.worst = self.worst.max(time);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// What this part of a thousand did not exceed.
    pub(crate) fn at(&self, thousandths: u64) -> Time {
        let wanted = (self.total * thousandths).div_ceil(1_000);
        let mut seen = 0;
        let mut counts = self.counts.iter();
        let place = counts.position(|count| {
            seen += count;
            seen >= wanted
        });
        Time(place.map_or(self.worst, |place| Duration::from_nanos(most(place))))
    }

    pub(crate) fn worst(&self) -> Time {
        Time(self.worst)
    }
}

/// The class of a number: its leading bits, and how many follow them.
fn place(number: u64) -> usize {
    let following = (u64::BITS - number.leading_zeros()).saturating_sub(BITS + 1);
    let leading = number >> following;
    let place = (u64::from(following) << BITS) + leading;
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The greatest number of a class.
fn most(place: usize) -> u64 {
    let place = place as u64;
    let following = (place >> BITS).saturating_sub(1);
    let leading = place - (following << BITS);
    (leading << following) | ((1 << following) - 1)
}

const BITS: u32 = 6;
