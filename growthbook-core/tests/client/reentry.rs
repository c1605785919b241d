//! The program's code may ask the client anything, from wherever it is called (K3).

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use growthbook_core::{
    Assignment, Attributes, Experiment, GlobalContext, GrowthBookClient, UserScope,
};
use serde_json::Map;

use super::puppets::{Plugin, Witness};
use super::rig::{Rig, SECOND, Way};
use super::stage::{Spot, Stage};
use super::support::{user, watched};

#[test]
fn anything_can_be_asked_from_anywhere() {
    for way in Way::BOTH {
        for spot in Spot::ALL.into_iter().filter(|spot| way.leads_by(*spot)) {
            for (name, ask) in QUESTIONS {
                let what = format!("{name} in {spot:?} by {way:?}");
                watched(&what, move || ask_within(way, spot, *ask));
            }
        }
    }
}

#[test]
fn a_callback_may_do_everything_at_once() {
    for way in Way::BOTH {
        for spot in Spot::ALL.into_iter().filter(|spot| way.leads_by(*spot)) {
            watched(&format!("{spot:?} by {way:?}"), move || {
                ask_within(way, spot, |asker| {
                    for (_, ask) in QUESTIONS.iter().filter(|(name, _)| *name != "close") {
                        ask(asker);
                    }
                });
            });
        }
    }
}

#[test]
fn what_a_listener_does_itself_it_is_not_told_of_but_others_are() {
    let (stage, witness) = (Stage::default(), Witness::default());
    let cell: Arc<OnceLock<GrowthBookClient>> = Arc::default();
    let asker = Arc::clone(&cell);
    stage.at(Spot::PluginRecord, move || {
        let client = asker.get().unwrap();
        client.is_on("inner", &user("1"));
        client.log_event("seen", Map::new(), &user("1"));
    });
    let client = GrowthBookClient::builder()
        .payload(
            r#"{"features":{"outer":{"defaultValue":1},"inner":{"rules":[
                {"key":"exp","variations":[true,true],"meta":[{"key":"v"},{"key":"v"}]}]}}}"#,
        )
        .plugin(Plugin(stage.clone()))
        .plugin(witness.clone())
        .build()
        .unwrap();
    cell.set(client.clone()).unwrap();
    client.is_on("outer", &user("1"));
    assert_eq!(stage.calls(Spot::PluginRecord), 1);
    let expected = [
        "1 saw exp v",
        "1 got inner true",
        "1 did seen",
        "1 got outer 1",
    ];
    assert_eq!(witness.take(), expected);
    stage.calm(Spot::PluginRecord);
    client.is_on("inner", &user("1"));
    assert_eq!(
        stage.calls(Spot::PluginRecord),
        3,
        "the exposure and the feature"
    );
    assert_eq!(
        witness.take(),
        ["1 got inner true"],
        "the exposure is known"
    );
}

#[test]
fn what_a_store_asks_itself_goes_by_hash_and_is_not_stored() {
    for spot in [Spot::StickyLoad, Spot::StickySave] {
        let stage = Stage::default();
        let rig = Rig::on(&stage, Way::Fetcher).unwrap();
        let (scope, inner) = (
            rig.client.scope(user("outer")),
            Arc::new(Mutex::new(vec![])),
        );
        let (asked, noted) = (scope.clone(), Arc::clone(&inner));
        stage.at(spot, move || {
            asked.evaluate("tested");
            let result = asked.client().evaluate("tested", &user("outer"));
            let assignment = result.assignment().unwrap().clone();
            noted.lock().unwrap().push(assignment);
        });
        scope.evaluate("tested");
        stage.calm(spot);
        let inner = inner.lock().unwrap().clone();
        assert!(inner.iter().all(Assignment::in_experiment));
        assert!(!inner.iter().any(Assignment::sticky_bucket_used));
        assert_eq!(stage.calls(Spot::StickySave), 1, "{spot:?}");
        let later = rig.client.evaluate("tested", &user("outer"));
        let later = later.assignment().unwrap();
        assert!(later.sticky_bucket_used(), "the outer one was stored");
        assert_eq!(rig.client.status().sticky_failures(), 0);
    }
}

/// What the program's code has at hand: the client, and a scope that is being evaluated.
struct Asker {
    client: GrowthBookClient,
    scope: UserScope,
}

type Ask = fn(&Asker);

const QUESTIONS: &[(&str, Ask)] = &[
    ("evaluate", |asker| {
        asker.client.evaluate("tested", &user("inner"));
    }),
    ("evaluate the same", |asker| {
        asker.scope.evaluate("tested");
        asker.scope.evaluate_all();
    }),
    ("run", |asker| {
        let inline = Experiment::builder("inline", ["left", "right"]);
        asker.client.run(&inline.build().unwrap(), &user("inner"));
    }),
    ("log", |asker| {
        asker.client.log_event("inner", Map::new(), &user("inner"));
    }),
    ("refresh", |asker| drop(asker.client.refresh())),
    ("force_refresh", |asker| drop(asker.client.force_refresh())),
    ("load", |asker| {
        let payload = br#"{"features":{"loaded":{"defaultValue":1}}}"#;
        asker.client.load(payload).unwrap();
    }),
    ("flush", |asker| drop(asker.client.flush(SECOND))),
    ("close", |asker| drop(asker.client.close(SECOND))),
    ("status", |asker| drop(asker.client.status())),
    ("print", |asker| drop(format!("{:?}", asker.client))),
    ("wait_ready", |asker| {
        asker.client.wait_ready(Duration::from_millis(1));
    }),
    ("set_global_context", |asker| {
        asker.client.set_global_context(GlobalContext::default());
    }),
    ("set_user", |asker| {
        let mut scope = asker.scope.clone();
        scope.set_user(user("other"));
        scope.update_attributes(Attributes::new().with("plan", "pro"));
        scope.is_on("tested");
    }),
    ("make a scope", |asker| {
        asker.client.scope(user("inner")).is_on("tested");
    }),
    ("subscribe", |asker| {
        drop(asker.client.subscribe(|_, _| {}));
    }),
    ("drop a handle", |asker| drop(asker.client.clone())),
];

/// Asks whenever the client comes by, however deep within itself, while it does all that it can.
fn ask_within(way: Way, spot: Spot, ask: Ask) {
    let stage = Stage::default();
    let asker: Arc<Mutex<Option<Arc<Asker>>>> = Arc::default();
    let inner = Arc::clone(&asker);
    stage.at(spot, move || {
        let asker = inner.lock().unwrap().clone();
        if let Some(asker) = asker {
            ask(&asker);
        }
    });
    let rig = Rig::on(&stage, way).unwrap();
    let scope = rig.client.scope(user("scoped"));
    let client = rig.client.clone();
    *asker.lock().unwrap() = Some(Arc::new(Asker { client, scope }));
    let scope = asker.lock().unwrap().clone().unwrap().scope.clone();
    scope.evaluate("tested");
    rig.round("first");
    rig.client.status();
    rig.close();
    assert_eq!(rig.client.status().callback_panics(), 0);
    // Otherwise the client would own itself.
    *asker.lock().unwrap() = None;
}
