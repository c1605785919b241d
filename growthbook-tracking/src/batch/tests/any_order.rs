use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Answer(u8),
    Flush,
    Pass(u16),
    Push(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u8..12).prop_map(Step::Answer),
        1 => Just(Step::Flush),
        2 => (0_u16..2_000).prop_map(Step::Pass),
        2 => (0_u8..40).prop_map(Step::Push),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    /// Property 19: whatever happens, every event is delivered once or dropped once, in order, and the sum is exact.
    #[test]
    fn every_event_is_accounted_for(steps in steps(), retries in proptest::option::of(0_u32..3)) {
        let batching = Batching::default().max_retries(retries).spacing(Duration::from_secs(1));
        let mut bench = Bench::with_age(batching, Duration::from_secs(5_000));
        let mut flushes = Vec::new();
        for step in steps {
            match step {
                Step::Push(events) => drop(bench.push(events.into())),
                Step::Pass(seconds) => drop(bench.pass(seconds.into())),
                Step::Flush => flushes.push(bench.flush()),
                Step::Answer(kind) => {
                    if bench.poll() == Next::Deliver {
                        bench.deliver(|numbers| match kind {
                            0 => Err(Failure::Hopeless),
                            1 => Err(Failure::Refused),
                            2 => Err(Failure::Rejected),
                            3 if numbers.len() > 3 => Err(Failure::TooLarge),
                            4 | 5 => down(numbers),
                            6 => Err(Failure::Unavailable { retry_after: Some(Duration::from_secs(30)) }),
                            _ => Ok(()),
                        });
                    }
                }
            }
            bench.dropped(DropReason::Closed);
        }
        prop_assert!(bench.delivered.is_sorted());
        bench.dispatch.close(bench.now + Duration::from_secs(100));
        while let next = bench.poll() && next != Next::End {
            match next {
                Next::Wait(until) => bench.now = until.unwrap(),
                _ => drop(bench.deliver(fine)),
            }
        }
        prop_assert!(bench.delivered.is_sorted(), "{:?}", bench.delivered);
        prop_assert_eq!(bench.dropped(DropReason::Closed), 0);
        prop_assert_eq!(bench.ledger.report().pending(), 0);
        prop_assert!(flushes.iter().all(|flush| flush.try_recv().is_ok()));
    }
}
