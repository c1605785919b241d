//! Somebody's code does not come back (K5, K6): nobody else waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use growthbook_core::GlobalContext;

use super::rig::{Rig, Way, evaluations};
use super::stage::{Spot, Stage};
use super::support::{Gate, user, watched};

#[test]
fn evaluations_go_on_while_any_code_of_the_programs_is_held() {
    for way in Way::BOTH {
        let spots = Spot::ALL.into_iter().filter(|spot| way.leads_by(*spot));
        // While a client is being built, there is none to ask.
        let built = |spot: &Spot| !matches!(spot, Spot::PluginInterest | Spot::SourceStart);
        for spot in spots.filter(built) {
            watched(&format!("held in {spot:?} by {way:?}"), move || {
                hold(way, spot, |rig| {
                    for user in 0..EVALUATIONS {
                        evaluations(&rig.client, &format!("user {user}"));
                    }
                });
            });
        }
    }
}

#[test]
fn clients_and_scopes_are_not_blocked_by_a_listener() {
    for spot in [
        Spot::OnError,
        Spot::OnEvent,
        Spot::OnRefresh,
        Spot::OnUsage,
        Spot::OnViewed,
        Spot::PluginRecord,
        Spot::StickyLoad,
        Spot::StickySave,
        Spot::Subscriber,
    ] {
        watched(&format!("held in {spot:?}"), move || {
            hold(Way::Fetcher, spot, |rig| {
                let scope = rig.client.scope(user("other"));
                let subscription = rig.client.subscribe(|_, _| {});
                rig.client.load(br#"{"features":{}}"#).unwrap();
                rig.client.set_global_context(GlobalContext::default());
                // Another thread may have closed the client meanwhile.
                drop(rig.client.force_refresh());
                rig.client.status();
                scope.is_on("tested");
                drop(subscription);
                rig.close();
            });
        });
    }
}

/// Has one thread stand at the spot while `others` is done in others.
fn hold(way: Way, spot: Spot, others: impl Fn(&Rig) + Send + Sync) {
    let (stage, gate) = (Stage::default(), Arc::new(Gate::default()));
    let (arrive, arrived) = channel();
    let (is_first, held) = (AtomicBool::new(true), Arc::clone(&gate));
    stage.at(spot, move || {
        if is_first.swap(false, Ordering::Relaxed) {
            arrive.send(()).unwrap();
            held.pass();
        }
    });
    let rig = Rig::on(&stage, way).unwrap();
    let (rig, others) = (&rig, &others);
    thread::scope(|scope| {
        scope.spawn(|| {
            rig.round("held");
            rig.client.status();
            rig.close();
        });
        arrived.recv().unwrap();
        let working = [(); 3].map(|()| scope.spawn(|| others(rig)));
        for thread in working {
            thread.join().unwrap();
        }
        gate.open();
    });
}

const EVALUATIONS: usize = 20;
