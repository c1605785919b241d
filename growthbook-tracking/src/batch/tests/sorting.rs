use super::*;

/// A batch of one that is rejected says nothing about larger ones, and saves no requests.
#[test]
fn one_event_after_the_other_may_be_rejected_and_larger_batches_are_sorted_still() {
    let mut bench = Bench::new(Batching::default());
    for _ in 0..8 {
        bench.push(1).pass(10).deliver(|_| Err(Failure::Rejected));
    }
    bench.push(10);
    let judge = |numbers: &[u64]| {
        let is_bad = numbers.contains(&12);
        is_bad.then_some(Failure::Rejected).map_or(Ok(()), Err)
    };
    while bench.poll() == Next::Deliver {
        bench.deliver(judge);
    }
    assert_eq!(
        bench.dropped(DropReason::Rejected),
        9,
        "the eight, and one of the ten"
    );
}
