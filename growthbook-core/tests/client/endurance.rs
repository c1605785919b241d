//! What is made is gone when it is dropped (K9), and a service can run for ever (the soak). Linux says how much there is;
//! elsewhere the clients and users are made all the same.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use growthbook_core::{
    GrowthBookClient, OwnedTrackingEvent, PayloadSink, PayloadSource, TrackingEvent, TrackingPlugin,
};

use super::courier::Courier;
use super::puppets::cache_key;
use super::scripted::served;
use super::support::{is_long, user};

#[test]
fn clients_leave_nothing_behind() {
    alone("endurance::clients_leave_nothing_behind", || {
        let make = || {
            let client = GrowthBookClient::builder()
                .source(source())
                .on_event(|_| {})
                .build()
                .unwrap();
            client.wait_ready(Duration::from_secs(5));
            assert!(client.is_on("f", &user("1")));
            client
        };
        let before = Usage::now();
        for _ in 0..1_000 {
            make();
        }
        let warm = Usage::now();
        for _ in 1_000..CLIENTS {
            make();
        }
        let after = Usage::back_to(&before);
        println!("{CLIENTS} clients: {before:?}, after 1,000 {warm:?}, after all {after:?}");
        assert_eq!((after.threads, after.files), (before.threads, before.files));
        assert!(after.kib <= warm.kib + 512, "memory grows");
    });
}

#[test]
fn many_clients_live_at_once_without_threads_or_files() {
    alone(
        "endurance::many_clients_live_at_once_without_threads_or_files",
        || {
            let payload = String::from_utf8(served(1).bytes().to_vec()).unwrap();
            let make = || {
                let builder = GrowthBookClient::builder().payload(payload.clone());
                builder.on_event(|_| {}).build().unwrap()
            };
            make();
            let before = Usage::now();
            let clients: Vec<_> = (0..ALIVE).map(|_| make()).collect();
            let during = Usage::now();
            for client in &clients {
                assert!(client.is_on("f", &user("1")));
            }
            drop(clients);
            let after = Usage::now();
            println!("{ALIVE} clients alive: {before:?}, {during:?}, {after:?}");
            for usage in [&during, &after] {
                assert_eq!((usage.threads, usage.files), (before.threads, before.files));
            }
            assert!(
                during.kib <= before.kib + 16 * ALIVE as u64,
                "more than 16 KiB each"
            );
        },
    );
}

#[test]
fn users_leave_nothing_behind() {
    alone("endurance::users_leave_nothing_behind", || {
        let exposures = Arc::new(Counting::default());
        let client = GrowthBookClient::builder()
            .payload(PAYLOAD)
            .plugin(Arc::clone(&exposures))
            .build()
            .unwrap();
        let users = if is_long() { 1_000_000 } else { 100_000 };
        let warm_up = users / 4;
        let mut warm = Usage::now();
        for number in 0..users {
            let scope = client.scope(user(&format!("user-{number}")));
            assert!(scope.is_on("tested") || scope.is_off("tested"));
            scope.value("plain", "none");
            if number == warm_up {
                warm = Usage::now();
            }
        }
        let after = Usage::now();
        println!("{users} users: after {warm_up} {warm:?}, after all {after:?}");
        assert_eq!(exposures.0.load(Ordering::Relaxed), users);
        assert!(after.kib <= warm.kib + 256, "memory grows");
    });
}

/// Runs in a process of its own, so that nothing else is counted, or heard.
pub(crate) fn alone(test: &str, work: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return work();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "yes")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
    assert!(
        said.contains("1 passed"),
        "{test} is not the name of a test"
    );
}

/// What this process has of the system.
#[derive(Debug)]
struct Usage {
    threads: usize,
    files: usize,
    kib: u64,
}

impl Usage {
    #[cfg(target_os = "linux")]
    fn now() -> Self {
        let entries = |path| std::fs::read_dir(path).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.unwrap().trim().trim_end_matches(" kB");
        Self {
            threads: entries("/proc/self/task"),
            files: entries("/proc/self/fd"),
            kib: resident.parse().unwrap(),
        }
    }

    /// What there is when as much is gone as was there before: a thread is listed until a moment after it was joined, and one
    /// in which the last handle was dropped is not joined at all.
    fn back_to(before: &Self) -> Self {
        let started = Instant::now();
        loop {
            let now = Self::now();
            if now.threads <= before.threads || started.elapsed() > Duration::from_secs(60) {
                return now;
            }
            std::thread::yield_now();
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Self {
        Self {
            threads: 0,
            files: 0,
            kib: 0,
        }
    }
}

/// Keeps the last event, as a queue that is drained would, and counts all.
#[derive(Debug, Default)]
struct Counting(AtomicU64, Mutex<Option<OwnedTrackingEvent>>);

impl TrackingPlugin for Counting {
    fn record(&self, event: &TrackingEvent<'_>) {
        if let TrackingEvent::ExperimentViewed(_) = event {
            self.0.fetch_add(1, Ordering::Relaxed);
            *self.1.lock().unwrap() = Some(event.into_owned());
        }
    }
}

/// Delivers once from a thread, which then waits for the end.
fn source() -> impl PayloadSource {
    Courier(|sink: &PayloadSink, end: &Receiver<()>| {
        sink.deliver(&cache_key(), served(1)).unwrap();
        assert!(end.recv().is_err());
    })
}

const PAYLOAD: &str = r#"{"features":{"plain":{"defaultValue":"some"},"tested":{"rules":[
    {"key":"exp","variations":[true,false],"meta":[{"key":"on"},{"key":"off"}]}]}}}"#;
const CLIENTS: usize = 10_000;
const ALIVE: usize = 2_000;
const ALONE: &str = "GROWTHBOOK_TEST_ALONE";
