//! Which messages are believed, and which are not.

use growthbook_fetch::{
    EventWebhook, ProxyPush, Webhook, WebhookError, WebhookEvent, WebhookSecretError,
};
use ureq::http::HeaderMap;

use super::{CLIENT_KEY, NOW, SECRET, Sent, hexadecimal, hmac, webhook};

type Verified = Result<WebhookEvent, WebhookError>;

pub(super) fn verify(headers: &[(&str, &str)], body: &[u8]) -> Verified {
    webhook(SECRET).verify(headers.iter().copied(), body)
}

#[track_caller]
pub(super) fn refused(verified: &Verified, expected: &WebhookError) {
    match verified {
        Err(error) => assert_eq!(error.to_string(), expected.to_string()),
        Ok(event) => panic!("{event:?}"),
    }
}

#[test]
fn the_vectors_of_sdk_webhooks_hold() {
    let body = br#"{"type":"payload.changed","timestamp":"2026-01-02T03:04:05.678Z","data":{"payload":"{\"features\":{\"dark-mode\":{\"defaultValue\":true}}}"}}"#;
    for (body, signature, payload) in [
        (
            &body[..],
            "v1,QnR99KB7dN3qg42FpdwZb6olDTQnODxTudnL/Y4ApiA=",
            Some(PAYLOAD),
        ),
        (b"", "v1,37SICwAGjy3pcvTHnAxOO9muX6oenFHuuL39VIZIJeg=", None),
    ] {
        let headers = [
            ("webhook-id", "msg_00c0ffee00c0ffee"),
            ("webhook-timestamp", "1767323045"),
            ("webhook-signature", signature),
        ];
        let event = verify(&headers, body).unwrap();
        assert_eq!(event.payload().map(|bytes| &**bytes), payload);
        let ours = Sent::with("msg_00c0ffee00c0ffee", "1767323045", SECRET, body);
        assert_eq!(ours.signature, signature, "the tests sign in the same way");
    }
}

#[test]
fn the_vector_of_pushes_to_a_proxy_holds() {
    let signature = "57d9e44110eccffea8ba00eef4b01f2a8e531ba4833e02435ffaf1c6c1673af0";
    let headers = |signature| [("X-GrowthBook-Signature", signature)];
    let push = ProxyPush::new("psk_demo_1").unwrap();
    let event = push.verify(headers(signature), PAYLOAD).unwrap();
    assert_eq!(event.payload().map(|bytes| &**bytes), Some(PAYLOAD));
    let events = EventWebhook::new("psk_demo_1").unwrap();
    let event = events.verify(headers(signature), PAYLOAD).unwrap();
    assert!(event.payload().is_none(), "whatever it says");
    let other = ProxyPush::new("psk_demo_2").unwrap();
    refused(
        &other.verify(headers(signature), PAYLOAD),
        &WebhookError::WrongSignature,
    );
    refused(
        &push.verify(headers(signature), b"{}"),
        &WebhookError::WrongSignature,
    );
    for wrong in [
        "",
        &signature.to_uppercase(),
        signature.strip_prefix('5').unwrap(),
        &format!("{signature}0"),
    ] {
        refused(
            &push.verify(headers(wrong), PAYLOAD),
            &WebhookError::WrongSignature,
        );
        refused(
            &events.verify(headers(wrong), PAYLOAD),
            &WebhookError::WrongSignature,
        );
    }
    let none: [(&str, &str); 0] = [];
    refused(&push.verify(none, PAYLOAD), &WebhookError::MissingHeaders);
    refused(&events.verify(none, PAYLOAD), &WebhookError::MissingHeaders);
}

#[test]
fn a_push_names_its_connection() {
    let push = ProxyPush::new("psk").unwrap().client_key(" sdk-canary0 ");
    let signature = hexadecimal(&hmac(b"psk", PAYLOAD));
    let with = |key| {
        [
            ("x-growthbook-api-key", key),
            ("x-growthbook-signature", &*signature),
        ]
    };
    assert!(push.verify(with(CLIENT_KEY), PAYLOAD).is_ok());
    refused(
        &push.verify(with("sdk-other"), PAYLOAD),
        &WebhookError::OtherConnection,
    );
    assert!(
        ProxyPush::new("psk")
            .unwrap()
            .verify(with("sdk-other"), PAYLOAD)
            .is_ok()
    );
}

#[test]
fn headers_come_in_any_order_and_case_and_from_any_framework() {
    let sent = Sent::new(SECRET, b"");
    let mut headers = sent.headers();
    headers.reverse();
    assert!(verify(&headers, b"").is_ok());
    let shouted: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_uppercase(), *value))
        .collect();
    assert!(webhook(SECRET).verify(shouted, b"").is_ok());
    let mut map = HeaderMap::new();
    for (name, value) in &headers {
        map.insert(
            name.parse::<ureq::http::HeaderName>().unwrap(),
            value.parse().unwrap(),
        );
    }
    map.insert(
        "x-binary",
        ureq::http::HeaderValue::from_bytes(b"\xff\xfe").unwrap(),
    );
    assert!(webhook(SECRET).verify(&map, b"").is_ok());
    // One at a time, as some frameworks give them.
    let get = |name: &str| map.get(name).and_then(|value| value.to_str().ok());
    let found = Webhook::HEADERS
        .iter()
        .filter_map(|name| Some((name, get(name)?)));
    assert!(webhook(SECRET).verify(found, b"").is_ok());
}

