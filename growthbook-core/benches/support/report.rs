//! Measurements, as tables.

use growthbook_testkit::{Heap, Timing, counted, time};

use crate::fixtures::Fixtures;
use crate::loads::{Load, ruleset};
use crate::workload::{Target, Workload};

/// Measures and prints one line per workload, as soon as it is known.
pub(crate) fn timings(workloads: &[Workload], fixtures: &Fixtures, filter: &str) {
    let chosen = || workloads.iter().filter(|it| it.name().contains(filter));
    if chosen().next().is_none() {
        return;
    }
    println!(
        "{:<26}{:>10}{:>10}{:>9}{:>12}{:>10}{:>12}",
        "workload", "median", "best", "ratio  ", "target  ", "allocs  ", "bytes"
    );
    let mut first = ("", 0.0);
    for workload in chosen() {
        let mut operation = workload.operation(fixtures);
        // What is done once (patterns compiled on first use, say) is no part of an operation.
        drop(operation(1));
        let times = workload.counted();
        let (left, heap) = counted(|| operation(times));
        drop(left);
        let timing = time(&mut operation);
        if first.0 != workload.group() {
            first = (workload.group(), timing.median);
        }
        println!("{}", line(workload, timing, timing.median / first.1, heap));
    }
}

fn line(workload: &Workload, timing: Timing, ratio: f64, heap: Heap) -> String {
    let Target {
        nanoseconds,
        allocations: most,
        ratio: largest,
    } = workload.target();
    let target = nanoseconds.map_or_else(
        || "  ".to_owned(),
        |limit| format!("{}{}", duration(limit), mark(timing.median > limit)),
    );
    let allocations = per_operation(heap.allocations, workload.counted());
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let is_over = most.is_some_and(|most| allocations > most as f64);
    format!(
        "{:<26}{:>10}{:>10}{:>9}{:>12}{:>10}{:>12}",
        workload.name(),
        duration(timing.median),
        duration(timing.best),
        format!(
            "{ratio:.2}{}",
            mark(largest.is_some_and(|largest| ratio > largest))
        ),
        target,
        format!("{}{}", number(allocations), mark(is_over)),
        number(per_operation(heap.bytes, workload.counted())),
    )
}

/// What loading takes from the heap, and what it keeps.
pub(crate) fn memory(loads: &[Load], filter: &str) {
    if !"m1".contains(filter) {
        return;
    }
    println!(
        "\n{:<16}{:>11}{:>12}{:>12}{:>12}{:>13}{:>9}{:>12}",
        "m1: live heap", "all", "payload", "the rest", "target", "peak", "allocs", "bytes"
    );
    for load in loads {
        let payload = load.payload();
        let (ruleset, heap) = counted(|| ruleset(&payload));
        let retained = i64::try_from(ruleset.payload().len()).unwrap_or(i64::MAX);
        let Heap {
            allocations,
            bytes,
            live,
            peak,
        } = heap;
        let rest = live - retained;
        let limit = load.bytes.map(|limit| {
            let mark = mark(rest > limit);
            format!("{}{mark}", megabytes(limit))
        });
        println!(
            "{:<16}{:>11}{:>12}{:>12}{:>12}{:>13}{:>9}{:>12}",
            load.name,
            megabytes(live),
            megabytes(retained),
            megabytes(rest),
            limit.unwrap_or_else(|| "  ".to_owned()),
            megabytes(peak),
            allocations,
            megabytes(i64::try_from(bytes).unwrap_or(i64::MAX)),
        );
    }
}

fn mark(is_missed: bool) -> &'static str {
    if is_missed { " !" } else { "  " }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        it if it < 1e3 => format!("{it:.1} ns"),
        it if it < 1e6 => format!("{:.2} µs", it / 1e3),
        it => format!("{:.2} ms", it / 1e6),
    }
}

fn megabytes(bytes: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes:.2} MB")
}

fn number(number: f64) -> String {
    // What happens now and then only is not nothing.
    if number.fract() == 0.0 {
        format!("{number}")
    } else {
        format!("{number:.2}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn per_operation(count: u64, times: u64) -> f64 {
    count as f64 / times as f64
}
