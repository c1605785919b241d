mod any_order;
mod sorting;
mod waiting;

use super::*;
use crate::Event;
use crate::answer::Awaited;
use crate::sink::Failure;
use crate::tracker::Ledger;

/// A machine, the clock that it is told of, and what arrived at its far end.
struct Bench {
    dispatch: Dispatch<Memory>,
    max_age: Duration,
    ledger: std::sync::Arc<Ledger>,
    now: Duration,
    next: u64,
    delivered: Vec<u64>,
    requests: u32,
}

impl Bench {
    fn new(batching: Batching) -> Self {
        Self::with_age(batching, Duration::from_secs(86_400))
    }

    fn with_age(batching: Batching, max_age: Duration) -> Self {
        Self {
            dispatch: Dispatch::new(batching, Memory::default()),
            max_age,
            ledger: Ledger::new(100_000, usize::MAX),
            now: Duration::ZERO,
            next: 0,
            delivered: Vec::new(),
            requests: 0,
        }
    }

    fn push(&mut self, events: u64) -> &mut Self {
        for _ in 0..events {
            self.ledger.offer();
            let mark = Mark {
                number: self.next,
                since: self.now,
                expires: self.now + self.max_age,
                place: self.ledger.reserve(100).unwrap(),
            };
            let event = numbered(self.next);
            self.next += 1;
            self.dispatch.push(Kept { event, mark });
        }
        self
    }

    fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    fn poll(&mut self) -> Next {
        self.dispatch.poll(self.now)
    }

    /// How many seconds it wants to wait; 0 for a delivery.
    fn wait(&mut self) -> Option<u64> {
        match self.poll() {
            Next::Deliver => Some(0),
            Next::End => None,
            Next::Wait(until) => {
                // Chance makes a delay of whole seconds a little less.
                let left = until?.saturating_sub(self.now) + Duration::from_millis(1);
                Some(left.as_secs())
            }
        }
    }

    /// One delivery, which the receiver judges by the numbers of the events. Says how many there were.
    fn deliver(&mut self, judge: impl Fn(&[u64]) -> Result<(), Failure>) -> usize {
        assert_eq!(self.poll(), Next::Deliver);
        let batch = self.dispatch.start(self.now).unwrap();
        let numbers: Vec<u64> = batch.events().iter().map(number).collect();
        assert!(!numbers.is_empty() && numbers.is_sorted());
        self.requests += 1;
        let answer = judge(&numbers);
        if answer.is_ok() {
            self.delivered.extend(&numbers);
        }
        self.dispatch.answered(self.now, answer, 0.5);
        numbers.len()
    }

    fn flush(&mut self) -> Awaited {
        let (answer, answered) = Answer::new();
        self.dispatch.flush(self.next, answer);
        answered
    }

    fn dropped(&self, reason: DropReason) -> u64 {
        let report = self.ledger.report();
        let sum = report.delivered() + report.pending() + report.dropped();
        assert_eq!(report.offered(), sum, "{report}");
        assert_eq!(report.delivered(), self.delivered.len() as u64);
        report.dropped_as(reason)
    }
}

fn numbered(number: u64) -> Event {
    let json = format!(
        r#"{{"id": "{number:x}", "at": 0, "attributes": {{}}, "body": {{"custom": {{"name": "n", "properties": {{}}}}}}}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn number(event: &Event) -> u64 {
    u64::try_from(event.id().as_u128()).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "another judge may say no")]
fn fine(_: &[u64]) -> Result<(), Failure> {
    Ok(())
}

fn rejecting(is_bad: impl Fn(u64) -> bool) -> impl Fn(&[u64]) -> Result<(), Failure> {
    move |numbers| {
        let has_bad = numbers.iter().any(|it| is_bad(*it));
        if has_bad {
            Err(Failure::Rejected)
        } else {
            Ok(())
        }
    }
}

fn down(_: &[u64]) -> Result<(), Failure> {
    Err(Failure::Unavailable { retry_after: None })
}

#[test]
fn a_batch_goes_when_it_is_full_or_old() {
    let mut bench = Bench::new(Batching::default());
    assert_eq!(bench.poll(), Next::Wait(None));
    assert_eq!(bench.push(9).wait(), Some(10));
    assert_eq!(bench.pass(4).push(1).deliver(fine), 10);
    assert_eq!(bench.poll(), Next::Wait(None));
    assert_eq!(bench.push(3).wait(), Some(10));
    assert_eq!(bench.pass(4).push(3).wait(), Some(6));
    assert_eq!(bench.pass(6).deliver(fine), 6);
    assert!(bench.delivered.is_sorted());
}

