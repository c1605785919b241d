//! Where requests go: the host, as it is written once and for all, and the addresses made of it.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use growthbook_core::ClientKey;
use ureq::http::Uri;

use crate::config::ConfigError;

/// An `http` or `https` address without a slash at its end, perhaps with a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Host(String);

impl Host {
    /// The hosted GrowthBook.
    pub(crate) fn growthbook_cloud() -> Self {
        Self("https://cdn.growthbook.io".to_owned())
    }

    /// Reads what somebody gave as a host; `None` if that is blank, which means that none was given.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, ConfigError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(None);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.trim_end_matches('/');
        let host = Self(format!("{scheme}://{rest}"));
        let authority = rest.split('/').next().unwrap_or_default();
        let sound = matches!(&*scheme, "http" | "https")
            && is_authority(authority)
            && rest.is_ascii()
            && !rest.contains(['?', '#', '\\'])
            && host.0.parse::<Uri>().is_ok();
        if sound {
            Ok(Some(host))
        } else {
            Err(ConfigError::InvalidHost)
        }
    }

    /// What people and caches know it by.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether requests stay on this machine: `localhost`, 127.0.0.0/8 or `::1`, and nothing that merely resolves to them.
    pub(crate) fn is_loopback(&self) -> bool {
        let Ok(uri) = self.0.parse::<Uri>() else {
            return false;
        };
        let host = uri.host().unwrap_or_default();
        let unbracketed = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        host.eq_ignore_ascii_case("localhost")
            || host
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback())
            || unbracketed.and_then(|it| it.parse().ok()) == Some(Ipv6Addr::LOCALHOST)
    }

    /// Whether it is the hosted GrowthBook: `growthbook.io`, or a host in that domain.
    pub(crate) fn is_cloud(&self) -> bool {
        let Ok(uri) = self.0.parse::<Uri>() else {
            return false;
        };
        let host = uri.host().unwrap_or_default().trim_end_matches('.');
        let host = host.to_ascii_lowercase();
        host == "growthbook.io" || host.ends_with(".growthbook.io")
    }

    /// The address of what is served to `key` under `path`.
    pub(crate) fn address(&self, path: &str, key: &ClientKey) -> Result<Uri, ConfigError> {
        // However these are written, they mean another path.
        if matches!(key.as_str(), "." | "..") {
            return Err(ConfigError::InvalidClientKey);
        }
        let address = format!("{}/{path}/{}", self.0, encoded(key.as_str()));
        // The host is an address and the key is encoded: together they can only be too long.
        address.parse().map_err(|_| ConfigError::InvalidClientKey)
    }
}

/// Whether it names a machine and perhaps a port, and nobody's user name.
fn is_authority(text: &str) -> bool {
    let Ok(authority) = text.parse::<ureq::http::uri::Authority>() else {
        return false;
    };
    let host = authority.host();
    let port = text
        .strip_prefix(host)
        .and_then(|rest| rest.strip_prefix(':'));
    let port_is_sound = match port {
        None => text == host,
        Some(port) => port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit()),
    };
    !host.is_empty() && port_is_sound
}

/// The key as one segment of a path, whatever is in it.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(byte.into());
        } else {
            let _ = write!(text, "%{byte:02X}"); // A `String` takes everything.
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap().unwrap()
    }

    #[test]
    fn all_ways_to_write_a_host_come_to_one() {
        for (text, expected) in [
            ("https://gb.example.com", "https://gb.example.com"),
            ("https://gb.example.com//", "https://gb.example.com"),
            (" \thttps://gb.example.com/\r\n", "https://gb.example.com"),
            ("cdn.growthbook.io", "https://cdn.growthbook.io"),
            ("HTTPS://gb.example.com", "https://gb.example.com"),
            ("http://localhost:3100/", "http://localhost:3100"),
            ("localhost:3100", "https://localhost:3100"),
            (
                "https://x.example/growthbook/",
                "https://x.example/growthbook",
            ),
            ("https://x.example/a//b/", "https://x.example/a//b"),
            ("https://[::1]:8443/", "https://[::1]:8443"),
            ("https://10.0.0.1", "https://10.0.0.1"),
        ] {
            assert_eq!(host(text).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn blank_means_not_given() {
        for text in ["", " ", "\t\r\n"] {
            assert_eq!(Host::parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn what_no_request_can_go_to_is_refused() {
        for text in [
            "ftp://x.example",
            "file:///etc/passwd",
            "://x.example",
            "https://",
            "https:///path",
            "/",
            "https://user@x.example",
            "https://user:password@x.example",
            "user@x.example",
            "https://x.example?a=b",
            "https://x.example/path?",
            "https://x.example/#",
            "https://x.example#fragment",
            "https://x example",
            "https://x.example\\@y.example",
            "https://x.example\r\nHost: y",
            "https://x.example:",
            "https://x.example:port",
            "https://x.example:65536",
            "https://x.example:+80",
            "https://bücher.example",
            "https://x.example/bücher",
            "https:/x.example",
        ] {
            assert_eq!(Host::parse(text), Err(ConfigError::InvalidHost), "{text:?}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names_alone() {
        for text in [
            "http://localhost",
            "http://LocalHost:1/path",
            "http://127.0.0.1",
            "http://127.255.0.3:8080",
            "http://[::1]:3100",
        ] {
            assert!(host(text).is_loopback(), "{text}");
        }
        for text in [
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "http://127.1",
            "http://localhost.",
            "http://[::2]",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(!host(text).is_loopback(), "{text}");
        }
    }

    #[test]
    fn the_cloud_is_known_by_its_domain() {
        for text in [
            "cdn.growthbook.io",
            "https://API.GrowthBook.io:8443/x",
            "https://growthbook.io",
            "http://a.b.growthbook.io.",
        ] {
            assert!(host(text).is_cloud(), "{text}");
        }
        for text in [
            "https://notgrowthbook.io",
            "https://growthbook.io.example",
            "https://growthbook.example/growthbook.io",
            "http://127.0.0.1",
        ] {
            assert!(!host(text).is_cloud(), "{text}");
        }
    }

    #[test]
    fn a_key_cannot_change_the_address() {
        for (key, expected) in [
            ("sdk-abc123", "/api/features/sdk-abc123"),
            ("a.b_c~d", "/api/features/a.b_c~d"),
            ("../x", "/api/features/..%2Fx"),
            ("a?b#c", "/api/features/a%3Fb%23c"),
            ("a b%\r\n", "/api/features/a%20b%25%0D%0A"),
            ("ключ", "/api/features/%D0%BA%D0%BB%D1%8E%D1%87"),
        ] {
            let address = host("https://h/").address("api/features", &ClientKey::new(key));
            assert_eq!(address.unwrap(), format!("https://h{expected}").as_str());
        }
        for key in [&*"k".repeat(100_000), ".", ".."] {
            let address = host("https://h/").address("api/features", &ClientKey::new(key));
            assert_eq!(address, Err(ConfigError::InvalidClientKey), "{key:.9}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            if let Ok(Some(host)) = Host::parse(&text) {
                prop_assert_eq!(Host::parse(host.as_str()), Ok(Some(host.clone())), "once is enough");
                prop_assert!(host.address("sub", &ClientKey::new("k")).is_ok());
            }
        }

        #[test]
        fn any_key_is_one_segment(key in "\\PC{1,20}") {
            prop_assume!(!matches!(&*key, "." | ".."));
            let address = host("https://h").address("sub", &ClientKey::new(key)).unwrap();
            prop_assert_eq!(address.path().matches('/').count(), 2);
            prop_assert_eq!((address.host(), address.query()), (Some("h"), None));
        }
    }
}
