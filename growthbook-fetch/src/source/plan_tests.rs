//! Everything in virtual time.

use growthbook_core::PayloadError;
use proptest::{prop_assert, proptest};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const POLLING: Strategy = Strategy::Polling { interval: MINUTE };
const STREAMING: Strategy = Strategy::Streaming {
    fallback: MINUTE,
    safety: Some(Duration::from_secs(600)),
};
/// In the middle: intervals as they are.
const EVEN: f64 = 0.5;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn started(strategy: Strategy) -> Plan {
    Plan::new(strategy, at(1_000), None, EVEN)
}

type Answer = Result<Refresh, RefreshError>;

const OK: Answer = Ok(Refresh::Unchanged);

fn status(status: u16, retry_after: Option<u64>) -> Answer {
    let retry_after = retry_after.map(Duration::from_secs);
    Err(RefreshError::Fetch(FetchError::Status {
        status,
        retry_after,
    }))
}

fn down() -> Answer {
    Err(RefreshError::Fetch(FetchError::TimedOut))
}

/// Makes the request that is due and says how long the plan waits after it.
fn ask(plan: &mut Plan, answer: &Answer, random: f64) -> Option<Duration> {
    let now = plan.due().unwrap_or(at(1_000));
    plan.asking(now, plan.mode());
    plan.answered(now, answer, random);
    plan.due().map(|due| due.saturating_sub(now))
}

#[test]
fn polling_keeps_its_interval_give_or_take_a_tenth() {
    let mut plan = started(POLLING);
    assert_eq!(
        plan.due(),
        Some(at(1_000)),
        "the first request is made at once"
    );
    assert_eq!(ask(&mut plan, &OK, EVEN), Some(MINUTE));
    assert_eq!(ask(&mut plan, &OK, 0.0), Some(at(54)));
    let longest = ask(&mut plan, &OK, 1.0).unwrap();
    assert!(longest.abs_diff(at(66)) < Duration::from_millis(1));
    assert_eq!(plan.mode(), RefreshMode::Scheduled);
}

#[test]
fn what_a_cache_called_fresh_puts_off_the_first_request_but_a_streams() {
    let fresh = |strategy| Plan::new(strategy, at(1_000), Some(at(20)), EVEN).due();
    assert_eq!(fresh(POLLING), Some(at(1_020)));
    assert_eq!(fresh(Strategy::Lazy), None);
    assert_eq!(fresh(STREAMING), Some(at(1_000)));
    assert_eq!(fresh(Strategy::Manual), None);
    assert_eq!(started(Strategy::Lazy).due(), Some(at(1_000)));
}

#[test]
fn what_a_cache_called_fresh_puts_off_the_first_request_by_an_interval_at_most() {
    let day = at(24 * 60 * 60);
    let due = |random| Plan::new(POLLING, at(1_000), Some(day), random).due();
    assert_eq!(due(EVEN), Some(at(1_060)));
    assert_eq!(due(0.0), Some(at(1_054)), "and not all at once");
}

/// F27, and trap 62: the first delay is the first delay.
#[test]
fn failures_that_pass_are_waited_for_longer_and_longer_up_to_a_minute() {
    let mut plan = started(POLLING);
    let waits: Vec<u64> = (0..9)
        .map(|_| ask(&mut plan, &down(), 0.0).unwrap().as_secs())
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(plan.failures(), 9);
    assert_eq!(ask(&mut plan, &OK, EVEN), Some(MINUTE));
    assert_eq!(plan.failures(), 0);
    assert_eq!(ask(&mut plan, &down(), 0.0), Some(at(1)));
}

#[test]
fn a_slow_poll_does_not_get_faster_by_failing() {
    let interval = at(900);
    let mut plan = started(Strategy::Polling { interval });
    let last = (0..30).map(|_| ask(&mut plan, &down(), 0.0)).last();
    assert_eq!(last.flatten(), Some(interval));
}

/// F28.
#[test]
fn failures_that_somebody_must_mend_are_waited_for_in_minutes_and_not_for_ever() {
    for answer in [
        Err(RefreshError::Fetch(FetchError::Unauthorized {
            status: 401,
        })),
        Err(RefreshError::Fetch(FetchError::TooLarge { limit: 1 })),
        status(404, None),
        status(410, None),
    ] {
        let mut plan = started(POLLING);
        for random in [0.0, 0.5, 0.999] {
            let wait = ask(&mut plan, &answer, random).unwrap();
            assert!(
                (225..=375).contains(&wait.as_secs()),
                "{answer:?}: {wait:?}"
            );
        }
        assert_eq!(ask(&mut plan, &OK, EVEN), Some(MINUTE));
    }
}

