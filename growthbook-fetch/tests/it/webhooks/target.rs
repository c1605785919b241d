//! What the fuzz target `webhook` does with its input: the fuzzer and an ordinary test over `fuzz/seeds/` call it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use growthbook_core::{Clock, DecryptionKey, GrowthBookClient};
use growthbook_fetch::{ProxyPush, Webhook, WebhookAction, WebhookError};

use super::signing::{Sent, hexadecimal, hmac};

/// Headers, an empty line and a body. As they are, they are believed only if a plain reading finds them signed; signed, the
/// body does something or changes nothing, and no other body has that signature.
pub(crate) fn webhook(bytes: &[u8]) {
    let (head, body) = cut(bytes, b"\n\n").unwrap_or((bytes, b""));
    let headers: Vec<(String, &[u8])> = head
        .split(|byte| *byte == b'\n')
        .filter_map(|line| cut(line, b":"))
        .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value))
        .collect();
    as_it_came(&headers, body);
    signed(&headers, body);
}

fn as_it_came(headers: &[(String, &[u8])], body: &[u8]) {
    let pairs = || headers.iter().map(|(name, value)| (name, value));
    let is_signed = |name: &str, prefix: &str, code: &[u8]| {
        let code = format!(
            "{prefix}{}",
            if prefix.is_empty() {
                hexadecimal(code)
            } else {
                STANDARD.encode(code)
            }
        );
        values(headers, name).any(|value| {
            value
                .split(u8::is_ascii_whitespace)
                .any(|it| *it == *code.as_bytes())
        })
    };
    let believed = |checked: Result<(), WebhookError>| {
        checked.map_or_else(|error| error.status() != 401, |()| true)
    };
    if believed(ours().verify(pairs(), body).map(drop)) {
        let [id, timestamp] =
            ["webhook-id", "webhook-timestamp"].map(|name| values(headers, name).next().unwrap());
        let code = hmac(SECRET, &[id, b".", timestamp, b".", body].concat());
        assert!(is_signed("webhook-signature", "v1,", &code));
    }
    let push = ProxyPush::new(TEXT).unwrap();
    if believed(push.verify(pairs(), body).map(drop)) {
        assert!(is_signed("x-growthbook-signature", "", &hmac(SECRET, body)));
    }
}

fn signed(headers: &[(String, &[u8])], body: &[u8]) {
    let id = headers.first().map_or("msg", |(name, _)| name);
    let id = if id.trim_ascii().is_empty() {
        "msg"
    } else {
        id.trim_ascii()
    };
    let away = body.len() as u64 % 301;
    let sent = Sent::with(id, (NOW - away).to_string(), SECRET, body);
    let key = DecryptionKey::new(&STANDARD.encode(b"0123456789abcdef")).unwrap();
    let builder = GrowthBookClient::builder().decryption_key(key);
    let client = builder
        .payload(*br#"{"features":{"f":{}}}"#)
        .build()
        .unwrap();
    let before = client.ruleset();
    let webhook = ours();
    let outcome = webhook.receive(&client, sent.headers(), body);
    let is_same = Arc::ptr_eq(&before, &client.ruleset());
    match (outcome.action(), outcome.status()) {
        (WebhookAction::Applied, 200) => assert!(!is_same),
        (WebhookAction::Ignored | WebhookAction::Unchanged, 200)
        | (WebhookAction::Rejected, 400) => {
            assert!(is_same);
        }
        _ => panic!("{outcome:?}"),
    }
    let again = webhook.receive(&client, sent.headers(), body);
    assert_eq!(again.action(), WebhookAction::Replayed);
    let mut other = body.to_vec();
    match other.last_mut() {
        Some(byte) => *byte ^= 1,
        None => other.push(b' '),
    }
    let refused = webhook.receive(&client, sent.headers(), &other);
    assert_eq!(refused.action(), WebhookAction::Refused);
    assert!(!format!("{outcome:?} {webhook:?}").contains(TEXT));
}

fn ours() -> Webhook {
    Webhook::new(TEXT)
        .unwrap()
        .clock(Stopped)
        .client_key("sdk-1")
}

/// The values of a header, as they stand.
fn values<'a>(headers: &'a [(String, &'a [u8])], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = move |(it, _): &&(String, &[u8])| it.trim_ascii().eq_ignore_ascii_case(name);
    headers
        .iter()
        .filter(named)
        .map(|(_, value)| value.trim_ascii())
}

/// What is before and after the first place where `at` is.
fn cut<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..place], &bytes[place + at.len()..]))
}

/// It is always [`NOW`].
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) const TEXT: &str = "wk_9F2C77A1D04E";
const SECRET: &[u8] = TEXT.as_bytes();
pub(crate) const NOW: u64 = 1_767_323_045;
