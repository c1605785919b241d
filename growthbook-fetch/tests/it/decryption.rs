//! Sealed payloads through the source (C1 to C6): what does not open changes nothing, and says nothing of what is in it.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use growthbook_core::{FetchError, PayloadError, Readiness, Refresh, RefreshError};
use growthbook_fetch::HttpSource;

use super::api::Api;
use super::rig::{Rig, streaming_with};
use super::sealed::{self, IV, KEY, OTHER_KEY, features, joined, payload, seal, seal_unpadded};

/// C1, C2, C3: over a request.
#[test]
fn an_answer_that_does_not_open_changes_nothing() {
    let api = Api::start();
    api.serve_bytes(Some(features(1, KEY).as_bytes()));
    let rig = Rig::with(HttpSource::new(api.endpoint()), |builder| {
        builder.decryption_key(sealed::key(KEY))
    });
    assert_eq!(rig.next_value(), 1);
    for (round, (what, bad)) in bad().into_iter().enumerate() {
        api.serve_bytes(Some(bad.as_bytes()));
        let error = rig.client.force_refresh().unwrap_err();
        check_unopened(what, &rig, &error);
        assert_eq!(
            rig.client.status().refreshes().rejected(),
            round as u64 + 1,
            "{what}"
        );
    }
    api.serve_bytes(Some(features(2, KEY).as_bytes()));
    assert_eq!(rig.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), 2);
}

/// C1, C2, C3: over the stream, which goes on.
#[test]
fn an_event_that_does_not_open_changes_nothing() {
    let api = Api::start();
    api.serve_bytes(Some(features(1, KEY).as_bytes()));
    let rig = streaming_with(&api, |builder| builder.decryption_key(sealed::key(KEY)));
    for (round, (what, bad)) in (2..).zip(bad()) {
        api.push_features(&bad);
        let error = rig.until(
            |_| match rig.client.status().last_error() {
                Some(error @ RefreshError::Payload(_)) => Some(error.clone()),
                _ => None,
            },
            what,
        );
        assert_eq!(rig.value(), round - 1, "{what}");
        check_silence(what, &rig, &error);
        assert!(
            matches!(error, RefreshError::Payload(PayloadError::Decrypt)),
            "{what}: {error:?}"
        );
        api.push_features(&features(round, KEY));
        assert_eq!(rig.next_value(), round, "{what}");
        assert_eq!(rig.client.status().readiness(), Readiness::Live, "{what}");
    }
    assert!(rig.source().stream_error().is_none());
}

/// What cannot be opened with [`KEY`], though it has the form of a payload.
fn bad() -> Vec<(&'static str, String)> {
    let plain = br#"{"f": {"defaultValue": "canary-plain"}}"#;
    let good = seal(plain, KEY);
    let (iv, text) = good.split_once('.').unwrap();
    let odd_length = joined(&IV, &[1; 31]);
    vec![
        ("sealed with another key", seal(plain, OTHER_KEY)),
        ("no IV", text.to_owned()),
        ("an empty IV", format!(".{text}")),
        ("a short IV", joined(&IV[..15], b"canary-plain-txt")),
        ("a long IV", joined(&[7; 17], b"canary-plain-txt")),
        ("three parts", format!("{good}.{text}")),
        ("no text", format!("{iv}.")),
        ("no whole blocks", odd_length),
        ("not base64", format!("{iv}.*{text}")),
        ("cut", good.split_at(good.len() - 24).0.to_owned()),
        ("no padding", seal_unpadded(b"{\"canary-plain\"}")),
        ("a padding of 0", seal_unpadded(b"{\"canary-plain\0\0")),
        ("a padding of 17", seal_unpadded(b"{\"canary-plain\x11\x11")),
        (
            "a padding of two kinds",
            seal_unpadded(b"{\"canary-plain\x01\x02"),
        ),
        ("no UTF-8", seal(b"{\"canary-plain\xFF\": {}}", KEY)),
        ("no JSON", seal(b"{\"canary-plain\": ", KEY)),
        ("JSON and more", seal(b"{} canary-plain", KEY)),
        (
            "deep JSON",
            seal("{\"canary-plain\":".repeat(1_000).as_bytes(), KEY),
        ),
    ]
    .into_iter()
    .map(|(what, sealed)| (what, payload(&sealed)))
    .collect()
}

/// What is in force stays, the status says why, and nothing says what was sealed.
#[track_caller]
fn check_unopened(what: &str, rig: &Rig, error: &RefreshError) {
    let status = rig.client.status();
    assert!(
        matches!(error, RefreshError::Payload(PayloadError::Decrypt)),
        "{what}: {error:?}"
    );
    assert_eq!(rig.value(), 1, "{what}");
    assert!(
        matches!(status.readiness(), Readiness::Stale { .. }),
        "{what}"
    );
    assert!(
        matches!(
            status.last_error(),
            Some(RefreshError::Payload(PayloadError::Decrypt))
        ),
        "{what}"
    );
    check_silence(what, rig, error);
}

