//! Exposures that somebody else will report, in a browser for example.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::seen::ExposureId;
use crate::tracking::{OwnedTrackingEvent, TrackingEvent};

/// What a scope keeps of its exposures.
#[derive(Debug, Default)]
pub(crate) struct Deferred(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    ids: HashSet<ExposureId>,
    exposures: DeferredExposures,
}

impl Deferred {
    pub(crate) fn knows(&self, id: ExposureId) -> bool {
        self.lock().ids.contains(&id)
    }

    /// The first of several exposures that are the same is the one that is kept.
    pub(crate) fn add(&self, id: ExposureId, event: impl FnOnce() -> OwnedTrackingEvent) {
        let mut kept = self.lock();
        if kept.ids.contains(&id) {
            return;
        }
        if kept.exposures.events.len() >= MOST {
            kept.exposures.dropped = kept.exposures.dropped.saturating_add(1);
            return;
        }
        if kept.ids.len() < MOST_KNOWN {
            kept.ids.insert(id);
        }
        kept.exposures.events.push(event());
    }

    pub(crate) fn exposures(&self) -> DeferredExposures {
        self.lock().exposures.clone()
    }

    /// They stay known, so that none is kept, and reported, a second time.
    pub(crate) fn take(&self) -> DeferredExposures {
        std::mem::take(&mut self.lock().exposures)
    }

    /// What is done under the lock does not panic half-way.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exposures of a scope that does not report them itself ([`Track::Deferred`](crate::Track::Deferred)), in their order, each
/// once.
///
/// A page that runs GrowthBook's JavaScript SDK reports them: hand it [`DeferredExposures::to_json`], for
/// `setDeferredTrackingCalls` and `fireDeferredTrackingCalls` (spec 20). It reports all that it is handed, and at once. A
/// page that shows some of the features only is to be handed theirs: [`DeferredExposures::retain`] keeps those, by the
/// [feature](crate::ExperimentViewed::feature) that each came from.
#[derive(Clone, Debug, Default)]
pub struct DeferredExposures {
    events: Vec<OwnedTrackingEvent>,
    dropped: u64,
}

impl DeferredExposures {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many came when a thousand were kept already, and were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Keeps those for which `keep` says so: those of the features that a page shows, say.
    pub fn retain(&mut self, mut keep: impl FnMut(&TrackingEvent<'_>) -> bool) {
        self.events.retain(|event| keep(&event.as_event()));
    }

    /// The exposures.
    pub fn iter(&self) -> impl Iterator<Item = TrackingEvent<'_>> {
        self.events.iter().map(OwnedTrackingEvent::as_event)
    }

    /// An array of `{"experiment": .., "result": .., "user": ..}`. It contains the user's attributes: it is for that user's
    /// own page.
    pub fn to_json(&self) -> Value {
        let exposures = self.iter().filter_map(|event| match event {
            TrackingEvent::ExperimentViewed(viewed) => Some(viewed.to_json()),
            _ => None,
        });
        exposures.collect()
    }

    /// The same as text that can stand in a `<script>` element of a page: no `<` is left in it, and no separator that ends
    /// a line in JavaScript.
    pub fn to_script_json(&self) -> String {
        let json = self.to_json().to_string();
        json.replace('<', "\\u003c")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029")
    }
}

/// The most exposures that one scope keeps.
const MOST: usize = 1_000;

/// The most exposures that one scope knows again once they were taken out; further ones are kept each time.
const MOST_KNOWN: usize = 10_000;
