//! GrowthBook asked through OpenFeature, without a network: `cargo run -p growthbook-openfeature --example openfeature`.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::error::Error;
use std::time::Duration;

use growthbook_core::{GrowthBookClient, TrackingEvent};
use growthbook_openfeature::{GrowthBookProvider, TrackingDetails};
use open_feature::{EvaluationContext, OpenFeature};

const PAYLOAD: &str = r#"{"features": {
    "banner": {"defaultValue": "none", "rules": [{"id": "fr_pro", "condition": {"plan": "pro"}, "force": "gold"}]},
    "page-size": {"defaultValue": 20, "rules": [{
        "key": "page-size-test", "variations": [20, 50], "weights": [0.5, 0.5], "coverage": 1,
        "meta": [{"key": "control"}, {"key": "long"}]
    }]}
}}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let client = GrowthBookClient::builder()
        .payload(PAYLOAD)
        .on_event(|event| match event {
            TrackingEvent::Custom(event) => println!("  event: {}", event.name()),
            TrackingEvent::ExperimentViewed(viewed) => {
                println!("  exposure: {}", viewed.variation_key());
            }
            _ => {}
        })
        .build()?;
    let provider = GrowthBookProvider::new(client.clone());
    let tracker = provider.tracker();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut api = OpenFeature::singleton_mut().await;
        api.set_provider(provider).await;
        let flags = api.create_client();
        drop(api);

        for (id, plan) in [("ann", "free"), ("bob", "pro"), ("cleo", "free")] {
            println!("{id}");
            let user = EvaluationContext::default()
                .with_targeting_key(id)
                .with_custom_field("plan", plan);
            // With an error, the program's own default.
            let banner = flags.get_string_value("banner", Some(&user), None).await;
            println!("  banner: {}", banner.unwrap_or_else(|_| "none".to_owned()));
            match flags.get_int_details("page-size", Some(&user), None).await {
                Ok(size) => println!("  page size: {} ({:?})", size.value, size.variant),
                Err(error) => println!("  page size: 10 ({})", error.code),
            }
            tracker.track("page-seen", &user, TrackingDetails::new().with_value(1.0));
        }
    });
    client.close(Duration::from_secs(2));
    Ok(())
}
