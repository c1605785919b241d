//! What is under the keys, and the properties that all stores have.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::{Cached, WriteBehind};
use growthbook_testkit::RedisServer;
use redis::Commands;

use super::super::faulty::user;
use super::super::properties::{
    Handle, SOME, Shared, WRITERS, users_keep_their_variation, writers_agree, writers_converge,
};
use super::{KEY, connection, patient, save, standing, start};

#[test]
fn documents_are_those_of_the_javascript_sdk() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, mut redis) = (patient(&server).build().unwrap(), connection(&server));
    let zoe = StickyIdentity::new("id", "Zoë \"1\"");
    save(&store, &zoe, "control");
    store.save(&StickyWrite::new(&zoe, "a__1", "1")).unwrap();
    let value: String = redis.get("id||Zoë \"1\"").unwrap();
    assert_eq!(
        value,
        r#"{"attributeName":"id","attributeValue":"Zoë \"1\"","assignments":{"exp__0":"control","a__1":"1"}}"#
    );
    let lasts: i64 = redis.ttl("id||Zoë \"1\"").unwrap();
    assert_eq!(lasts, -1, "for ever");
    let written = r#"{"attributeName":"deviceId","attributeValue":"d-1","assignments":{"exp__0":"treatment"}}"#;
    let () = redis.set("deviceId||d-1", written).unwrap();
    let device = StickyIdentity::new("deviceId", "d-1");
    assert_eq!(standing(&store, &device, KEY).as_deref(), Some("treatment"));
    assert_eq!(
        save(&store, &device, "x"),
        Saved::Kept("treatment".to_owned())
    );
    let unchanged: String = redis.get("deviceId||d-1").unwrap();
    assert_eq!(unchanged, written);
}

#[test]
fn what_others_wrote_into_a_document_stays() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, mut redis) = (patient(&server).build().unwrap(), connection(&server));
    let foreign = r#"{"v":1.0,"assignments":{"n__0":12345678901234567890,"o__0":{}},"attributeValue":"1","attributeName":"id","e":{},"l":[ 1e400 ]}"#;
    let () = redis.set("id||1", foreign).unwrap();
    assert_eq!(save(&store, &user("1"), "a"), Saved::Stored);
    let value: String = redis.get("id||1").unwrap();
    let expected = foreign.replace(r#""o__0":{}}"#, r#""o__0":{},"exp__0":"a"}"#);
    assert_eq!(value, expected);
}

#[test]
fn what_is_no_document_is_passed_over_and_replaced() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, mut redis) = (patient(&server).build().unwrap(), connection(&server));
    let garbage: [&[u8]; 6] = [
        b"",
        b"x",
        b"\xff\0",
        b"null",
        b"{}",
        b"{\"attributeName\":\"id\"}",
    ];
    for (number, garbage) in garbage.iter().enumerate() {
        let nobody = user(&number.to_string());
        let () = redis.set(nobody.to_string(), *garbage).unwrap();
        assert_eq!(standing(&store, &nobody, KEY), None);
        assert_eq!(save(&store, &nobody, "a"), Saved::Stored);
        assert_eq!(standing(&store, &nobody, KEY).as_deref(), Some("a"));
    }
}

