//! The client: one per process, shared by all requests.

mod background;
mod builder;
mod close;
mod counters;
mod deferred;
mod effects;
mod everything;
mod feed;
mod flight;
mod hooks;
mod listeners;
mod log;
mod mismatches;
mod question;
mod refresh;
mod reported;
mod scope;
mod seen;
mod shared;
mod source;
mod status;
mod sticky;
mod subscription;
mod visit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use self::background::BackgroundError;
pub use self::builder::{BuildError, GrowthBookClientBuilder};
pub use self::close::CloseReport;
pub use self::deferred::DeferredExposures;
pub use self::everything::{AllFeatures, EvaluatedFeature};
use self::feed::Arrival;
use self::question::{Autos, ResultOf, Trial};
pub use self::refresh::{Freshness, Origin, Refresh, RefreshError, RefreshEvent};
pub use self::scope::{Track, UserScope};
use self::shared::{Shared, Snapshot};
pub use self::source::{PayloadSink, PayloadSource, SourceHandle, SourceStatus};
pub use self::status::{Readiness, Status};
use self::subscription::Subscribers;
pub use self::subscription::Subscription;
use self::visit::Visit;
use crate::assignment::Assignment;
use crate::attributes::Attributes;
use crate::engine::{AutoExperiments, AutoOptions};
use crate::error::FlushError;
use crate::experiment::{Experiment, ExperimentInfo, ExperimentResult};
use crate::explanation::Explanation;
use crate::result::{FeatureResult, ValueError, read_value};
use crate::ruleset::{PayloadError, Ruleset};
use crate::user::{GlobalContext, UserContext};

/// Decides which value of a feature a user gets.
///
/// Make one for the whole process and share it: a clone is one more handle to the same client. Evaluation holds one
/// snapshot of the features for as long as it takes, waits for nobody, and never fails: what cannot be decided has the
/// documented result and a [source](crate::FeatureSource) that says so.
///
/// A program that asks several features of one user makes a [scope](GrowthBookClient::scope), which is cheaper and sees one
/// version of the features; the methods here are for one question.
///
/// When the last handle is dropped, everything ends within two seconds: see [`GrowthBookClient::close`], which says how it
/// went. Callbacks that hold a handle keep the client alive.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, GrowthBookClient, UserContext};
///
/// let client = GrowthBookClient::builder()
///     .on_experiment_viewed(|viewed| {
///         println!("{} saw {}", viewed.experiment().key(), viewed.variation_key());
///     })
///     .build()?;
/// client.load(br#"{"features": {
///     "dark-mode": {"defaultValue": false, "rules": [{"condition": {"beta": true}, "force": true}]},
///     "page-size": {"defaultValue": 20}
/// }}"#)?;
///
/// let user = UserContext::new(Attributes::new().with("id", "u-1").with("beta", true));
/// assert!(client.is_on("dark-mode", &user));
/// assert_eq!(client.value("page-size", &user, 10), 20);
/// assert_eq!(client.scope(user).value("no-such-feature", "fallback"), "fallback");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GrowthBookClient {
    shared: Arc<Shared>,
}

/// Asking.
impl GrowthBookClient {
    /// Starts to build a client.
    pub fn builder() -> GrowthBookClientBuilder {
        GrowthBookClientBuilder::default()
    }

    /// One user for the length of a request: the same methods without the user argument, one version of the features.
    ///
    /// Waits for nothing. Users are cheap to clone.
    pub fn scope(&self, user: UserContext) -> UserScope {
        UserScope::new(self.clone(), user)
    }

    /// Evaluates a feature: its value, and why it is that one.
    ///
    /// # Blocking
    ///
    /// With a sticky bucket service, a feature that can reach an experiment waits for the service to load the user's
    /// documents, and to store what is assigned. Without one it waits for nothing.
    pub fn evaluate(&self, feature: &str, user: &UserContext) -> FeatureResult {
        self.visit(user, |visit| visit.ask(&ResultOf(feature)))
    }

