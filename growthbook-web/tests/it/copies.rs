//! Copies of a process, as servers make them that fork their workers.

use std::fs;

use growthbook_core::{AttributeValue, Attributes};
use growthbook_testkit::{Process, in_a_copy};
use growthbook_web::{GrowthBook, RequestHead, WebOptions};

use crate::client::LIMIT;
use crate::services::client;

#[test]
fn copies_do_not_draw_the_same_ids() {
    if !Process::is_child() {
        let mut alone = Process::start("copies::copies_do_not_draw_the_same_ids", &[]).unwrap();
        return alone.ends_well("1 passed").unwrap();
    }
    let (client, options) = (client(1), WebOptions::new().anonymous_id("id"));
    let drawn = || {
        let head = RequestHead::new("/");
        let user = GrowthBook::new(&client, &options, &head, Attributes::new()).user();
        match user.attributes().get("id") {
            Some(AttributeValue::String(id)) => id.clone(),
            _ => String::new(),
        }
    };
    assert_ne!(drawn(), drawn());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("id");
    for _ in 0..3 {
        assert!(in_a_copy(LIMIT, || fs::write(&file, drawn()).is_ok()).unwrap());
        let in_copy = fs::read_to_string(&file).unwrap();
        assert_eq!(in_copy.len(), 36);
        assert_ne!(in_copy, drawn());
    }
}
