//! Stores of sticky buckets hold up nobody's executor.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use growthbook_core::GrowthBookClient;
use growthbook_web::WebOptions;

use crate::client::ask;
use crate::services::{actix_service, axum_service, payload};
use crate::store::Gate;

const USER: &[(&str, &str)] = &[("x-user", "u-1")];

fn in_both(options: &WebOptions, test: impl Fn(SocketAddr, &Gate)) {
    for start in [axum_service, actix_service] {
        let gate = Arc::new(Gate::default());
        let client = GrowthBookClient::builder()
            .payload(payload(1))
            .sticky_buckets(Arc::clone(&gate))
            .build();
        test(start(client.unwrap(), options.clone()), &gate);
    }
}

#[test]
fn others_are_answered_while_a_store_is_slow() {
    for target in ["/color", "/ask"] {
        in_both(&WebOptions::new(), |server, gate| {
            gate.set_closed(true);
            let waiting = thread::spawn(move || ask(server, target, USER).body);
            gate.wait_for_loads(1);
            // The service has one thread. It answers, so it does not wait.
            let its_thread = ask(server, "/quiet", &[]).body;
            assert!(!gate.loads().contains(&its_thread));
            gate.set_closed(false);
            assert!(waiting.join().unwrap().ends_with("red"));
            assert_eq!(gate.loads().len(), 1);
        });
    }
}

#[test]
fn a_store_is_asked_only_by_handlers_that_ask() {
    in_both(&WebOptions::new(), |server, gate| {
        ask(server, "/quiet", USER);
        assert!(gate.loads().is_empty());
        assert_eq!(ask(server, "/color", USER).body, "red");
        assert_eq!(gate.loads().len(), 1);
    });
}

#[test]
fn what_is_asked_on_another_thread_is_stored_there() {
    in_both(&WebOptions::new(), |server, gate| {
        assert_eq!(ask(server, "/ask", USER).body, "there red");
        let its_thread = ask(server, "/quiet", &[]).body;
        assert_eq!(gate.saves().len(), 1);
        assert!(!gate.saves().contains(&its_thread));
    });
}

#[test]
fn with_cookies_no_store_is_asked_and_another_thread_writes_it() {
    in_both(&WebOptions::new().sticky_cookies(), |server, gate| {
        assert_eq!(ask(server, "/ask", USER).body, "there red");
        assert!(gate.loads().is_empty());
        let its_thread = ask(server, "/quiet", &[]).body;
        assert_eq!(gate.saves().len(), 1);
        assert!(!gate.saves().contains(&its_thread));
    });
}

#[test]
fn a_store_in_memory_is_asked_in_place() {
    in_both(&WebOptions::new().sticky_in_place(), |server, gate| {
        assert_eq!(ask(server, "/ask", USER).body, "here red");
        let its_thread = ask(server, "/quiet", &[]).body;
        assert_eq!(gate.loads(), [&*its_thread]);
        assert_eq!(gate.saves(), [its_thread]);
    });
}
