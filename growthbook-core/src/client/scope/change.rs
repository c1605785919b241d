//! A scope that goes on with something changed: its user, its features, what becomes of its exposures.

use std::sync::Arc;

use super::state::{ScopeState, Track};
use super::{Inner, UserScope};
use crate::attributes::Attributes;
use crate::client::shared::Snapshot;
use crate::client::visit::sticky::StickyState;
use crate::ruleset::Ruleset;
use crate::sticky::StickyDocuments;
use crate::user::UserContext;

impl UserScope {
    /// The same scope with another answer to what becomes of exposures.
    #[must_use]
    pub fn with_track(self, track: Track) -> Self {
        self.rebuilt(|_, state| state.track = track)
    }

    /// The same scope with the user's sticky buckets, as the caller has them: from a cookie, say. The sticky bucket service
    /// is not asked; what is assigned is stored by it, if there is one, and is in [`UserScope::sticky_documents`].
    #[must_use]
    pub fn with_sticky_documents(self, documents: StickyDocuments) -> Self {
        self.rebuilt(|_, state| state.sticky = StickyState::supplied(documents))
    }

    /// The same scope over other features than those of the client: those that a server worked out for this user, say.
    /// Everything else is as before: who hears of what, and which exposures were reported. Sticky buckets are looked up
    /// anew, unless the caller supplied them.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use growthbook_core::{GrowthBookClient, Ruleset, UserContext};
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// let own = Ruleset::from_json(br#"{"features": {"color": {"defaultValue": "green"}}}"#, None)?;
    /// let scope = client.scope(UserContext::default()).with_ruleset(Arc::new(own));
    /// assert_eq!(scope.value("color", "blue"), "green");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_ruleset(&self, ruleset: Arc<Ruleset>) -> Self {
        let snapshot = Snapshot {
            ruleset,
            global: Arc::clone(&self.inner.snapshot.global),
        };
        let mut state = self.inner.state.fork();
        state.forget_sticky();
        let (client, user) = (self.client().clone(), self.user().clone());
        Self {
            inner: Arc::new(Inner::new(client, Arc::new(snapshot), user, state)),
        }
    }

    /// Goes on with another user; clones of the scope stay with the old one. Exposures that were reported stay reported,
    /// features are reported anew. Sticky buckets are looked up anew, unless the caller supplied them.
    pub fn set_user(&mut self, user: UserContext) {
        self.change_user(user);
        let inner = self.rebuilt(|_, state| state.reported = Arc::default());
        *self = inner;
    }

    /// Goes on with attributes added to the user's own, each replacing an earlier one of its name. Features are reported
    /// again when their value changes. Otherwise as [`UserScope::set_user`].
    pub fn update_attributes(&mut self, attributes: Attributes) {
        let mut user = self.user().clone();
        user.update_attributes(attributes);
        self.change_user(user);
    }

    /// Goes on with attributes that win over the user's own: a debugging aid. As [`UserScope::update_attributes`].
    pub fn set_attribute_overrides(&mut self, overrides: Attributes) {
        self.change_user(self.user().clone().with_attribute_overrides(overrides));
    }

    fn change_user(&mut self, user: UserContext) {
        *self = self.rebuilt(|own, state| {
            *own = user;
            state.forget_sticky();
        });
    }

    /// The scope with changes. Others who hold it keep theirs.
    fn rebuilt(&self, change: impl FnOnce(&mut UserContext, &mut ScopeState)) -> Self {
        let (mut user, mut state) = (self.user().clone(), self.inner.state.fork());
        change(&mut user, &mut state);
        let (client, snapshot) = (self.client().clone(), Arc::clone(&self.inner.snapshot));
        Self {
            inner: Arc::new(Inner::new(client, snapshot, user, state)),
        }
    }
}