#[test]
fn a_batch_is_bounded_and_the_next_one_keeps_its_distance() {
    let batching = Batching::default().spacing(Duration::from_secs(1));
    let mut bench = Bench::new(batching.clone());
    assert_eq!(bench.push(250).deliver(fine), 100);
    assert_eq!(bench.wait(), Some(1));
    assert_eq!(bench.pass(1).deliver(fine), 100);
    assert_eq!(bench.pass(1).deliver(fine), 50);
    // 100 bytes each; one that is too large goes alone.
    for (bytes, events) in [(350, 3), (99, 1)] {
        let mut bench = Bench::new(batching.clone().at_most(100, bytes));
        assert_eq!(bench.push(20).deliver(fine), events);
    }
}

#[test]
fn a_batch_that_fails_comes_again_later_and_later() {
    let mut bench = Bench::new(Batching::default());
    bench.push(10);
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert_eq!(bench.deliver(down), 10);
        bench.push(1);
        let Next::Wait(Some(until)) = bench.poll() else {
            panic!("it waits after a failure");
        };
        waits.push(until.saturating_sub(bench.now).as_secs());
        bench.now = until;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(bench.deliver(fine), 10, "the same batch");
    assert_eq!(bench.push(2).deliver(fine), 10);
    assert_eq!(bench.dropped(DropReason::GaveUp), 0);
}

#[test]
fn who_gives_up_goes_on_with_the_next_batch() {
    let mut bench = Bench::new(Batching::default().max_retries(Some(1)).at_most(10, 10_000));
    bench.push(20);
    for wait in [1, 0, 1] {
        bench.deliver(down);
        assert_eq!(bench.wait(), Some(wait));
        bench.pass(wait);
    }
    assert_eq!(bench.dropped(DropReason::GaveUp), 10);
    assert_eq!(bench.deliver(fine), 10);
    assert_eq!(bench.delivered, (10..20).collect::<Vec<_>>());
}

/// E4.
#[test]
fn the_receiver_says_when_to_come_back_within_limits() {
    for (asked, heeded) in [(0, 1), (30, 30), (86_400, 600)] {
        let mut bench = Bench::new(Batching::default());
        let retry_after = Some(Duration::from_secs(asked));
        bench
            .push(10)
            .deliver(|_| Err(Failure::Unavailable { retry_after }));
        assert_eq!(bench.wait(), Some(heeded));
        let flushed = bench.flush();
        let expected = if asked == 0 { 0 } else { heeded };
        assert_eq!(
            bench.wait(),
            Some(expected),
            "a flush ends our own pauses only"
        );
        bench.pass(expected).deliver(fine);
        bench.poll();
        assert_eq!(flushed.try_recv(), Ok(0));
    }
}

