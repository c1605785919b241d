//! What is printed when something goes wrong: by us nothing that anybody must not see.

use std::error::Error;
use std::fmt::Write;
use std::sync::Mutex;

use growthbook_core::{FeatureFetcher, Validator};
use growthbook_fetch::{Endpoint, HttpFetcher};
use growthbook_testkit::Server;
use log::{LevelFilter, Log, Metadata, Record};

use crate::support::{PAYLOAD, SHORT, alone, server};

/// Each is in the key, in its form in an address, in a header or in the address of the proxy.
const CANARIES: [&str; 6] = [
    "canary key",
    "canary%20key",
    "canary-header",
    "canary-stream",
    "canary-user",
    "canary-password",
];

fn endpoint(host: String) -> Endpoint {
    Endpoint::new("sdk-canary key")
        .api_host(host)
        .no_proxy()
        .header("Authorization", "Bearer canary-header")
        .streaming_header("Authorization", "Bearer canary-stream")
        .timeout(SHORT)
        .max_body_bytes(100)
}

/// Servers that fail in one way each.
fn failing() -> Vec<Server> {
    vec![
        server(|_, reply| {
            reply.hold();
            Ok(())
        }),
        server(|_, reply| {
            reply.reset();
            Ok(())
        }),
        server(|_, reply| reply.raw(b"not HTTP at all\r\n\r\n")),
        server(|request, reply| reply.respond(404, &[], request.head().as_bytes())),
        server(|request, reply| {
            let told = [("x-unrecoverable", "1")];
            reply.respond(400, &told, request.target().as_bytes())
        }),
        server(|_, reply| reply.respond(429, &[("Retry-After", "3")], b"")),
        server(|request, reply| {
            let away = format!("http://other.example{}", request.target());
            reply.respond(302, &[("Location", &away)], b"")
        }),
        server(|request, reply| {
            let again = format!("{}/again", request.target());
            reply.respond(302, &[("Location", &again)], b"")
        }),
        server(|_, reply| reply.respond(200, &[], &[b'x'; 101])),
        server(|_, reply| reply.respond(200, &[("Content-Encoding", "gzip")], PAYLOAD)),
        server(|_, reply| reply.respond(200, &[("Content-Encoding", "br")], PAYLOAD)),
        server(|_, reply| {
            reply.close();
            reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
        }),
        server(|_, reply| {
            reply.close();
            reply.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        }),
        server(|_, reply| reply.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
        server(|_, reply| reply.respond(200, &[("ETag", "\"v\"")], PAYLOAD)),
    ]
}

#[test]
fn what_is_printed_of_failures_has_no_secret() {
    for level in ["DEBUG", "TRACE"] {
        alone("secrets::printed_of_failures", &[(LEVEL, level)]);
    }
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn printed_of_failures() {
    let level = std::env::var(LEVEL).unwrap().parse().unwrap();
    capture(level);
    let mut printed = String::new();
    let mut print = |endpoint: Endpoint| {
        write!(printed, "{endpoint:?}").unwrap();
        let fetcher = match HttpFetcher::new(endpoint) {
            Ok(fetcher) => fetcher,
            Err(error) => {
                write!(printed, "{error} {error:?}").unwrap();
                return;
            }
        };
        write!(printed, "{fetcher:?} {:#?}", fetcher.cache_key()).unwrap();
        for known in [None, Some(Validator::new("\"v\""))] {
            match fetcher.fetch(known.as_ref()) {
                Ok(answer) => write!(printed, "{answer:?}").unwrap(),
                Err(error) => {
                    write!(printed, "{error:?}").unwrap();
                    let mut cause: Option<&dyn Error> = Some(&error);
                    while let Some(error) = cause {
                        write!(printed, "{error} {error:?}").unwrap();
                        cause = error.source();
                    }
                }
            }
        }
    };
    let servers = failing();
    for server in &servers {
        print(endpoint(server.url()));
    }
    let proxied = |proxy: &str| {
        endpoint("http://growthbook.invalid".to_owned())
            .allow_insecure_http()
            .proxy(proxy)
    };
    let refusing = servers[3].address();
    for endpoint in [
        endpoint("http://127.0.0.1:1".to_owned()),
        endpoint("http://growthbook.invalid".to_owned()),
        endpoint("http://growthbook.invalid".to_owned()).allow_insecure_http(),
        endpoint("https://canary-user:canary-password@h".to_owned()),
        endpoint("https://localhost:1".to_owned()),
        endpoint(servers[0].url()).header("X", "canary-header\n"),
        endpoint(servers[0].url()).header("Bearer canary-header", "X"),
        endpoint(servers[0].url()).root_certificates(*b"canary-password"),
        proxied("http://canary-user:canary-password@127.0.0.1:1"),
        proxied(&format!("http://canary-user:canary-password@{refusing}")),
        proxied("socks5://canary-user:canary-password@127.0.0.1:1"),
        proxied("canary-user:canary-password@"),
    ] {
        print(endpoint);
    }
    let logged = CAPTURED.0.lock().unwrap();
    let (ours, library): (Vec<_>, Vec<_>) = logged
        .iter()
        .partition(|(target, _)| target.starts_with("growthbook"));
    for (_, line) in ours {
        printed.push_str(line);
        printed.push('\n');
    }
    assert!(
        printed.contains("/api/features/[redacted]: status 200, 51 bytes"),
        "{printed}"
    );
    assert!(printed.contains("the connection was refused"), "{printed}");
    for canary in CANARIES {
        assert!(!printed.contains(canary), "{canary}: {printed}");
    }
    leaks_of_the_library(&library, level);
}

/// The HTTP library logs what it sends, at `TRACE`. Nothing here can switch that off, so it is pinned here and said in the
/// docs: programs that log at that level leave out the targets `ureq` and `ureq_proto`.
fn leaks_of_the_library(logged: &[&(String, String)], level: LevelFilter) {
    // The bytes themselves are in rows of sixteen, so a canary may be in one piece or not.
    let is_row = |target: &str| target.starts_with("ureq_proto");
    let mut leaks: Vec<&str> = Vec::new();
    for (target, line) in logged.iter().filter(|(target, _)| !is_row(target)) {
        if CANARIES.iter().any(|it| line.contains(it)) && !leaks.contains(&&**target) {
            leaks.push(target);
        }
    }
    let rows = logged.iter().filter(|(target, _)| is_row(target));
    let bytes: String = rows
        .filter_map(|(_, line)| line.rsplit(' ').next())
        .collect();
    let sent = bytes.contains("canary-header");
    match level {
        LevelFilter::Trace => assert_eq!((leaks, sent), (vec!["ureq::run"], true)),
        _ => assert_eq!((leaks, sent), (vec![], false)),
    }
}

const LEVEL: &str = "GROWTHBOOK_TESTS_LOG";

fn capture(level: LevelFilter) {
    log::set_logger(&CAPTURED).unwrap();
    log::set_max_level(level);
}

static CAPTURED: Captured = Captured(Mutex::new(Vec::new()));

/// The target and the text of each record.
struct Captured(Mutex<Vec<(String, String)>>);

impl Log for Captured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.target().to_owned(), record.args().to_string());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}