#[test]
fn what_is_somebody_elses_is_left_alone_and_harms_no_other_write() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, mut redis) = (patient(&server).build().unwrap(), connection(&server));
    let () = redis.rpush("id||list", "secret-entry").unwrap();
    let other = r#"{"attributeName":"a","attributeValue":"b||c","assignments":{"exp__0":"x"}}"#;
    let () = redis.set("a||b||c", other).unwrap();
    let [list, ann] = ["list", "ann"].map(user);
    let namesake = StickyIdentity::new("a||b", "c");
    let users = [list.clone(), ann.clone(), namesake.clone()];
    assert!(store.load(&users).unwrap().is_empty());
    let writes = [&list, &ann, &namesake].map(|user| StickyWrite::new(user, KEY, "v"));
    let [of_list, of_ann, of_namesake] = &store.save_all(&writes)[..] else {
        panic!("an answer each")
    };
    assert_eq!(*of_ann.as_ref().unwrap(), Saved::Stored);
    for failed in [of_list, of_namesake] {
        let error = failed.as_ref().unwrap_err();
        let said = format!(
            "{error} {error:?} {:?}",
            error.source().unwrap().to_string()
        );
        assert!(!said.contains("list") && !said.contains("secret"), "{said}");
    }
    let of_list = of_list.as_ref().unwrap_err().source().unwrap().to_string();
    assert_eq!(of_list, "the key holds something that is no text");
    let unchanged: String = redis.get("a||b||c").unwrap();
    assert_eq!(unchanged, other);
    let owner = StickyIdentity::new("a", "b||c");
    assert_eq!(standing(&store, &owner, KEY).as_deref(), Some("x"));
}

#[test]
fn writes_of_one_document_go_together() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, ann) = (patient(&server).build().unwrap(), user("ann"));
    let first = [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")];
    let writes = first.map(|(key, variation)| StickyWrite::new(&ann, key, variation));
    let saved: Vec<Saved> = store
        .save_all(&writes)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let kept = Saved::Kept("1".to_owned());
    assert_eq!(saved, [Saved::Stored, kept, Saved::Stored, Saved::Stored]);
    let replacement = StickyWrite::new(&ann, "a", "2").replacing(Some("1"));
    assert_eq!(store.save(&replacement).unwrap(), Saved::Stored);
    assert_eq!(standing(&store, &ann, "a").as_deref(), Some("2"));
}

#[test]
fn a_document_lasts_as_long_as_it_is_told_to() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let store = patient(&server)
        .ttl(Duration::from_secs(100))
        .prefix("p:")
        .build()
        .unwrap();
    let (mut redis, ann) = (connection(&server), user("ann"));
    save(&store, &ann, "a");
    let lasts: i64 = redis.ttl("p:id||ann").unwrap();
    assert!((90..=100).contains(&lasts), "{lasts}");
    let _: bool = redis.expire("p:id||ann", 10).unwrap();
    store
        .save(&StickyWrite::new(&ann, "other__0", "a"))
        .unwrap();
    let lasts: i64 = redis.ttl("p:id||ann").unwrap();
    assert!(lasts > 10, "a change prolongs it: {lasts}");
    let longest = patient(&server).ttl(Duration::MAX).build().unwrap();
    assert_eq!(save(&longest, &user("bob"), "a"), Saved::Stored);
}

#[test]
fn scripts_that_the_server_has_forgotten_are_sent_again() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, mut redis) = (patient(&server).build().unwrap(), connection(&server));
    save(&store, &user("ann"), "a");
    let () = redis::cmd("SCRIPT").arg("FLUSH").query(&mut redis).unwrap();
    assert_eq!(save(&store, &user("bob"), "a"), Saved::Stored);
    assert_eq!(save(&store, &user("cat"), "a"), Saved::Stored);
}

#[test]
fn users_keep_their_variation_on_it() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let store = || patient(&server).build().unwrap();
    users_keep_their_variation(
        SOME,
        &Shared::new(vec![store(), store()], Arc::new(store())),
    );
}

#[test]
fn users_keep_their_variation_before_it() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let store = || patient(&server).build().unwrap();
    let behind = Cached::new(WriteBehind::new(store()));
    users_keep_their_variation(SOME, &Shared::new(vec![behind], Arc::new(store())));
}

#[test]
fn writers_agree_about_it() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let store = |_| patient(&server).build().unwrap();
    let handles = (0..WRITERS).map(store).collect();
    writers_agree(SOME, &Shared::new(handles, Arc::new(store(0))));
}

#[test]
fn writers_converge_before_it() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    writers_converge(SOME, || {
        Arc::new(patient(&server).build().unwrap()) as Handle
    });
}
