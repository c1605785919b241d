//! What a file of the cache contains, and what it is called.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use growthbook_core::{CacheKey, CachedPayload, Validator};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What the file of a key is called: by a digest, which tells neither the host nor the client key.
pub(super) struct Name(String);

impl Name {
    pub(super) fn of(key: &CacheKey) -> Self {
        Self(hex(Sha256::digest(key.as_str())))
    }

    pub(super) fn file(&self) -> String {
        format!("{}{FINISHED}", self.0)
    }

    /// The name of a file that is still being written; the number tells writers apart.
    pub(super) fn unfinished(&self, number: u64) -> String {
        format!("{}.{number:016x}{UNFINISHED}", self.0)
    }

    /// Whether a file in the folder is one of those.
    pub(super) fn is_unfinished(file: &str) -> bool {
        let parts = file
            .strip_suffix(UNFINISHED)
            .and_then(|rest| rest.split_once('.'));
        parts.is_some_and(|(digest, number)| {
            let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            digest.len() == 64 && number.len() == 16 && is_hex(digest) && is_hex(number)
        })
    }
}

/// Why a file is no entry.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum NoEntry {
    #[error("it is not as it was written")]
    Changed,
    #[error("it is cut, or longer than it says")]
    Length,
    #[error("it is no file")]
    NoFile,
    #[error("it does not begin as an entry does")]
    NoHeader,
    #[error("it is the entry of another key")]
    OtherKey,
    #[error("it is of another format")]
    OtherFormat,
    #[error("it is longer than the cache may hold")]
    TooLong,
}

/// The first line of a file, with its end; the payload is the rest.
pub(super) fn header(name: &Name, payload: &CachedPayload) -> String {
    let about = About {
        validator: payload.validator().cloned(),
        fetched_at: payload.fetched_at().and_then(millis_since_epoch),
        max_age: payload.max_age().map(millis),
    };
    let header = json!({
        "growthbook": FORMAT,
        "key": name.0,
        "validator": about.validator.as_ref().map(Validator::as_str),
        "fetchedAt": about.fetched_at,
        "maxAge": about.max_age,
        "length": payload.bytes().len(),
        "sha256": about.digest(name, payload.bytes()),
    });
    format!("{header}\n")
}

/// The entry in the bytes of a file.
pub(super) fn parse(name: &Name, file: &[u8], max_bytes: usize) -> Result<CachedPayload, NoEntry> {
    let line = file.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let bytes = file.get(line.len() + 1..).ok_or(NoEntry::NoHeader)?;
    let header: Value = serde_json::from_slice(line).map_err(|_| NoEntry::NoHeader)?;
    let member = |name| header.get(name).unwrap_or(&Value::Null);
    match member("growthbook").as_u64() {
        Some(FORMAT) => {}
        Some(_) => return Err(NoEntry::OtherFormat),
        None => return Err(NoEntry::NoHeader),
    }
    if member("key") != name.0.as_str() {
        return Err(NoEntry::OtherKey);
    }
    if member("length") != bytes.len() {
        return Err(NoEntry::Length);
    }
    if bytes.len() > max_bytes {
        return Err(NoEntry::TooLong);
    }
    let about = About {
        validator: member("validator").as_str().map(Validator::new),
        fetched_at: member("fetchedAt").as_i64(),
        max_age: member("maxAge").as_u64(),
    };
    if member("sha256") != about.digest(name, bytes).as_str() {
        return Err(NoEntry::Changed);
    }
    Ok(CachedPayload::new(bytes)
        .with_validator(about.validator)
        .with_fetched_at(about.fetched_at.and_then(time))
        .with_max_age(about.max_age.map(Duration::from_millis)))
}

/// What is known of a payload, as it is written. Times are milliseconds.
struct About {
    validator: Option<Validator>,
    fetched_at: Option<i64>,
    max_age: Option<u64>,
}

impl About {
    /// Of the bytes and of all that is known of them: bytes beside the validator of other bytes would be taken for current
    /// for ever.
    fn digest(&self, name: &Name, bytes: &[u8]) -> String {
        let validator = self.validator.as_ref().map(Validator::as_str);
        let about = json!([
            FORMAT,
            name.0,
            validator,
            self.fetched_at,
            self.max_age,
            bytes.len()
        ]);
        let digest = Sha256::new().chain_update(about.to_string());
        hex(digest.chain_update(bytes).finalize())
    }
}

/// Before the epoch it is a negative number; `None` if it is too far from it.
fn millis_since_epoch(time: SystemTime) -> Option<i64> {
    let (since, sign) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (since, 1),
        Err(error) => (error.duration(), -1),
    };
    Some(sign * i64::try_from(since.as_millis()).ok()?)
}

fn time(millis: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// More than any header that a server sends may take, written as JSON.
pub(super) const LONGEST_HEADER: usize = 64 << 10;
const FORMAT: u64 = 1;
const FINISHED: &str = ".growthbook";
const UNFINISHED: &str = ".unfinished";
