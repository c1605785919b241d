//! The client: one per process, shared by all requests.

mod background;
mod builder;
mod calls;
mod close;
mod counters;
mod features;
mod feed;
mod hooks;
mod life;
mod log;
mod pushed;
mod reporter;
mod reports;
mod scope;
mod shared;
mod status;
mod visit;

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use self::background::BackgroundError;
pub use self::builder::{BuildError, GrowthBookClientBuilder};
pub use self::close::CloseReport;
pub use self::feed::event::RefreshEvent;
pub use self::feed::refresh::{
    Freshness, Origin, Refresh, RefreshCounts, RefreshError, RefreshMode, RefreshRequest,
};
pub use self::feed::source::{PayloadSink, PayloadSource, SourceHandle};
pub use self::feed::source_status::{SourceStatus, StreamState};
use self::life::Held;
pub use self::reporter::ErrorReporter;
pub use self::reports::deferred::DeferredExposures;
use self::reports::subscription::Subscribers;
pub use self::reports::subscription::Subscription;
pub use self::scope::{Track, UserScope};
use self::shared::Snapshot;
pub use self::status::{Readiness, Status};
use self::visit::Visit;
pub use self::visit::everything::{AllFeatures, EvaluatedFeature};
use self::visit::question::{Autos, ResultOf, Trial};
use crate::assignment::Assignment;
use crate::engine::{AutoExperiments, AutoOptions};
use crate::experiment::{Experiment, ExperimentInfo, ExperimentResult};
use crate::explanation::Explanation;
use crate::result::{FeatureResult, ValueError, read_value};
use crate::user::UserContext;

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
    shared: Arc<Held>,
}

impl GrowthBookClient {
    /// Starts to build a client.
    pub fn builder() -> GrowthBookClientBuilder {
        GrowthBookClientBuilder::default()
    }

    /// One user for the length of a request: the same methods without the user argument, one version of the features.
    ///
    /// Waits for nothing. Users are cheap to clone.
    pub fn scope(&self, user: UserContext) -> UserScope {
        self.shared.keep_fresh();
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
        self.shared.keep_fresh();
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
    /// It is called in the thread that runs the experiment, with no lock held. What it runs itself it is not told of. A panic
    /// in it is caught and counted.
    pub fn subscribe(
        &self,
        f: impl Fn(&ExperimentInfo, &Assignment) + Send + Sync + 'static,
    ) -> Subscription {
        Subscribers::add(self.shared.shared(), f)
    }

    fn visit<T>(&self, user: &UserContext, ask: impl FnOnce(Visit<'_>) -> T) -> T {
        self.shared.keep_fresh();
        let snapshot = self.shared.snapshot.load();
        ask(self.visit_at(&snapshot, user))
    }

    fn visit_at<'a>(&'a self, snapshot: &'a Arc<Snapshot>, user: &'a UserContext) -> Visit<'a> {
        Visit {
            shared: &self.shared,
            snapshot,
            user,
            binding: None,
            scope: None,
        }
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
