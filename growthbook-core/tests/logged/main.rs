//! What the crate `log` gets in a program without a subscriber of `tracing`, and what it never gets. A process of its own:
//! both have one listener in each.
#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions do")]

#[path = "../said/canaries.rs"]
#[expect(
    dead_code,
    reason = "the tests of what is said look for some of them alone"
)]
mod canaries;
#[path = "../said/life.rs"]
mod life;
#[path = "../said/scene.rs"]
mod scene;

use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};

#[test]
fn a_whole_life_is_logged_and_stays_private() {
    log::set_logger(&EAR).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let printed = scene::Printed::default();
    life::live(&printed);
    let said = EAR.0.lock().unwrap();
    for (level, text) in [
        (Level::Info, "features in force"),
        (Level::Warn, "part of the payload cannot work"),
        (Level::Error, "no decryption key is configured"),
        (Level::Warn, "sticky buckets are unavailable"),
        (Level::Warn, "a feature cache is unavailable"),
        (Level::Warn, "does not fit"),
        (Level::Warn, "before there were any"),
        (Level::Error, "panicked"),
        (Level::Info, "client closed"),
    ] {
        let is_it = |(target, at, said): &(String, Level, String)| {
            target == "growthbook" && *at == level && said.contains(text)
        };
        assert!(said.iter().any(is_it), "{text}: {said:#?}");
    }
    assert!(
        said.iter().all(|(target, ..)| target == "growthbook"),
        "evaluations are for traces: {said:#?}"
    );
    let all = format!("{said:?}\n{}", printed.text());
    assert_eq!(canaries::found(&canaries::ALL, &all), [""; 0], "{all}");
}

/// Target, level and text.
struct Ear(Mutex<Vec<(String, Level, String)>>);

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let fields = (record.module_path(), record.file());
        let text = format!("{} {fields:?}", record.args());
        let said = (record.target().to_owned(), record.level(), text);
        self.0.lock().unwrap().push(said);
    }

    fn flush(&self) {}
}

static EAR: Ear = Ear(Mutex::new(Vec::new()));
