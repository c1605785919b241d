use std::fmt;

use crate::secret::ClientKey;

/// What payloads are stored under: the API host and the client key that they were fetched with.
///
/// It contains the client key, so `Debug` hides it and there is no `Display`.
///
/// # Example
///
/// ```
/// use growthbook_core::{CacheKey, ClientKey};
///
/// let key = CacheKey::new("https://cdn.growthbook.io/", &ClientKey::new("sdk-abc123"));
/// assert_eq!(key.as_str(), "https://cdn.growthbook.io::sdk-abc123");
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CacheKey(Box<str>);

impl CacheKey {
    /// The key for what `api_host` serves to `client_key`. White space around the host and slashes at its end do not
    /// matter.
    pub fn new(api_host: impl AsRef<str>, client_key: &ClientKey) -> Self {
        let blank = |c: char| c.is_ascii_whitespace();
        let host = api_host.as_ref().trim_start_matches(blank);
        let host = host.trim_end_matches(|c| c == '/' || blank(c));
        Self(format!("{host}::{}", client_key.as_str()).into_boxed_str())
    }

    /// `{api_host}::{client_key}`, as caches that other SDKs share have it: for the store, and for nothing that is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: &str) -> CacheKey {
        CacheKey::new(host, &ClientKey::new("sdk-canary"))
    }

    #[test]
    fn hosts_that_differ_in_form_alone_make_the_same_key() {
        for host in [
            "https://h",
            "https://h/",
            " https://h// ",
            "\thttps://h/ /\r\n",
        ] {
            assert_eq!(key(host).as_str(), "https://h::sdk-canary", "{host:?}");
        }
        assert_eq!(
            key("https://h/gb/").as_str(),
            "https://h/gb::sdk-canary",
            "a path is part of the host"
        );
        assert_eq!(key("/").as_str(), "::sdk-canary");
    }

    #[test]
    fn nothing_printed_contains_the_client_key() {
        assert_eq!(format!("{:?}", key("https://h")), "CacheKey(..)");
    }
}
