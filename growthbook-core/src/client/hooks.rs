//! What the program wants to be called with.

use std::fmt;

use super::background::BackgroundError;
use super::refresh::RefreshEvent;
use crate::guard::guarded;

#[derive(Default)]
pub(super) struct Hooks {
    pub(super) on_error: Option<OnError>,
    pub(super) on_refresh: Option<OnRefresh>,
}

pub(super) type OnError = Box<dyn Fn(&BackgroundError) + Send + Sync>;
pub(super) type OnRefresh = Box<dyn Fn(&RefreshEvent<'_>) + Send + Sync>;

impl Hooks {
    /// Says whether all went well: a panic in there disturbs nobody.
    #[must_use]
    pub(super) fn error(&self, error: &BackgroundError) -> bool {
        let Some(on_error) = &self.on_error else {
            return true;
        };
        guarded(|| on_error(error)).is_some()
    }

    /// As [`Hooks::error`].
    #[must_use]
    pub(super) fn refresh(&self, event: &RefreshEvent<'_>) -> bool {
        let Some(on_refresh) = &self.on_refresh else {
            return true;
        };
        guarded(|| on_refresh(event)).is_some()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_error", &self.on_error.is_some())
            .field("on_refresh", &self.on_refresh.is_some())
            .finish()
    }
}
