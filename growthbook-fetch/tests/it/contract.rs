//! The contract of fetchers, kept by one with a server behind it.

use std::sync::{Arc, Mutex};

use growthbook_core::testing::fetcher_contract;
use growthbook_testkit::Server;

use crate::support::{fetcher, server};

#[test]
fn the_contract_is_kept() {
    let mut servers = Vec::new();
    let servers = Mutex::new(&mut servers);
    fetcher_contract(|| {
        let (server, serve) = versions();
        let fetcher = fetcher(&server);
        servers.lock().unwrap().push(server);
        (fetcher, serve)
    });
}

/// A server that says what it has been told, by versions with a tag each.
fn versions() -> (Server, impl Fn(Option<&[u8]>) + Sync) {
    let told: Arc<Mutex<Option<Version>>> = Arc::default();
    let current = Arc::clone(&told);
    let server = server(move |request, reply| {
        let version = current.lock().unwrap().clone();
        let Some((number, payload)) = version else {
            return reply.respond(500, &[], b"{\"features\": {}}");
        };
        let tag = format!("W/\"{number}\"");
        if request.header("if-none-match") == Some(&tag) {
            return reply
                .raw(format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n").as_bytes());
        }
        reply.respond(200, &[("ETag", &tag)], &payload)
    });
    let serve = move |payload: Option<&[u8]>| {
        let mut told = told.lock().unwrap();
        let number = told.as_ref().map_or(0, |(number, _)| number + 1);
        *told = payload.map(|payload| (number, payload.to_vec()));
    };
    (server, serve)
}

type Version = (usize, Vec<u8>);
