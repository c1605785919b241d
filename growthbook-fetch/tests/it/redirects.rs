//! Redirects that are followed, and those that are not.

use growthbook_core::FeatureFetcher;
use growthbook_core::FetchError;
use growthbook_fetch::HttpFetcher;

use crate::support::{PAYLOAD, body, endpoint, fetch, server};

/// F29.
#[test]
fn a_redirect_loop_ends_after_three() {
    let server = server(|_, reply| reply.respond(302, &[("Location", "/again")], b""));
    assert!(matches!(fetch(&server), Err(FetchError::Redirected)));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn three_redirects_are_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = server(move |request, reply| match request.target() {
            "/3" => reply.respond(200, &[], PAYLOAD),
            "/2" => reply.respond(status, &[("Location", "/3")], b"moved"),
            "/1" => reply.respond(status, &[("Location", "2")], b""),
            _ => reply.respond(status, &[("Location", "/1")], b""),
        });
        let custom = endpoint(server.url()).header("X-Tenant", "shop");
        let fetcher = HttpFetcher::new(custom).unwrap();
        assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
        let requests = server.requests();
        assert!(
            requests
                .iter()
                .all(|it| it.header("x-tenant") == Some("shop"))
        );
        assert!(requests.iter().all(|it| it.method() == "GET"));
    }
}

/// F30: whoever is redirected to sees nothing at all.
#[test]
fn a_redirect_to_anybody_else_is_refused() {
    let other = server(|_, reply| reply.respond(200, &[], PAYLOAD));
    let port = other.address().port();
    for location in [
        other.url(),
        format!("//127.0.0.1:{port}/api/features/sdk-abc123"),
        format!("http://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        "file:///etc/passwd".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://".to_owned(),
    ] {
        let told = location.clone();
        let server = server(move |_, reply| reply.respond(302, &[("Location", &told)], b""));
        let refused = fetch(&server);
        assert!(matches!(refused, Err(FetchError::Redirected)), "{location}");
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(other.connections(), 0);
}

/// F31.
#[test]
fn a_new_path_on_the_same_host_is_followed() {
    let server = server(|request, reply| match request.target() {
        "/v2/sdk-abc123" => reply.respond(200, &[], PAYLOAD),
        _ => reply.respond(301, &[("Location", "/v2/sdk-abc123")], b""),
    });
    assert_eq!(fetch(&server).unwrap(), PAYLOAD);
    assert_eq!(server.connections(), 1, "the first answer had an end");
}

#[test]
fn a_redirect_to_nowhere_is_a_status() {
    let server = server(|_, reply| reply.respond(302, &[], PAYLOAD));
    let failed = fetch(&server);
    assert!(
        matches!(failed, Err(FetchError::Status { status: 302, .. })),
        "{failed:?}"
    );
}
