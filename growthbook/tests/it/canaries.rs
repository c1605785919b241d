//! Whatever an example is told in confidence is in nothing that this SDK writes, at the most detailed level.
//!
//! Each example runs in a process that logs aloud. Keys are in none of its lines. Attributes are in none that are logged,
//! since some examples print their own users.

use std::error::Error;
use std::fs;
use std::io::Write;

use growthbook_testkit::{MARK, Process, leaks, speak};

use crate::services::{batch, worker};

#[path = "../../examples/encrypted.rs"]
mod encrypted;
#[cfg(all(unix, feature = "cache-redis", feature = "fetch"))]
#[path = "../../examples/redis_fleet.rs"]
#[expect(dead_code, reason = "a member is started by the test")]
mod fleet;
#[path = "../../examples/inline_experiment.rs"]
mod inline_experiment;
#[path = "../../examples/offline.rs"]
mod offline;
#[cfg(feature = "fetch")]
#[path = "../../examples/quickstart/main.rs"]
mod quickstart;

/// Runs an example in a child, and looks through what it says. Says so to the child, which then has nothing more to do.
fn check(test: &str, example: impl FnOnce() -> Result<(), Box<dyn Error>>, run: &Run<'_>) {
    if Process::is_child() {
        speak();
        example().unwrap();
        return;
    }
    let mut process = Process::start(&format!("canaries::{test}"), run.variables).unwrap();
    let mut input = process.input().unwrap();
    input.write_all(run.input.as_bytes()).unwrap();
    drop(input);
    process.ends_well("test result").unwrap();
    let lines = process.lines();
    let said = |part: &str| lines.iter().any(|line| line.contains(part));
    for part in run.says {
        assert!(said(part), "`{part}` is missing: {lines:#?}");
    }
    let found = leaks(lines, run.keys).unwrap();
    assert!(found.is_empty(), "{found:#?}");
    let mut found = leaks(lines, run.values).unwrap();
    found.retain(|line| line.contains(MARK));
    assert!(found.is_empty(), "{found:#?}");
}

/// What an example gets, what it must have come to say, and what it must not.
#[derive(Default)]
struct Run<'r> {
    variables: &'r [(&'r str, &'r str)],
    input: &'r str,
    says: &'r [&'r str],
    keys: &'r [&'r str],
    values: &'r [&'r str],
}

#[test]
fn of_the_worker() {
    let run = Run {
        input: "canary-of-a-customer 98765.25\nno-order-but-a-canary\n",
        says: &[
            "canary-of-a-customer pays 98765.25",
            "closed after 1 orders",
        ],
        keys: &["no-order-but-a-canary"],
        values: &["canary-of-a-customer", "98765.25"],
        ..Run::default()
    };
    check("of_the_worker", worker::main, &run);
}

#[test]
fn of_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (users, events) = (folder.path().join("users"), folder.path().join("events"));
    let user =
        r#"{"id": "canary-id", "deviceId": "canary-device", "email": "canary@shop.example"}"#;
    fs::write(&users, format!("{user}\ncanary-in-no-json\n")).unwrap();
    let run = Run {
        variables: &[
            ("USERS", users.to_str().unwrap()),
            ("EVENTS", events.to_str().unwrap()),
            ("SECURE_ATTRIBUTE_SALT", "salt-canary"),
        ],
        says: &["unreadable 1", "1 offered, 1 delivered"],
        keys: &[
            "salt-canary",
            "canary-id",
            "canary-device",
            "canary@shop",
            "canary-in-no",
        ],
        ..Run::default()
    };
    check("of_the_batch", batch::main, &run);
    if !Process::is_child() {
        let events = fs::read_to_string(events).unwrap();
        // Analytics has the user, with a hash for an address.
        assert!(events.contains("canary-device"), "{events}");
        assert!(!events.contains("canary@shop"), "{events}");
    }
}

/// It takes no key but those of its own demonstration.
#[test]
fn of_the_encrypted_payload() {
    let run = Run {
        says: &["with the key, payment methods are", "with another key"],
        keys: &["ZGVtby1rZXktb2Ytc2hvcA", "c29tZS1vdGhlci1rZXktMQ"],
        ..Run::default()
    };
    check("of_the_encrypted_payload", encrypted::main, &run);
}

/// Its users are its own. The text of a payload that is cut off is nobody's to see.
#[test]
fn of_the_offline_payload() {
    let run = Run {
        says: &["from the file", "after a bad update"],
        keys: &[r#""defaul"#, "deviceId"],
        ..Run::default()
    };
    check("of_the_offline_payload", offline::main, &run);
}

#[test]
fn of_the_inline_experiment() {
    let run = Run {
        says: &["u-4: no reminder"],
        values: &["u-1", "u-2", "u-3", "u-4", "consent"],
        ..Run::default()
    };
    check("of_the_inline_experiment", inline_experiment::main, &run);
}

#[cfg(feature = "testing")]
#[test]
fn of_the_custom_store() {
    let run = Run {
        values: &["u-1"],
        ..Run::default()
    };
    check(
        "of_the_custom_store",
        crate::custom_sticky::example::main,
        &run,
    );
}

#[cfg(feature = "fetch")]
#[test]
fn of_the_quickstart() {
    let run = Run {
        says: &["all of it in time: true"],
        keys: &["sdk-shop", "ZGVtby1rZXktb2Ytc2hvcA", "PL1234567890"],
        values: &["warehouse@shop.example", "u-2704", "d-40028", "Berlin"],
        ..Run::default()
    };
    check("of_the_quickstart", quickstart::main, &run);
}

/// A member of the fleet whose Redis wants a password, and gets it or another one.
#[cfg(all(unix, feature = "cache-redis", feature = "fetch"))]
#[test]
fn of_the_fleet() {
    use growthbook_testkit::{RedisServer, Server};
    const TEST: &str = "of_the_fleet";
    if Process::is_child() {
        let [redis, api] = ["REDIS", "API"].map(|name| std::env::var(name).unwrap());
        return check(TEST, move || fleet::member(&redis, &api), &Run::default());
    }
    if RedisServer::program().is_none() {
        return println!("SKIPPED: there is no redis-server");
    }
    let redis = RedisServer::builder().password("canary-password").start();
    let redis = redis.unwrap();
    let payload = br#"{"features": {"greeting": {"defaultValue": "Hello"}}}"#;
    let api = Server::start(|_, reply| reply.respond(200, &[], payload)).unwrap();
    for password in ["canary-password", "canary-wrong"] {
        let redis = format!("redis://:{password}@{}/", redis.address());
        let run = Run {
            variables: &[("REDIS", &redis), ("API", &api.url())],
            says: &["Hello, from"],
            keys: &["canary-password", "canary-wrong", "sdk-abc123", "u-1"],
            ..Run::default()
        };
        check(TEST, || Ok(()), &run);
    }
}
