//! What is said to the program's log. All tests of the process are heard.

use std::sync::{Mutex, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

/// Listens from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&EAR).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
}

/// What was said since, with the targets.
pub(crate) fn heard() -> Vec<String> {
    let said = EAR.0.lock();
    said.unwrap_or_else(PoisonError::into_inner).clone()
}

struct Ear(Mutex<Vec<String>>);

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = format!("{} {}: {}", record.level(), record.target(), record.args());
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(text);
    }

    fn flush(&self) {}
}

static EAR: Ear = Ear(Mutex::new(Vec::new()));
