//! SDKs for other languages on the same server: JavaScript's with the store that it comes with, and Python's with one of
//! the same form.

use growthbook_core::{Saved, StickyBucketService, StickyWrite};
use growthbook_testkit::RedisServer;
use redis::Commands;
use serde_json::{Value, json};

use super::super::faulty::user;
use super::super::sdks::{self, Place, Program};
use super::{KEY, connection, patient, save, standing, start};

#[test]
fn the_sdk_for_javascript_keeps_users_where_we_put_them() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    if let Some(mut javascript) = Program::javascript(Place::Redis(&server.url())) {
        sdks::check(patient(&server).build().unwrap(), &mut javascript);
    }
}

#[test]
fn the_sdk_for_python_keeps_users_where_we_put_them() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    if let Some(mut python) = Program::python(Place::Redis(&server.url())) {
        sdks::check(patient(&server).build().unwrap(), &mut python);
    }
}

#[test]
fn a_document_has_the_same_bytes_whoever_writes_it() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let Some(mut javascript) = Program::javascript(Place::Redis(&server.url())) else {
        return;
    };
    let mut redis = connection(&server);
    let name = "Zoë \"🌸\"||/\u{1}\u{2028}";
    let theirs = user(name);
    let assignments = json!({"exp__0": "größe \"b\"", "other__0": "1"});
    javascript.save("id", &json!(name), &assignments);
    let written: String = redis.get(theirs.to_string()).unwrap();
    let copy = patient(&server).prefix("copy:").build().unwrap();
    save(&copy, &theirs, "größe \"b\"");
    copy.save(&StickyWrite::new(&theirs, "other__0", "1"))
        .unwrap();
    let copied: String = redis.get(format!("copy:{theirs}")).unwrap();
    assert_eq!(copied, written);

    // Theirs is added to here, and read again there.
    let store = patient(&server).build().unwrap();
    assert_eq!(standing(&store, &theirs, "other__0").as_deref(), Some("1"));
    let kept = Saved::Kept("größe \"b\"".to_owned());
    assert_eq!(save(&store, &theirs, "x"), kept);
    store
        .save(&StickyWrite::new(&theirs, "new__0", "a"))
        .unwrap();
    let seen = javascript.document("id", name);
    assert_eq!(seen["assignments"]["new__0"], "a");
    assert_eq!(seen["assignments"][KEY], "größe \"b\"");
    let stored: String = redis.get(theirs.to_string()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&stored).unwrap(), seen);
}
