//! Waiting for the first features, and what the provider says of itself.

use std::pin::pin;
use std::time::Duration;

use growthbook_core::testing::{ScriptedSource, SourceScript, TestFeatures};
use growthbook_core::{FetchError, GrowthBookClient};
use growthbook_openfeature::GrowthBookProvider;
use open_feature::provider::{FeatureProvider, ProviderStatus};
use open_feature::{EvaluationContext, OpenFeature};

use crate::support::{in_time, run, with};

fn scripted() -> (GrowthBookClient, SourceScript) {
    let (source, script) = ScriptedSource::new();
    let client = GrowthBookClient::builder().source(source).build();
    (client.unwrap(), script)
}

fn features() -> String {
    TestFeatures::new().on("dark-mode").payload()
}

/// For longer than a test takes that is not held up.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn setting_it_waits_for_features_and_holds_up_nobody() {
    let (client, script) = scripted();
    let provider = GrowthBookProvider::builder(client)
        .ready_timeout(LONG)
        .build();
    // On one thread: if the wait held it up, the features would come after it.
    run(async {
        let mut api = OpenFeature::default();
        let bringing = tokio::spawn(async move { script.deliver(features()) });
        api.set_provider(provider).await;
        assert!(bringing.is_finished());
        bringing.await.unwrap().unwrap();
        let flags = api.create_client();
        assert!(flags.get_bool_value("dark-mode", None, None).await.unwrap());
    });
}

#[test]
fn features_may_come_after_the_wait() {
    let (client, script) = scripted();
    let provider = GrowthBookProvider::builder(client);
    run(async {
        let mut api = OpenFeature::default();
        api.set_provider(provider.ready_timeout(Duration::from_millis(1)).build())
            .await;
        let flags = api.create_client();
        assert!(flags.get_bool_value("dark-mode", None, None).await.is_err());
        script.deliver(features()).unwrap();
        assert!(flags.get_bool_value("dark-mode", None, None).await.unwrap());
    });
}

#[test]
fn there_is_nothing_to_wait_for_without_a_source_or_without_a_limit() {
    run(async {
        let without_source = GrowthBookClient::builder().build().unwrap();
        let provider = GrowthBookProvider::builder(without_source);
        OpenFeature::default()
            .set_provider(provider.ready_timeout(LONG).build())
            .await;

        let (client, _script) = scripted();
        let provider = GrowthBookProvider::builder(client);
        OpenFeature::default()
            .set_provider(provider.ready_timeout(Duration::ZERO).build())
            .await;
    });
}

#[test]
fn a_wait_that_is_given_up_harms_nobody() {
    let (client, script) = scripted();
    let context = EvaluationContext::default();
    let mut provider = GrowthBookProvider::builder(client.clone())
        .ready_timeout(LONG)
        .build();
    run(async {
        {
            let mut waiting = pin!(provider.initialize(&context));
            let nothing = std::future::poll_fn(|cx| {
                assert!(waiting.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            });
            nothing.await;
        }
        assert_eq!(provider.status(), ProviderStatus::NotReady);
        script.deliver(features()).unwrap();
        in_time(provider.initialize(&context)).await;
        assert_eq!(provider.status(), ProviderStatus::Ready);
    });
}

#[test]
fn its_status_is_that_of_the_features() {
    let (client, script) = scripted();
    let context = EvaluationContext::default();
    let builder = GrowthBookProvider::builder(client.clone());
    let mut provider = builder.ready_timeout(Duration::ZERO).build();
    run(async {
        assert_eq!(provider.status(), ProviderStatus::NotReady);
        provider.initialize(&context).await;
        assert_eq!(provider.status(), ProviderStatus::Error);
        script.deliver(features()).unwrap();
        assert_eq!(provider.status(), ProviderStatus::Ready);
        script.fail(FetchError::TimedOut);
        assert_eq!(provider.status(), ProviderStatus::STALE);
        script.deliver(features()).unwrap();
        assert_eq!(provider.status(), ProviderStatus::Ready);

        client.close(Duration::from_secs(1));
        assert_eq!(provider.status(), ProviderStatus::NotReady);
        // Who is in the middle of something gets the same answer as before.
        let answer = provider.resolve_bool_value("dark-mode", &context).await;
        assert!(answer.unwrap().value);
    });
}

#[test]
fn it_has_the_name_that_all_of_them_have() {
    run(async {
        let mut api = OpenFeature::default();
        api.set_provider(GrowthBookProvider::new(with(&features())))
            .await;
        assert_eq!(api.provider_metadata().await.name, "GrowthBook Provider");
    });
}

#[test]
fn the_client_ends_with_the_provider_if_nobody_else_holds_it() {
    let (client, script) = scripted();
    run(async {
        let mut api = OpenFeature::default();
        let builder = GrowthBookProvider::builder(client);
        api.set_provider(builder.ready_timeout(Duration::ZERO).build())
            .await;
        assert_eq!(script.closes(), 0);
        api.shutdown().await;
        assert_eq!(script.closes(), 1);
    });
}
