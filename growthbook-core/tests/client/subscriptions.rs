//! Subscriptions to what the program runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use growthbook_core::{Experiment, GrowthBookClient, Subscription};

use super::support::{Gate, MANY_ROUNDS, user, watched, watched_for};

#[test]
fn no_call_begins_once_a_subscription_is_dropped() {
    watched_for(MANY_ROUNDS, "unsubscribing", || {
        for _ in 0..ROUNDS {
            let (client, calls) = (client(), Arc::new(AtomicUsize::new(0)));
            let (counted, is_over) = (Arc::clone(&calls), AtomicBool::new(false));
            let subscription = client.subscribe(move |_, _| {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            let (runs, is_over) = (&[const { AtomicUsize::new(0) }; RUNNERS], &is_over);
            thread::scope(|scope| {
                for runs in runs {
                    scope.spawn(|| {
                        while !is_over.load(Ordering::SeqCst) {
                            run(&client);
                            runs.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
                // Until each runner has come to the end of what it is in, and of another run.
                let pass = || {
                    for runs in runs {
                        let enough = runs.load(Ordering::SeqCst) + 2;
                        while runs.load(Ordering::SeqCst) < enough {
                            thread::yield_now();
                        }
                    }
                };
                pass();
                drop(subscription);
                pass();
                let ended = calls.load(Ordering::SeqCst);
                pass();
                assert!(ended > 0);
                assert_eq!(calls.load(Ordering::SeqCst), ended);
                is_over.store(true, Ordering::SeqCst);
            });
        }
    });
}

#[test]
fn a_call_that_has_begun_goes_on_and_holds_up_nobody() {
    watched("unsubscribing during a call", || {
        let (client, gate) = (client(), Arc::new(Gate::default()));
        let (arrive, arrived) = channel();
        let held = Arc::clone(&gate);
        let subscription = client.subscribe(move |_, _| {
            arrive.send(()).unwrap();
            held.pass();
        });
        thread::scope(|scope| {
            scope.spawn(|| run(&client));
            arrived.recv().unwrap();
            drop(subscription);
            run(&client);
            gate.open();
        });
        assert!(arrived.try_recv().is_err(), "called once");
    });
}

#[test]
fn a_subscription_can_end_itself_and_others_that_are_due() {
    let client = client();
    let calls: Arc<Mutex<Vec<&str>>> = Arc::default();
    let both: Arc<Mutex<Vec<Subscription>>> = Arc::default();
    let subscribe = |name: &'static str| {
        let (calls, both) = (Arc::clone(&calls), Arc::clone(&both));
        client.subscribe(move |_, _| {
            calls.lock().unwrap().push(name);
            let dropped = std::mem::take(&mut *both.lock().unwrap());
            drop(dropped);
        })
    };
    let subscriptions = [subscribe("first"), subscribe("second")];
    both.lock().unwrap().extend(subscriptions);
    run(&client);
    run(&client);
    assert_eq!(*calls.lock().unwrap(), ["first"]);
}

#[test]
fn a_callback_that_panics_when_it_is_dropped_disturbs_no_evaluation() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let (client, grenade) = (client(), Grenade);
    let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
    let held = Arc::clone(&own);
    let subscription = client.subscribe(move |_, _| {
        let _ = &grenade;
        // The run that this is called in holds the callback last.
        let dropped = held.lock().unwrap().take();
        drop(dropped);
    });
    *own.lock().unwrap() = Some(subscription);
    run(&client);
    run(&client);
    assert_eq!(client.status().callback_panics(), 1);
}

#[test]
fn a_subscription_that_outlives_its_client_does_no_harm() {
    let client = client();
    let subscription = client.subscribe(|_, _| {});
    drop(client);
    drop(subscription);
}

fn client() -> GrowthBookClient {
    GrowthBookClient::builder().build().unwrap()
}

fn run(client: &GrowthBookClient) {
    let experiment = Experiment::builder("exp", [1, 2]).build().unwrap();
    client.run(&experiment, &user("1"));
}

const ROUNDS: usize = 5;
const RUNNERS: usize = 3;
