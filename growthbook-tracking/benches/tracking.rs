//! What tracking costs those who are tracked, and how much of it there can be.
//!
//! Bars stand in brackets behind what they are for, and `!` marks what misses its bar. They hold for one machine with two
//! cores and nothing else to do; what another machine or another load makes of them is not ours.
//!
//! Nothing here fails for being slow. An argument chooses what is measured, by a part of its name.
#![expect(clippy::print_stdout, reason = "a benchmark exists to print")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing else to do"
)]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::TrackingPlugin;
use growthbook_testkit::{CountingAllocator, counted};
use growthbook_tracking::{BatchTracker, Batching};

use self::support::{Gate, Mood, at, exposures, rate, resident, rounds};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() {
    if cfg!(debug_assertions) {
        println!("not optimised: every figure is of a few rounds, and means nothing");
    }
    let wanted = std::env::args().skip(1).find(|it| !it.starts_with('-'));
    let sections: &[(&str, fn())] = &[
        ("record", recording),
        ("deliver", delivering),
        ("outage", outage),
        ("shutdown", shutdown),
        #[cfg(feature = "spool")]
        ("spool", spooling),
    ];
    for (name, measure) in sections {
        if wanted
            .as_ref()
            .is_none_or(|wanted| name.contains(&**wanted))
        {
            measure();
        }
    }
}

