//! What `on_refresh` says of the features that were in force before.

use std::sync::{Arc, Mutex};

use growthbook_core::{GrowthBookClient, GrowthBookClientBuilder, Origin, RefreshEvent};

use super::scripted::{Script, fresh};

#[test]
fn what_was_added_removed_and_changed_is_told() {
    let (client, heard) = listening(|event| {
        let changes = event.changes();
        [
            changes.added().collect::<Vec<_>>().join(" "),
            changes.removed().collect::<Vec<_>>().join(" "),
            changes.changed().collect::<Vec<_>>().join(" "),
        ]
    });
    let check = |features: &str, expected: [&str; 3]| {
        load(&client, features);
        assert_eq!(
            heard.lock().unwrap().pop().as_ref(),
            Some(&expected.map(str::to_owned))
        );
    };
    check(r#"{"a":{},"b":{"defaultValue":1}}"#, ["a b", "", ""]);
    check(r#"{"b":{"defaultValue":2},"c":{}}"#, ["c", "a", "b"]);
    check(r#"{"c":{}, "b":{"defaultValue":2}}"#, ["", "", ""]);
    check("{}", ["", "c b", ""]);
}

#[test]
fn users_who_move_are_told_of() {
    let (client, heard) = listening(|event| {
        let changes = event.changes();
        let told: Vec<_> = changes.rebucketings().map(|it| it.to_string()).collect();
        told
    });
    let payload = |seed: &str| {
        format!(r#"{{"f":{{"rules":[{{"key":"exp","variations":[1,2],"seed":"{seed}"}}]}}}}"#)
    };
    load(&client, &payload("1"));
    load(&client, &payload("2"));
    let moved = "users of experiment `exp` of feature `f` change their variation: another seed";
    let expected = [vec![], vec![moved.to_owned()]];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn features_that_are_all_gone_are_told_apart() {
    let (client, heard) = listening(|event| (event.is_emptied(), event.ruleset().feature_count()));
    for (features, expected) in [
        ("{ }", Some((false, 0))),
        (r#"{"a":{}}"#, Some((false, 1))),
        (r#"{"b":{}}"#, Some((false, 1))),
        ("{}", Some((true, 0))),
        ("{  }", Some((false, 0))),
        ("{  }", None),
        (r#"{"a":{}}"#, Some((false, 1))),
        (r#"{"a":5}"#, Some((true, 0))),
    ] {
        load(&client, features);
        assert_eq!(heard.lock().unwrap().pop(), expected, "{features}");
    }
}

#[test]
fn each_event_goes_on_where_the_last_one_ended() {
    let script = Arc::new(Script::default());
    let fetcher = Arc::clone(&script);
    let (client, heard) = listening_by(
        |builder| builder.fetcher(fetcher),
        |event| {
            let (previous, ruleset) = (event.previous(), event.ruleset());
            (Arc::clone(previous), Arc::clone(ruleset), event.origin())
        },
    );
    script.then(fresh(1)).then(fresh(2));
    client.force_refresh().unwrap();
    client.force_refresh().unwrap();
    load(&client, "{}");
    let heard = heard.lock().unwrap();
    assert_eq!(heard[0].0.feature_count(), 0);
    for (earlier, later) in heard.iter().zip(&heard[1..]) {
        assert!(Arc::ptr_eq(&earlier.1, &later.0));
    }
    let origins: Vec<_> = heard.iter().map(|it| it.2).collect();
    assert_eq!(origins, [Origin::Fetched, Origin::Fetched, Origin::Loaded]);
}

type Heard<T> = Arc<Mutex<Vec<T>>>;

/// A client, and what `listen` makes of each event.
fn listening<T: Send + 'static>(
    listen: impl Fn(&RefreshEvent<'_>) -> T + Send + Sync + 'static,
) -> (GrowthBookClient, Heard<T>) {
    listening_by(|builder| builder, listen)
}

fn listening_by<T: Send + 'static>(
    with: impl FnOnce(GrowthBookClientBuilder) -> GrowthBookClientBuilder,
    listen: impl Fn(&RefreshEvent<'_>) -> T + Send + Sync + 'static,
) -> (GrowthBookClient, Heard<T>) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let client = with(GrowthBookClient::builder())
        .on_refresh(move |event| ears.lock().unwrap().push(listen(event)))
        .build()
        .unwrap();
    (client, heard)
}

fn load(client: &GrowthBookClient, features: &str) {
    let payload = format!(r#"{{"features":{features}}}"#);
    client.load(payload.as_bytes()).unwrap();
}