/// E7, the decision.
#[test]
fn who_is_refused_asks_more_and_more_rarely() {
    let mut bench = Bench::new(Batching::default().max_retries(Some(3)));
    bench.push(10);
    let mut waits = Vec::new();
    for _ in 0..7 {
        bench.deliver(|_| Err(Failure::Refused));
        let wait = bench.wait().unwrap();
        waits.push(wait);
        bench.pass(wait);
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
    assert_eq!(bench.deliver(fine), 10);
}

/// E5, the decision.
#[test]
fn what_is_too_large_is_halved_down_to_one() {
    let mut bench = Bench::new(Batching::default());
    bench.push(100);
    let at_most_seven = |numbers: &[u64]| match numbers {
        [13] => Err(Failure::TooLarge),
        numbers if numbers.len() > 7 || numbers.contains(&13) => Err(Failure::TooLarge),
        _ => Ok(()),
    };
    while bench.dispatch.oldest().is_some() {
        bench.deliver(at_most_seven);
    }
    assert_eq!(bench.dropped(DropReason::TooLarge), 1);
    let others: Vec<u64> = (0..100).filter(|it| *it != 13).collect();
    assert_eq!(bench.delivered, others);
    assert!(bench.requests < 200, "{}", bench.requests);
}

/// E6, the decision.
#[test]
fn one_bad_event_among_many_is_found() {
    for bad in [0, 1, 250, 499] {
        let mut bench = Bench::new(Batching::default().at_most(500, usize::MAX));
        bench.push(500);
        while bench.dispatch.oldest().is_some() {
            bench.deliver(rejecting(|it| it == bad));
        }
        assert_eq!(bench.dropped(DropReason::Rejected), 1);
        assert_eq!(bench.delivered.len(), 499);
        assert!(bench.delivered.is_sorted() && bench.requests <= 19);
    }
}

#[test]
fn a_receiver_that_rejects_everything_is_not_asked_about_every_event() {
    let mut bench = Bench::new(Batching::default());
    for most in [33, 17, 9, 5, 3, 3] {
        bench.requests = 0;
        bench.push(100);
        while bench.dispatch.oldest().is_some() {
            bench.deliver(|_| Err(Failure::Rejected));
        }
        assert!(bench.requests <= most, "{} of {most}", bench.requests);
    }
    assert_eq!(bench.dropped(DropReason::Rejected), 600);
    // As soon as it takes something, a bad event is looked for again.
    bench.push(10).deliver(fine);
    bench.push(100);
    while bench.dispatch.oldest().is_some() {
        bench.deliver(rejecting(|it| it % 100 == 77));
    }
    assert_eq!(bench.dropped(DropReason::Rejected), 601);
    bench.push(10).deliver(|_| Err(Failure::Hopeless));
    assert_eq!(bench.dropped(DropReason::Rejected), 611);
}

#[test]
fn what_is_too_old_is_dropped_wherever_it_is() {
    let mut bench = Bench::with_age(Batching::default(), Duration::from_secs(100));
    bench.push(10).deliver(down);
    bench.pass(50).push(5);
    assert_eq!(bench.deliver(down), 10);
    bench.pass(45);
    bench.deliver(down);
    assert_eq!(bench.wait(), Some(4), "it does not wait for the dead");
    bench.pass(5);
    bench.poll();
    assert_eq!(bench.dropped(DropReason::Expired), 10);
    assert_eq!(bench.deliver(fine), 5);
    // Each by its own age, also in a batch that is tried again.
    bench.push(5).pass(9).push(5).deliver(down);
    bench.pass(91);
    assert_eq!(bench.deliver(fine), 5);
    assert_eq!(bench.dropped(DropReason::Expired), 15);
}

#[test]
fn a_flush_covers_what_came_before_and_says_what_it_lost() {
    let mut bench = Bench::new(Batching::default().at_most(10, 10_000).max_retries(Some(0)));
    let empty = bench.flush();
    bench.poll();
    assert_eq!(empty.try_recv(), Ok(0));
    let flushed = bench.push(15).flush();
    bench.push(4);
    assert_eq!(bench.deliver(fine), 10);
    bench.poll();
    assert!(flushed.is_empty());
    assert_eq!(bench.deliver(down), 9, "more may go with it");
    bench.poll();
    assert_eq!(flushed.try_recv(), Ok(5), "of which five were covered");
    assert_eq!(bench.push(1).wait(), Some(10), "no hurry any more");
}

#[test]
fn the_end_comes_with_the_last_event_or_with_the_deadline() {
    let batching = Batching::default().spacing(Duration::from_secs(1));
    let mut bench = Bench::new(batching.clone());
    bench.push(250).deliver(fine);
    bench.dispatch.close(Duration::from_secs(5));
    assert_eq!([bench.deliver(fine), bench.deliver(fine)], [100, 50]);
    assert_eq!(bench.poll(), Next::End);

    let mut bench = Bench::new(batching.clone());
    bench.push(15);
    bench.dispatch.close(Duration::from_secs(5));
    let mut tries = 0;
    while let next = bench.poll()
        && next != Next::End
    {
        match next {
            Next::Wait(until) => bench.now = until.unwrap(),
            _ => tries += bench.deliver(down) / 15,
        }
    }
    assert!((5..20).contains(&tries), "{tries}");
    assert_eq!(bench.dropped(DropReason::Closed), 15);

    // Where waiting is no use, nobody waits.
    let later = Some(Duration::from_secs(6));
    for failure in [
        Failure::Refused,
        Failure::Unavailable { retry_after: later },
    ] {
        let mut bench = Bench::new(batching.clone());
        bench.push(15);
        bench.dispatch.close(Duration::from_secs(5));
        bench.deliver(|_| Err(failure));
        assert_eq!(bench.poll(), Next::End);
        assert_eq!(bench.dropped(DropReason::Closed), 15);
    }
}
