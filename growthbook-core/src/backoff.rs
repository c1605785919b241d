//! How long to wait before trying again. The state alone: who waits, and where chance comes from, is the caller's affair.

use std::time::Duration;

/// The delays between attempts at something that keeps failing: doubling from the first one up to a cap, and each cut by
/// a random share, so that those who failed together do not come back together.
///
/// The share is taken off after the cap is applied. The other way round, all who have reached the cap would wait exactly
/// as long as each other.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::Backoff;
///
/// let seconds = Duration::from_secs;
/// let mut backoff = Backoff::new(seconds(1), seconds(30));
/// let random = 0.0; // from your generator, anew for each delay
/// assert_eq!(backoff.next_delay(random), seconds(1));
/// assert_eq!(backoff.next_delay(random), seconds(2));
///
/// // What a server asks for is the least to wait.
/// let retry_after = seconds(60);
/// assert_eq!(backoff.next_delay(random).max(retry_after), seconds(60));
///
/// // It worked.
/// backoff.reset();
/// assert_eq!(backoff.next_delay(random), seconds(1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    initial: Duration,
    cap: Duration,
    jitter: f64,
    next: Duration,
}

impl Backoff {
    /// Starts with `initial` and doubles up to `cap`, each delay cut by up to a half.
    ///
    /// Both are at least a millisecond: a zero would make a busy loop. If `initial` is longer than `cap`, `cap` holds.
    pub fn new(initial: Duration, cap: Duration) -> Self {
        let cap = cap.max(SHORTEST);
        let initial = initial.clamp(SHORTEST, cap);
        Self {
            initial,
            cap,
            jitter: 0.5,
            next: initial,
        }
    }

    /// Cuts each delay by up to this share of it, from 0 (not at all) to 1 (to almost nothing). What is outside counts as
    /// the nearer end, and what is no number as 0.
    #[must_use]
    pub fn with_jitter(self, share: f64) -> Self {
        Self {
            jitter: unit(share),
            ..self
        }
    }

    /// How long to wait before the next attempt; the one after that waits longer.
    ///
    /// `random` is from 0 up to, but not including, 1, evenly distributed and anew for each call. The delay is never
    /// longer than the cap and never shorter than a millisecond.
    pub fn next_delay(&mut self, random: f64) -> Duration {
        let full = self.next;
        self.next = full.saturating_mul(2).min(self.cap);
        let cut = full.as_secs_f64() * self.jitter * unit(random);
        // A cut too long for a `Duration` is none: to wait longer is the safe side.
        let cut = Duration::try_from_secs_f64(cut).unwrap_or_default();
        full.saturating_sub(cut).max(SHORTEST)
    }

    /// Starts over, once what failed works again. A connection works when it has lasted for a while, not when it is made:
    /// one that breaks at once would be made again and again without a pause.
    pub fn reset(&mut self) {
        self.next = self.initial;
    }
}

fn unit(number: f64) -> f64 {
    if number.is_nan() {
        0.0
    } else {
        number.clamp(0.0, 1.0)
    }
}

const SHORTEST: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::{collection, num};

    use super::*;

    fn delays(backoff: &mut Backoff, random: f64) -> [u128; 7] {
        [(); 7].map(|()| backoff.next_delay(random).as_millis())
    }

    #[test]
    fn delays_double_from_the_first_up_to_the_cap() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let full = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
        assert_eq!(delays(&mut backoff, 0.0), full);
        backoff.reset();
        assert_eq!(
            delays(&mut backoff, 0.5),
            full.map(|delay| delay * 3 / 4),
            "the cap is cut as well"
        );
        let mut exact = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        exact = exact.with_jitter(0.0);
        assert_eq!(delays(&mut exact, 0.9), full);
    }

    #[test]
    fn nothing_makes_a_busy_loop() {
        let mut backoff = Backoff::new(Duration::ZERO, Duration::ZERO);
        assert_eq!(backoff.next_delay(0.9), SHORTEST);
        let mut backoff = Backoff::new(Duration::ZERO, Duration::from_secs(1));
        assert_eq!(delays(&mut backoff, 0.0), [1, 2, 4, 8, 16, 32, 64]);
        let mut backoff = Backoff::new(Duration::from_secs(9), Duration::from_secs(9));
        backoff = backoff.with_jitter(f64::INFINITY);
        assert_eq!(backoff.next_delay(7.0), SHORTEST);
    }

    #[test]
    fn an_initial_delay_beyond_the_cap_is_the_cap() {
        let mut backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(2));
        assert_eq!(backoff.next_delay(0.0), Duration::from_secs(2));
    }

    /// A thousand clients that have all reached the cap spread over half of it.
    #[test]
    fn those_who_failed_together_do_not_come_back_together() {
        let cap = Duration::from_secs(30);
        let mut slots = [0_u32; 20];
        let mut total = Duration::ZERO;
        for random in random_numbers(1_000) {
            let mut backoff = Backoff::new(cap, cap);
            let delay = backoff.next_delay(random);
            total += delay;
            let slot = delay.as_millis() * 20 / (cap.as_millis() + 1);
            slots[usize::try_from(slot).unwrap()] += 1;
        }
        assert!(slots.iter().all(|clients| *clients <= 150), "{slots:?}");
        let mean = (total / 1_000).as_secs_f64();
        assert!((22.0..23.0).contains(&mean), "{mean}");
    }

    /// Multiplies and adds (the constants are Knuth's), so that the test is the same every time.
    fn random_numbers(count: usize) -> impl Iterator<Item = f64> {
        let step = |state: &u64| {
            let next = state.wrapping_mul(6_364_136_223_846_793_005);
            Some(next.wrapping_add(1_442_695_040_888_963_407))
        };
        let high = |state: u64| f64::from(u32::try_from(state >> 32).unwrap());
        let states = std::iter::successors(Some(1), step).skip(1);
        states
            .map(move |state| high(state) / (f64::from(u32::MAX) + 1.0))
            .take(count)
    }

    proptest! {
        #[test]
        fn at_the_cap_a_delay_is_between_half_of_it_and_all(
            initial in 1_u64..100_000, cap in 1_u64..100_000_000, attempts in 0_usize..40, random in 0.0_f64..1.0,
        ) {
            let (initial, cap) = (Duration::from_millis(initial), Duration::from_millis(cap));
            let mut backoff = Backoff::new(initial, cap);
            let mut full = initial;
            for _ in 0..attempts {
                backoff.next_delay(random);
                full = full.saturating_mul(2);
            }
            let full = full.min(cap);
            let delay = backoff.next_delay(random);
            prop_assert!(delay <= full && delay >= (full / 2).max(SHORTEST), "{delay:?} of {full:?}");
        }

        #[test]
        fn no_numbers_are_too_large(
            initial: Duration, cap: Duration, jitter in num::f64::ANY,
            randoms in collection::vec(num::f64::ANY, 1..200),
        ) {
            let mut backoff = Backoff::new(initial, cap).with_jitter(jitter);
            for random in randoms {
                let delay = backoff.next_delay(random);
                prop_assert!(delay >= SHORTEST && delay <= cap.max(SHORTEST), "{delay:?}");
            }
            backoff.reset();
            prop_assert_eq!(backoff.next_delay(0.0), initial.clamp(SHORTEST, cap.max(SHORTEST)));
        }
    }
}
