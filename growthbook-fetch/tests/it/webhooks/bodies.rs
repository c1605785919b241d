//! What bodies do to a client.

use std::sync::Arc;

use growthbook_core::testing::{ScriptedSource, SourceScript};
use growthbook_core::{GrowthBookClient, Origin, Readiness};
use growthbook_fetch::{EventWebhook, ProxyPush, WebhookAction, WebhookError, WebhookOutcome};

use super::{SECRET, Sent, hexadecimal, hmac, send, webhook};
use crate::rig::value;
use crate::sealed;

fn client() -> (GrowthBookClient, SourceScript) {
    let (source, script) = ScriptedSource::new();
    let builder = GrowthBookClient::builder().source(source);
    let builder = builder.decryption_key(sealed::key(sealed::KEY));
    (builder.build().unwrap(), script)
}

#[track_caller]
fn check(outcome: &WebhookOutcome, action: WebhookAction, status: u16) {
    assert_eq!(
        (outcome.action(), outcome.status()),
        (action, status),
        "{outcome:?}"
    );
}

/// All forms of a body with this payload in it.
fn forms(payload: &str) -> Vec<String> {
    let text = serde_json::to_string(payload).unwrap();
    let mut forms = vec![payload.to_owned()];
    for inner in [payload, &text] {
        forms.extend([
            format!(r#"{{"type":"payload.changed","timestamp":"2026-01-02T03:04:05.678Z","data":{{"payload":{inner}}}}}"#),
            format!(r#"{{"items":[{{"operation":"upsert","key":"gb_payload","value":{inner}}}]}}"#),
            format!(r#"{{"data":{{"gb_payload":{inner}}}}}"#),
        ]);
    }
    forms
}

#[test]
fn every_form_comes_in_force_plain_and_sealed() {
    let (client, script) = client();
    let mut number = 0;
    for is_sealed in [false, true] {
        for form in 0..forms("").len() {
            number += 1;
            let payload = if is_sealed {
                sealed::features(number, sealed::KEY)
            } else {
                crate::api::features(number)
            };
            let outcome = send(&client, forms(&payload)[form].as_bytes());
            check(&outcome, WebhookAction::Applied, 200);
            assert!(outcome.error().is_none());
            assert_eq!(value(&client), number);
            assert_eq!(
                **client.ruleset().payload(),
                *payload.as_bytes(),
                "as it was sent"
            );
            assert_eq!(client.status().origin(), Origin::Fetched);
        }
    }
    assert_eq!(script.requests(), 0);
}

#[test]
fn older_features_and_those_in_force_change_nothing() {
    let (client, _) = client();
    let dated = |value: u32, day: u32| {
        let features = crate::api::features(value);
        let rest = features.strip_suffix('}').unwrap();
        format!(r#"{rest},"dateUpdated":"2026-01-0{day}T00:00:00.000Z"}}"#)
    };
    check(
        &send(&client, dated(1, 2).as_bytes()),
        WebhookAction::Applied,
        200,
    );
    for form in forms(&dated(2, 1)) {
        check(
            &send(&client, form.as_bytes()),
            WebhookAction::Unchanged,
            200,
        );
    }
    check(
        &send(&client, dated(1, 2).as_bytes()),
        WebhookAction::Unchanged,
        200,
    );
    assert_eq!(value(&client), 1);
    check(
        &send(&client, dated(3, 3).as_bytes()),
        WebhookAction::Applied,
        200,
    );
}

#[test]
fn what_is_signed_and_cannot_be_used_keeps_what_is_in_force_and_asks_the_server() {
    let (client, script) = client();
    check(
        &send(&client, crate::api::features(1).as_bytes()),
        WebhookAction::Applied,
        200,
    );
    let before = client.ruleset();
    let deep = |open: &str, close: &str| {
        format!(
            "{{\"features\":{}1{}}}",
            open.repeat(200),
            close.repeat(200)
        )
    };
    let sealed_otherwise = sealed::features(2, sealed::OTHER_KEY);
    let mut bodies: Vec<Vec<u8>> = [
        "<html>",
        "{}",
        "[]",
        "{\"features\":{}",
        "{\"features\":[]}",
        "{\"features\":null}",
        "{\"data\":{\"payload\":\"{\"}}",
        "{\"data\":{\"payload\":{}}}",
        &deep("{\"a\":", "}"),
        &deep("[", "]"),
        &sealed_otherwise,
    ]
    .iter()
    .map(|body| body.as_bytes().to_vec())
    .collect();
    bodies.push(b"{\"features\":{\"\xff\":1}}".to_vec());
    bodies.push(vec![0xff, 0xfe, b'{', 0]);
    let count = bodies.len();
    for body in bodies {
        let outcome = send(&client, &body);
        check(&outcome, WebhookAction::Rejected, 400);
        assert!(outcome.error().is_some());
    }
    assert!(Arc::ptr_eq(&before, &client.ruleset()));
    assert_eq!(script.requests(), count);
}

#[test]
fn what_is_not_signed_is_not_looked_at() {
    let (client, script) = client();
    let body = crate::api::features(1);
    let sent = Sent::new("another secret", body.as_bytes());
    let outcome = webhook(SECRET).receive(&client, sent.headers(), body.as_bytes());
    check(&outcome, WebhookAction::Refused, 401);
    let outcome = webhook(SECRET).receive(&client, [("webhook-id", "msg_1")], body.as_bytes());
    check(&outcome, WebhookAction::Refused, 401);
    assert_eq!(
        (client.status().readiness(), script.requests()),
        (Readiness::Empty, 0)
    );
    assert_eq!(
        client.status().refresh_failures(),
        0,
        "nobody can make it look ill"
    );
}

#[test]
fn a_body_is_not_longer_than_any_other_payload() {
    let (client, script) = client();
    let mut body = crate::api::features(1).into_bytes();
    body.resize(16 << 20, b' ');
    check(&send(&client, &body), WebhookAction::Applied, 200);
    body.push(b' ');
    // Not even its signature was looked at.
    for sent in [Sent::new(SECRET, &body), Sent::new(SECRET, b"")] {
        let outcome = webhook(SECRET).receive(&client, sent.headers(), &body);
        check(&outcome, WebhookAction::Refused, 413);
        assert!(matches!(
            outcome.error(),
            Some(WebhookError::TooLarge { limit: 0x0100_0000 })
        ));
    }
    let headers = [("x-growthbook-signature", "")];
    let push = ProxyPush::new(SECRET).unwrap();
    check(
        &push.receive(&client, headers, &body),
        WebhookAction::Refused,
        413,
    );
    let events = EventWebhook::new(SECRET).unwrap();
    check(
        &events.receive(&client, headers, &body),
        WebhookAction::Refused,
        413,
    );
    assert_eq!(script.requests(), 0);
}

#[test]
fn the_same_message_and_another_connections_are_answered_well_and_do_nothing() {
    let (client, script) = client();
    let webhook = webhook(SECRET);
    let body = crate::api::features(1);
    let mut sent = Sent::new(SECRET, body.as_bytes());
    sent.client_key = Some("sdk-other".to_owned());
    let outcome = webhook.receive(&client, sent.headers(), body.as_bytes());
    check(&outcome, WebhookAction::Ignored, 200);
    sent.client_key = None;
    let outcome = webhook.receive(&client, sent.headers(), body.as_bytes());
    check(&outcome, WebhookAction::Applied, 200);
    client.load(crate::api::features(2).as_bytes()).unwrap();
    let outcome = webhook.receive(&client, sent.headers(), body.as_bytes());
    check(&outcome, WebhookAction::Replayed, 200);
    assert_eq!((value(&client), script.requests()), (2, 0));
}

#[test]
fn a_push_and_an_event_do_what_they_can() {
    let (client, script) = client();
    let body = sealed::features(3, sealed::KEY);
    let signature = hexadecimal(&hmac(b"psk", body.as_bytes()));
    let headers = [("X-GrowthBook-Signature", &*signature)];
    let push = ProxyPush::new("psk").unwrap();
    check(
        &push.receive(&client, headers, body.as_bytes()),
        WebhookAction::Applied,
        200,
    );
    check(
        &push.receive(&client, headers, body.as_bytes()),
        WebhookAction::Unchanged,
        200,
    );
    check(
        &push.receive(&client, headers, b"{}"),
        WebhookAction::Refused,
        401,
    );
    assert_eq!((value(&client), script.requests()), (3, 0));
    let events = EventWebhook::new("psk").unwrap();
    check(
        &events.receive(&client, headers, body.as_bytes()),
        WebhookAction::Requested,
        200,
    );
    assert_eq!((value(&client), script.requests()), (3, 1));
}