/// F26.
#[test]
fn what_the_server_asks_for_is_the_least_and_at_most_ten_minutes() {
    for (asked, least) in [(3, 3), (0, 1), (90, 90), (1_000_000_000, 600)] {
        let mut plan = started(POLLING);
        let wait = ask(&mut plan, &status(503, Some(asked)), 0.0);
        assert_eq!(wait, Some(at(least)), "Retry-After: {asked}");
    }
}

#[test]
fn bad_payloads_are_asked_for_again_soon() {
    let mut plan = started(POLLING);
    let bad = Err(RefreshError::Payload(PayloadError::NotAnObject));
    assert_eq!(ask(&mut plan, &bad, 0.0), Some(at(1)));
}

#[test]
fn while_the_stream_is_open_polling_rests() {
    let mut plan = started(STREAMING);
    assert_eq!(
        ask(&mut plan, &OK, EVEN),
        Some(MINUTE),
        "as long as there is none"
    );
    plan.stream_opened(at(1_010));
    assert_eq!(
        plan.due(),
        Some(at(1_010)),
        "what happened before it was open"
    );
    assert_eq!(plan.mode(), RefreshMode::Forced);
    assert_eq!(
        ask(&mut plan, &OK, EVEN),
        Some(at(600)),
        "to be on the safe side"
    );
    assert_eq!(plan.mode(), RefreshMode::Scheduled);
    plan.stream_closed(at(1_100), EVEN);
    assert_eq!(plan.due(), Some(at(1_160)), "polling takes its place");
    plan.stream_opened(at(1_101));
    assert_eq!(plan.due(), Some(at(1_101)));
    assert_eq!(ask(&mut plan, &OK, EVEN), Some(at(600)));
}

#[test]
fn without_a_safety_poll_an_open_stream_is_relied_upon() {
    let mut plan = started(Strategy::Streaming {
        fallback: MINUTE,
        safety: None,
    });
    plan.stream_opened(at(1_000));
    assert_eq!(ask(&mut plan, &OK, EVEN), None);
    plan.stream_closed(at(1_100), EVEN);
    assert_eq!(plan.due(), Some(at(1_160)));
}

/// S7.
#[test]
fn a_burst_of_changes_is_one_request_within_two_seconds() {
    let mut plan = started(STREAMING);
    ask(&mut plan, &OK, EVEN);
    plan.stream_opened(at(1_001));
    ask(&mut plan, &OK, EVEN);
    for change in 0..100 {
        plan.changed(at(1_100), f64::from(change) / 100.0);
    }
    let due = plan.due().unwrap();
    assert!((at(1_100)..=at(1_102)).contains(&due));
    assert_eq!(plan.mode(), RefreshMode::Forced);
    assert_eq!(
        ask(&mut plan, &OK, EVEN),
        Some(at(600)),
        "and no more than one"
    );
}

#[test]
fn changes_without_end_are_a_request_a_second() {
    let mut plan = started(STREAMING);
    plan.stream_opened(at(1_000));
    ask(&mut plan, &OK, EVEN);
    let mut requests = 0;
    for millis in 0..10_000 {
        let now = at(1_000) + Duration::from_millis(millis);
        plan.changed(now, 0.0);
        if plan.due().is_some_and(|due| due <= now) {
            plan.asking(now, plan.mode());
            plan.answered(now, &OK, EVEN);
            requests += 1;
        }
    }
    assert!((9..=10).contains(&requests), "{requests}");
}

#[test]
fn a_change_during_a_request_has_one_of_its_own() {
    let mut plan = started(STREAMING);
    plan.asking(at(1_000), RefreshMode::Scheduled);
    plan.changed(at(1_000), 0.25);
    plan.answered(at(1_001), &OK, EVEN);
    assert_eq!(plan.mode(), RefreshMode::Forced);
    assert!(plan.due().unwrap() <= at(1_002));
}

#[test]
fn a_change_that_could_not_be_had_stays_wanted() {
    let mut plan = started(STREAMING);
    plan.changed(at(1_000), 0.0);
    assert_eq!(ask(&mut plan, &status(503, Some(30)), 0.0), Some(at(30)));
    assert_eq!(plan.mode(), RefreshMode::Forced, "no cache knows of it");
    plan.changed(at(1_001), 0.0);
    plan.stream_opened(at(1_002));
    assert_eq!(plan.due(), Some(at(1_030)), "the server asked to wait");
    ask(&mut plan, &OK, EVEN);
    assert_eq!(plan.mode(), RefreshMode::Scheduled);
}

