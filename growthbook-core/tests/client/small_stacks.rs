//! Small stacks (K17): all that a client does for a request, in threads of 64 KiB, on what nests as deep as anything can.

use std::thread;

use growthbook_core::{GrowthBookClient, MemoryStickyBuckets, OwnedTrackingEvent};
use serde_json::Map;

use super::stack_cases::{StackCase, stack_cases};

#[test]
fn all_that_a_request_does_fits_a_small_stack() {
    for case in stack_cases() {
        let client = client(&case);
        in_thread(|| request(&client, &case));
        in_thread(move || drop(client));
    }
}

/// One with listeners that keep what they are told, and sticky buckets.
fn client(case: &StackCase) -> GrowthBookClient {
    let kept = std::sync::Mutex::<Vec<OwnedTrackingEvent>>::default();
    GrowthBookClient::builder()
        .payload(case.payload.as_bytes())
        .on_event(move |event| kept.lock().unwrap().push(event.into_owned()))
        .on_experiment_viewed(|viewed| drop(viewed.to_json()))
        .on_feature_usage(|used| drop(used.to_result()))
        .sticky_buckets(MemoryStickyBuckets::new())
        .build()
        .unwrap()
}

fn request(client: &GrowthBookClient, case: &StackCase) {
    let user = case.user();
    let on = client.is_on("f", &user);
    if let Some(expected) = case.on {
        assert_eq!(on, expected, "{}", case.name);
    }
    let scope = client.scope(user);
    assert_eq!(scope.is_on("f"), on);
    assert_eq!(scope.evaluate("f").is_on(), on);
    assert_eq!(scope.evaluate_all().get("f").unwrap().is_on(), on);
    scope.run_auto_experiments(&growthbook_core::AutoOptions::default());
    scope.log_event("done", Map::new());
}

fn in_thread(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .unwrap()
            .join()
            .unwrap();
    });
}

/// Without optimisation a frame keeps every temporary value apart, and takes several times as much.
const STACK: usize = if cfg!(debug_assertions) { 512 } else { 64 } * 1_024;
