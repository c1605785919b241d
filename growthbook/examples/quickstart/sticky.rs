//! Sticky buckets: whoever saw a variation keeps it when the traffic is split anew.

use std::error::Error;

use growthbook::{Attributes, GrowthBookClient, MemoryStickyBuckets, UserContext};
use serde_json::{Value, json};

pub(crate) fn survive_new_weights() -> Result<(), Box<dyn Error>> {
    let with_buckets = GrowthBookClient::builder()
        .sticky_buckets(MemoryStickyBuckets::new())
        .payload(crate::SHOP)
        .build()?;
    let without = GrowthBookClient::builder().payload(crate::SHOP).build()?;
    let visitors: Vec<_> = (0..1_000).map(visitor).collect();

    println!("\nThe experiment `hero-picture` goes from 60/20/20 to 10/10/80; of 1,000 visitors");
    for (client, kind) in [
        (without, "without sticky buckets"),
        (with_buckets, "with sticky buckets"),
    ] {
        let heroes = || {
            visitors
                .iter()
                .map(|it| client.value("homepage-hero", it, String::new()))
        };
        let before: Vec<_> = heroes().collect();
        client.load(&with_new_weights()?)?;
        let changed = heroes()
            .zip(&before)
            .filter(|(now, before)| now != *before)
            .count();
        println!("  {kind:<23} {changed:>3} see another picture");
    }
    Ok(())
}

fn visitor(number: u32) -> UserContext {
    UserContext::new(Attributes::new().with("deviceId", format!("visitor-{number}")))
}

/// The payload after somebody changed the weights in GrowthBook.
fn with_new_weights() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut payload: Value = serde_json::from_slice(crate::SHOP)?;
    let weights = payload.pointer_mut("/features/homepage-hero/rules/1/weights");
    *weights.ok_or("the experiment has weights")? = json!([0.1, 0.1, 0.8]);
    Ok(serde_json::to_vec(&payload)?)
}