#[track_caller]
fn check_silence(what: &str, rig: &Rig, error: &RefreshError) {
    let said = [
        format!("{error:?} {}", chain(error)),
        format!("{:?} {:?}", rig.client, rig.client.status()),
        rig.errors.lock().unwrap().concat(),
    ]
    .concat();
    for secret in ["canary", &sealed::text(KEY), &sealed::text(OTHER_KEY)] {
        assert!(!said.contains(secret), "{what}: {said}");
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect()
}

/// C3: more than the client takes is not even opened.
#[test]
fn a_sealed_payload_has_the_limits_of_any_other() {
    let api = Api::start();
    api.serve_bytes(Some(features(1, KEY).as_bytes()));
    let endpoint = api.endpoint().max_body_bytes(50_000);
    let rig = Rig::with(HttpSource::new(endpoint), |builder| {
        let builder = builder.decryption_key(sealed::key(KEY));
        builder.max_payload_bytes(20_000)
    });
    assert_eq!(rig.next_value(), 1);
    let long = |length| payload(&seal(" ".repeat(length).as_bytes(), KEY));
    api.serve_bytes(Some(long(30_000).as_bytes()));
    assert!(matches!(
        rig.client.force_refresh(),
        Err(RefreshError::Payload(PayloadError::TooLarge {
            limit: 20_000
        }))
    ));
    api.serve_bytes(Some(long(60_000).as_bytes()));
    assert!(matches!(
        rig.client.force_refresh(),
        Err(RefreshError::Fetch(FetchError::TooLarge { limit: 50_000 }))
    ));
    assert_eq!(rig.value(), 1);
}

/// C4: and the version that could not be opened is never taken to be the one in force.
#[test]
fn a_key_that_is_wrong_for_an_hour_costs_an_hour_of_news() {
    let api = Api::start();
    api.serve_bytes(Some(features(1, KEY).as_bytes()));
    let rig = Rig::with(HttpSource::new(api.endpoint()), |builder| {
        builder.decryption_key(sealed::key(KEY))
    });
    assert_eq!(rig.next_value(), 1);
    api.serve_bytes(Some(features(2, OTHER_KEY).as_bytes()));
    let (mut passed, mut attempts) = (Duration::ZERO, 0);
    while passed < Duration::from_secs(60 * 60) {
        let failures = rig.source().failures();
        passed += rig.pass_to_next_attempt();
        attempts += 1;
        rig.until(
            |status| (status.failures() > failures).then_some(()),
            "an attempt to fail",
        );
        assert_eq!(rig.value(), 1);
    }
    let status = rig.client.status();
    assert!(
        matches!(status.readiness(), Readiness::Stale { age } if age >= Duration::from_secs(60 * 60))
    );
    assert!(matches!(
        status.last_error(),
        Some(RefreshError::Payload(PayloadError::Decrypt))
    ));
    assert!((60..=130).contains(&attempts), "{attempts} in an hour");
    assert_eq!(
        api.not_modified(),
        0,
        "nobody claims to have what did not open"
    );
    let other = Rig::with(HttpSource::new(api.endpoint()), |builder| {
        builder.decryption_key(sealed::key(OTHER_KEY))
    });
    assert_eq!(other.next_value(), 2, "who has the key reads on");
    api.serve_bytes(Some(features(3, KEY).as_bytes()));
    rig.pass_to_next_attempt();
    assert_eq!(rig.next_value(), 3);
    rig.until(
        |status| (status.failures() == 0).then_some(()),
        "no failures",
    );
    assert_eq!(rig.client.status().readiness(), Readiness::Live);
}

/// C5.
#[test]
fn a_server_may_stop_to_seal() {
    let api = Api::start();
    api.serve_bytes(Some(features(1, KEY).as_bytes()));
    let rig = streaming_with(&api, |builder| builder.decryption_key(sealed::key(KEY)));
    api.serve(2);
    rig.client.force_refresh().unwrap();
    assert_eq!(rig.next_value(), 2);
    api.push_features(&super::api::features(3));
    assert_eq!(rig.next_value(), 3);
}

/// C6, and a key that is missing.
#[test]
fn of_both_twins_the_sealed_one_counts() {
    let plain = super::api::features(1);
    let both = |value, key| {
        let sealed = features(value, key).replace("\"features\": {}, ", "");
        plain.replacen('{', &sealed.replace('}', ", "), 1)
    };
    let api = Api::start();
    api.serve_bytes(Some(both(2, KEY).as_bytes()));
    let rig = Rig::with(HttpSource::new(api.endpoint()), |builder| {
        builder.decryption_key(sealed::key(KEY))
    });
    assert_eq!(rig.next_value(), 2);
    api.serve_bytes(Some(both(3, OTHER_KEY).as_bytes()));
    let error = rig.client.force_refresh().unwrap_err();
    assert!(matches!(
        error,
        RefreshError::Payload(PayloadError::Decrypt)
    ));
    assert_eq!(rig.value(), 2);
    let without_key = Rig::new(HttpSource::new(api.endpoint()));
    let error = without_key.client.force_refresh().unwrap_err();
    assert!(matches!(
        error,
        RefreshError::Payload(PayloadError::MissingKey)
    ));
    assert_eq!(without_key.value(), 0);
    api.serve(4);
    without_key.client.force_refresh().unwrap();
    assert_eq!(without_key.value(), 4);
}
