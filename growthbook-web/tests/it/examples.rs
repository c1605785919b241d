//! The shops among the examples, each as a process: it is asked over a socket, told to stop, and loses no exposure.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use growthbook_testkit::{Answer, Process, Server, ask};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::client::sent_back;

#[path = "../../examples/actix.rs"]
pub(crate) mod actix;
#[path = "../../examples/axum.rs"]
pub(crate) mod axum;

#[test]
fn the_axum_shop() {
    if Process::is_child() {
        return axum::main().unwrap();
    }
    let variables = [ADDRESS, ("GROWTHBOOK_WEBHOOK_SECRET", SECRET)];
    for signal in ["TERM", "INT"] {
        let mut shop = Process::start("examples::the_axum_shop", &variables).unwrap();
        let server = shop.address().unwrap();

        let page = get(server, "/", &[]);
        assert!(page.body.contains("<h1>"), "{page:?}");
        assert!(page.body.contains("gb.fireDeferredTrackingCalls()"));
        assert!(page.body.contains(r#""key":"hero-picture""#), "{page:?}");
        let cookies = sent_back(&page);
        assert_eq!(
            page.headers("set-cookie").len(),
            2,
            "an id, and what it got"
        );

        let known = [("cookie", &*cookies)];
        let first = get(server, "/checkout", &known);
        assert!(!sent_back(&first).contains("gbuuid"), "it has its id");

        assert_eq!(push(server, "{}", &[]).status, 401);
        let body = r#"{"type": "payload.changed", "data": {"payload": "{\"features\": {\"checkout-layout\": {\"defaultValue\": \"new\"}}}"}}"#;
        let signed = signed(body, SECRET);
        let headers = signed.each_ref().map(|(name, value)| (*name, &**value));
        assert_eq!(push(server, body, &headers).status, 200);
        assert_eq!(get(server, "/checkout", &known).body, "new");

        shop.signal(signal).unwrap();
        shop.ends_well("closed: 1 offered, 1 delivered, 0 pending")
            .unwrap();
        let lines = shop.lines().iter();
        let viewed = lines.filter(|line| line.contains("ExperimentViewed"));
        let viewed: Vec<&String> = viewed.collect();
        // The page reports its own.
        assert!(
            viewed.len() == 1 && viewed[0].contains("checkout-steps"),
            "{viewed:?}"
        );
    }
}

#[test]
fn the_axum_shop_with_a_key() {
    if Process::is_child() {
        return axum::main().unwrap();
    }
    let batches = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&batches);
    let api = Server::start(move |request, reply| {
        let body = reply.body(request)?;
        if request.method() == "POST" {
            collected.lock().unwrap().push(body);
            return reply.respond(200, &[], b"{}");
        }
        reply.respond(404, &[], b"{}")
    });
    let url = api.as_ref().unwrap().url();
    let variables = [
        ADDRESS,
        ("GROWTHBOOK_CLIENT_KEY", "sdk-of-this-test"),
        ("GROWTHBOOK_API_HOST", &url),
        ("GROWTHBOOK_INGESTOR_HOST", &url),
    ];
    let mut shop = Process::start("examples::the_axum_shop_with_a_key", &variables).unwrap();
    let server = shop.address().unwrap();
    let ids = browsers(server);
    shop.signal("TERM").unwrap();
    shop.ends_well("closed: 25 offered, 25 delivered, 0 pending")
        .unwrap();

    let batches = batches.lock().unwrap();
    let batches = batches
        .iter()
        .map(|body| serde_json::from_slice(body).unwrap());
    let events = batches.flat_map(|batch: Value| batch["events"].as_array().unwrap().clone());
    let values = events.map(|event| event["properties"]["hashValue"].clone());
    let viewed: BTreeSet<String> = values
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect();
    assert_eq!(viewed, ids);
}

#[test]
fn the_actix_shop() {
    if Process::is_child() {
        return actix::main().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let file = folder.path().join(signal);
        let variables = [ADDRESS, ("EVENTS", file.to_str().unwrap())];
        let mut shop = Process::start("examples::the_actix_shop", &variables).unwrap();
        let server = shop.address().unwrap();
        let ids = browsers(server);
        let gold = get(server, "/shipping", &[("x-gold", "1")]);
        assert_eq!(gold.body, "free from 0");
        let order = ask(server, "POST /orders", &[], "120").unwrap();
        assert_eq!(order.body, "thank you");
        shop.signal(signal).unwrap();
        shop.ends_well("closed: 26 offered, 26 delivered, 0 pending")
            .unwrap();

        let events = fs::read_to_string(&file).unwrap();
        let of = |part| events.lines().filter(move |line| line.contains(part));
        assert_eq!(
            (of("checkout-steps").count(), of(r#""order""#).count()),
            (25, 1)
        );
        assert!(
            ids.iter()
                .all(|id| of("checkout-steps").any(|it| it.contains(id)))
        );
    }
}

/// Browsers that are asked at the same time, each for the first time. Returns their ids.
fn browsers(server: SocketAddr) -> BTreeSet<String> {
    let asking: Vec<_> = (0..25)
        .map(|_| std::thread::spawn(move || sent_back(&get(server, "/checkout", &[]))))
        .collect();
    let cookies = asking.into_iter().map(|it| it.join().unwrap());
    let ids =
        cookies.filter_map(|it| Some(it.split_once("gbuuid=")?.1.split(';').next()?.to_owned()));
    let ids: BTreeSet<String> = ids.collect();
    assert_eq!(ids.len(), 25);
    ids
}

fn get(server: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Answer {
    crate::client::ask(server, target, headers)
}

fn push(server: SocketAddr, body: &str, headers: &[(&str, &str)]) -> Answer {
    ask(server, "POST /growthbook", headers, body).unwrap()
}

/// As GrowthBook signs what it pushes: HMAC with SHA-256.
pub(crate) fn signed(body: &str, secret: &str) -> [(&'static str, String); 3] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (id, time) = ("msg_1", now.as_secs().to_string());
    let keyed = |with: u8| {
        let mut key = [with; 64];
        let bytes = key.iter_mut().zip(secret.bytes());
        bytes.for_each(|(byte, secret)| *byte ^= secret);
        Sha256::new_with_prefix(key)
    };
    let inner = keyed(0x36).chain_update(format!("{id}.{time}.{body}"));
    let outer = keyed(0x5C).chain_update(inner.finalize()).finalize();
    let signature = format!("v1,{}", BASE64_STANDARD.encode(outer));
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", time),
        ("webhook-signature", signature),
    ]
}

pub(crate) const ADDRESS: (&str, &str) = ("ADDRESS", "127.0.0.1:0");
const SECRET: &str = "wk_of_this_test_alone";
