//! What is said to the program's log, from the most important to the least, in a process that has nothing else to hear.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Something that was said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) text: String,
}

impl Said {
    /// Whether this SDK said it, and none of the libraries under it.
    pub(crate) fn is_ours(&self) -> bool {
        self.target.starts_with("growthbook")
    }
}

/// Listens from now on. Once in a process.
pub(crate) fn listen() {
    log::set_logger(&EAR).unwrap();
    log::set_max_level(LevelFilter::Trace);
}

/// What was said since.
pub(crate) fn heard() -> Vec<Said> {
    EAR.0.lock().unwrap().clone()
}

struct Ear(Mutex<Vec<Said>>);

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(Said {
            level: record.level(),
            target: record.target().to_owned(),
            text: record.args().to_string(),
        });
    }

    fn flush(&self) {}
}

static EAR: Ear = Ear(Mutex::new(Vec::new()));
