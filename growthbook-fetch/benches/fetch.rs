//! What it costs to stay fresh, through the public API, against a server on the loopback interface.
//!
//! Alone it measures everything. A word measures only scenarios whose names contain it; `--list` prints the names. Bars
//! stand in brackets behind what they are for, and `!` marks what misses its bar. They hold for one machine with two
//! cores and nothing else to do; what another machine or another load makes of them is not ours.
//!
//! How long `idle` watches, in seconds, is in `GROWTHBOOK_BENCH_IDLE`; twenty unless set.
//!
//! Nothing here fails for being slow. What fails is a scenario in which something does not come at all.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark exists to print"
)]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing else to do"
)]

#[path = "support/api.rs"]
mod api;
#[path = "support/cold_start.rs"]
mod cold_start;
#[path = "support/handles.rs"]
mod handles;
#[path = "support/histogram.rs"]
mod histogram;
#[path = "support/idle.rs"]
mod idle;
#[path = "support/latency.rs"]
mod latency;
#[expect(dead_code, reason = "the keys of features, which only core asks for")]
#[path = "../../growthbook-core/benches/support/payload.rs"]
mod payload;
#[path = "support/process.rs"]
mod process;
#[path = "support/propagation.rs"]
mod propagation;
#[path = "support/refresh.rs"]
mod refresh;
#[path = "support/report.rs"]
mod report;
#[path = "support/versions.rs"]
mod versions;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use growthbook_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    // Cargo says `--bench` to every benchmark.
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => SCENARIOS.iter().for_each(|(name, _)| println!("{name}")),
        [idle::WATCHED, host, seconds] => idle::watched(host, seconds),
        [] => measure(""),
        [filter] if !filter.starts_with('-') => measure(filter),
        _ => {
            eprintln!("usage: fetch [--list | <part of a name>]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(filter: &str) {
    let chosen = SCENARIOS.iter().filter(|(name, _)| name.contains(filter));
    for (at, (name, run)) in chosen.enumerate() {
        if at == 0 && cfg!(debug_assertions) {
            println!("not optimised: every scenario runs briefly, and its figures mean nothing");
        }
        println!("{}{name}", if at == 0 { "" } else { "\n" });
        run();
    }
}

/// So often, or once if nothing is measured.
fn rounds(wanted: u64) -> u64 {
    if cfg!(debug_assertions) { 1 } else { wanted }
}

/// How long to wait for what should be there at once, on a machine with other things to do.
const SOON: Duration = Duration::from_secs(30);

/// In the order of the alphabet, but for `idle`, which takes longest.
const SCENARIOS: [(&str, fn()); 6] = [
    ("cold start", cold_start::measure),
    ("handles", handles::measure),
    ("latency of evaluations", latency::measure),
    ("propagation", propagation::measure),
    ("refresh", refresh::measure),
    ("idle", idle::measure),
];
