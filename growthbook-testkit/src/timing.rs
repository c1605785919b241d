//! Time per operation.

use std::any::Any;
use std::time::{Duration, Instant};

/// Runs something as many times as it is told. What it returns is dropped after the clock has stopped.
pub type Operation = Box<dyn FnMut(u64) -> Box<dyn Any>>;

/// How long one operation takes, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The median of the rounds.
    pub median: f64,
    /// The fastest round: what a machine that does nothing else comes near to.
    pub best: f64,
}

/// Times an operation in seven rounds of about 50 ms.
pub fn time(operation: &mut Operation) -> Timing {
    let times = calibrated(operation);
    let mut rounds = [0.0; ROUNDS];
    for round in &mut rounds {
        *round = per_operation(elapsed(operation, times), times);
    }
    rounds.sort_by(f64::total_cmp);
    let [best, ..] = rounds;
    Timing {
        median: rounds.get(ROUNDS / 2).copied().unwrap_or(best),
        best,
    }
}

/// How many times fill a round.
fn calibrated(operation: &mut Operation) -> u64 {
    let mut times = 1;
    loop {
        let took = elapsed(operation, times);
        if took >= ROUND / 10 {
            let wanted = ROUND.as_secs_f64() * 1e9 / per_operation(took, times);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and at most ten times as many as just ran"
            )]
            return (wanted as u64).max(1);
        }
        times *= 2;
    }
}

fn elapsed(operation: &mut Operation, times: u64) -> Duration {
    let started = Instant::now();
    let left = operation(times);
    let took = started.elapsed();
    drop(left);
    took
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 operations")]
fn per_operation(took: Duration, times: u64) -> f64 {
    took.as_secs_f64() * 1e9 / times as f64
}

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_takes_as_long_as_it_takes() {
        let mut operation: Operation = Box::new(|times| {
            let until = Instant::now() + Duration::from_micros(10 * times);
            while Instant::now() < until {}
            Box::new(())
        });
        let timing = time(&mut operation);
        assert!(timing.best >= 10_000.0 && timing.best <= timing.median);
    }
}
