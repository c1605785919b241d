//! Users who are told to a server that evaluates.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use growthbook_core::testing::ManualClock;
use growthbook_core::{Attributes, GrowthBookClient, UserContext};
use growthbook_fetch::{Endpoint, RemoteEvaluation};
use serde_json::json;

use super::CLIENT_KEY;
use super::scenes::secrets;
use super::told::Told;
use crate::api::NOBODY;
use crate::remote::Evaluator;

/// Everything that a server can answer, about a user of whom nothing is to be said.
pub(super) fn evaluations(told: &Told) {
    let evaluator = Evaluator::answering(b"");
    let user = UserContext::new(
        Attributes::new()
            .with("id", "canary-attribute")
            .with("email", "canary-attribute"),
    )
    .with_url("https://shop.example/?canary-attribute")
    .with_forced_value("g", json!("canary-payload"));
    let endpoint = Endpoint::new(CLIENT_KEY).api_host(evaluator.api.server().url());
    let clock = ManualClock::new();
    let remote = RemoteEvaluation::builder(secrets(endpoint))
        .clock(clock.clone())
        .stale_ttl(Duration::from_secs(1));
    told.debug("builder", &remote);
    let remote = remote.build().unwrap();
    let errors = told.clone();
    let client = GrowthBookClient::builder()
        .source(remote.source())
        .on_error(move |error| errors.error("on_error", error))
        .build()
        .unwrap();
    let good = br#"{"features": {"f": {"defaultValue": "canary-payload"}}}"#;
    for (status, body) in [
        (200, &good[..]),
        (200, b"canary-payload"),
        (200, b"{\"canary-payload\""),
        (200, b"{\"features\": \"canary-payload\"}"),
        (400, b"canary-payload"),
        (401, b"canary-payload"),
        (503, b"canary-payload"),
    ] {
        evaluator.answer(status, &[("Retry-After", "canary-payload")], body);
        let _ = remote.scope(&client, user.clone());
        if let Err(error) = remote.preload(&client, &user) {
            told.error("preload", &error);
        }
        told.debug("remote", &remote);
        told.debug("stats", &remote.stats());
        told.debug("source", &remote.source());
        told.client(&client);
        clock.advance(Duration::from_secs(61));
    }
    let long = Attributes::new().with("canary-attribute", "canary-attribute".repeat(1 << 18));
    let error = remote.preload(&client, &UserContext::new(long));
    told.error("preload", &error.unwrap_err());
    let dead = secrets(Endpoint::new(CLIENT_KEY).api_host(NOBODY));
    let dead = RemoteEvaluation::new(dead).unwrap();
    let _ = dead.scope(&client, user.clone());
    told.error("preload", &dead.preload(&client, &user).unwrap_err());
    for host in ["https://canary-host.growthbook.io", ""] {
        let endpoint = secrets(Endpoint::new(CLIENT_KEY).api_host(host));
        told.error("build", &RemoteEvaluation::new(endpoint).unwrap_err());
    }
}
