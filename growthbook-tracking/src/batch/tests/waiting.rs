use super::*;

/// P-33: while a receiver is down, somebody may flush again and again, and soon give up each time.
#[test]
fn who_has_stopped_waiting_is_forgotten() {
    let mut bench = Bench::new(Batching::default());
    let flushed = bench.push(10).flush();
    for _ in 0..1_000 {
        drop(bench.flush());
        bench.deliver(down);
    }
    assert_eq!(bench.wait(), Some(60), "a pause");
    drop(bench.push(1).flush());
    assert!(
        bench.dispatch.flushes.len() <= 3,
        "{}",
        bench.dispatch.flushes.len()
    );
    assert_eq!(bench.deliver(fine), 10);
    assert_eq!(
        bench.deliver(fine),
        1,
        "what was flushed last is in a hurry all the same"
    );
    bench.poll();
    assert_eq!(flushed.try_recv(), Ok(0));
    assert!(bench.dispatch.flushes.is_empty());
}
