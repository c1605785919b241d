use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A payload as it was received, and what is known of it beside.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::{CachedPayload, Validator};
///
/// let payload = CachedPayload::new(*br#"{"features": {}}"#)
///     .with_validator(Validator::new("W/\"3f1\""))
///     .with_max_age(Duration::from_secs(30));
/// assert_eq!(payload.bytes().len(), 16);
/// assert_eq!(payload.fetched_at(), None);
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct CachedPayload {
    bytes: Arc<[u8]>,
    validator: Option<Validator>,
    fetched_at: Option<SystemTime>,
    max_age: Option<Duration>,
}

impl CachedPayload {
    /// A payload of which nothing else is known: when it was fetched, say, because a writer of another kind stored it.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            bytes: bytes.into(),
            validator: None,
            fetched_at: None,
            max_age: None,
        }
    }

    /// Adds the validator that came with these bytes, or takes it away.
    #[must_use]
    pub fn with_validator(self, validator: impl Into<Option<Validator>>) -> Self {
        Self {
            validator: validator.into(),
            ..self
        }
    }

    /// Adds when the server last said that this is what it has, or takes it away.
    #[must_use]
    pub fn with_fetched_at(self, fetched_at: impl Into<Option<SystemTime>>) -> Self {
        Self {
            fetched_at: fetched_at.into(),
            ..self
        }
    }

    /// Adds for how long after that the server called it fresh, or takes it away.
    #[must_use]
    pub fn with_max_age(self, max_age: impl Into<Option<Duration>>) -> Self {
        Self {
            max_age: max_age.into(),
            ..self
        }
    }

    /// The payload, byte for byte as it was received; a sealed one is still sealed. A clone shares them.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// What the server called this version; `None` if it did not.
    pub fn validator(&self) -> Option<&Validator> {
        self.validator.as_ref()
    }

    /// When the server last said that this is what it has; `None` if nobody knows. It is a date, so it can lie in the
    /// future, if a clock was set back.
    pub fn fetched_at(&self) -> Option<SystemTime> {
        self.fetched_at
    }

    /// For how long after [`fetched_at`](Self::fetched_at) the server called it fresh; `None` if it did not say.
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }
}

impl fmt::Debug for CachedPayload {
    /// Says how many bytes there are, and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedPayload")
            .field("bytes", &self.bytes.len())
            .field("validator", &self.validator)
            .field("fetched_at", &self.fetched_at)
            .field("max_age", &self.max_age)
            .finish()
    }
}

/// What a server calls a version of its payload: the `ETag`, quotes and `W/` included.
///
/// It means something to that server alone. It may come from a store that others write, so a fetcher that cannot put it
/// into a request asks without it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Validator(Box<str>);

impl Validator {
    /// Takes the text as the server sent it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into_boxed_str())
    }

    /// The text as the server sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_can_be_taken_away() {
        let bare = CachedPayload::new(*b"{}");
        let full = bare
            .clone()
            .with_validator(Validator::new("\"v\""))
            .with_fetched_at(SystemTime::UNIX_EPOCH)
            .with_max_age(Duration::from_secs(1));
        assert_eq!(full.validator().map(Validator::as_str), Some("\"v\""));
        assert_eq!(full.fetched_at(), Some(SystemTime::UNIX_EPOCH));
        assert_eq!(full.max_age(), Some(Duration::from_secs(1)));
        assert!(Arc::ptr_eq(full.bytes(), bare.bytes()));
        let stripped = full.with_validator(None).with_fetched_at(None);
        assert_eq!(stripped.with_max_age(None), bare);
    }

    #[test]
    fn nothing_printed_contains_the_payload() {
        let payload = CachedPayload::new(*b"canary").with_validator(Validator::new("\"v\""));
        assert_eq!(
            format!("{payload:?}"),
            r#"CachedPayload { bytes: 6, validator: Some(Validator("\"v\"")), fetched_at: None, max_age: None }"#
        );
    }
}
