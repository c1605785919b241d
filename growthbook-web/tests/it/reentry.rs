//! Several who use one request's handle at once, or one within the other.

use std::hint;
use std::sync::{Barrier, OnceLock};
use std::thread;

use growthbook_core::Attributes;
use growthbook_testkit::Process;
use growthbook_web::{GrowthBook, RequestHead, WebOptions};
use log::{LevelFilter, Log, Metadata, Record};

use crate::services::client;

static REQUEST: OnceLock<GrowthBook> = OnceLock::new();

/// Says with each line whose request it is about.
struct Curious;

impl Log for Curious {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    #[expect(clippy::print_stdout, reason = "it is heard there")]
    fn log(&self, record: &Record<'_>) {
        if let Some(request) = REQUEST.get() {
            println!("{:?} {}", request.user(), record.args());
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_logger_may_ask_whose_request_it_is() {
    if !Process::is_child() {
        let test = "reentry::a_logger_may_ask_whose_request_it_is";
        let mut process = Process::start(test, &[]).unwrap();
        process.wait_for("sticky bucket cookie of").unwrap();
        return process.ends_well("1 passed").unwrap();
    }
    log::set_logger(&Curious).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let options = WebOptions::new().sticky_cookies();
    let known = Attributes::new().with("id", "u".repeat(5_000));
    let growthbook = GrowthBook::new(&client(1), &options, &RequestHead::new("/"), known);
    REQUEST.get_or_init(|| growthbook.clone());
    assert!(growthbook.scope().is_on("color"));
    assert!(growthbook.set_cookies().is_empty());
}

#[test]
fn an_update_holds_whoever_asks_for_the_scope_meanwhile() {
    let (client, options) = (client(1), WebOptions::new());
    for round in 0..300 {
        // So many that making the scope takes a while.
        let known: Attributes = (0..500).map(|it| (format!("name-{it}"), it)).collect();
        let growthbook = GrowthBook::new(&client, &options, &RequestHead::new("/"), known);
        growthbook.user();
        let start = Barrier::new(2);
        thread::scope(|threads| {
            threads.spawn(|| {
                start.wait();
                growthbook.scope();
            });
            start.wait();
            for _ in 0..round * 100 {
                hint::spin_loop();
            }
            growthbook.update_attributes(Attributes::new().with("id", "logged-in"));
        });
        let scope = growthbook.scope();
        let id = scope.user().attributes().get("id");
        assert_eq!(id, Some(&"logged-in".into()), "round {round}");
    }
}
