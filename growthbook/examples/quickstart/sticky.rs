//! Sticky buckets: whoever saw a variation keeps it when the traffic is split anew, and when targeting excludes them.

use std::error::Error;
use std::path::Path;

use growthbook::{Attributes, GrowthBookClient, MemoryStickyBuckets, UserContext};
// In a program: `growthbook::SqliteStickyBuckets`, with the Cargo feature `sticky`.
use growthbook_sticky::SqliteStickyBuckets;
use serde_json::{Value, json};

pub(crate) fn survive_new_weights() -> Result<(), Box<dyn Error>> {
    let with_buckets = GrowthBookClient::builder()
        .sticky_buckets(MemoryStickyBuckets::new())
        .payload(super::SHOP)
        .build()?;
    let without = GrowthBookClient::builder().payload(super::SHOP).build()?;
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

/// Two runs of a program that share a file. Between them, the experiment is restricted to somewhere else.
pub(crate) fn survive_a_restart() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sticky_buckets.db");
    let restricted = changed("condition", json!({"country": "XX"}))?;
    println!(
        "\nA visitor is in `hero-picture`; sticky buckets are in {}",
        file.display()
    );
    println!(
        "  first run               {}",
        hero(super::SHOP, Some(&file))?
    );
    println!(
        "  second run, excluded    {}",
        hero(&restricted, Some(&file))?
    );
    println!("  the same without them   {}", hero(&restricted, None)?);
    Ok(())
}

/// What the visitor gets in one run of a program.
fn hero(payload: &[u8], file: Option<&Path>) -> Result<String, Box<dyn Error>> {
    let mut builder = GrowthBookClient::builder().payload(payload);
    if let Some(file) = file {
        builder = builder.sticky_buckets(SqliteStickyBuckets::open(file)?);
    }
    let hero = builder.build()?.evaluate("homepage-hero", &visitor(8));
    Ok(format!(
        "{:<10} by {}",
        hero.value(),
        hero.source().as_str()
    ))
}

fn visitor(number: u32) -> UserContext {
    UserContext::new(Attributes::new().with("deviceId", format!("visitor-{number}")))
}

/// The payload after somebody changed the weights in GrowthBook.
fn with_new_weights() -> Result<Vec<u8>, Box<dyn Error>> {
    changed("weights", json!([0.1, 0.1, 0.8]))
}

/// The payload after somebody changed the experiment in GrowthBook.
fn changed(member: &str, value: Value) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut payload: Value = serde_json::from_slice(super::SHOP)?;
    let rule = payload.pointer_mut("/features/homepage-hero/rules/1");
    rule.ok_or("the experiment is there")?[member] = value;
    Ok(serde_json::to_vec(&payload)?)
}
