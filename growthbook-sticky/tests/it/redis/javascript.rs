//! The JavaScript SDK itself on the same server, where `GROWTHBOOK_TEST_JS_SDK` names the folder of the npm package
//! `@growthbook/growthbook`, and node is installed.

use std::env;
use std::process::Command;

use growthbook_core::{Saved, StickyBucketService, StickyWrite};
use growthbook_testkit::RedisServer;
use redis::Commands;

use super::super::faulty::user;
use super::{KEY, connection, patient, save, skipped, standing, start};

#[test]
fn both_sdks_read_and_write_the_same() {
    let Some(sdk) = env::var_os("GROWTHBOOK_TEST_JS_SDK") else {
        skipped("GROWTHBOOK_TEST_JS_SDK names no JavaScript SDK");
        return;
    };
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let javascript = |words: &[&str]| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/redis/javascript.cjs");
        let mut node = Command::new("node");
        node.arg(script)
            .arg(&sdk)
            .arg(server.address().port().to_string());
        let output = node.args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let (store, mut redis) = (patient(&server).build().unwrap(), connection(&server));

    // One document, written by both: the same bytes.
    let name = "Zoë \"🌸\"||/\u{1}\u{2028}";
    let (theirs, ours) = (user(name), user("ours"));
    javascript(&["save", name, r#"{"exp__0":"größe \"b\"","other__0":"1"}"#]);
    let written: String = redis.get(theirs.to_string()).unwrap();
    let copy = patient(&server).prefix("copy:").build().unwrap();
    save(&copy, &theirs, "größe \"b\"");
    copy.save(&StickyWrite::new(&theirs, "other__0", "1"))
        .unwrap();
    let copied: String = redis.get(format!("copy:{theirs}")).unwrap();
    assert_eq!(copied, written);

    // Theirs is read and added to here, and read again there.
    assert_eq!(standing(&store, &theirs, "other__0").as_deref(), Some("1"));
    assert_eq!(
        save(&store, &theirs, "x"),
        Saved::Kept("größe \"b\"".to_owned())
    );
    store
        .save(&StickyWrite::new(&theirs, "new__0", "a"))
        .unwrap();
    let seen: serde_json::Value = serde_json::from_str(&javascript(&["load", name])).unwrap();
    assert_eq!(seen[theirs.to_string()]["assignments"]["new__0"], "a");
    assert_eq!(seen[theirs.to_string()]["assignments"][KEY], "größe \"b\"");

    // Ours is read there.
    save(&store, &ours, "control");
    assert_eq!(
        javascript(&["load", "ours"]),
        r#"{"id||ours":{"attributeName":"id","attributeValue":"ours","assignments":{"exp__0":"control"}}}"#
    );
}
