//! What is said of a stream in the log: what is news, to everybody; what happens all day, to whoever looks closer.

use std::collections::BTreeSet;
use std::time::Duration;

use growthbook_core::FetchError;

/// Knows what was said.
#[derive(Debug, Default)]
pub(super) struct Herald {
    was_open: bool,
    /// Since then, something was said to be wrong.
    has_warned: bool,
    /// Each cause is said once, until the stream has held for long.
    causes: BTreeSet<String>,
}

impl Herald {
    pub(super) fn opened(&mut self) {
        let is_news = !self.was_open || self.has_warned;
        (self.was_open, self.has_warned) = (true, false);
        let level = if is_news {
            log::Level::Info
        } else {
            log::Level::Debug
        };
        log::log!(target: crate::LOG, level, "stream open");
    }

    /// It broke, or was refused when it had been open for no time at all.
    pub(super) fn failed(&mut self, error: &FetchError, open_for: Duration) {
        if open_for >= LONG {
            self.causes.clear();
        }
        let has_room = self.causes.len() < MOST_CAUSES;
        let is_news = has_room && self.causes.insert(error.to_string());
        self.has_warned |= is_news;
        let level = if is_news {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        log::log!(target: crate::LOG, level, "stream broken or refused: {error}");
    }
}

/// As servers do every minute.
pub(super) fn ended() {
    log::debug!(target: crate::LOG, "stream ended by the server");
}

/// The server has none, and never will.
pub(super) fn given_up() {
    log::info!(target: crate::LOG, "the server has no stream, so features are polled");
}

/// Whatever the server calls its events, only names that are known are said.
pub(super) fn heard(event_type: &str, bytes: usize) {
    let named = match event_type {
        "features" | "features-updated" | "message" => event_type,
        _ => "another",
    };
    log::debug!(target: crate::LOG, "event of the stream: {named}, {bytes} bytes");
}

/// After that, a stream that breaks is news again.
const LONG: Duration = Duration::from_secs(60 * 60);

/// Statuses differ, so that there could be hundreds.
const MOST_CAUSES: usize = 16;
