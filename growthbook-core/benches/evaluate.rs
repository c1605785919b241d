//! What evaluation, loading and attributes cost, through the public API.
//!
//! Alone it measures everything and prints a table: the median and the best of seven rounds, how that compares with
//! the first workload of its group, the target if there is one, and what one operation takes from the heap. `!` marks
//! what misses its target; targets hold for one machine, on which `bucket/v2` takes 33 ns. A word measures only workloads whose names contain it. `--list` prints the names of the workloads
//! whose instructions can be counted, and `--count <workload> <times>` runs one of them and prints nothing.
//!
//! Nothing here fails for being slow. What fails is a workload whose answer is wrong.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark exists to print"
)]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing else to do"
)]

#[path = "support/evaluations.rs"]
mod evaluations;
#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/loads.rs"]
mod loads;
#[path = "support/orientation.rs"]
mod orientation;
#[path = "support/payload.rs"]
mod payload;
#[path = "support/report.rs"]
mod report;
#[path = "support/scaling.rs"]
mod scaling;
#[path = "support/scopes.rs"]
mod scopes;
#[path = "support/workload.rs"]
mod workload;

use std::env;
use std::process::ExitCode;

use growthbook_testkit::CountingAllocator;

use fixtures::Fixtures;
use workload::Workload;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    // Cargo says `--bench` to every benchmark.
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--list"] => list(),
        ["--count", name, times] => return count(name, times),
        [] => measure(""),
        [filter] if !filter.starts_with('-') => measure(filter),
        _ => {
            eprintln!("usage: evaluate [--list | --count <workload> <times> | <part of a name>]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn list() {
    for workload in workloads().iter().filter(|workload| workload.is_listed()) {
        println!("{}", workload.name());
    }
}

fn count(name: &str, times: &str) -> ExitCode {
    let workloads = workloads();
    let workload = workloads.iter().find(|workload| workload.name() == name);
    let (Some(workload), Ok(times)) = (workload, times.parse()) else {
        eprintln!("no workload `{name}`, or `{times}` is not a number");
        return ExitCode::FAILURE;
    };
    drop(workload.operation(&Fixtures::default())(times));
    ExitCode::SUCCESS
}

fn measure(filter: &str) {
    let fixtures = Fixtures::default();
    if cfg!(debug_assertions) {
        println!("not optimised: every workload runs once, and nothing is measured");
        for workload in workloads() {
            drop(workload.operation(&fixtures)(1));
        }
        return;
    }
    report::timings(&workloads(), &fixtures, filter);
    report::memory(&loads::LOADS, filter);
}

fn workloads() -> Vec<Workload> {
    let mut workloads = evaluations::workloads();
    workloads.extend(scopes::workloads());
    workloads.extend(scaling::workloads());
    workloads.extend(loads::workloads());
    workloads.extend(orientation::workloads());
    workloads
}