#[test]
fn what_the_program_forces_stays_wanted_until_it_is_had() {
    for strategy in [POLLING, STREAMING, Strategy::Lazy] {
        let mut plan = started(strategy);
        ask(&mut plan, &OK, EVEN);
        plan.asking(at(1_010), RefreshMode::Forced);
        plan.answered(at(1_010), &down(), 0.0);
        assert_eq!(plan.due(), Some(at(1_011)), "{strategy:?}");
        assert_eq!(plan.mode(), RefreshMode::Forced, "no cache knows of it");
        ask(&mut plan, &OK, EVEN);
        assert_eq!(plan.mode(), RefreshMode::Scheduled);
    }
}

#[test]
fn a_lazy_source_asks_when_it_is_nudged() {
    let mut plan = started(Strategy::Lazy);
    assert_eq!(
        ask(&mut plan, &down(), 0.0),
        Some(at(1)),
        "until there is something"
    );
    assert_eq!(ask(&mut plan, &OK, EVEN), None);
    plan.nudged(at(2_000), None);
    assert_eq!(plan.due(), Some(at(2_000)));
    assert_eq!(ask(&mut plan, &status(503, Some(20)), 0.0), None);
    plan.nudged(at(2_001), None);
    assert_eq!(plan.due(), Some(at(2_020)), "the server asked to wait");
    assert_eq!(ask(&mut plan, &OK, EVEN), None);
}

#[test]
fn a_nudge_that_was_overtaken_is_no_request() {
    let mut plan = started(Strategy::Lazy);
    ask(&mut plan, &OK, EVEN);
    plan.nudged(at(1_001), Some(at(59)));
    assert_eq!(plan.due(), None);
}

#[test]
fn others_are_not_nudged() {
    for strategy in [POLLING, STREAMING] {
        let mut plan = started(strategy);
        ask(&mut plan, &OK, EVEN);
        let due = plan.due();
        plan.nudged(at(1_001), None);
        assert_eq!(plan.due(), due);
    }
}

#[test]
fn what_another_process_was_told_does_not_shorten_what_the_server_asked_of_this_one() {
    let mut plan = started(POLLING);
    assert_eq!(ask(&mut plan, &status(429, Some(300)), 0.0), Some(at(300)));
    plan.answered(at(1_020), &Ok(Refresh::FromCache), EVEN);
    assert_eq!((plan.due(), plan.failures()), (Some(at(1_300)), 1));
    ask(&mut plan, &OK, EVEN);
    plan.answered(at(1_320), &Ok(Refresh::FromCache), EVEN);
    assert_eq!((plan.due(), plan.failures()), (Some(at(1_380)), 0));
}

#[test]
fn an_answer_that_nobody_was_asked_for_changes_nothing() {
    let mut plan = started(POLLING);
    ask(&mut plan, &down(), 0.0);
    let due = plan.due();
    plan.answered(at(1_000), &Ok(Refresh::Fresh), EVEN);
    assert_eq!((plan.due(), plan.failures()), (due, 1));
}

/// F38: the server was down for an hour, and the clients come back.
#[test]
fn those_who_failed_together_do_not_come_back_together() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut slots = vec![0_u32; 700];
    for _ in 0..2_000 {
        let mut plan = started(POLLING);
        while plan.due().unwrap() < at(4_600) {
            ask(&mut plan, &down(), random.f64());
        }
        let after = plan.due().unwrap().saturating_sub(at(4_600));
        slots[usize::try_from(after.as_millis() / 100).unwrap()] += 1;
    }
    let most = slots.iter().max().unwrap();
    assert!(*most <= 100, "{most} of 2,000 in a tenth of a second");
}

proptest! {
    #[test]
    fn whatever_happens_there_is_no_busy_loop_and_no_end(
        steps in proptest::collection::vec((0_u8..9, 0.0_f64..1.0, 0_u64..100_000), 1..200),
        interval in 1_u64..u64::MAX,
    ) {
        let interval = Duration::from_secs(interval);
        for strategy in [
            Strategy::Polling { interval },
            Strategy::Streaming { fallback: interval, safety: Some(interval) },
        ] {
            let mut plan = started(strategy);
            let mut now = at(1_000);
            for (step, random, millis) in &steps {
                now += Duration::from_millis(*millis);
                match step {
                    0 => plan.stream_opened(now),
                    1 => plan.stream_closed(now, *random),
                    2 => plan.changed(now, *random),
                    3 => plan.nudged(now, None),
                    _ => {
                        plan.asking(now, plan.mode());
                        let answer = match step {
                            4 => OK,
                            5 => down(),
                            6 => status(404, None),
                            7 => status(429, Some(*millis)),
                            _ => Err(RefreshError::Panicked),
                        };
                        plan.answered(now, &answer, *random);
                        let due = plan.due().unwrap();
                        prop_assert!(due >= now + Duration::from_millis(500), "{step}: {:?}", due.saturating_sub(now));
                    }
                }
                prop_assert!(plan.due().is_some());
            }
        }
    }
}
