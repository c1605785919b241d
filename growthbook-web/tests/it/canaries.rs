//! Whatever the examples are told in confidence is in nothing that they write, at the most detailed level.

use std::fs;

use growthbook_testkit::{Process, Server, leaks, speak};

use crate::client::ask;
use crate::examples::{ADDRESS, actix, axum, signed};

const CLIENT_KEY: &str = "sdk-canary-key";
const WEBHOOK_SECRET: &str = "wk_canary_secret";
const OTHER_KEY: &str = "Y2FuYXJ5LWRlY3J5cHRpb24=";
/// Of the demonstration file alone.
const DEMO_KEY: &str = "ZGVtby1rZXktb2Ytc2hvcA==";
const CANARIES: [&str; 10] = [
    CLIENT_KEY,
    WEBHOOK_SECRET,
    "Y2FuYXJ5",
    "ZGVtby1r",
    "canary-agent",
    "canary-query",
    "canary-cookie",
    "canary-document",
    "canary-override",
    "canary-payload",
];

/// What browsers send, in order and out of it.
fn headers() -> Vec<(&'static str, String)> {
    let document = "%7B%22attributeName%22%3A%22deviceId%22%2C%22attributeValue%22%3A%22canary-document%22%2C\
                    %22assignments%22%3A%7B%22checkout-steps__0%22%3A%22control%22%7D%7D";
    let long = "canary-document".repeat(400);
    let cookies = format!(
        "gbuuid=canary-cookie; session=canary-cookie; _gbdebug=canary-override; gbStickyBuckets__deviceId||{long}=%7B; \
         gbStickyBuckets__deviceId||canary-document={document}"
    );
    vec![
        ("user-agent", "canary-agent".to_owned()),
        ("cookie", cookies),
    ]
}

fn requests(server: std::net::SocketAddr, targets: &[&str]) {
    let headers = headers();
    let known: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    for target in targets {
        for query in ["", "?utm_source=canary-query&_gbdebug=canary-override"] {
            ask(server, &format!("{target}{query}"), &known);
        }
    }
}

/// Stops it, and looks for what it was told.
fn search(mut shop: Process, heard: &[&str]) {
    shop.signal("TERM").unwrap();
    shop.ends_well("closed: ").unwrap();
    let lines = shop.lines();
    let found = leaks(lines, &CANARIES).unwrap();
    assert!(found.is_empty(), "{found:#?}");
    for part in heard {
        assert!(
            !leaks(lines, &[part]).unwrap().is_empty(),
            "`{part}` is missing: {lines:#?}"
        );
    }
}

#[test]
fn of_the_axum_shop() {
    if Process::is_child() {
        speak();
        return axum::main().unwrap();
    }
    let sealed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../growthbook/examples/data/shop.sealed.json"
    );
    let sealed = fs::read(sealed).unwrap();
    let api = Server::start(move |request, reply| {
        reply.body(request)?;
        match request.target() {
            target if target.starts_with("/api/features/") => reply.respond(200, &[], &sealed),
            // The stream is refused, and so are the events.
            _ => reply.respond(403, &[], b"{}"),
        }
    });
    let api = api.unwrap();
    for key in [DEMO_KEY, OTHER_KEY] {
        let variables = [
            ADDRESS,
            ("GROWTHBOOK_CLIENT_KEY", CLIENT_KEY),
            ("GROWTHBOOK_DECRYPTION_KEY", key),
            ("GROWTHBOOK_API_HOST", &api.url()),
            ("GROWTHBOOK_INGESTOR_HOST", &api.url()),
            ("GROWTHBOOK_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ];
        let mut shop = Process::start("canaries::of_the_axum_shop", &variables).unwrap();
        let server = shop.address().unwrap();
        shop.wait_for("[log] growthbook").unwrap();
        requests(server, &["/", "/checkout", "/nowhere"]);
        let push = r#"{"type": "payload.changed", "data": {"payload": "{\"features\": {\"canary-payload\""}}"#;
        for secret in [WEBHOOK_SECRET, "wk_of_another"] {
            let signed = signed(push, secret);
            let headers = signed.each_ref().map(|(name, value)| (*name, &**value));
            growthbook_testkit::ask(server, "POST /growthbook", &headers, push).unwrap();
        }
        search(
            shop,
            &["[log] growthbook::fetch", "[log] growthbook::tracking"],
        );
    }
}

#[test]
fn of_the_actix_shop() {
    if Process::is_child() {
        speak();
        return actix::main().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    // Where no file can be, so that the tracker has something to say.
    let nowhere = folder.path().join("nowhere").join("events");
    let variables = [ADDRESS, ("EVENTS", nowhere.to_str().unwrap())];
    let mut shop = Process::start("canaries::of_the_actix_shop", &variables).unwrap();
    let server = shop.address().unwrap();
    requests(server, &["/checkout", "/shipping", "/nowhere"]);
    let order = growthbook_testkit::ask(server, "POST /orders", &[], "98765");
    order.unwrap();
    search(shop, &["[log] growthbook::tracking"]);
}
