//! Flushing and ending a client.

use std::time::Duration;

use super::feed::asking::News;
use super::log;
use super::reports::listeners::Listener;
use super::shared::Shared;
use crate::error::FlushError;
use crate::guard::Called;
use crate::tracking::TrackingPlugin;

/// What became of a client that was closed.
#[derive(Clone, Debug, Default)]
pub struct CloseReport {
    was_closed: bool,
    is_under_way: bool,
    failures: Vec<FlushError>,
}

impl CloseReport {
    /// For whoever comes later than another: with what came of that one's call, if it has ended.
    pub(crate) fn already(first: Option<&Self>) -> Self {
        Self {
            was_closed: true,
            is_under_way: first.is_none(),
            failures: first.map_or_else(Vec::new, |first| first.failures.clone()),
        }
    }

    pub(crate) fn of(shared: &Shared, limit: Duration) -> Self {
        let source = shared.feed.take_source();
        let plugins = shared.listeners.plugins();
        let mut budget = Budget::new(shared, limit, plugins.len());
        // First nothing new comes in, then what came is written, then nobody is told any more.
        if let Some(handle) = source.as_ref().and_then(|source| source.handle()) {
            budget.parties += 1;
            let share = budget.next();
            shared.call(&shared.feed, "payload source's end", || handle.close(share));
        }
        drop(source);
        // Before nobody is told any more: a cache that fails to take a lease back is an error.
        let mut news = News::default();
        shared.give_up_beginning(&mut news);
        news.tell(shared);
        shared.fall_silent();
        let close = |plugin: &dyn TrackingPlugin, limit| plugin.close(limit);
        let failures = each(shared, &mut budget, plugins, "tracking plugin's end", close);
        shared.log(|_| log::closed(failures.len()));
        Self {
            was_closed: false,
            is_under_way: false,
            failures,
        }
    }

    /// Whether everything was written in time. Not while another call is still at it.
    pub fn is_complete(&self) -> bool {
        !self.is_under_way && self.failures.is_empty()
    }

    /// Whether another call is closing the client and has not ended yet.
    pub fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// Whether another call had closed the client before, or begun to, so that there was nothing to do. The rest of the
    /// report is of that call.
    pub fn was_closed(&self) -> bool {
        self.was_closed
    }

    /// What was not written: one error for each plugin or store that failed, in the order of their making.
    pub fn failures(&self) -> &[FlushError] {
        &self.failures
    }
}

/// Flushes the sticky buckets, into which evaluation still writes when the client is closed, and until then all plugins.
/// Says what failed.
pub(crate) fn flush(shared: &Shared, limit: Duration) -> Vec<FlushError> {
    let plugins = shared.listeners.plugins();
    let plugins = if shared.is_closed() { &[] } else { plugins };
    let flush = |plugin: &dyn TrackingPlugin, limit| plugin.flush(limit);
    let mut budget = Budget::new(shared, limit, plugins.len());
    each(
        shared,
        &mut budget,
        plugins,
        "tracking plugin's flush",
        flush,
    )
}

fn each(
    shared: &Shared,
    budget: &mut Budget<'_>,
    plugins: &[Listener],
    doing: &'static str,
    call: impl Fn(&dyn TrackingPlugin, Duration) -> Result<(), FlushError>,
) -> Vec<FlushError> {
    let store = shared.sticky.as_deref().map(|service| {
        let share = budget.next();
        let flush = || service.flush(share);
        shared.call(&shared.sticky, "sticky bucket service's flush", flush)
    });
    let written = plugins.iter().map(|listener| {
        let share = budget.next();
        shared.call(listener, doing, || call(&*listener.plugin, share))
    });
    let written = store.into_iter().chain(written);
    written
        .filter_map(|called| match called {
            Called::Panicked => Some(FlushError::Panicked),
            // It is at it.
            Called::Refused => None,
            Called::Returned(written) => written.err(),
        })
        .collect()
}

/// A limit that several share: one that takes all its time must not take the others', and what one leaves over is theirs.
struct Budget<'a> {
    shared: &'a Shared,
    deadline: Duration,
    /// How many are still to come.
    parties: usize,
}

impl<'a> Budget<'a> {
    fn new(shared: &'a Shared, limit: Duration, plugins: usize) -> Self {
        Self {
            shared,
            deadline: shared.monotonic().saturating_add(limit),
            parties: plugins + usize::from(shared.sticky.is_some()),
        }
    }

    fn next(&mut self) -> Duration {
        let left = self.deadline.saturating_sub(self.shared.monotonic());
        let parties = u32::try_from(self.parties.max(1)).unwrap_or(u32::MAX);
        self.parties = self.parties.saturating_sub(1);
        left / parties
    }
}
