//! Requests, byte for byte.

use std::time::Duration;

use growthbook_core::{CacheKey, ClientKey, FeatureFetcher, Fetched, Validator};
use growthbook_fetch::{ConfigError, Endpoint, HttpFetcher};
use growthbook_testkit::Server;

use crate::support::{PAYLOAD, body, endpoint, fetcher, server};

fn ready() -> Server {
    server(|_, reply| reply.respond(200, &[], PAYLOAD))
}

/// The head of the request that an endpoint of the server's makes.
fn head(configure: impl FnOnce(Endpoint) -> Endpoint, known: Option<&str>) -> String {
    let server = ready();
    let fetcher = HttpFetcher::new(configure(endpoint(server.url()))).unwrap();
    let known = known.map(Validator::new);
    assert_eq!(body(fetcher.fetch(known.as_ref())).unwrap(), PAYLOAD);
    let head = server.requests()[0].head().to_owned();
    head.replace(&server.address().to_string(), "HOST")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn a_request_is_these_bytes() {
    assert_eq!(
        head(|endpoint| endpoint, None),
        "GET /api/features/sdk-abc123 HTTP/1.1\r\n\
         host: HOST\r\n\
         accept: application/json\r\n\
         accept-encoding: gzip\r\n\
         user-agent: growthbook-rust/VERSION\r\n\
         \r\n"
    );
}

#[test]
fn a_conditional_request_has_the_tag_verbatim() {
    for tag in ["W/\"3f1-Zm9v\"", "\"strong\"", "no quotes", "\"a, b\"", "*"] {
        let head = head(|endpoint| endpoint, Some(tag));
        assert!(
            head.contains(&format!("\r\nif-none-match: {tag}\r\n")),
            "{head}"
        );
    }
}

#[test]
fn a_tag_that_fits_no_request_is_left_out() {
    let long = "v".repeat(2000);
    for tag in ["", "\"a\r\nx: y\"", "\0", "\"ä\"", &long] {
        let head = head(|endpoint| endpoint, Some(tag));
        assert!(!head.contains("if-none-match"), "{head}");
    }
}

#[test]
fn custom_headers_go_last_and_replace() {
    let head = head(
        |endpoint| {
            endpoint
                .header("X-Tenant", "shop")
                .header("Accept", "application/vnd.example+json")
                .header("Authorization", "Bearer t")
                .user_agent_suffix("checkout api")
                .streaming_header("X-Stream", "not here")
        },
        Some("\"v\""),
    );
    assert_eq!(
        head,
        "GET /api/features/sdk-abc123 HTTP/1.1\r\n\
         host: HOST\r\n\
         accept: application/vnd.example+json\r\n\
         accept-encoding: gzip\r\n\
         user-agent: growthbook-rust/VERSION (checkoutapi)\r\n\
         x-tenant: shop\r\n\
         authorization: Bearer t\r\n\
         if-none-match: \"v\"\r\n\
         \r\n"
    );
}

#[test]
fn a_path_is_kept_and_an_odd_key_is_one_segment_of_it() {
    let server = ready();
    let host = format!(" {}/growthbook// ", server.url());
    for (key, target) in [
        ("sdk-abc123", "/growthbook/api/features/sdk-abc123"),
        (" sdk-abc123\n", "/growthbook/api/features/sdk-abc123"),
        (
            "a/../b?c#d e",
            "/growthbook/api/features/a%2F..%2Fb%3Fc%23d%20e",
        ),
        ("ключ", "/growthbook/api/features/%D0%BA%D0%BB%D1%8E%D1%87"),
    ] {
        let endpoint = Endpoint::new(key).api_host(&host).no_proxy();
        let fetcher = HttpFetcher::new(endpoint).unwrap();
        fetcher.fetch(None).unwrap();
        assert_eq!(server.requests().last().unwrap().target(), target);
        let normalised = format!("{}/growthbook", server.url());
        let expected = CacheKey::new(normalised, &ClientKey::new(key.trim()));
        assert_eq!(fetcher.cache_key(), expected, "{key:?}");
    }
}

#[test]
fn the_hosted_growthbook_is_the_default() {
    let fetcher = HttpFetcher::new(Endpoint::new("k").api_host(" ").no_proxy());
    #[cfg(feature = "rustls")]
    assert_eq!(
        fetcher.unwrap().cache_key().as_str(),
        "https://cdn.growthbook.io::k"
    );
    #[cfg(not(feature = "rustls"))]
    assert_eq!(fetcher.unwrap_err(), ConfigError::TlsUnavailable);
}

#[test]
fn connections_are_kept_for_the_next_request() {
    let server = server(|request, reply| match request.header("if-none-match") {
        Some(_) => reply.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        None => reply.respond(200, &[("ETag", "\"v\"")], PAYLOAD),
    });
    let fetcher = fetcher(&server);
    fetcher.fetch(None).unwrap();
    let known = Validator::new("\"v\"");
    let unchanged = Fetched::Unchanged { max_age: None };
    assert_eq!(fetcher.fetch(Some(&known)).unwrap(), unchanged);
    assert_eq!(fetcher.clone().fetch(Some(&known)).unwrap(), unchanged);
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

/// Two who read from one connection would get each other's answers.
#[test]
#[cfg(unix)]
fn a_copy_of_the_process_has_connections_of_its_own() {
    let server = server(|_, reply| reply.respond(200, &[], PAYLOAD));
    let fetcher = fetcher(&server);
    fetcher.fetch(None).unwrap();
    let is_answered = || fetcher.fetch(None).is_ok();
    assert!(growthbook_testkit::in_a_copy(crate::api::SOON, is_answered).unwrap());
    fetcher.fetch(None).unwrap();
    assert_eq!((server.requests().len(), server.connections()), (3, 2));
}

#[test]
fn what_no_request_can_be_made_with_is_said_at_once() {
    let local = || endpoint("http://localhost:1");
    for (endpoint, expected) in [
        (Endpoint::new(" "), ConfigError::MissingClientKey),
        (local().api_host("ftp://h"), ConfigError::InvalidHost),
        (
            local().streaming_host("https://h?q"),
            ConfigError::InvalidHost,
        ),
        (
            local().api_host("http://h.example"),
            ConfigError::InsecureHost,
        ),
        (
            local().streaming_host("http://h.example"),
            ConfigError::InsecureHost,
        ),
        (local().header("a b", "c"), ConfigError::InvalidHeaderName),
        (
            local().streaming_header("Host", "c"),
            ConfigError::ReservedHeader { name: "Host" },
        ),
        (local().timeout(Duration::ZERO), ConfigError::InvalidTimeout),
        (
            local().connect_timeout(Duration::ZERO),
            ConfigError::InvalidTimeout,
        ),
        (local().proxy(""), ConfigError::InvalidProxy),
        (
            local().proxy("socks5://127.0.0.1:1080"),
            ConfigError::InvalidProxy,
        ),
        (local().proxy("ftp://127.0.0.1"), ConfigError::InvalidProxy),
    ] {
        assert_eq!(HttpFetcher::new(endpoint).unwrap_err(), expected);
    }
    let allowed = local().api_host("http://h.example").allow_insecure_http();
    assert!(HttpFetcher::new(allowed).is_ok());
    let for_ever = local()
        .timeout(Duration::MAX)
        .connect_timeout(Duration::MAX);
    assert!(HttpFetcher::new(for_ever).unwrap().fetch(None).is_err());
}
