use std::time::Duration;

use super::lane::Lane;
use super::log::panicked;
use crate::guard::guarded;

/// When panics ended a step of one of the lane's threads.
#[derive(Debug, Default)]
pub(super) struct Panics(Vec<Duration>);

impl Panics {
    /// After one outside of what is guarded, be it a defect of ours or a clock that panics: whether the thread goes on.
    pub(super) fn goes_on(&mut self, lane: &Lane, last: Duration) -> bool {
        lane.ledger.panicked();
        let now = guarded(|| lane.clock.monotonic()).unwrap_or(last);
        self.0.retain(|&at| at.saturating_add(MINUTE) > now);
        self.0.push(now);
        let goes_on = self.0.len() < MOST_PANICS;
        guarded(|| panicked(goes_on));
        goes_on
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const MOST_PANICS: usize = 5;