    /// Whether a feature is on: its value is anything but null, `false`, `0` and `""`.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn is_on(&self, feature: &str, user: &UserContext) -> bool {
        self.visit(user, |visit| visit.value(feature).is_truthy())
    }

    /// Whether a feature is off.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn is_off(&self, feature: &str, user: &UserContext) -> bool {
        !self.is_on(feature, user)
    }

    /// A feature's value as a type of yours; `fallback`, which fixes the type, if there is no value or it does not fit. Text
    /// is a `String`, since the value outlives the features that it came from; a [scope](UserScope::value) can lend a
    /// `&str`.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn value<T: DeserializeOwned>(&self, feature: &str, user: &UserContext, fallback: T) -> T {
        self.visit(user, |visit| visit.value_or(feature, fallback))
    }

    /// A feature's value as a type of yours.
    ///
    /// # Errors
    ///
    /// [`ValueError::Missing`] if there is no value, [`ValueError::Mismatch`] if it is not of this type.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, UserContext};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Limits { per_minute: u32 }
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// client.load(br#"{"features": {"limits": {"defaultValue": {"per_minute": 60}}}}"#)?;
    /// let limits: Limits = client.value_as("limits", &UserContext::default())?;
    /// assert_eq!(limits.per_minute, 60);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn value_as<T: DeserializeOwned>(
        &self,
        feature: &str,
        user: &UserContext,
    ) -> Result<T, ValueError> {
        self.visit(user, |visit| read_value(visit.value(feature).json()))
    }

    /// Why a feature has the value that it has: see [`UserScope::explain`].
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn explain(&self, feature: &str, user: &UserContext) -> Explanation {
        self.visit(user, |visit| visit.explain(feature))
    }

    /// Runs an experiment that the program defines. A user who is not in it gets the first variation.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn run<'e, T>(
        &self,
        experiment: &'e Experiment<T>,
        user: &UserContext,
    ) -> ExperimentResult<&'e T> {
        let snapshot = self.shared.snapshot.load();
        self.visit_at(&snapshot, user).run(&Trial(experiment))
    }

    /// Runs the payload's auto experiments, such as URL redirects, for a user on a page (spec 21).
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn run_auto_experiments(
        &self,
        user: &UserContext,
        options: &AutoOptions,
    ) -> AutoExperiments {
        self.visit(user, |visit| visit.ask(&Autos(options)))
    }

    /// Logs an event of the program's own, for a user: it goes to every plugin and callback that wants such events.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, TrackingEvent, UserContext};
    /// use serde_json::{Map, json};
    ///
    /// let client = GrowthBookClient::builder()
    ///     .on_event(|event| {
    ///         if let TrackingEvent::Custom(event) = event {
    ///             assert_eq!((event.name(), &event.properties()["total"]), ("purchase", &json!(120)));
    ///         }
    ///     })
    ///     .build()?;
    /// let properties = Map::from_iter([("total".to_owned(), json!(120))]);
    /// client.log_event("purchase", properties, &UserContext::default());
    /// # Ok::<(), growthbook_core::BuildError>(())
    /// ```
    pub fn log_event(&self, name: &str, properties: Map<String, Value>, user: &UserContext) {
        self.visit(user, |visit| visit.log_event(name, properties));
    }

    /// Calls `f` with the outcome of every experiment that the program [runs](GrowthBookClient::run), whether the user is in
    /// it or not, for as long as the subscription is held.
    ///
    /// It is called in the thread that runs the experiment, with no lock held. A panic in it is caught and counted.
    pub fn subscribe(
        &self,
        f: impl Fn(&ExperimentInfo, &Assignment) + Send + Sync + 'static,
    ) -> Subscription {
        Subscribers::add(&self.shared, f)
    }

    fn visit<T>(&self, user: &UserContext, ask: impl FnOnce(Visit<'_>) -> T) -> T {
        let snapshot = self.shared.snapshot.load();
        ask(self.visit_at(&snapshot, user))
    }

    fn visit_at<'a>(&'a self, snapshot: &'a Arc<Snapshot>, user: &'a UserContext) -> Visit<'a> {
        Visit {
            shared: &self.shared,
            snapshot,
            user,
            scope: None,
        }
    }
}

