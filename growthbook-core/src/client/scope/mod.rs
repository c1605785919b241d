//! A scope: one user before one snapshot, for the length of a request.

mod change;
mod state;

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

pub use self::state::Track;
pub(crate) use self::state::{ScopeMemory, ScopeState};
use super::GrowthBookClient;
use super::reports::deferred::DeferredExposures;
use super::reports::seen::SeenExposures;
use super::shared::Snapshot;
use super::visit::Visit;
use super::visit::everything::AllFeatures;
use super::visit::question::{Autos, Trial};
use crate::engine::{self, AutoExperiments, AutoOptions, Binding, Subject};
use crate::experiment::{Experiment, ExperimentResult};
use crate::explanation::Explanation;
use crate::flag::{Flag, FlagValue};
use crate::result::{FeatureResult, ValueError};
use crate::ruleset::Ruleset;
use crate::sticky::StickyDocuments;
use crate::user::UserContext;

/// One user, for the length of a request: the methods of the client without the user argument.
///
/// A scope sees one version of the features, whatever comes in meanwhile; it asks the sticky bucket service at most once;
/// it reports an exposure once, and a feature when its value is another one than before. Text can be borrowed from it, so
/// that a fallback may be a literal: `scope.value("color", "blue")`.
///
/// Clones are the same scope. It keeps the client alive.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, GrowthBookClient, UserContext};
///
/// let client = GrowthBookClient::builder()
///     .payload(r#"{"features": {"color": {"defaultValue": "green"}, "dark-mode": {"defaultValue": true}}}"#)
///     .build()?;
///
/// let scope = client.scope(UserContext::new(Attributes::new().with("id", "u-1")));
/// assert!(scope.is_on("dark-mode"));
/// assert_eq!(scope.value("color", "blue"), "green");
/// assert_eq!(scope.value("size", 12), 12);
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct UserScope {
    inner: Arc<Inner>,
}

struct Inner {
    client: GrowthBookClient,
    snapshot: Arc<Snapshot>,
    /// The user, and where their attributes are.
    binding: Binding,
    state: ScopeState,
}

impl Inner {
    fn new(
        client: GrowthBookClient,
        snapshot: Arc<Snapshot>,
        user: UserContext,
        state: ScopeState,
    ) -> Self {
        let binding = Binding::new(Arc::clone(&snapshot.ruleset), user);
        Self {
            client,
            binding: binding.within(Arc::clone(&snapshot.global)),
            snapshot,
            state,
        }
    }
}

impl UserScope {
    pub(crate) fn new(client: GrowthBookClient, user: UserContext) -> Self {
        let snapshot = client.shared.snapshot.load_full();
        let forgets = client.shared.seen.is_none();
        let memory = ScopeMemory {
            seen: forgets.then(|| SeenExposures::new(MOST_EXPOSURES)),
            ..ScopeMemory::default()
        };
        let state = ScopeState {
            memory: Arc::new(memory),
            ..ScopeState::default()
        };
        Self {
            inner: Arc::new(Inner::new(client, snapshot, user, state)),
        }
    }

    /// Whom it is for.
    pub fn user(&self) -> &UserContext {
        self.inner.binding.user()
    }