/// The cost in the evaluating thread.
fn recording() {
    println!("one exposure, recorded (bar: p99 2 µs)");
    for (what, mood) in [
        ("healthy sink", Mood::Healthy),
        ("slow sink", Mood::Slow),
        ("dead sink", Mood::Dead),
    ] {
        let gate = Gate::new(mood);
        let tracker = BatchTracker::builder(gate.sink()).dedupe(0).build();
        let (mut times, mut full) = (Vec::new(), Vec::new());
        for _ in 0..rounds(200) {
            let events = exposures(1_000);
            for event in &events {
                let has_room = tracker.report().pending() < 9_999;
                let started = Instant::now();
                tracker.record(&event.as_event());
                let took = started.elapsed();
                if has_room {
                    times.push(took);
                } else {
                    full.push(took);
                }
            }
            while mood == Mood::Healthy && tracker.report().pending() > 100 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        line(what, times);
        if !full.is_empty() {
            line(&format!("{what}, queue full"), full);
        }
        tracker.close(Duration::ZERO).unwrap_or_default();
    }
    // A sink that hangs keeps its own thread from taking memory meanwhile.
    let gate = Gate::new(Mood::Hung);
    let tracker = BatchTracker::builder(gate.sink()).dedupe(0).build();
    let events = exposures(1_000);
    for event in events.iter().take(10) {
        tracker.record(&event.as_event());
    }
    gate.wait_for_call();
    let ((), heap) = counted(|| {
        for event in &events {
            tracker.record(&event.as_event());
        }
    });
    println!(
        "  {:<46}{} allocations, {} bytes",
        "memory of a thousand", heap.allocations, heap.bytes
    );
    gate.open();
}

/// How many events a second arrive.
fn delivering() {
    for producers in [1, 8] {
        let gate = Gate::new(Mood::Healthy);
        let batching = Batching::default().at_most(500, 512 * 1024);
        let builder = BatchTracker::builder(gate.sink()).batching(batching);
        let tracker = builder.dedupe(0).build();
        let each = rounds(400_000) / producers;
        let events = exposures(100);
        let started = Instant::now();
        thread::scope(|scope| {
            for _ in 0..producers {
                scope.spawn(|| {
                    for event in events.iter().cycle().take(each) {
                        while tracker.report().pending() > 9_000 {
                            thread::yield_now();
                        }
                        tracker.record(&event.as_event());
                    }
                });
            }
        });
        let limit = Duration::from_secs(600);
        tracker.flush(limit).expect("all arrive");
        let per_second = rate(gate.count(), started.elapsed());
        let mark = if per_second < 100_000.0 { " !" } else { "" };
        println!(
            "{producers} producers: {per_second:.0} events/s delivered (bar 100000/s){mark}; {}",
            tracker.report()
        );
    }
}

/// Memory while the far end is dead.
fn outage() {
    let seconds = std::env::var("GROWTHBOOK_BENCH_OUTAGE").ok();
    let seconds = seconds.and_then(|it| it.parse().ok()).unwrap_or(5);
    let gate = Gate::new(Mood::Dead);
    let before = resident();
    let tracker = BatchTracker::builder(gate.sink()).dedupe(0).build();
    let mut times = Vec::new();
    for _ in 0..rounds(seconds * 100) {
        let round = Instant::now();
        // As in life, each event has a user of its own.
        for event in &exposures(100) {
            let started = Instant::now();
            tracker.record(&event.as_event());
            times.push(started.elapsed());
        }
        thread::sleep(Duration::from_millis(10).saturating_sub(round.elapsed()));
    }
    let grown = resident().saturating_sub(before) / 1024;
    let mark = if grown > 64 { " !" } else { "" };
    println!("{seconds} s of 10000 events/s into a dead sink: {grown} MiB more (bar 64 MiB){mark}");
    line("one event", times);
    println!("  {}", tracker.report());
    tracker.close(Duration::ZERO).unwrap_or_default();
}

fn shutdown() {
    let gate = Gate::new(Mood::Hung);
    let tracker = BatchTracker::builder(gate.sink()).dedupe(0).build();
    for event in &exposures(10_000) {
        tracker.record(&event.as_event());
    }
    gate.open();
    let started = Instant::now();
    let closed = tracker.close(Duration::from_secs(60));
    let took = started.elapsed();
    let is_fine = closed.is_ok() && took <= Duration::from_secs(1);
    let mark = if is_fine { "" } else { " !" };
    println!(
        "closed with 10000 pending in {took:.1?} (bar 1 s){mark}: {}",
        tracker.report()
    );
}

/// How many events a second get to disk, by way of the tracker, and what that costs those who record.
#[cfg(feature = "spool")]
fn spooling() {
    for (sync, bar) in [(false, 30_000.0), (true, 5_000.0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let options = growthbook_tracking::SpoolOptions::new(folder.path());
        let options = options.max_bytes(4 << 30).sync(sync);
        let gate = Gate::new(Mood::Dead);
        let builder = BatchTracker::builder(gate.sink()).spool(options);
        let tracker = builder.dedupe(0).build();
        let each = rounds(200_000) / 4;
        let events = exposures(100);
        let started = Instant::now();
        let times = thread::scope(|scope| {
            let producers = [(); 4].map(|()| scope.spawn(|| producer(&tracker, &events, each)));
            producers.map(|it| it.join().expect("a producer"))
        });
        tracker.sync(Duration::from_secs(600)).expect("all of it");
        let took = started.elapsed();
        let report = tracker.report();
        let written = report
            .spool()
            .map_or(0, growthbook_tracking::SpoolReport::appended);
        let per_second = rate(usize::try_from(written).unwrap_or(0), took);
        let mark = if per_second < bar { " !" } else { "" };
        let through = if sync { ", written through" } else { "" };
        println!(
            "4 producers{through}: {per_second:.0} events/s on disk (bar {bar}/s){mark}; {report}"
        );
        line("one event", times.concat());
        tracker.close(Duration::ZERO).unwrap_or_default();
    }
}

/// As fast as the disk is, and no faster.
#[cfg(feature = "spool")]
fn producer(
    tracker: &BatchTracker,
    events: &[growthbook_core::OwnedTrackingEvent],
    each: usize,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for (count, event) in events.iter().cycle().take(each).enumerate() {
        if count % 1_000 == 999 {
            tracker
                .sync(Duration::from_secs(60))
                .expect("it is written");
        }
        let started = Instant::now();
        tracker.record(&event.as_event());
        times.push(started.elapsed());
    }
    times
}

fn line(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let p99 = at(&times, 990);
    let mark = if p99 > Duration::from_micros(2) {
        " !"
    } else {
        ""
    };
    println!(
        "  {what:<46}median {:.1?}, p99 {p99:.1?}{mark}, worst {:.1?}",
        at(&times, 500),
        at(&times, 1_000)
    );
}
