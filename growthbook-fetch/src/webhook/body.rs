//! The forms that a message's body comes in, and the payload in each. Nothing but the text of a payload is kept: it is
//! handed on as it is, whatever order its keys are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::WebhookError;

/// Whether a body is one to look at.
pub(super) fn check_length(body: &[u8]) -> Result<(), WebhookError> {
    if body.len() > MOST_BYTES {
        return Err(WebhookError::TooLarge { limit: MOST_BYTES });
    }
    Ok(())
}

/// The payload in a body, or `None` if it only says that something has changed.
///
/// * nothing at all: something has changed.
/// * `{"features": ..}` or `{"encryptedFeatures": ..}`: the body is the payload.
/// * `{"type": "payload.changed", "data": {"payload": ..}}`, or without `data`: something has changed.
/// * `{"items": [{"operation": .., "key": .., "value": ..}]}`, for edge stores.
/// * `{"data": {key: ..}}`.
///
/// Payloads within are objects, or texts of objects.
pub(super) fn payload(body: &[u8], client_key: Option<&str>) -> Payload {
    let bare = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(bare).map_err(|_| WebhookError::UnknownForm)?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let envelope: Object<'_> = read(text)?;
    let member = |name| envelope.get(name).copied().flatten();
    if member("features").or(member("encryptedFeatures")).is_some() {
        return Ok(Some(Arc::from(body)));
    }
    let kind = member("type").map(|kind| read::<String>(kind.get()));
    let kind = kind.transpose()?;
    if kind.as_ref().is_some_and(|kind| kind != "payload.changed") {
        // Whatever it is, something happened.
        return Ok(None);
    }
    match (member("data"), member("items")) {
        (Some(data), _) => {
            let data: Object<'_> = read(data.get())?;
            let present = data
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)));
            chosen(&present.collect::<Vec<_>>(), client_key)
        }
        (None, Some(items)) => {
            let items: Vec<Object<'_>> = read(items.get())?;
            let kept = items.iter().map(kept).filter_map(Result::transpose);
            chosen(&kept.collect::<Result<Vec<_>, _>>()?, client_key)
        }
        (None, None) if kind.is_some() => Ok(None),
        (None, None) => Err(WebhookError::UnknownForm),
    }
}

/// What an edge store is to keep, and under which name; `None` if it is to delete something.
fn kept<'a>(item: &Object<'a>) -> Result<Option<Entry<'a>>, WebhookError> {
    let member = |name| item.get(name).copied().flatten();
    let text = |name| member(name).map_or(Ok(String::new()), |text| read(text.get()));
    if text("operation")? == "delete" {
        return Ok(None);
    }
    let name = text("key")?;
    Ok(member("value").map(|value| (name, value)))
}

/// The payload of several that is meant.
fn chosen(entries: &[Entry<'_>], client_key: Option<&str>) -> Payload {
    let named = |name: &str| entries.iter().find(|(key, _)| key == name);
    let entry = match entries {
        [] => return Ok(None),
        [only] => Some(only),
        _ => named("payload").or_else(|| client_key.and_then(named)),
    };
    let (_, value) = entry.ok_or(WebhookError::UnknownForm)?;
    let text = value.get();
    if text.starts_with('{') {
        return Ok(Some(Arc::from(text.as_bytes())));
    }
    let text: String = read(text)?;
    Ok((!text.is_empty()).then(|| Arc::from(text.into_bytes())))
}

/// Reads JSON, and drops what is said of it otherwise: that could quote it.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, WebhookError> {
    serde_json::from_str(text).map_err(|_| WebhookError::UnknownForm)
}

type Payload = Result<Option<Arc<[u8]>>, WebhookError>;

/// An object, as texts. Of members with the same name the last one counts, and `null` is none.
type Object<'a> = BTreeMap<String, Option<&'a RawValue>>;

/// A name and what is under it.
type Entry<'a> = (String, &'a RawValue);

/// As of every other payload.
const MOST_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{"features":{"b":{},"a":{"defaultValue":1.50}}}"#;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        let read = payload(body.as_bytes(), Some("sdk-own"));
        let read = read.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(read.as_deref(), expected.map(str::as_bytes), "{body}");
    }

    #[test]
    fn every_form_is_read_byte_for_byte() {
        let text = serde_json::to_string(PAYLOAD).unwrap();
        for inner in [PAYLOAD, &text] {
            for body in [
                format!(
                    r#"{{"type":"payload.changed","timestamp":"2026","data":{{"payload":{inner}}}}}"#
                ),
                format!(r#"{{"data": {{"payload" : {inner} }} }}"#),
                format!(r#"{{"data":{{"anything":{inner}}}}}"#),
                format!(r#"{{"data":{{"a":null,"anything":{inner}}}}}"#),
                format!(r#"{{"data":{{"other":{{}},"payload":{inner}}}}}"#),
                format!(r#"{{"data":{{"sdk-other":{{}},"sdk-own":{inner}}}}}"#),
                format!(r#"{{"items":[{{"operation":"upsert","key":"k","value":{inner}}}]}}"#),
                format!(
                    r#"{{"items":[{{"key":"sdk-own","value":{inner}}},{{"key":"k","value":"x"}}]}}"#
                ),
                format!(
                    r#"{{"items":[{{"operation":"delete","key":"k","value":"x"}},{{"value":{inner}}}]}}"#
                ),
            ] {
                check(&body, Some(PAYLOAD));
            }
        }
        for body in [
            PAYLOAD,
            "\u{feff}{\"features\":{}}",
            " {\"encryptedFeatures\" : \"x\"}\n",
            r#"{"features":null,"features":{},"data":{"payload":"x"},"type":"t"}"#,
        ] {
            check(body, Some(body));
        }
    }

    #[test]
    fn what_says_that_something_changed_has_no_payload() {
        for body in [
            "",
            " \n",
            r#"{"type":"payload.changed"}"#,
            r#"{"type":"payload.changed","timestamp":"2026","data":null}"#,
            r#"{"type":"payload.changed","data":{}}"#,
            r#"{"type":"payload.changed","data":{"payload":""}}"#,
            r#"{"type":"something.else","data":{"payload":"x"}}"#,
            r#"{"features":null,"type":"payload.changed"}"#,
            r#"{"items":[]}"#,
            r#"{"items":[{"operation":"delete","key":"k"}]}"#,
        ] {
            check(body, None);
        }
    }

    #[test]
    fn anything_else_has_no_form() {
        for body in [
            "{}",
            "[]",
            "null",
            "1",
            "\"{}\"",
            "<html>",
            "{\"features\":{}",
            "{} {}",
            r#"[{"features":{}}]"#,
            r#"{"features":null}"#,
            r#"{"type":1}"#,
            r#"{"data":"x"}"#,
            r#"{"data":[1]}"#,
            r#"{"data":{"payload":1}}"#,
            r#"{"data":{"a":{},"b":{}}}"#,
            r#"{"items":{}}"#,
            r#"{"items":[{"operation":1,"value":"x"}]}"#,
            r#"{"items":[{"key":"a","value":"x"},{"key":"b","value":"x"}]}"#,
        ] {
            let read = payload(body.as_bytes(), Some("sdk-own"));
            assert!(matches!(read, Err(WebhookError::UnknownForm)), "{body}");
        }
        assert!(payload(b"{\"features\":\"\xff\"}", None).is_err());
        let own = payload(br#"{"data":{"sdk-other":{},"sdk-own":{}}}"#, None);
        assert!(own.is_err(), "nobody knows which");
    }
}
