//! What the tests have in common.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use growthbook_core::GrowthBookClient;
use growthbook_openfeature::GrowthBookProvider;
use open_feature::provider::FeatureProvider;
use open_feature::{
    Client, EvaluationContext, EvaluationDetails, EvaluationErrorCode, EvaluationReason,
    EvaluationResult, OpenFeature,
};
use tokio::runtime::Builder;
use tokio::time::timeout;

/// Runs something that must come to an end, on a runtime of one thread.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(in_time(test))
}

/// Stops a test that hangs.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), future).await.unwrap()
}

/// A client of the process's API, which asks this provider alone.
pub(crate) async fn asking(provider: impl FeatureProvider) -> Client {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let domain = format!("domain-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut api = OpenFeature::singleton_mut().await;
    api.set_named_provider(&domain, provider).await;
    api.create_named_client(&domain)
}

/// The same, of a GrowthBook client with this payload.
pub(crate) async fn asking_with(payload: &str) -> Client {
    asking(GrowthBookProvider::new(with(payload))).await
}

pub(crate) fn with(payload: &str) -> GrowthBookClient {
    let client = GrowthBookClient::builder().payload(payload).build();
    client.unwrap()
}

pub(crate) fn user(id: &str) -> EvaluationContext {
    EvaluationContext::default().with_targeting_key(id)
}

/// Value, reason and variant; or the error's code.
pub(crate) type Told<T> = Result<(T, EvaluationReason, Option<String>), EvaluationErrorCode>;

pub(crate) fn told<T>(answer: EvaluationResult<EvaluationDetails<T>>) -> Told<T> {
    let details = answer.map_err(|error| error.code)?;
    Ok((details.value, details.reason.unwrap(), details.variant))
}

/// That there is no such value, with `GENERAL` and this message.
pub(crate) fn check_general<T>(answer: EvaluationResult<T>, message: &str) {
    let error = answer.err().unwrap();
    assert_eq!(
        error.code,
        EvaluationErrorCode::General("GENERAL".to_owned())
    );
    assert_eq!(error.message.as_deref(), Some(message));
}

/// A structure that panics with these words when it is written.
pub(crate) struct Broken(pub(crate) &'static str);

impl serde::Serialize for Broken {
    #[expect(clippy::panic, reason = "that is what it is for")]
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        std::panic::panic_any(self.0);
    }
}
