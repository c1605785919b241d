//! Tests that need a process of their own: for its environment, its log, its threads or its descriptors.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "what the process said is for whoever reads of a failure"
)]

use std::env;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Runs the test that calls this once more, in a process of its own with these variables, and does the work there. What that
/// process said is returned to the first one.
#[track_caller]
pub(crate) fn alone(test: &str, variables: &[(&str, &str)], work: impl FnOnce()) -> Option<String> {
    if env::var_os(ALONE).is_some() {
        watched(work);
        return None;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]);
    for name in OF_THE_MACHINE {
        command.env_remove(name);
        command.env_remove(name.to_lowercase());
    }
    command
        .env(ALONE, "yes")
        .envs(variables.iter().copied())
        .env_remove("RUST_BACKTRACE");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    println!("{said}");
    assert!(output.status.success(), "{test}: {}", output.status);
    assert!(
        said.contains("1 passed"),
        "{test} is not the name of a test"
    );
    Some(said)
}

/// Whether tests last longer and count further.
pub(crate) fn is_long() -> bool {
    env::var_os("GROWTHBOOK_TESTS").is_some_and(|which| which == "long")
}

/// Nobody waits for a process that hangs.
fn watched(work: impl FnOnce()) {
    let limit = if is_long() { 60 * 60 } else { 10 * 60 };
    let (end, ended) = channel::<()>();
    std::thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(Duration::from_secs(limit)) {
            println!("no end in {limit} s");
            std::process::exit(1);
        }
    });
    work();
    drop(end);
}

const ALONE: &str = "GROWTHBOOK_TEST_ALONE";

/// What the environment of whoever runs the tests may say of how to reach GrowthBook.
const OF_THE_MACHINE: [&str; 11] = [
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "GROWTHBOOK_API_HOST",
    "GROWTHBOOK_CLIENT_KEY",
    "GROWTHBOOK_DECRYPTION_KEY",
    "GB_HTTP_CLIENT_TIMEOUT",
    "GB_SDK_KEY",
    "GB_UPDATE_INTERVAL",
    "GB_URL",
];
