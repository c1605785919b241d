//! Features from a file, without a network: `cargo run -p growthbook --example offline`.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::error::Error;
use std::fs;

use growthbook::{Attributes, GrowthBookClient, UserContext};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // A program without its file had better start all the same: without a payload every feature is unknown, and
    // callers get their fallbacks.
    let client = GrowthBookClient::builder().build()?;
    let user = UserContext::new(
        Attributes::new()
            .with("deviceId", "d-1")
            .with("country", "US"),
    );
    let currency = || client.value("currency", &user, "EUR".to_owned());
    println!("without a payload   {}", currency());

    let ruleset = client.load(&fs::read(FILE)?)?;
    println!("from the file       {}", currency());

    // Tell whoever edits the features what cannot work. This file has nothing of the kind.
    for diagnostic in ruleset.diagnostics() {
        println!("warning: {diagnostic}");
    }

    // A download that broke off, say. What was in force stays in force.
    if let Err(error) = client.load(br#"{"features": {"currency": {"defaul"#) {
        println!("after a bad update  {} ({error})", currency());
    }
    println!(
        "revision            {:.12}",
        client.ruleset().revision().to_string()
    );
    Ok(())
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/shop.json");