/// Features and what holds for all users.
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
        let installed = self.shared.install(payload)?;
        self.shared.feed.arrived(Origin::Loaded, Arrival::default());
        self.shared.announce(&installed, Origin::Loaded);
        Ok(installed.ruleset)
    }

    /// Gets fresher features, unless those in force are fresh: from a cache that another process writes, or from the server.
    ///
    /// Whoever asks while somebody is at it waits for the same answer.
    ///
    /// # Errors
    ///
    /// When there was nothing to be had. The features in force stay in force.
    ///
    /// # Blocking
    ///
    /// Until the caches and the server have answered, within the limits that they set themselves. In an async program call
    /// it on a thread for blocking work.
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
        self.refresh_by(false)
    }

    /// As [`GrowthBookClient::refresh`], but asks the server, however fresh the features are.
    ///
    /// # Errors
    ///
    /// As [`GrowthBookClient::refresh`].
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::refresh`].
    pub fn force_refresh(&self) -> Result<Refresh, RefreshError> {
        self.refresh_by(true)
    }

    fn refresh_by(&self, force: bool) -> Result<Refresh, RefreshError> {
        let shared = &*self.shared;
        if shared.is_closed() {
            return Err(RefreshError::Closed);
        }
        if let Some(source) = shared.feed.source_handle() {
            let refreshed = crate::guard::guarded(|| source.refresh(SOURCE_LIMIT));
            return refreshed.unwrap_or(Err(RefreshError::Panicked));
        }
        let fetcher = shared.feed.fetcher.as_deref();
        shared.refresh(fetcher.ok_or(RefreshError::NoSource)?, force)
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
    pub fn set_global_attributes(&self, attributes: Attributes) {
        self.shared
            .replace_global(|global| global.clone().with_attributes(attributes));
    }
}

/// Its life.
impl GrowthBookClient {
    /// How the client is doing: what there is to evaluate with and since when, and what went wrong.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, Readiness};
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// assert_eq!(client.status().readiness(), Readiness::Empty);
    /// client.load(br#"{"features": {"typo": {"rules": [{}]}}}"#)?;
    /// let status = client.status();
    /// assert_eq!(status.readiness(), Readiness::Live);
    /// println!("{}", status.ruleset().diagnostics()[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn status(&self) -> Status {
        Status::of(&self.shared)
    }

    /// Waits until the source has brought features, at most for the limit. Without a source there is nothing to wait for.
    ///
    /// Whatever it says, the client can be used: at worst every feature is unknown, and fallbacks are served.
    ///
    /// # Blocking
    ///
    /// For up to `limit`.
    pub fn wait_ready(&self, limit: Duration) -> Readiness {
        self.shared.feed.wait(limit);
        self.status().readiness()
    }

    /// Waits until what was reported and stored so far has left the process, as far as plugins and the sticky bucket service
    /// buffer anything.
    ///
    /// # Errors
    ///
    /// When something was not written, or not in time: the first such error.
    ///
    /// # Blocking
    ///
    /// For up to `limit`, as far as plugins and service keep to it.
    pub fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        close::flush(&self.shared, limit)
            .into_iter()
            .next()
            .map_or(Ok(()), Err)
    }

    /// Ends the client: the source stops, what is buffered is written, and from then on nothing is reported. Says how it
    /// went. Further calls do nothing.
    ///
    /// Features can still be evaluated, with what was last in force, so that requests that are under way get the same
    /// answers as before.
    ///
    /// # Blocking
    ///
    /// For up to `limit`, as far as source, plugins and service keep to it.
    pub fn close(&self, limit: Duration) -> CloseReport {
        self.shared.close(limit)
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

impl fmt::Debug for GrowthBookClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthBookClient")
            .field("ruleset", &self.ruleset())
            .field("sticky", &self.shared.sticky)
            .field("listeners", &self.shared.listeners)
            .field("feed", &self.shared.feed)
            .finish_non_exhaustive()
    }
}

/// How long a source may take for a refresh that the program asks for.
const SOURCE_LIMIT: Duration = Duration::from_secs(30);
