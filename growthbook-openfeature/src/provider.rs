use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{FeatureResult, GrowthBookClient, Readiness};
use open_feature::provider::{
    FeatureProvider, ProviderMetadata, ProviderStatus, ResolutionDetails,
};
use open_feature::{EvaluationContext, EvaluationResult, StructValue, async_trait};

use crate::attributes::Mapping;
use crate::builder::{GrowthBookProviderBuilder, Spawn};
use crate::fault::Fault;
use crate::flag_type::FlagType;
use crate::guard::guarded;
use crate::hand_off::{hand_off, on_a_thread};
use crate::resolution;
use crate::tracker::Tracker;

/// Answers OpenFeature's questions with a [`GrowthBookClient`].
///
/// Give it a handle of the program's client, and the provider to OpenFeature. It answers as soon as the client has features,
/// and reports its status by them: `Ready`; `STALE` when the last attempt to refresh them failed, or a cache gave old ones;
/// `Error` before anything was loaded. Before OpenFeature has initialised it, and after the client was closed, it is
/// `NotReady`; a client that was closed goes on answering with what it had.
///
/// Several providers, of one client or of several, can be set for several domains.
///
/// # Blocking
///
/// With a sticky bucket service, a feature that can reach an experiment waits for the service in the thread that polls the
/// future, unless [`spawn_blocking`](GrowthBookProviderBuilder::spawn_blocking) says where else. Dropping the last handle of
/// a client takes up to two seconds; OpenFeature may drop the provider in a thread that runs futures, so keep another
/// handle, and [close](GrowthBookClient::close) the client on a thread for blocking work.
///
/// # Example
///
/// ```
/// use growthbook_core::GrowthBookClient;
/// use growthbook_openfeature::GrowthBookProvider;
/// use open_feature::{EvaluationContext, EvaluationReason, OpenFeature};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let client = GrowthBookClient::builder()
///     .payload(r#"{"features": {"color": {"defaultValue": "green", "rules": [
///         {"id": "fr_1", "condition": {"plan": "pro"}, "force": "gold"}
///     ]}}}"#)
///     .build()?;
/// OpenFeature::singleton_mut().await.set_provider(GrowthBookProvider::new(client)).await;
///
/// let flags = OpenFeature::singleton().await.create_client();
/// let user = EvaluationContext::default().with_targeting_key("u-1").with_custom_field("plan", "pro");
/// let color = flags.get_string_details("color", Some(&user), None).await.unwrap();
/// assert_eq!((color.value.as_str(), color.variant.as_deref()), ("gold", Some("fr_1")));
/// assert_eq!(color.reason, Some(EvaluationReason::TargetingMatch));
/// # Ok::<(), growthbook_core::BuildError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GrowthBookProvider {
    client: GrowthBookClient,
    mapping: Arc<Mapping>,
    metadata: ProviderMetadata,
    ready_timeout: Duration,
    spawn: Option<Spawn>,
    is_initialized: bool,
}

impl GrowthBookProvider {
    /// A provider over this client, with the defaults of the [builder](Self::builder).
    pub fn new(client: GrowthBookClient) -> Self {
        Self::builder(client).build()
    }

    /// Starts to build a provider.
    pub fn builder(client: GrowthBookClient) -> GrowthBookProviderBuilder {
        GrowthBookProviderBuilder::new(client)
    }

    /// Logs events for the same users. Take it before OpenFeature takes the provider.
    pub fn tracker(&self) -> Tracker {
        Tracker::new(self.client.clone(), Arc::clone(&self.mapping))
    }

    pub(crate) fn of(
        client: GrowthBookClient,
        mapping: Arc<Mapping>,
        ready_timeout: Duration,
        spawn: Option<Spawn>,
    ) -> Self {
        Self {
            client,
            mapping,
            metadata: ProviderMetadata::new("GrowthBook Provider"),
            ready_timeout,
            spawn,
            is_initialized: false,
        }
    }

    async fn resolve<T: FlagType>(
        &self,
        feature: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<T>> {
        if !self.is_initialized {
            return Err(Fault::NotReady.into());
        }
        let result = self.evaluate(feature, context).await;
        let details = result
            .ok_or(Fault::Internal)
            .and_then(|result| resolution::details(&result));
        details.map_err(|fault| match fault {
            Fault::Unknown if self.is_empty() => Fault::NotReady.into(),
            fault => fault.into(),
        })
    }

    /// `None` if code of the program panicked, or did not run what it was handed.
    async fn evaluate(&self, feature: &str, context: &EvaluationContext) -> Option<FeatureResult> {
        let user = guarded(|| self.mapping.user(context))?;
        let Some(spawn) = &self.spawn else {
            return guarded(|| self.client.evaluate(feature, &user));
        };
        let (client, feature) = (self.client.clone(), feature.to_owned());
        let work = move || client.evaluate(&feature, &user);
        guarded(|| hand_off(spawn, work))?.await
    }

    /// Whether nothing was ever loaded. Asked for unknown features only, and quick if there are others.
    fn is_empty(&self) -> bool {
        self.client.ruleset().feature_count() == 0
            && !self.client.status().readiness().has_features()
    }

    /// Whether the source has still to bring something.
    fn is_waiting(&self) -> bool {
        let readiness = self.client.status().readiness();
        matches!(readiness, Readiness::Bootstrap | Readiness::Empty)
    }
}

#[async_trait]
impl FeatureProvider for GrowthBookProvider {
    /// Waits until the client's source has brought features, within the limit of the
    /// [builder](GrowthBookProviderBuilder::ready_timeout). Without a source there is nothing to wait for. The context is not
    /// looked at.
    ///
    /// The wait is in a thread of its own, which a future that is dropped leaves behind for the rest of the limit.
    async fn initialize(&mut self, _: &EvaluationContext) {
        if !self.ready_timeout.is_zero() && self.is_waiting() {
            let (client, limit) = (self.client.clone(), self.ready_timeout);
            hand_off(on_a_thread, move || client.wait_ready(limit)).await;
        }
        self.is_initialized = true;
    }

    fn status(&self) -> ProviderStatus {
        if !self.is_initialized || self.client.is_closed() {
            return ProviderStatus::NotReady;
        }
        match self.client.status().readiness() {
            Readiness::Empty => ProviderStatus::Error,
            Readiness::Stale { .. } => ProviderStatus::STALE,
            _ => ProviderStatus::Ready,
        }
    }

    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(flag_key, evaluation_context).await
    }

    async fn resolve_int_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(flag_key, evaluation_context).await
    }

    async fn resolve_float_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(flag_key, evaluation_context).await
    }

    async fn resolve_string_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        self.resolve(flag_key, evaluation_context).await
    }

    async fn resolve_struct_value(
        &self,
        flag_key: &str,
        evaluation_context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        self.resolve(flag_key, evaluation_context).await
    }
}

impl fmt::Debug for GrowthBookProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthBookProvider")
            .field("client", &self.client)
            .field("mapping", &self.mapping)
            .field("ready_timeout", &self.ready_timeout)
            .field("spawns", &self.spawn.is_some())
            .field("is_initialized", &self.is_initialized)
            .finish_non_exhaustive()
    }
}