    /// The same within what holds for all users, as an evaluation sees it.
    pub fn subject(&self) -> Subject<'_> {
        self.visit().subject()
    }

    /// The features that it sees.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.inner.snapshot.ruleset
    }

    /// The client that made it.
    pub fn client(&self) -> &GrowthBookClient {
        &self.inner.client
    }

    /// Asks the sticky bucket service for the user's documents now, so that evaluations find them there. Without a service
    /// there is nothing to ask.
    ///
    /// For async programs: call it on a thread for blocking work, and evaluate anywhere after that. An assignment that is
    /// new is still stored in the thread that evaluates.
    ///
    /// # Blocking
    ///
    /// For as long as the service takes.
    pub fn load_sticky(&self) {
        let visit = self.visit();
        let (ruleset, subject) = (self.ruleset(), visit.subject());
        self.inner.state.sticky.prepare(visit.shared, || {
            engine::sticky_identities(ruleset, &subject)
        });
    }

    /// Evaluates a feature: its value, and why it is that one.
    ///
    /// # Blocking
    ///
    /// With a sticky bucket service, the first call that can reach an experiment waits for the service to load the user's
    /// documents, and a call that assigns a variation waits until it is stored. Without one it waits for nothing.
    pub fn evaluate(&self, feature: &str) -> FeatureResult {
        self.visit().result(feature)
    }

    /// Whether a feature is on: its value is anything but null, `false`, `0` and `""`.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    #[inline]
    pub fn is_on(&self, feature: &str) -> bool {
        self.visit().value(feature).is_truthy()
    }

    /// Whether a feature is off.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    #[inline]
    pub fn is_off(&self, feature: &str) -> bool {
        !self.is_on(feature)
    }

    /// A feature's value as a type of yours; `fallback`, which fixes the type, if there is no value or it does not fit.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    #[inline]
    pub fn value<'s, T: Deserialize<'s>>(&'s self, feature: &str, fallback: T) -> T {
        self.visit().value_or(feature, fallback)
    }

    /// A feature's value as a type of yours, which may borrow from the scope.
    ///
    /// # Errors
    ///
    /// [`ValueError::Missing`] if there is no value, [`ValueError::Mismatch`] if it is not of this type.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    #[inline]
    pub fn value_as<'s, T: Deserialize<'s>>(&'s self, feature: &str) -> Result<T, ValueError> {
        self.visit().value_as(feature)
    }

    /// The value of a feature that the program has named, with its type and fallback, in one place.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{Flag, GrowthBookClient, UserContext};
    ///
    /// static COLOR: Flag<&str> = Flag::new("color", "blue");
    /// static PAGE_SIZE: Flag<u32> = Flag::new("page-size", 20);
    ///
    /// let payload = r#"{"features": {"color": {"defaultValue": "green"}}}"#;
    /// let client = GrowthBookClient::builder().payload(payload).build()?;
    /// let scope = client.scope(UserContext::default());
    /// assert_eq!(scope.get(&COLOR), "green");
    /// assert_eq!(scope.get(&PAGE_SIZE), 20);
    /// # Ok::<(), growthbook_core::BuildError>(())
    /// ```
    #[inline]
    pub fn get<'s, V: FlagValue>(&'s self, flag: &'s Flag<V>) -> V::Of<'s> {
        self.visit().flag(flag)
    }

    /// Why a feature has the value that it has: the same evaluation, told as a tree. Nobody is bucketed by it, nothing is
    /// reported or stored. It contains the user's attributes: it is for whoever develops, not for a log.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{Attributes, GrowthBookClient, UserContext};
    ///
    /// let client = GrowthBookClient::builder()
    ///     .payload(r#"{"features": {"beta": {"defaultValue": false, "rules": [
    ///         {"id": "fr_1", "condition": {"plan": "pro"}, "force": true}
    ///     ]}}}"#)
    ///     .build()?;
    /// let scope = client.scope(UserContext::new(Attributes::new().with("plan", "free")));
    /// println!("{}", scope.explain("beta"));
    /// # Ok::<(), growthbook_core::BuildError>(())
    /// ```
    pub fn explain(&self, feature: &str) -> Explanation {
        self.visit().explain(feature)
    }

    /// Evaluates all features, as if each were asked for: in their order in the payload.
    ///
    /// That exposes the user to every experiment that they are in. For a page that may show some of them, ask a scope with
    /// [`Track::Deferred`], and report those [exposures](DeferredExposures) whose features the page shows.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    pub fn evaluate_all(&self) -> AllFeatures {
        self.visit().all()
    }

    /// Runs an experiment that the program defines. A user who is not in it gets the first variation.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    pub fn run<'e, T>(&self, experiment: &'e Experiment<T>) -> ExperimentResult<&'e T> {
        self.visit().run(&Trial(experiment))
    }

    /// Runs the payload's auto experiments, such as URL redirects, for the page that the user is on (spec 21).
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    pub fn run_auto_experiments(&self, options: &AutoOptions) -> AutoExperiments {
        self.visit().ask(&Autos(options))
    }

    /// The variation that the user would keep of an experiment of the payload's, by an assignment that is stored: the key
    /// of the variation. Nobody is bucketed, and nothing is reported.
    ///
    /// # Blocking
    ///
    /// As [`UserScope::evaluate`].
    pub fn peek_sticky(&self, experiment: &str) -> Option<String> {
        self.load_sticky();
        let (ruleset, subject) = (self.ruleset(), self.visit().subject());
        let sticky = &self.inner.state.sticky;
        engine::peek_sticky(ruleset, experiment, &subject, &mut sticky.documents())
            .map(str::to_owned)
    }

    /// The user's sticky buckets, as far as the scope knows them: with what was assigned in it. Without a sticky bucket
    /// service there are none but those that it was given.
    pub fn sticky_documents(&self) -> StickyDocuments {
        self.inner.state.sticky.documents()
    }

    /// Logs an event of the program's own, for the user: as [`GrowthBookClient::log_event`].
    pub fn log_event<N: Into<String>, V: Into<Value>>(
        &self,
        name: &str,
        properties: impl IntoIterator<Item = (N, V)>,
    ) {
        if self.inner.state.track != Track::Off {
            self.visit().log_event(name, properties);
        }
    }

    /// The exposures that were kept because the scope does not report them itself ([`Track::Deferred`]).
    pub fn deferred(&self) -> DeferredExposures {
        self.inner.state.memory.deferred.exposures()
    }

    /// Takes those exposures out. They still count as reported: the scope does not keep them again.
    pub fn take_deferred(&self) -> DeferredExposures {
        self.inner.state.memory.deferred.take()
    }

    #[inline]
    pub(crate) fn visit(&self) -> Visit<'_> {
        Visit {
            shared: &self.inner.client.shared,
            snapshot: &self.inner.snapshot,
            user: self.inner.binding.user(),
            binding: Some(&self.inner.binding),
            scope: Some(&self.inner.state),
        }
    }
}

impl fmt::Debug for UserScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserScope")
            .field("user", self.user())
            .field("track", &self.inner.state.track)
            .finish_non_exhaustive()
    }
}

/// The exposures that a scope remembers if the client does not.
const MOST_EXPOSURES: usize = 1_000;
