//! What the environment of the process says, from end to end: each in a process that has such an environment.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::{Duration, Instant};

use growthbook_core::{FetchError, GrowthBookClient, PayloadError, RefreshError, SourceStatus};
use growthbook_fetch::{Endpoint, HttpSource};
use log::Level;

use super::api::Api;
use super::child::alone;
use super::ear;
use super::rig::{Rig, value};
use super::sealed::{self, KEY, OTHER_KEY, features};

#[test]
fn the_key_of_the_environment_opens() {
    let variables = [("GROWTHBOOK_DECRYPTION_KEY", &*sealed::text(KEY))];
    alone(
        "environment::the_key_of_the_environment_opens",
        &variables,
        || {
            let api = Api::start();
            api.serve_bytes(Some(features(1, KEY).as_bytes()));
            let source = || HttpSource::new(api.endpoint()).manual();
            let rig = Rig::new(source());
            rig.client.refresh().unwrap();
            assert_eq!(rig.value(), 1);
            let rig = Rig::new(source().ignore_environment());
            let error = rig.client.refresh().unwrap_err();
            assert!(matches!(
                error,
                RefreshError::Payload(PayloadError::MissingKey)
            ));
            // What the program says counts, whatever comes of it.
            let rig = Rig::with(source(), |builder| {
                builder.decryption_key(sealed::key(OTHER_KEY))
            });
            let error = rig.client.refresh().unwrap_err();
            assert!(matches!(
                error,
                RefreshError::Payload(PayloadError::Decrypt)
            ));
            api.serve_bytes(Some(features(2, OTHER_KEY).as_bytes()));
            rig.client.refresh().unwrap();
            assert_eq!(rig.value(), 2);
        },
    );
}

#[test]
fn a_key_of_the_environment_that_cannot_be_read_is_said_to_be_none() {
    let variables = [("GROWTHBOOK_DECRYPTION_KEY", "canary-of-the-environment")];
    let said = alone(
        "environment::a_key_of_the_environment_that_cannot_be_read_is_said_to_be_none",
        &variables,
        || {
            ear::listen();
            let api = Api::serving(1);
            let rig = Rig::new(HttpSource::new(api.endpoint()).manual());
            rig.client.refresh().unwrap();
            api.serve_bytes(Some(features(2, KEY).as_bytes()));
            let error = rig.client.force_refresh().unwrap_err();
            assert!(matches!(
                error,
                RefreshError::Payload(PayloadError::MissingKey)
            ));
            assert_eq!(rig.value(), 1);
            let heard = ear::heard();
            assert!(heard.iter().any(|said| said.level == Level::Error
                && said.target == "growthbook::fetch"
                && said.text.contains("GROWTHBOOK_DECRYPTION_KEY is ignored")));
            assert!(heard.iter().all(|said| !said.text.contains("canary-of")));
        },
    );
    assert!(said.is_none_or(|said| !said.contains("canary-of")));
}

/// Transport 1.3: all of the variables, and the shorter names of two of them.
#[test]
fn a_source_can_be_all_of_the_environment() {
    let api = Api::start();
    api.serve_bytes(Some(features(1, KEY).as_bytes()));
    let (url, key) = (api.server().url(), sealed::text(KEY));
    let long_names = [
        ("GROWTHBOOK_CLIENT_KEY", " sdk-of-the-environment "),
        ("GB_SDK_KEY", "sdk-canary-unused"),
        ("GROWTHBOOK_API_HOST", &*url),
        ("GB_URL", "https://unused.invalid"),
        ("GROWTHBOOK_DECRYPTION_KEY", &*key),
        ("GB_UPDATE_INTERVAL", "7"),
        ("GB_HTTP_CLIENT_TIMEOUT", "1"),
    ];
    let short_names = [
        ("GROWTHBOOK_CLIENT_KEY", " "),
        ("GB_SDK_KEY", "sdk-of-the-environment"),
        ("GROWTHBOOK_API_HOST", ""),
        ("GB_URL", &*url),
        ("GROWTHBOOK_DECRYPTION_KEY", &*key),
        ("GB_UPDATE_INTERVAL", "7"),
        ("GB_HTTP_CLIENT_TIMEOUT", "1"),
    ];
    for variables in [&long_names, &short_names] {
        let said = alone(
            "environment::a_source_can_be_all_of_the_environment",
            variables,
            || {
                let rig = Rig::new(HttpSource::from_env());
                assert_eq!(rig.next_value(), 1);
                let due = rig.until(SourceStatus::next_attempt, "a plan");
                assert!((6_300..=7_700).contains(&due.as_millis()), "{due:?}");
                check_time_limit();
            },
        );
        if said.is_some() {
            let requests = api.server().requests();
            assert!(!requests.is_empty());
            for request in requests {
                assert_eq!(request.target(), "/api/features/sdk-of-the-environment");
            }
        } else {
            return;
        }
    }
}

/// The second in `GB_HTTP_CLIENT_TIMEOUT`, at a server that does not answer. Setters win over the environment.
fn check_time_limit() {
    let api = Api::serving(1);
    api.hold_back();
    let endpoint = || Endpoint::from_env().api_host(api.server().url());
    let ask = |endpoint| {
        let source = HttpSource::new(endpoint).manual();
        let client = GrowthBookClient::builder().source(source).build();
        let client = client.unwrap();
        let started = Instant::now();
        let error = client.refresh().unwrap_err();
        assert!(matches!(error, RefreshError::Fetch(FetchError::TimedOut)));
        assert_eq!(value(&client), 0);
        started.elapsed()
    };
    assert!(ask(endpoint()) >= Duration::from_millis(990));
    let limit = Duration::from_millis(1_500);
    assert!(ask(endpoint().timeout(limit)) >= Duration::from_millis(1_490));
}
