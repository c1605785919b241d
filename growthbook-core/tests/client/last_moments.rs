//! The last handle is dropped where it hurts (K4), and the client is used while everything around it ends (K13).

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use growthbook_core::{
    CachedPayload, GrowthBookClient, PayloadSink, PayloadSource, Refresh, RefreshError,
};

use super::courier::Courier;
use super::puppets::{Plugin, cache_key};
use super::rig::{Rig, SECOND, Way, evaluations};
use super::stage::{Spot, Stage};
use super::support::{Gate, user, watched};

#[test]
fn the_last_handle_can_be_dropped_on_the_sources_own_thread() {
    watched("dropping in on_refresh", || {
        let (ended, has_ended) = channel();
        let stage = Stage::default();
        let last: Arc<Mutex<Option<GrowthBookClient>>> = Arc::default();
        let dropped = Arc::clone(&last);
        let client = GrowthBookClient::builder()
            .plugin(Plugin(stage.clone()))
            .on_refresh(move |_| drop(dropped.lock().unwrap().take()))
            .source(courier(ended))
            .build()
            .unwrap();
        // Until then the courier's deliveries find nothing to drop.
        *last.lock().unwrap() = Some(client);
        // The thread ends, and with it the sender.
        assert!(has_ended.recv().is_err());
        assert!(last.lock().unwrap().is_none());
        assert_eq!(stage.calls(Spot::PluginClose), 1);
    });
}

#[test]
fn the_source_ends_with_the_last_handle_wherever_that_is_dropped() {
    watched("dropping a client", || {
        let (ended, has_ended) = channel();
        let client = GrowthBookClient::builder()
            .source(courier(ended))
            .build()
            .unwrap();
        client.wait_ready(SECOND);
        drop(client);
        assert!(has_ended.try_recv().is_err(), "it was joined");
    });
}

#[test]
fn the_last_handle_but_one_can_be_dropped_in_a_callback_while_a_scope_evaluates() {
    watched("dropping in on_event", || {
        let (stage, gate) = (Stage::default(), Arc::new(Gate::default()));
        let slot: Arc<Mutex<Option<GrowthBookClient>>> = Arc::default();
        let (dropped, reached) = (Arc::clone(&slot), Arc::clone(&gate));
        stage.at(Spot::PluginRecord, move || {
            drop(dropped.lock().unwrap().take());
            reached.open();
        });
        let client = GrowthBookClient::builder()
            .payload(r#"{"features":{"f":{"defaultValue":1}}}"#)
            .plugin(Plugin(stage.clone()))
            .build()
            .unwrap();
        let [one, other] = [1, 2].map(|id| client.scope(user(&id.to_string())));
        *slot.lock().unwrap() = Some(client);
        let evaluating = thread::spawn(move || {
            gate.pass();
            assert_eq!(other.value("f", 0), 1);
        });
        assert_eq!(one.value("f", 0), 1);
        evaluating.join().unwrap();
        assert_eq!(stage.calls(Spot::PluginClose), 0, "the scope holds it");
        drop(one);
        assert_eq!(stage.calls(Spot::PluginClose), 1);
    });
}

#[test]
fn a_client_can_be_used_closed_and_dropped_while_a_thread_unwinds() {
    for way in Way::BOTH {
        for explosive in [
            None,
            Some(Spot::PluginClose),
            Some(Spot::OnEvent),
            Some(Spot::SourceDrop),
        ] {
            watched("unwinding", move || {
                let stage = Stage::default();
                if let Some(spot) = explosive {
                    stage.at(spot, || panic!("while unwinding"));
                }
                let last = LastWill::new(Rig::on(&stage, way).unwrap());
                let done = last.done();
                let thread = thread::spawn(move || {
                    let _last = last;
                    panic!("unwind");
                });
                assert!(thread.join().is_err());
                assert_eq!(done.load(Ordering::SeqCst), 1);
            });
        }
    }
}

#[test]
fn a_client_can_be_used_closed_and_dropped_while_a_threads_own_memory_goes() {
    thread_local! {
        static KEPT: RefCell<Option<LastWill>> = const { RefCell::new(None) };
    }
    for way in Way::BOTH {
        for kept_first in [false, true] {
            watched("thread-local memory", move || {
                let last = LastWill::new(Rig::new(way));
                let done = last.done();
                let thread = thread::spawn(move || {
                    // What the client itself keeps for a thread goes before it, or after it.
                    if kept_first {
                        KEPT.with(|kept| assert!(kept.borrow().is_none()));
                    }
                    last.rig().round("before");
                    KEPT.with(|kept| *kept.borrow_mut() = Some(last));
                });
                thread.join().unwrap();
                assert_eq!(done.load(Ordering::SeqCst), 1);
            });
        }
    }
}

/// Uses a client for the last time when it is dropped.
struct LastWill {
    rig: Option<Rig>,
    done: Arc<AtomicU32>,
}

impl LastWill {
    fn new(rig: Rig) -> Self {
        Self {
            rig: Some(rig),
            done: Arc::default(),
        }
    }

    fn rig(&self) -> &Rig {
        self.rig.as_ref().unwrap()
    }

    fn done(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.done)
    }
}

impl Drop for LastWill {
    fn drop(&mut self) {
        let Some(rig) = self.rig.take() else { return };
        let answers = evaluations(&rig.client, "last");
        rig.round("last");
        rig.client.status();
        drop(rig.client.scope(user("last")));
        drop(rig.client.subscribe(|_, _| {}));
        rig.close();
        assert_eq!(evaluations(&rig.client, "last"), answers);
        drop(rig);
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Delivers again and again, until nobody wants anything any more. `ended` lives for as long as the thread.
fn courier(ended: Sender<()>) -> impl PayloadSource {
    Courier(move |sink: &PayloadSink, end: &Receiver<()>| {
        let mut number = 0_u64;
        while end.try_recv() != Err(TryRecvError::Disconnected) && !sink.is_closed() {
            number += 1;
            let payload = format!(r#"{{"features":{{"n":{{"defaultValue":{number}}}}}}}"#);
            let payload = CachedPayload::new(payload.into_bytes());
            let delivered = sink.deliver(&cache_key(), payload);
            assert!(matches!(
                delivered,
                Ok(Refresh::Updated) | Err(RefreshError::Closed)
            ));
        }
        drop(ended);
    })
}
