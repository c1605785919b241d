//! Where events go: the address, and what it may be called in a log.

use std::fmt::Write;

use growthbook_core::ClientKey;
use ureq::http::Uri;
use url::{Host, Url};

use super::IngestorError;

/// Where events are posted to.
pub(super) struct Address {
    url: Url,
    pub(super) uri: Uri,
    /// The address as it may be printed.
    pub(super) label: String,
}

impl Address {
    /// The place below `host` (spec/transport 10.7); the key goes into the query, whatever is in it.
    pub(super) fn new(host: &str, key: &ClientKey) -> Result<Self, IngestorError> {
        let mut url = parsed(host).ok_or(IngestorError::InvalidHost)?;
        let path = format!("{}/track", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let label = url.to_string();
        let mut query = "client_key=".to_owned();
        for byte in key.as_str().bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                query.push(byte.into());
            } else {
                let _ = write!(query, "%{byte:02X}"); // A `String` takes everything.
            }
        }
        url.set_query(Some(&query));
        // The host is an address and the key is encoded: together they can only be too long.
        let uri = url.as_str().parse();
        let uri = uri.map_err(|_| IngestorError::InvalidClientKey)?;
        Ok(Self { url, uri, label })
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether requests stay on this machine: `localhost`, 127.0.0.0/8 or `::1`, and nothing that merely resolves to them.
    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Where a redirect leads that came from `asked`; `None` if that is another scheme, host or port. The key and the events
    /// go there, and to nobody else.
    pub(super) fn followed(&self, asked: &Uri, location: &str) -> Option<Uri> {
        let mut next = Url::parse(&asked.to_string()).ok()?.join(location).ok()?;
        next.set_fragment(None);
        let stays = next.origin() == self.url.origin() && is_nobodys(&next);
        stays.then(|| next.as_str().parse().ok())?
    }
}

fn parsed(host: &str) -> Option<Url> {
    let url = match host.split_once("://") {
        Some(_) => Url::parse(host),
        None => Url::parse(&format!("https://{host}")),
    };
    let url = url.ok()?;
    let sound = matches!(url.scheme(), "http" | "https")
        && is_nobodys(&url)
        && url.query().is_none()
        && url.fragment().is_none();
    sound.then_some(url)
}

fn is_nobodys(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str) -> Result<Address, IngestorError> {
        Address::new(host, &ClientKey::new("sdk-canary"))
    }

    #[test]
    fn all_ways_to_write_a_host_come_to_one() {
        for (host, expected) in [
            ("https://h.example", "https://h.example/track"),
            ("h.example//", "https://h.example/track"),
            ("HTTPS://H.example/gb/", "https://h.example/gb/track"),
            ("h.example:8443/a", "https://h.example:8443/a/track"),
            ("http://[::1]:3000", "http://[::1]:3000/track"),
        ] {
            let address = address(host).unwrap();
            assert_eq!(address.label, expected, "{host}");
            let uri = format!("{expected}?client_key=sdk-canary");
            assert_eq!(address.uri.to_string(), uri);
        }
    }

    #[test]
    fn what_no_request_can_go_to_is_refused() {
        for host in [
            "ftp://h.example",
            "://h.example",
            "https://",
            "https://user@h.example",
            "https://:password@h.example",
            "https://h.example?a",
            "https://h.example/#",
            "https://h.example:port",
            "h example",
        ] {
            let error = address(host).err();
            assert_eq!(error, Some(IngestorError::InvalidHost), "{host}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names_alone() {
        for host in ["LocalHost:1", "127.0.0.1", "127.255.0.3:80", "[::1]"] {
            assert!(address(host).unwrap().is_loopback(), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "0.0.0.0", "[::2]"] {
            assert!(!address(host).unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn a_key_cannot_change_the_address() {
        for (key, query) in [
            ("sdk-a_b.c~d", "sdk-a_b.c~d"),
            ("a&b=c#d/e?f", "a%26b%3Dc%23d%2Fe%3Ff"),
            ("a b%+\r\n", "a%20b%25%2B%0D%0A"),
            ("ключ", "%D0%BA%D0%BB%D1%8E%D1%87"),
        ] {
            let address = Address::new("h", &ClientKey::new(key)).unwrap();
            let expected = format!("https://h/track?client_key={query}");
            assert_eq!(address.uri.to_string(), expected);
        }
        let long = ClientKey::new("k".repeat(100_000));
        let error = Address::new("h", &long).err();
        assert_eq!(error, Some(IngestorError::InvalidClientKey));
    }

    #[test]
    fn redirects_stay_where_they_are() {
        let address = address("https://h.example/gb").unwrap();
        let to = |location| {
            let next = address.followed(&address.uri, location);
            next.map(|uri| uri.to_string())
        };
        for (location, next) in [
            ("/v2/track?k", "https://h.example/v2/track?k"),
            ("other#x", "https://h.example/gb/other"),
            ("https://H.EXAMPLE:443/x", "https://h.example/x"),
        ] {
            assert_eq!(to(location).as_deref(), Some(next), "{location}");
        }
        for location in [
            "http://h.example/",
            "https://h.example:444/",
            "//other.example/x",
            "\\\\other.example",
            "https://user@h.example/",
            "data:,x",
            "https://",
        ] {
            assert_eq!(to(location), None, "{location}");
        }
    }
}
