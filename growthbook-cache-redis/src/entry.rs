//! What an entry consists of: the payload, and what is known of it.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use growthbook_core::{CachedPayload, Validator};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::date;

/// What is known of a payload, as it is stored beside it. Times are milliseconds.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct About {
    growthbook: u32,
    /// The digest of the key, so that it tells nothing: an entry that was copied is not that of another key.
    key: String,
    length: usize,
    /// The digest of the payload that it belongs to. Others may have put another one there.
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    /// The payload's own date, in digits. The script compares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated: Option<String>,
}

/// Why what is there is no entry.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum NoEntry {
    #[error("it is no payload")]
    NoPayload,
    #[error("it is no text")]
    NoText,
    #[error("it is the entry of another key")]
    OtherKey,
    #[error("it is longer than the cache may hold")]
    TooLong,
}

impl About {
    pub(crate) fn new(key: &str, payload: &CachedPayload) -> Self {
        let bytes = payload.bytes();
        let validator = payload.validator().map(Validator::as_str);
        Self {
            growthbook: FORMAT,
            key: digest(key.as_bytes()),
            length: bytes.len(),
            sha256: digest(bytes),
            etag: validator.map(str::to_owned),
            fetched_at: payload.fetched_at().and_then(millis_since_epoch),
            max_age: payload.max_age().and_then(millis),
            updated: Outline::of(bytes).and_then(Outline::updated),
        }
    }

    /// As it was stored. What others wrote there, a later version of this crate among them, says nothing.
    pub(crate) fn parse(stored: &[u8]) -> Option<Self> {
        let about: Self = serde_json::from_slice(stored).ok()?;
        (about.growthbook == FORMAT).then_some(about)
    }

    pub(crate) fn to_json(&self) -> String {
        // Texts and numbers can be written; and if not, a payload without it is an entry as well.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it was stored with this payload under this key.
    pub(crate) fn is_of(&self, key: &str, bytes: &[u8]) -> bool {
        self.key == digest(key.as_bytes()) && self.describes(bytes)
    }

    fn describes(&self, bytes: &[u8]) -> bool {
        self.length == bytes.len() && self.sha256 == digest(bytes)
    }
}

/// The entry that these are. A payload that somebody else put there is one of which nothing more is known.
pub(crate) fn read(
    key: &str,
    bytes: Vec<u8>,
    about: Option<&[u8]>,
) -> Result<CachedPayload, NoEntry> {
    let about = about.and_then(About::parse);
    let about = about.filter(|about| about.describes(&bytes));
    let Some(about) = about else {
        let is_payload = Outline::of(&bytes).is_some_and(|outline| outline.has_features());
        return if is_payload {
            Ok(CachedPayload::new(bytes))
        } else {
            Err(NoEntry::NoPayload)
        };
    };
    if about.key != digest(key.as_bytes()) {
        return Err(NoEntry::OtherKey);
    }
    let since_epoch = about.fetched_at.map(Duration::from_millis);
    Ok(CachedPayload::new(bytes)
        .with_validator(about.etag.map(Validator::new))
        .with_fetched_at(since_epoch.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)))
        .with_max_age(about.max_age.map(Duration::from_millis)))
}

/// As much of a payload as a cache looks at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline<'a> {
    date_updated: Option<String>,
    #[serde(borrow)]
    encrypted_features: Option<&'a RawValue>,
    #[serde(borrow)]
    features: Option<&'a RawValue>,
}

impl<'a> Outline<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn updated(self) -> Option<String> {
        date::digits(&self.date_updated?)
    }

    fn has_features(&self) -> bool {
        let begins = |value: Option<&RawValue>, with| {
            value.is_some_and(|value| value.get().starts_with(with))
        };
        begins(self.features, '{') || begins(self.encrypted_features, '"')
    }
}

/// `None` before the epoch, and after what a number holds.
fn millis_since_epoch(time: SystemTime) -> Option<u64> {
    millis(time.duration_since(SystemTime::UNIX_EPOCH).ok()?)
}

pub(crate) fn millis(duration: Duration) -> Option<u64> {
    u64::try_from(duration.as_millis()).ok()
}

fn digest(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

const FORMAT: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "gb:https://h::sdk-1";
    const PAYLOAD: &str = r#"{"features":{},"dateUpdated":"2026-01-02T03:04:05.678Z"}"#;

    fn payload() -> CachedPayload {
        let fetched_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
        CachedPayload::new(*br#"{"features":{}}"#)
            .with_validator(Validator::new("W/\"1\""))
            .with_fetched_at(fetched_at)
            .with_max_age(Duration::from_secs(30))
    }

    #[test]
    fn what_belongs_to_another_payload_says_nothing() {
        let about = About::new(KEY, &payload()).to_json();
        let found =
            |bytes: &str, about: &str| read(KEY, bytes.as_bytes().to_vec(), Some(about.as_bytes()));
        assert_eq!(found(r#"{"features":{}}"#, &about), Ok(payload()));
        for other in [
            PAYLOAD,
            r#"{"features":{} }"#,
            r#"{"encryptedFeatures":"a"}"#,
        ] {
            let bare = CachedPayload::new(other.as_bytes());
            assert_eq!(found(other, &about), Ok(bare), "{other}");
        }
        let later = about.replace(r#""growthbook":1"#, r#""growthbook":2"#);
        for about in ["", "{}", "[1]", "{\"growthbook\":1", &later] {
            let bare = CachedPayload::new(*br#"{"features":{}}"#);
            assert_eq!(found(r#"{"features":{}}"#, about), Ok(bare), "{about}");
        }
        let copied = read(
            "gb:other",
            payload().bytes().to_vec(),
            Some(about.as_bytes()),
        );
        assert_eq!(copied, Err(NoEntry::OtherKey));
    }

    #[test]
    fn what_is_no_payload_is_no_entry() {
        for bytes in [
            "",
            "null",
            "[]",
            "{}",
            "\u{0}",
            r#"{"features":null}"#,
            r#"{"features":[]}"#,
            r#"{"encryptedFeatures":1}"#,
            r#"{"features":{"#,
            r#"{"features":{}}x"#,
        ] {
            let found = read(KEY, bytes.as_bytes().to_vec(), None);
            assert_eq!(found, Err(NoEntry::NoPayload), "{bytes}");
        }
    }

    #[test]
    fn the_date_of_a_payload_is_beside_it() {
        let updated = |text: &str| About::new(KEY, &CachedPayload::new(text.as_bytes())).updated;
        assert_eq!(updated(PAYLOAD).as_deref(), Some("20260102030405678000000"));
        assert_eq!(updated(r#"{"features":{},"dateUpdated":1}"#), None);
        assert_eq!(updated("no JSON"), None);
    }
}
