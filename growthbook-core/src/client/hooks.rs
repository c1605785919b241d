//! What the program wants to be called with.

use std::fmt;

use super::background::BackgroundError;
use super::feed::event::RefreshEvent;

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) on_error: Option<OnError>,
    pub(crate) on_refresh: Option<OnRefresh>,
}

pub(crate) type OnError = Box<dyn Fn(&BackgroundError) + Send + Sync>;
pub(crate) type OnRefresh = Box<dyn Fn(&RefreshEvent<'_>) + Send + Sync>;

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_error", &self.on_error.is_some())
            .field("on_refresh", &self.on_refresh.is_some())
            .finish()
    }
}
