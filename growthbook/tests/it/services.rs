//! The programs among the examples that work something off, each as a process: all that they report arrives.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use growthbook::{Attributes, UserContext};
use growthbook_testkit::Process;

use crate::shop;

#[path = "../../examples/batch.rs"]
pub(crate) mod batch;
#[path = "../../examples/worker.rs"]
pub(crate) mod worker;

#[test]
fn the_worker() {
    if Process::is_child() {
        return worker::main().unwrap();
    }
    let mut worker = Process::start("services::the_worker", &[]).unwrap();
    let mut queue = worker.input().unwrap();
    for it in 0..500 {
        writeln!(queue, "u-{it} 100").unwrap();
    }
    writeln!(queue, "\nnobody\nu-x ?").unwrap();
    // It has all that it will get, and works it off.
    drop(queue);
    worker.ends_well("closed after 500 orders").unwrap();

    let paid = worker.lines().iter().filter(|it| it.ends_with("pays 100"));
    assert_eq!(paid.count(), 500);
    let viewed = worker.lines().iter();
    let viewed = viewed.filter_map(|line| line.strip_suffix(" is in shipping-threshold"));
    let viewed: BTreeSet<String> = viewed.map(str::to_owned).collect();
    let client = shop::client();
    let expected = (0..500).map(|it| format!("u-{it}")).filter(|id| {
        let user = UserContext::new(Attributes::new().with("id", &**id));
        let result = client.evaluate("free-shipping-from", &user);
        result.experiment().is_some()
    });
    let expected: BTreeSet<String> = expected.collect();
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(viewed, expected);
    let report = format!("{0} offered, {0} delivered, 0 pending", expected.len());
    assert!(worker.lines().iter().any(|line| line.contains(&report)));
}

/// Nobody reads what it prints (`| head`), so nobody works any more: it does not wait for them.
#[test]
fn the_worker_ends_with_its_threads() {
    if env::var_os(UNREAD).is_some() {
        return worker::main().unwrap();
    }
    let mut worker = Command::new(env::current_exe().unwrap())
        .args([
            "services::the_worker_ends_with_its_threads",
            "--exact",
            "--nocapture",
        ])
        .env(UNREAD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut queue = worker.stdin.take().unwrap();
    writeln!(queue, "u-1 100").unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("pays 100")));
    drop(lines);
    // It may end before it has read all of them.
    let _ = (0..1_000).try_for_each(|it| writeln!(queue, "u-{it} 100"));
    drop(queue);
    let started = Instant::now();
    while worker.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(30) {
            worker.kill().unwrap();
            worker.wait().unwrap();
            panic!("it waits for ever");
        }
        thread::sleep(Duration::from_millis(1));
    }
}

const UNREAD: &str = "GROWTHBOOK_TEST_UNREAD";

#[test]
fn the_batch() {
    if Process::is_child() {
        return batch::main().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let (users, events) = (folder.path().join("users"), folder.path().join("events"));
    let lines = (0..USERS).map(|it| format!("{{\"id\": \"u-{it}\", \"deviceId\": \"d-{it}\"}}\n"));
    fs::write(&users, lines.collect::<String>() + "no user\n").unwrap();
    let variables = [
        ("USERS", users.to_str().unwrap()),
        ("EVENTS", events.to_str().unwrap()),
    ];
    let mut batch = Process::start("services::the_batch", &variables).unwrap();
    batch.ends_well("12000 offered, 12000 delivered").unwrap();
    assert!(batch.lines().iter().any(|it| it.ends_with("unreadable 1")));
    let events = fs::read_to_string(events).unwrap();
    let ids: BTreeSet<&str> = events.lines().filter_map(id).collect();
    assert_eq!((events.lines().count(), ids.len()), (USERS, USERS));

    // With the users of the example.
    let events = folder.path().join("of-ten");
    let variables = [("EVENTS", events.to_str().unwrap())];
    let mut batch = Process::start("services::the_batch", &variables).unwrap();
    batch.ends_well("10 offered, 10 delivered").unwrap();
}

/// Of whom a line tells.
fn id(line: &str) -> Option<&str> {
    line.split_once(r#""user_id":""#)?.1.split('"').next()
}

/// More than a queue holds.
const USERS: usize = 12_000;
