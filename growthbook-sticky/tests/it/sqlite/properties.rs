//! The properties of all stores, in a file.

use std::path::Path;
use std::sync::Arc;

use growthbook_sticky::{Cached, WriteBehind};

use super::super::properties::{
    Handle, SOME, Shared, WRITERS, users_keep_their_variation, writers_agree, writers_converge,
};
use super::support::{integrity, patient, place};

#[test]
fn users_keep_their_variation_in_a_file() {
    let (_folder, path) = place();
    let handles = vec![patient(&path), patient(&path)];
    users_keep_their_variation(SOME, &Shared::new(handles, handle(&path)));
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn users_keep_their_variation_before_a_file() {
    let (_folder, path) = place();
    let behind = Cached::new(WriteBehind::new(patient(&path)));
    users_keep_their_variation(SOME, &Shared::new(vec![behind], handle(&path)));
}

#[test]
fn writers_agree_about_a_file() {
    let (_folder, path) = place();
    let handles = (0..WRITERS).map(|_| patient(&path)).collect();
    writers_agree(SOME, &Shared::new(handles, handle(&path)));
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn writers_converge_before_a_file() {
    let (_folder, path) = place();
    writers_converge(SOME, || handle(&path));
}

fn handle(path: &Path) -> Handle {
    Arc::new(patient(path))
}
