//! Messages to the program, with secrets wherever there can be some.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use growthbook_core::GrowthBookClient;
use growthbook_fetch::{Endpoint, EventWebhook, HttpSource, ProxyPush, Webhook, WebhookOutcome};

use super::CLIENT_KEY;
use super::told::Told;
use crate::api::NOBODY;
use crate::sealed;
use crate::webhooks::{NOW, Sent, at, hexadecimal, hmac};

pub(super) fn scene(told: &Told) {
    let source = HttpSource::new(Endpoint::new(CLIENT_KEY).api_host(NOBODY).no_proxy());
    let client = told.build(source, |builder| builder);
    let webhook = Webhook::new(SECRET)
        .unwrap()
        .client_key(CLIENT_KEY)
        .clock(at(NOW));
    told.debug("webhook", &webhook);
    for (number, body) in bodies().iter().enumerate() {
        let mut sent = Sent::with(
            format!("canary-payload{number}"),
            NOW.to_string(),
            SECRET,
            body,
        );
        receive(told, &client, &webhook, &sent, body);
        // Once more, and changed in every part.
        receive(told, &client, &webhook, &sent, body);
        receive(told, &client, &webhook, &sent, b"canary-payload");
        sent.client_key = Some("canary-header".to_owned());
        receive(told, &client, &webhook, &sent, body);
        "canary-header".clone_into(&mut sent.timestamp);
        receive(told, &client, &webhook, &sent, body);
        "v1,canary-header".clone_into(&mut sent.signature);
        receive(told, &client, &webhook, &sent, body);
        by_body(told, &client, body);
    }
    for secret in [
        "",
        "whsec_canary-signing",
        "global_d41d8cd98f00b204e9800998ecf8427e",
    ] {
        told.error("secret", &Webhook::new(secret).unwrap_err());
    }
    client.close(std::time::Duration::from_secs(1));
    let sent = Sent::with("closed", NOW.to_string(), SECRET, b"");
    receive(told, &client, &webhook, &sent, b"");
    told.client(&client);
}

fn receive(told: &Told, client: &GrowthBookClient, webhook: &Webhook, sent: &Sent, body: &[u8]) {
    note(told, &webhook.receive(client, sent.headers(), body));
    let other = Webhook::new(SECRET).unwrap().clock(at(NOW));
    told.debug("verified", &other.verify(sent.headers(), body));
}

fn by_body(told: &Told, client: &GrowthBookClient, body: &[u8]) {
    let push = ProxyPush::new(SECRET).unwrap().client_key(CLIENT_KEY);
    let events = EventWebhook::new(SECRET).unwrap();
    told.debug("push", &(&push, &events));
    let right = hexadecimal(&hmac(SECRET.as_bytes(), body));
    for signature in [&*right, "canary-header", ""] {
        let headers = [("x-growthbook-signature", signature)];
        note(told, &push.receive(client, headers, body));
        note(told, &events.receive(client, headers, body));
    }
    told.client(client);
}

fn note(told: &Told, outcome: &WebhookOutcome) {
    told.debug("outcome", outcome);
    if let Some(error) = outcome.error() {
        told.error("outcome", error);
    }
}

fn bodies() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"features": {"f": {"defaultValue": "canary-payload"}}}"#.to_owned(),
        r#"{"type": "payload.changed", "data": {"payload": "{\"features\": {\"f\": {\"defaultValue\": \"canary-payload\"}}}"}}"#.to_owned(),
        r#"{"data": {"a": "canary-payload", "b": "canary-payload"}}"#.to_owned(),
        r#"{"data": {"canary-payload": "canary-payload"}}"#.to_owned(),
        r#"{"items": [{"operation": "canary-payload", "key": "canary-payload", "value": 1}]}"#.to_owned(),
        r#"{"type": "canary-payload"}"#.to_owned(),
        "canary-payload".to_owned(),
        sealed::features(1, sealed::OTHER_KEY),
        sealed::payload("canary-payload"),
        sealed::payload(&sealed::seal(b"canary-payload", sealed::KEY)),
    ];
    let mut bodies: Vec<Vec<u8>> = bodies.into_iter().map(String::into_bytes).collect();
    bodies.push(b"{\"features\": {\"canary-payload\": \"\xff\"}}".to_vec());
    bodies.push(Vec::new());
    let mut long = b"canary-payload".to_vec();
    long.resize((16 << 20) + 1, b' ');
    bodies.push(long);
    bodies
}

const SECRET: &str = "canary-signing";
