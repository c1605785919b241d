//! What our crates say to the program's log, in all tests of the process.

use std::sync::{LazyLock, Mutex};

use log::{LevelFilter, Log, Metadata, Record};

/// Listens from now on, to every level.
pub(crate) fn listen() {
    LazyLock::force(&IS_LISTENING);
}

/// What was said since.
pub(crate) fn heard() -> Vec<String> {
    SAID.lock().unwrap().clone()
}

struct Ear;

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

static IS_LISTENING: LazyLock<()> = LazyLock::new(|| {
    log::set_logger(&Ear).unwrap();
    log::set_max_level(LevelFilter::Trace);
});

impl Log for Ear {
    /// What frameworks say of requests is theirs.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("growthbook")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            SAID.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}
