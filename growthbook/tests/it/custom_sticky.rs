//! The store of the example keeps the contract.

use std::sync::atomic::{AtomicUsize, Ordering};

use growthbook::testing::sticky_contract;

#[path = "../../examples/custom_sticky.rs"]
pub(crate) mod example;

#[test]
fn it_runs() {
    example::main().unwrap();
}

#[test]
fn it_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let files = AtomicUsize::new(0);
    sticky_contract(|| {
        let number = files.fetch_add(1, Ordering::Relaxed);
        example::Lines(folder.path().join(number.to_string()))
    });
}
