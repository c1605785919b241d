//! Requests through a proxy.

use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_fetch::{Endpoint, HttpFetcher};

use crate::api::NOBODY;
use crate::support::{PAYLOAD, alone, answer, body, raw, server, words};

/// F33: a proxy that the environment names is used, and one that is dead is an error in time.
#[test]
fn a_dead_proxy_in_the_environment_is_an_error() {
    for name in ["HTTP_PROXY", "https_proxy", "ALL_PROXY"] {
        alone("faults::proxies::behind_a_dead_proxy", &[(name, NOBODY)]);
    }
    let excepted = [("HTTP_PROXY", NOBODY), ("NO_PROXY", "growthbook.invalid")];
    alone("faults::proxies::behind_no_proxy", &excepted);
    alone(
        "faults::proxies::behind_no_proxy",
        &[("ALL_PROXY", "socks5://127.0.0.1:1")],
    );
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn behind_a_dead_proxy() {
    assert!(is_refused(elsewhere()));
    assert!(!is_refused(elsewhere().no_proxy()));
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn behind_no_proxy() {
    assert!(!is_refused(elsewhere()));
}

/// What is allowed by plain http because it stays on this machine does stay there.
#[test]
fn this_machine_is_reached_without_the_proxy_of_the_environment() {
    alone("faults::proxies::on_this_machine", &[("ALL_PROXY", NOBODY)]);
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn on_this_machine() {
    let server = raw(answer("Connection: close\r\n", PAYLOAD));
    let here = Endpoint::new("k").api_host(server.url());
    let fetcher = HttpFetcher::new(here.clone()).unwrap();
    assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
    assert!(
        is_refused(here.proxy(NOBODY)),
        "one that the program names is used"
    );
}

fn elsewhere() -> Endpoint {
    Endpoint::new("k")
        .api_host("http://growthbook.invalid")
        .allow_insecure_http()
}

/// Whether nobody listens where the first connection goes to. A host that does not exist is another failure.
fn is_refused(endpoint: Endpoint) -> bool {
    match HttpFetcher::new(endpoint).unwrap().fetch(None) {
        Err(FetchError::TimedOut) => false,
        failed => words(body(failed)) == "the connection was refused",
    }
}

#[test]
fn a_proxy_is_asked_to_connect() {
    let proxy = server(|_, reply| {
        reply.close();
        reply.respond(403, &[], b"")
    });
    let through = Endpoint::new("sdk-abc123")
        .api_host("http://growthbook.invalid")
        .allow_insecure_http()
        .header("X-Tenant", "shop")
        .proxy(format!("http://us%40er:p%3Aw@{}", proxy.address()));
    let refused = HttpFetcher::new(through).unwrap().fetch(None);
    assert_eq!(words(body(refused)), "the proxy did not connect");
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].target(), "growthbook.invalid:80");
    // us@er:p:w
    assert_eq!(
        requests[0].header("proxy-authorization"),
        Some("Basic dXNAZXI6cDp3")
    );
    let head = requests[0].head();
    assert!(
        !head.contains("sdk-abc123") && !head.contains("shop"),
        "{head}"
    );
}
