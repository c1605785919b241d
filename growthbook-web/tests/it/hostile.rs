//! Requests that are odd, broken off or answered by a panic.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use growthbook_core::GrowthBookClient;
use growthbook_testkit::{Answer, send};
use growthbook_web::WebOptions;

use crate::client::{LIMIT, ask, sent_back};
use crate::services::{actix_service, axum_service, client, in_both, payload};
use crate::store::Gate;

const ID: &str = "gbuuid=00000000-0000-4000-8000-000000000001";

/// A request in bytes, which need not be text.
fn raw(server: SocketAddr, target: &str, headers: &[&[u8]]) -> Answer {
    let line = format!("GET {target} HTTP/1.1\r\nConnection: close\r\n");
    let headers = headers.iter().map(|header| [header, &b"\r\n"[..]].concat());
    let request = [
        line.into_bytes(),
        headers.collect::<Vec<_>>().concat(),
        b"\r\n".to_vec(),
    ];
    send(server, &request.concat()).unwrap()
}

#[test]
fn a_cookie_that_is_no_text_hides_no_others() {
    let options = WebOptions::new().anonymous_id("id").sticky_cookies();
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let cookies = [b"Cookie: legacy=\xE9t\xE9; ", ID.as_bytes()].concat();
            let answer = raw(
                server,
                "/color",
                &[b"Host: h", b"User-Agent: \xFF", &cookies],
            );
            assert_eq!(answer.body, "red", "{framework}");
            let sent = sent_back(&answer);
            assert!(!sent.contains("gbuuid"), "{framework}: {sent}");
            assert!(
                sent.contains("gbStickyBuckets__id||00000000"),
                "{framework}: {sent}"
            );
        },
    );
}

#[test]
fn a_whole_address_wins_over_the_host() {
    in_both(
        || client(1),
        &WebOptions::new(),
        |framework, server| {
            for target in [
                "http://shop.example/page?a=1",
                "http://u:canary@shop.example/page?a=1",
            ] {
                let answer = raw(server, target, &[b"Host: other.example"]);
                let expected = "http://shop.example/page?a=1 url=true";
                assert!(answer.body.starts_with(expected), "{framework}: {answer:?}");
            }
        },
    );
}

#[test]
fn what_is_sent_twice_counts_once() {
    let options = WebOptions::new().anonymous_id("id").sticky_cookies();
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let twice = [
                ("cookie", ID),
                ("cookie", "gbuuid=another"),
                ("user-agent", "Edge"),
            ];
            let answer = ask(server, "/color", &twice);
            let sent = sent_back(&answer);
            assert!(sent.contains("||00000000-"), "{framework}: {sent}");
        },
    );
}

/// A browser keeps no cookie of more than 4,096 bytes.
#[test]
fn a_cookie_that_no_browser_keeps_is_not_sent() {
    let options = WebOptions::new().sticky_cookies();
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let user = "u".repeat(5_000);
            let answer = ask(server, "/color", &[("x-user", &user)]);
            assert_eq!(answer.body, "red", "{framework}");
            assert!(answer.headers("set-cookie").is_empty(), "{framework}");
            let many = format!("a={}; {ID}", "x; gbStickyBuckets__id||u=%7B; ".repeat(500));
            let answer = ask(server, "/color", &[("x-user", "u-1"), ("cookie", &many)]);
            assert_eq!(answer.body, "red", "{framework}");
        },
    );
}

#[test]
fn a_handler_that_panics_harms_no_other_request() {
    in_both(
        || client(1),
        &WebOptions::new().anonymous_id("id").sticky_cookies(),
        |framework, server| {
            for _ in 0..3 {
                let request = b"GET /panic HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
                let answer = send(server, request);
                assert!(answer.is_err(), "{framework}: {answer:?}");
                let answer = ask(server, "/color", &[]);
                assert_eq!(
                    (&*answer.body, answer.headers("set-cookie").len()),
                    ("red", 2)
                );
            }
        },
    );
}

/// Who hangs up while a store hangs takes nothing with them, and the assignment is stored all the same.
#[test]
fn a_request_that_is_broken_off_harms_no_other_one() {
    for start in [axum_service, actix_service] {
        let gate = Arc::new(Gate::default());
        let builder = GrowthBookClient::builder().payload(payload(1));
        let client = builder.sticky_buckets(Arc::clone(&gate)).build();
        let server = start(client.unwrap(), WebOptions::new());
        gate.set_closed(true);
        for asked in 1..=3 {
            let mut stream = TcpStream::connect(server).unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            let request = format!("GET /ask HTTP/1.1\r\nHost: h\r\nx-user: u-{asked}\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            gate.wait_for_loads(asked);
            drop(stream);
            assert_eq!(ask(server, "/quiet", &[]).status, 200);
        }
        gate.set_closed(false);
        gate.wait_for_saves(3);
        let answer = ask(server, "/ask", &[("x-user", "u-1")]);
        assert_eq!(answer.body, "there red");
        assert_eq!(gate.saves().len(), 3, "it was stored");
    }
}
