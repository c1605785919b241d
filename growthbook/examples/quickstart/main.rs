//! A tour of the SDK, offline: `cargo run -p growthbook --example quickstart`.
//!
//! An online shop asks which value of a feature a customer gets. Its features are in `examples/data/shop.json`: 36 of
//! them, with targeting, gradual rollouts, experiments, a holdout, a contextual bandit and prerequisites. A program in
//! production gets the same payload from the GrowthBook API.
#![expect(clippy::print_stdout, reason = "the tour is what it prints")]

mod customers;
mod decisions;
mod experiments;
mod sealed;
mod sticky;

use std::error::Error;

use growthbook::{GrowthBookClient, UserContext};
use serde::Deserialize;

fn main() -> Result<(), Box<dyn Error>> {
    // One client for the whole process: a clone of it is another handle to the same one.
    let client = GrowthBookClient::builder().payload(SHOP).build()?;
    let ruleset = client.ruleset();
    println!(
        "The shop has {} features; problems found in its payload: {}.",
        ruleset.feature_count(),
        ruleset.diagnostics().len()
    );

    println!("Below: feature, value, source, and the rule, or the experiment and its variation.");
    for customer in customers::all()? {
        decisions::print(&client, &customer);
    }
    typed_values(&client, &customers::gold_customer()?.context);
    experiments::inline(&client)?;
    experiments::forced_by_url(&client)?;
    sticky::survive_new_weights()?;
    sealed::answers_alike(&client)?;
    Ok(())
}

/// The fallback fixes the type, and is what the program gets if a feature is missing or of another type.
fn typed_values(client: &GrowthBookClient, user: &UserContext) {
    #[derive(Debug, Deserialize)]
    struct Banner {
        text: String,
        color: String,
        closable: bool,
    }
    let fallback = Banner {
        text: "Hello".to_owned(),
        color: "grey".to_owned(),
        closable: true,
    };

    let banner = client.value("welcome-banner", user, fallback);
    let methods = client.value("payment-methods", user, vec!["card".to_owned()]);
    let factor = client.value("loyalty-points-factor", user, 1.0);
    let gifts = client.value("gift-wrapping", user, "ribbon".to_owned());
    println!("\nTyped values, for the gold customer");
    println!(
        "  struct   {:?} in {}, closable: {}",
        banner.text, banner.color, banner.closable
    );
    println!("  list     {methods:?}");
    println!("  number   {factor}");
    println!("  fallback {gifts:?}, for a feature that does not exist");
}

const SHOP: &[u8] = include_bytes!("../data/shop.json");
