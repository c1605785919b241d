//! Requests through a proxy.

use std::net::TcpListener;

use growthbook_core::FeatureFetcher;
use growthbook_fetch::{Endpoint, HttpFetcher};

use crate::support::{PAYLOAD, alone, answer, body, raw, server, words};

/// F33: a proxy that the environment names is used, and one that is dead is an error in time.
#[test]
fn a_dead_proxy_in_the_environment_is_an_error() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let dead = format!("http://127.0.0.1:{port}");
    for name in ["HTTP_PROXY", "https_proxy", "ALL_PROXY"] {
        alone("faults::proxies::behind_a_dead_proxy", &[(name, &dead)]);
    }
    let excepted = [("HTTP_PROXY", &*dead), ("NO_PROXY", "127.0.0.1")];
    alone("faults::proxies::behind_no_proxy", &excepted);
    alone(
        "faults::proxies::behind_no_proxy",
        &[("ALL_PROXY", "socks5://127.0.0.1:1")],
    );
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn behind_a_dead_proxy() {
    let server = raw(answer("Connection: close\r\n", PAYLOAD));
    let from_environment = Endpoint::new("k").api_host(server.url());
    let fetcher = HttpFetcher::new(from_environment.clone()).unwrap();
    assert_eq!(
        words(body(fetcher.fetch(None))),
        "the connection was refused"
    );
    let fetcher = HttpFetcher::new(from_environment.no_proxy()).unwrap();
    assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn behind_no_proxy() {
    let server = raw(answer("Connection: close\r\n", PAYLOAD));
    let fetcher = HttpFetcher::new(Endpoint::new("k").api_host(server.url())).unwrap();
    assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
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
