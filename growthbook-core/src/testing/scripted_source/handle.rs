//! What the client holds of a source that is driven by hand.

use std::time::Duration;

use super::{SourceScript, Stage, cache_key};
use crate::cache::CacheKey;
use crate::client::{Refresh, RefreshError, RefreshMode, SourceHandle, SourceStatus};
use crate::fetch::Fetched;

#[derive(Debug)]
pub(super) struct Handle {
    script: SourceScript,
}

impl Handle {
    pub(super) fn new(script: SourceScript) -> Self {
        Self { script }
    }
}

impl SourceHandle for Handle {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        let answer = {
            let mut state = self.script.lock();
            state.refreshes += 1;
            state.answers.pop_front()
        };
        let sink = self.script.sink().ok_or(RefreshError::Closed)?;
        match answer.ok_or(RefreshError::TimedOut)? {
            Ok(Fetched::Fresh(payload)) => sink.deliver(&cache_key(), payload),
            Ok(Fetched::Unchanged { max_age }) => {
                if let Some(known) = sink.validator() {
                    sink.confirm(&cache_key(), &known, max_age);
                }
                Ok(Refresh::Unchanged)
            }
            Err(error) => {
                sink.fail(error.clone());
                Err(RefreshError::Fetch(error))
            }
        }
    }

    fn cache_key(&self) -> Option<CacheKey> {
        Some(cache_key())
    }

    fn request_refresh(&self) -> bool {
        let mut state = self.script.lock();
        state.requests += 1;
        matches!(state.stage, Stage::Started(_)) && !state.status.is_manual()
    }

    fn status(&self) -> SourceStatus {
        self.script.lock().status.clone()
    }

    fn close(&self, _: Duration) {
        let mut state = self.script.lock();
        state.closes += 1;
        state.stage = Stage::Ended;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.script.lock().stage = Stage::Ended;
    }
}
