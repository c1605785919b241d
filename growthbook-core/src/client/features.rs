//! The features in force, and what holds for all users: replacing and refreshing them.

use std::sync::Arc;
use std::time::Duration;

use super::GrowthBookClient;
use super::feed::Arrival;
use super::feed::refresh::{Origin, Refresh, RefreshError, RefreshMode};
use super::shared::Installed;
use crate::attributes::Attributes;
use crate::guard::Called;
use crate::ruleset::{PayloadError, Ruleset};
use crate::user::GlobalContext;

impl GrowthBookClient {
    /// Replaces the features by those of a payload, plain or sealed, as the GrowthBook API sends it.
    ///
    /// A section that the payload lacks (saved groups, say) keeps its content. Evaluations that are under way finish with
    /// the features that they began with.
    ///
    /// # Errors
    ///
    /// When the bytes are not a payload, or cannot be opened. The features in force stay in force.
    ///
    /// # Blocking
    ///
    /// Compiles the payload in the calling thread, for as long as `cargo xtask bench l1` shows, and calls `on_refresh`.
    /// Evaluation goes on meanwhile.
    pub fn load(&self, payload: &[u8]) -> Result<Arc<Ruleset>, PayloadError> {
        let shared = &self.shared;
        let installed = shared.install(payload, Origin::Loaded, Arrival::default(), None)?;
        shared.announce(&installed, Origin::Loaded);
        let Installed {
            ruleset, previous, ..
        } = installed;
        drop(previous);
        shared.feed.retired.sweep();
        Ok(ruleset)
    }

    /// Gets fresher features, unless those in force are fresh: from a cache that another process writes, or from the server.
    ///
    /// Whoever asks while somebody is at it waits for the same answer. A client with a source hands the question on to it.
    ///
    /// # Errors
    ///
    /// When there was nothing to be had. The features in force stay in force.
    ///
    /// # Blocking
    ///
    /// Until the caches and the server have answered, within the limits that they set themselves; a source is given 30
    /// seconds. In an async program call it on a thread for blocking work.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, Refresh, StaticFetcher};
    ///
    /// let fetcher = StaticFetcher::new(*br#"{"features": {"dark-mode": {"defaultValue": true}}}"#);
    /// let client = GrowthBookClient::builder().fetcher(fetcher).build()?;
    /// assert_eq!(client.refresh()?, Refresh::Updated);
    /// assert_eq!(client.refresh()?, Refresh::Fresh);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refresh(&self) -> Result<Refresh, RefreshError> {
        self.refresh_by(RefreshMode::IfStale)
    }

    /// As [`GrowthBookClient::refresh`], but asks the server, however fresh the features are: for a program that knows of a
    /// change. An answer that is under way may be older than that change, so the server is asked once more after it, for all
    /// who wait together.
    ///
    /// # Errors
    ///
    /// As [`GrowthBookClient::refresh`].
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::refresh`].
    pub fn force_refresh(&self) -> Result<Refresh, RefreshError> {
        self.refresh_by(RefreshMode::Forced)
    }

    fn refresh_by(&self, mode: RefreshMode) -> Result<Refresh, RefreshError> {
        let shared = &*self.shared;
        if shared.is_closed() {
            return Err(RefreshError::Closed);
        }
        let refreshed = shared.call_source("payload source's refresh", |source| {
            source.refresh(mode, SOURCE_LIMIT)
        });
        match refreshed {
            Some(Called::Returned(answer)) => return answer,
            Some(Called::Refused) => return Err(RefreshError::InProgress),
            Some(Called::Panicked) => {
                shared.feed.failed(&RefreshError::Panicked);
                return Err(RefreshError::Panicked);
            }
            None => {}
        }
        let fetcher = shared.feed.fetcher.as_deref();
        shared.refresh(fetcher.ok_or(RefreshError::NoSource)?, mode)
    }

    /// The features in force.
    pub fn ruleset(&self) -> Arc<Ruleset> {
        Arc::clone(&self.shared.snapshot.load().ruleset)
    }

    /// What holds for all users.
    pub fn global_context(&self) -> Arc<GlobalContext> {
        Arc::clone(&self.shared.snapshot.load().global)
    }

    /// Replaces what holds for all users: attributes, forced values, QA mode and the like. Scopes go on with what they have.
    ///
    /// # Blocking
    ///
    /// While a payload is being compiled in another thread. Evaluation goes on meanwhile.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, UserContext};
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// let global = client.global_context().as_ref().clone();
    /// client.set_global_context(global.with_forced_value("dark-mode", true.into()));
    /// assert!(client.is_on("dark-mode", &UserContext::default()));
    /// # Ok::<(), growthbook_core::BuildError>(())
    /// ```
    pub fn set_global_context(&self, global: GlobalContext) {
        self.shared.replace_global(|_| global);
    }

    /// Replaces the attributes that every user has.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::set_global_context`].
    pub fn set_global_attributes(&self, attributes: Attributes) {
        self.shared
            .replace_global(|global| global.clone().with_attributes(attributes));
    }
}

/// How long a source may take for a refresh that the program asks for.
const SOURCE_LIMIT: Duration = Duration::from_secs(30);
