//! A tour of the SDK: `cargo run -p growthbook --example quickstart`.
//!
//! An online shop asks which value of a feature a customer gets. Its features are in `examples/data/shop.json`: 36 of
//! them, with targeting, gradual rollouts, experiments, a holdout, a contextual bandit and prerequisites. A server within
//! the example serves them in the place of GrowthBook, so that the tour needs no network.
//!
//! To look at features of your own, set `GROWTHBOOK_CLIENT_KEY`, and `GROWTHBOOK_API_HOST` if you host GrowthBook yourself.
#![expect(clippy::print_stdout, reason = "the tour is what it prints")]

mod customers;
mod decisions;
mod delivery;
mod experiments;
mod exposures;
mod live;
mod page;
mod sealed;
mod server;
mod sticky;

use std::error::Error;
use std::time::Duration;

use growthbook::{Endpoint, Explanation, Flag, GrowthBookClient, HttpSource, UserScope};
use serde::Deserialize;

use self::exposures::Exposures;
use self::live::Changes;
use self::server::Server;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let key = std::env::var("GROWTHBOOK_CLIENT_KEY");
    if key.is_ok_and(|key| !key.trim().is_empty()) {
        return live::watch();
    }
    let server = Server::start(&serde_json::from_slice(SHOP)?)?;
    let (listener, changes) = Changes::new();
    let exposures = Exposures::default();

    // One client for the whole process: a clone of it is another handle to the same one. The key alone is enough for the
    // GrowthBook in the cloud.
    let endpoint = Endpoint::new("sdk-shop").api_host(server.url());
    let tracker = delivery::tracker(&server)?;
    let client = GrowthBookClient::builder()
        .source(HttpSource::new(endpoint).streaming())
        .on_experiment_viewed(exposures.writer())
        .plugin(tracker.clone())
        .on_refresh(listener)
        .build()?;
    let readiness = client.wait_ready(Duration::from_secs(5));
    changes.pass_over_the_first();
    let ruleset = client.ruleset();
    println!(
        "{readiness:?}, from {}. The shop has {} features; problems found in its payload: {}.",
        server.url(),
        ruleset.feature_count(),
        ruleset.diagnostics().len()
    );

    println!("Below: feature, value, source, and the rule, or the experiment and its variation.");
    for customer in customers::all()? {
        // One scope for each request: it sees one version of the features, and reports what its user sees.
        decisions::print(&client.scope(customer.context.clone()), &customer);
    }
    exposures.print();
    let gold = client.scope(customers::gold_customer()?.context);
    println!(
        "\nWhy the gold customer may reorder with one click\n{}",
        indented(&gold.explain("one-click-reorder"))
    );
    typed_values(&gold);
    page::render(&client)?;
    experiments::inline(&client)?;
    experiments::forced_by_url(&client)?;
    sticky::survive_new_weights()?;
    sticky::survive_a_restart()?;
    sealed::answers_alike(&client)?;
    live::flip(&server, &client, &changes)?;
    delivery::close(&client, &tracker, &server)
}

/// A feature that the program names once.
static LOYALTY_FACTOR: Flag<f64> = Flag::new("loyalty-points-factor", 1.0);

/// The fallback fixes the type, and is what the program gets if a feature is missing or of another type.
fn typed_values(scope: &UserScope) {
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

    let banner = scope.value("welcome-banner", fallback);
    let methods = scope.value("payment-methods", vec!["card"]);
    let factor = scope.get(&LOYALTY_FACTOR);
    let gifts = scope.value("gift-wrapping", "ribbon");
    println!("\nTyped values, for the gold customer");
    println!(
        "  struct   {:?} in {}, closable: {}",
        banner.text, banner.color, banner.closable
    );
    println!("  list     {methods:?}");
    println!("  number   {factor}");
    println!("  fallback {gifts:?}, for a feature that does not exist");
}

fn indented(explanation: &Explanation) -> String {
    let lines = explanation.to_string();
    let lines: Vec<String> = lines.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n").trim_end().to_owned()
}

const SHOP: &[u8] = include_bytes!("../data/shop.json");
