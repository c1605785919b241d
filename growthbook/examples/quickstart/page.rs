//! A page that gets all features at once, and reports the exposures itself.

use std::error::Error;

use growthbook::{EvaluatedFeature, GrowthBookClient, Track};

use super::customers;

pub(crate) fn render(client: &GrowthBookClient) -> Result<(), Box<dyn Error>> {
    let user = customers::gold_customer()?.context;
    let scope = client.scope(user).with_track(Track::Deferred);
    let features = scope.evaluate_all();
    let on = features.iter().filter(EvaluatedFeature::is_on).count();
    println!("\nFor a page that the gold customer's browser renders");
    println!(
        "  {} features, {on} of them on, as JSON of {} bytes",
        features.len(),
        features.to_json().to_string().len()
    );

    // GrowthBook's JavaScript SDK takes these with `setDeferredTrackingCalls`, and reports all of them at once.
    let exposures = scope.take_deferred();
    println!(
        "  {} exposures that the page will report, as JSON of {} bytes",
        exposures.len(),
        exposures.to_script_json().len()
    );
    Ok(())
}
