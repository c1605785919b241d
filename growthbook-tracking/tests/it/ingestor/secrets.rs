//! P-34: keys and attributes are nowhere but on the wire.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;
use std::sync::Mutex;

use growthbook_testkit::Server;
use growthbook_tracking::Ingestor;
use log::{LevelFilter, Log, Metadata, Record};

use super::{KEY, builder, deliver, ingestor};

/// What the errors, the forms for debugging and the log say of deliveries that fail in every way.
#[test]
fn nothing_says_a_secret() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "ingestor::secrets::everything_said", "--ignored"]);
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "listens to the whole process"]
fn everything_said() {
    log::set_logger(&EAR).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let mut said = String::new();
    for status in [200, 400, 401, 404, 413, 418, 500] {
        let server = Server::start(move |request, reply| {
            reply.body(request)?;
            reply.respond(status, &[("Retry-After", "canary")], b"canary-answer")
        });
        let server = server.unwrap();
        let mut ingestor = ingestor(&server);
        let delivered = deliver(&mut ingestor);
        write!(said, "{ingestor:?} {delivered:?}").unwrap();
        let mut cause = delivered
            .as_ref()
            .err()
            .map(|error| error as &dyn std::error::Error);
        while let Some(error) = cause {
            write!(said, "{error} {error:?}").unwrap();
            cause = error.source();
        }
        write!(
            said,
            "{:?}",
            builder(&server).proxy("http://canary-user:canary-password@h:1")
        )
        .unwrap();
        drop(server);
        write!(said, "{:?}", deliver(&mut ingestor)).unwrap();
    }
    for host in [
        "https://canary-user:canary-password@h",
        "canary host",
        "http://canary.example",
    ] {
        let error = Ingestor::builder(KEY)
            .ingestor_host(host)
            .build()
            .unwrap_err();
        write!(said, "{error} {error:?}").unwrap();
    }
    let heard = EAR.0.lock().unwrap().clone();
    let is_ours = |(target, _): &&(String, String)| target.starts_with("growthbook");
    let (ours, others): (Vec<_>, Vec<_>) = heard.iter().partition(is_ours);
    let texts: Vec<&str> = ours.iter().map(|(_, text)| text.as_str()).collect();
    let ours = texts.join("\n");
    assert!(ours.contains("/track: status 200, 1 events, "), "{ours}");
    assert!(ours.contains("/track: the server answered with status 418, 1 events, "));
    said.push_str(&ours);
    assert!(!said.contains("canary"), "{said}");
    // As the documentation says.
    let leaking = others.iter().filter(|(_, text)| text.contains(KEY));
    let leaking: BTreeSet<&str> = leaking.map(|(target, _)| target.as_str()).collect();
    assert_eq!(leaking, BTreeSet::from(["ureq::run"]));
    let events = others
        .iter()
        .filter(|(_, text)| text.contains("canary-attribute"));
    assert_eq!(events.count(), 0);
}

/// Hears everything, and who said it.
struct Ear(Mutex<Vec<(String, String)>>);

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let said = (record.target().to_owned(), record.args().to_string());
        self.0.lock().unwrap().push(said);
    }

    fn flush(&self) {}
}

static EAR: Ear = Ear(Mutex::new(Vec::new()));