#[test]
fn a_header_that_is_missing_or_there_twice_is_refused() {
    let sent = Sent::new(SECRET, b"");
    let headers = sent.headers();
    for place in 1..headers.len() {
        let mut fewer = headers.clone();
        fewer.remove(place);
        refused(&verify(&fewer, b""), &WebhookError::MissingHeaders);
    }
    for twice in [
        ("webhook-id", "msg_2"),
        ("Webhook-Timestamp", "1"),
        ("webhook-id", "msg_1"),
    ] {
        for place in [0, headers.len()] {
            let mut more = headers.clone();
            more.insert(place, twice);
            refused(&verify(&more, b""), &WebhookError::MissingHeaders);
        }
    }
    let empty = Sent::with("", NOW.to_string(), SECRET, b"");
    refused(
        &verify(&empty.headers(), b""),
        &WebhookError::MissingHeaders,
    );
    refused(&verify(&[], b""), &WebhookError::MissingHeaders);
}

#[test]
fn one_right_signature_of_several_will_do() {
    let mut sent = Sent::new(SECRET, b"x");
    let right = sent.signature.clone();
    let other = Sent::new("other", b"x").signature;
    let check = |signature: String, is_right: bool| {
        let sent = Sent {
            signature,
            ..sent.clone()
        };
        match webhook(SECRET).verify(sent.headers(), b"x") {
            // It is no form that is known, but it is signed.
            Err(WebhookError::UnknownForm) => assert!(is_right, "{sent:?}"),
            Err(WebhookError::WrongSignature) => assert!(!is_right, "{sent:?}"),
            verified => panic!("{verified:?}"),
        }
    };
    check(format!("{other} {right}"), true);
    check(format!("  v2,abc  {right} {other}"), true);
    check(format!("{other} {other}"), false);
    for wrong in [
        "",
        "v1,",
        "v1",
        right.strip_prefix("v1,").unwrap(),
        &right.replace("v1,", "v2,"),
        &right.replace("v1,", "V1,"),
    ] {
        check(wrong.to_owned(), false);
    }
    check(right.trim_end_matches('=').to_owned(), false);
    check(format!("{right}="), false);
    // In a header each.
    sent.signature = other;
    let mut headers = sent.headers();
    headers.push(("webhook-signature", &right));
    refused(&verify(&headers, b"x"), &WebhookError::UnknownForm);
}

#[test]
fn a_message_for_another_connection_is_not_looked_at() {
    let mut sent = Sent::new(SECRET, b"no form at all");
    sent.client_key = Some("sdk-other".to_owned());
    refused(
        &verify(&sent.headers(), b"no form at all"),
        &WebhookError::OtherConnection,
    );
    sent.client_key = Some(CLIENT_KEY.to_owned());
    refused(
        &verify(&sent.headers(), b"no form at all"),
        &WebhookError::UnknownForm,
    );
    let mut both = sent.headers();
    both.push(("webhook-sdk-key", "sdk-other"));
    refused(
        &verify(&both, b"no form at all"),
        &WebhookError::OtherConnection,
    );
    // Whoever did not sign it is told nothing of connections.
    sent.client_key = Some("sdk-other".to_owned());
    refused(
        &verify(&sent.headers(), b"another body"),
        &WebhookError::WrongSignature,
    );
}

#[test]
fn a_secret_of_the_standard_is_base64() {
    let sent = Sent::new(b"raw key", b"");
    let accepts = |secret| webhook(secret).verify(sent.headers(), b"").is_ok();
    assert!(accepts("whsec_cmF3IGtleQ==") && accepts("raw key") && accepts(" raw key\n"));
    assert!(!accepts("cmF3IGtleQ==") && !accepts("whsec_cmF3"));
    let long = "k".repeat(200);
    let sent = Sent::new(&long, b"");
    assert!(webhook(&long).verify(sent.headers(), b"").is_ok());
    let wrong = |secret| Webhook::new(secret).unwrap_err();
    assert_eq!(wrong(""), WebhookSecretError::Empty);
    assert_eq!(wrong("whsec_!"), WebhookSecretError::NotBase64);
    assert_eq!(
        wrong("global_d41d8cd98f00b204e9800998ecf8427e"),
        WebhookSecretError::Guessable
    );
    assert_eq!(ProxyPush::new(" ").unwrap_err(), WebhookSecretError::Empty);
    assert_eq!(
        EventWebhook::new("").unwrap_err(),
        WebhookSecretError::Empty
    );
}

const PAYLOAD: &[u8] = br#"{"features":{"dark-mode":{"defaultValue":true}}}"#;
