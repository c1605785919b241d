//! What a scope remembers between calls, and what it does with exposures.

use std::sync::Arc;

use crate::client::reports::deferred::Deferred;
use crate::client::reports::reported::ReportedFeatures;
use crate::client::reports::seen::SeenExposures;
use crate::client::visit::sticky::StickyState;

/// What a scope remembers between calls.
#[derive(Debug, Default)]
pub(crate) struct ScopeState {
    pub(crate) track: Track,
    pub(crate) sticky: StickyState,
    /// The user's: another one's features are reported anew.
    pub(crate) reported: Arc<ReportedFeatures>,
    pub(crate) memory: Arc<ScopeMemory>,
}

/// What stays when the user changes.
#[derive(Debug, Default)]
pub(crate) struct ScopeMemory {
    /// Only if the client does not remember exposures itself.
    pub(crate) seen: Option<SeenExposures>,
    pub(crate) deferred: Deferred,
}

impl ScopeState {
    pub(crate) fn fork(&self) -> Self {
        Self {
            track: self.track,
            sticky: self.sticky.fork(),
            reported: Arc::clone(&self.reported),
            memory: Arc::clone(&self.memory),
        }
    }

    /// Sticky buckets are looked up anew. What the caller supplied stays.
    pub(crate) fn forget_sticky(&mut self) {
        if !self.sticky.is_supplied() {
            self.sticky = StickyState::default();
        }
    }
}

/// What becomes of a scope's exposures, and of its reports that features were evaluated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Track {
    /// Exposures are kept, for [`UserScope::deferred`](crate::UserScope::deferred): a page will report them. Feature usage is reported.
    Deferred,
    /// Nothing is reported. Assignments are stored in sticky buckets all the same, since the user may see them.
    Off,
    /// All is reported.
    #[default]
    On,
}
