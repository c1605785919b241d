//! What is asked, and with which headers.

use growthbook_core::ClientKey;
use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST,
    IF_NONE_MATCH, TRANSFER_ENCODING, USER_AGENT,
};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use crate::config::ConfigError;
use crate::host::Host;

/// One of the addresses, and the headers that go with every request to it.
pub(super) struct Target {
    pub(super) address: Uri,
    /// The address as it may be printed.
    pub(super) label: String,
    headers: HeaderMap,
}

impl Target {
    /// Where features are.
    pub(super) fn features(
        host: &Host,
        key: &ClientKey,
        user_agent: &str,
        custom: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        Self::new(host, "api/features", key, &for_json(user_agent), custom)
    }

    /// Where features are evaluated for one user.
    pub(super) fn evaluation(
        host: &Host,
        key: &ClientKey,
        user_agent: &str,
        custom: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let [accept, encoding, agent] = for_json(user_agent);
        let content = (CONTENT_TYPE, "application/json");
        Self::new(
            host,
            "api/eval",
            key,
            &[accept, encoding, content, agent],
            custom,
        )
    }

    /// Where changes are streamed from. Compression would hold events back, so none is asked for.
    pub(super) fn stream(
        host: &Host,
        key: &ClientKey,
        user_agent: &str,
        custom: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let own = [
            (ACCEPT, "text/event-stream"),
            (ACCEPT_ENCODING, "identity"),
            (CACHE_CONTROL, "no-cache"),
            (USER_AGENT, user_agent),
        ];
        Self::new(host, "sub", key, &own, custom)
    }

    fn new(
        host: &Host,
        path: &str,
        key: &ClientKey,
        own: &[(HeaderName, &str)],
        custom: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.insert(name.clone(), value_of(name, value)?);
        }
        for (name, value) in custom {
            let name: HeaderName = name.parse().map_err(|_| ConfigError::InvalidHeaderName)?;
            if let Some((_, name)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
                return Err(ConfigError::ReservedHeader { name });
            }
            let value = value_of(&name, value)?;
            headers.insert(name, value);
        }
        Ok(Self {
            address: host.address(path, key)?,
            label: format!("{}/{path}/[redacted]", host.as_str()),
            headers,
        })
    }

    /// A request for `address`, which is this one or one that it redirected to. `extra` is a header of its own.
    pub(super) fn request(
        &self,
        address: &Uri,
        extra: Option<(HeaderName, HeaderValue)>,
    ) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = address.clone();
        request.headers_mut().clone_from(&self.headers);
        request.headers_mut().extend(extra);
        request
    }

    /// The same with something to say.
    pub(super) fn question<'b>(&self, address: &Uri, body: &'b [u8]) -> Request<&'b [u8]> {
        let mut request = self.request(address, None).map(|()| body);
        *request.method_mut() = Method::POST;
        request
    }
}

/// What goes with a question whose answer is a payload.
fn for_json(user_agent: &str) -> [(HeaderName, &str); 3] {
    [
        (ACCEPT, "application/json"),
        (ACCEPT_ENCODING, "gzip"),
        (USER_AGENT, user_agent),
    ]
}

/// Who is asking. Nothing of the client key is in it.
pub(super) fn user_agent(suffix: &str) -> String {
    let own = concat!("growthbook-rust/", env!("CARGO_PKG_VERSION"));
    let kept = |c: &char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '\\');
    let suffix: String = suffix.chars().filter(kept).collect();
    if suffix.is_empty() {
        return own.to_owned();
    }
    format!("{own} ({suffix})")
}

fn value_of(name: &HeaderName, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value: HeaderValue = value.parse().map_err(|_| ConfigError::InvalidHeaderValue {
        name: name.to_string(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

const RESERVED: [(HeaderName, &str); 5] = [
    (CONNECTION, "Connection"),
    (CONTENT_LENGTH, "Content-Length"),
    (HOST, "Host"),
    (IF_NONE_MATCH, "If-None-Match"),
    (TRANSFER_ENCODING, "Transfer-Encoding"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn target(custom: &[(&str, &str)]) -> Result<Target, ConfigError> {
        let host = Host::parse("https://h/gb").unwrap().unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let custom: Vec<_> = custom.iter().map(owned).collect();
        Target::features(&host, &ClientKey::new("sdk-canary"), "agent", &custom)
    }

    #[test]
    fn the_label_has_no_key() {
        let target = target(&[]).unwrap();
        assert_eq!(target.label, "https://h/gb/api/features/[redacted]");
        assert_eq!(target.address.path(), "/gb/api/features/sdk-canary");
    }

    #[test]
    fn the_last_header_of_a_name_goes() {
        let custom = [("accept", "a"), ("ACCEPT", "b"), ("X-Tenant", "shop")];
        let target = target(&custom).unwrap();
        let request = target.request(
            &target.address,
            Some((IF_NONE_MATCH, "\"v\"".parse().unwrap())),
        );
        let sent: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        assert_eq!(
            sent,
            [
                ("accept", "b"),
                ("accept-encoding", "gzip"),
                ("user-agent", "agent"),
                ("x-tenant", "shop"),
                ("if-none-match", "\"v\""),
            ]
            .map(|(name, value)| (name, &*Box::leak(Box::new(HeaderValue::from_static(value)))))
        );
    }

    #[test]
    fn a_header_that_cannot_go_is_refused() {
        for name in ["", "a b", "a\n", "ä", "a:"] {
            assert_eq!(
                target(&[(name, "x")]).err(),
                Some(ConfigError::InvalidHeaderName),
                "{name:?}"
            );
        }
        for value in ["a\r\nb: c", "a\0", "\u{7f}"] {
            let error = ConfigError::InvalidHeaderValue { name: "x-a".into() };
            assert_eq!(target(&[("X-A", value)]).err(), Some(error), "{value:?}");
        }
        for name in [
            "host",
            "CONNECTION",
            "Content-Length",
            "If-None-Match",
            "transfer-encoding",
        ] {
            let Some(ConfigError::ReservedHeader { name: told }) = target(&[(name, "x")]).err()
            else {
                panic!("{name}")
            };
            assert!(told.eq_ignore_ascii_case(name));
        }
    }

    #[test]
    fn the_user_agent_has_a_version_and_perhaps_a_suffix() {
        let own = format!("growthbook-rust/{}", env!("CARGO_PKG_VERSION"));
        for (suffix, expected) in [
            ("", own.clone()),
            ("checkout-api", format!("{own} (checkout-api)")),
            ("a (b)\\c\r\nä/1", format!("{own} (abc/1)")),
            ("()", own.clone()),
        ] {
            assert_eq!(user_agent(suffix), expected, "{suffix:?}");
        }
    }
}
