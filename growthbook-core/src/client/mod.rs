//! The client: one per process, shared by all requests.

mod builder;
mod sticky;

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde::de::DeserializeOwned;

pub use self::builder::{BuildError, GrowthBookClientBuilder};
use crate::ValueError;
use crate::engine::{self, AutoExperiments, AutoOptions, Silent, Subject};
use crate::error::BackgroundError;
use crate::experiment::{Experiment, ExperimentResult};
use crate::result::{FeatureResult, read_value};
use crate::ruleset::{PayloadError, Ruleset};
use crate::secret::DecryptionKey;
use crate::sticky_service::StickyBucketService;
use crate::user::{GlobalContext, UserContext};

/// Decides which value of a feature a user gets.
///
/// Make one for the whole process and share it: a clone is one more handle to the same client. Evaluation holds one
/// snapshot of the features for as long as it takes, waits for nobody, and never fails: what cannot be decided has the
/// documented result and a [source](crate::FeatureSource) that says so.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, GrowthBookClient, UserContext};
///
/// let client = GrowthBookClient::builder().build()?;
/// client.load(br#"{"features": {
///     "dark-mode": {"defaultValue": false, "rules": [{"condition": {"beta": true}, "force": true}]},
///     "page-size": {"defaultValue": 20}
/// }}"#)?;
///
/// let user = UserContext::new(Attributes::new().with("id", "u-1").with("beta", true));
/// assert!(client.is_on("dark-mode", &user));
/// assert_eq!(client.value("page-size", &user, 10), 20);
/// assert_eq!(client.value("no-such-feature", &user, "fallback".to_owned()), "fallback");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GrowthBookClient {
    shared: Arc<Shared>,
}

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    decryption_key: Option<DecryptionKey>,
    sticky: Option<Box<dyn StickyBucketService>>,
    most_payload_bytes: usize,
    on_error: Option<builder::ErrorHandler>,
    /// Held by whoever replaces the snapshot, never by an evaluation.
    replacing: Mutex<()>,
}

/// What one evaluation sees: swapped whole, so that none sees half of two.
struct Snapshot {
    ruleset: Arc<Ruleset>,
    global: Arc<GlobalContext>,
}

impl GrowthBookClient {
    /// Starts to build a client.
    pub fn builder() -> GrowthBookClientBuilder {
        GrowthBookClientBuilder::default()
    }

    /// Evaluates a feature: its value, and why it is that one.
    ///
    /// # Blocking
    ///
    /// With a sticky bucket service, this waits for the service to load the user's documents, and to save what is
    /// assigned. Without one it waits for nothing.
    pub fn evaluate(&self, feature: &str, user: &UserContext) -> FeatureResult {
        let snapshot = self.shared.snapshot.load();
        let subject = Subject::new(user).within(&snapshot.global);
        match &self.shared.sticky {
            None => engine::evaluate(&snapshot.ruleset, feature, &subject, None, &mut Silent),
            Some(service) => {
                let identities = engine::sticky_identities(&snapshot.ruleset, &subject);
                sticky::evaluate(
                    &**service,
                    &identities,
                    &self.shared,
                    |documents, recorder| {
                        let documents = Some(documents);
                        engine::evaluate(&snapshot.ruleset, feature, &subject, documents, recorder)
                    },
                )
            }
        }
    }

    /// Whether a feature is on: its value is anything but null, `false`, `0` and `""`.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn is_on(&self, feature: &str, user: &UserContext) -> bool {
        if self.shared.sticky.is_some() {
            return self.evaluate(feature, user).is_on();
        }
        let snapshot = self.shared.snapshot.load();
        let subject = Subject::new(user).within(&snapshot.global);
        engine::decide(&snapshot.ruleset, feature, &subject, None, &mut Silent).is_truthy()
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
    /// is a `String`: the value outlives the features that it came from.
    ///
    /// # Blocking
    ///
    /// As [`GrowthBookClient::evaluate`].
    pub fn value<T: DeserializeOwned>(&self, feature: &str, user: &UserContext, fallback: T) -> T {
        self.value_as(feature, user).unwrap_or(fallback)
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
        if self.shared.sticky.is_some() {
            return self.evaluate(feature, user).value_as();
        }
        let snapshot = self.shared.snapshot.load();
        let subject = Subject::new(user).within(&snapshot.global);
        read_value(engine::decide(&snapshot.ruleset, feature, &subject, None, &mut Silent).json())
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
        let subject = Subject::new(user).within(&snapshot.global);
        match &self.shared.sticky {
            None => engine::run(&snapshot.ruleset, experiment, &subject, None, &mut Silent),
            Some(service) => {
                let identities =
                    engine::sticky_identities_of(&snapshot.ruleset, experiment, &subject);
                sticky::evaluate(
                    &**service,
                    &identities,
                    &self.shared,
                    |documents, recorder| {
                        let documents = Some(documents);
                        engine::run(&snapshot.ruleset, experiment, &subject, documents, recorder)
                    },
                )
            }
        }
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
        let snapshot = self.shared.snapshot.load();
        let ruleset = &snapshot.ruleset;
        let subject = Subject::new(user).within(&snapshot.global);
        match &self.shared.sticky {
            None => engine::run_auto_experiments(ruleset, &subject, options, None, &mut Silent),
            Some(service) => {
                let identities = engine::sticky_identities(ruleset, &subject);
                sticky::evaluate(
                    &**service,
                    &identities,
                    &self.shared,
                    |documents, recorder| {
                        let documents = Some(documents);
                        engine::run_auto_experiments(
                            ruleset, &subject, options, documents, recorder,
                        )
                    },
                )
            }
        }
    }

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
    /// Compiles the payload in the calling thread, for as long as `cargo xtask bench l1` shows. Evaluation
    /// goes on meanwhile.
    pub fn load(&self, payload: &[u8]) -> Result<Arc<Ruleset>, PayloadError> {
        // The lock guards nothing but the order of loads, so a panic elsewhere leaves nothing half done.
        let _replacing = self
            .shared
            .replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.shared.snapshot.load_full();
        let key = self.shared.decryption_key.as_ref();
        let most_bytes = self.shared.most_payload_bytes;
        let ruleset = Arc::new(current.ruleset.updated(payload, key, most_bytes)?);
        let global = Arc::clone(&current.global);
        self.shared.snapshot.store(Arc::new(Snapshot {
            ruleset: Arc::clone(&ruleset),
            global,
        }));
        Ok(ruleset)
    }

    /// Replaces what holds for all users.
    pub fn set_global_context(&self, global: GlobalContext) {
        let _replacing = self
            .shared
            .replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ruleset = Arc::clone(&self.shared.snapshot.load().ruleset);
        self.shared.snapshot.store(Arc::new(Snapshot {
            ruleset,
            global: Arc::new(global),
        }));
    }

    /// The features in force.
    pub fn ruleset(&self) -> Arc<Ruleset> {
        Arc::clone(&self.shared.snapshot.load().ruleset)
    }
}

impl Shared {
    fn report(&self, error: &BackgroundError) {
        if let Some(on_error) = &self.on_error
            && let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| (on_error.0)(error)))
        {
            // A panic in there disturbs nobody; dropping what was thrown could panic again.
            std::mem::forget(payload);
        }
    }
}

impl fmt::Debug for GrowthBookClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthBookClient")
            .field("ruleset", &self.ruleset())
            .field("sticky", &self.shared.sticky)
            .finish_non_exhaustive()
    }
}
