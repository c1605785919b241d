//! What must hold of every store with every user, whatever comes in which order.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may stop as tests do"
)]

mod agreement;
mod persistence;

use std::env;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use growthbook_core::{
    GrowthBookClient, MemoryStickyBuckets, StickyAssignments, StickyBucketService, StickyIdentity,
};
use growthbook_sticky::{Cached, WriteBehind};
use proptest::prelude::*;

pub(crate) use self::agreement::{writers_agree, writers_converge};
pub(crate) use self::persistence::users_keep_their_variation;
use super::faulty::SOON;

/// One of several who share a store.
pub(crate) type Handle = Arc<dyn StickyBucketService>;

/// A store as several processes have it, and as it is.
pub(crate) struct Shared {
    pub(crate) handles: Vec<Handle>,
    pub(crate) store: Handle,
}

impl Shared {
    /// These handles to a store.
    pub(crate) fn new<S: StickyBucketService>(handles: Vec<S>, store: Handle) -> Self {
        let share = |handle| Arc::new(handle) as Handle;
        Self {
            handles: handles.into_iter().map(share).collect(),
            store,
        }
    }

    /// A client with each handle.
    fn clients(&self) -> Vec<GrowthBookClient> {
        let build = |handle| {
            let builder = GrowthBookClient::builder().sticky_buckets(Arc::clone(handle));
            builder.build().unwrap()
        };
        self.handles.iter().map(build).collect()
    }

    /// The document, when nothing waits to be written any more.
    fn standing(&self, identity: &StickyIdentity) -> StickyAssignments {
        for handle in &self.handles {
            handle.flush(SOON).unwrap();
        }
        document(&self.store, identity)
    }
}

fn memory() -> Handle {
    Arc::new(MemoryStickyBuckets::new())
}

#[test]
fn users_keep_their_variation_in_memory() {
    let store = memory();
    users_keep_their_variation(
        MANY,
        &Shared {
            handles: vec![Arc::clone(&store), Arc::clone(&store)],
            store,
        },
    );
}

#[test]
fn users_keep_their_variation_behind_a_thread() {
    let store = memory();
    let handle = WriteBehind::new(Arc::clone(&store));
    users_keep_their_variation(SOME, &Shared::new(vec![handle], store));
}

#[test]
fn users_keep_their_variation_in_a_cache() {
    let store = memory();
    let handle = Cached::new(Arc::clone(&store)).entries(10);
    users_keep_their_variation(SOME, &Shared::new(vec![handle], store));
}

#[test]
fn users_keep_their_variation_in_a_cache_before_a_thread() {
    let store = memory();
    let handle = Cached::new(WriteBehind::new(Arc::clone(&store)));
    users_keep_their_variation(SOME, &Shared::new(vec![handle], store));
}

#[test]
fn writers_agree_in_memory() {
    let store = memory();
    let handles = vec![Arc::clone(&store); WRITERS];
    writers_agree(MANY, &Shared { handles, store });
}

/// They are threads of one process: of several processes each has its own thread.
#[test]
fn writers_agree_behind_a_thread() {
    let store = memory();
    let handle: Handle = Arc::new(WriteBehind::new(Arc::clone(&store)));
    let handles = vec![handle; WRITERS];
    writers_agree(SOME, &Shared { handles, store });
}

#[test]
fn writers_agree_with_caches_of_their_own() {
    let store = memory();
    let handles = (0..WRITERS).map(|_| Cached::new(Arc::clone(&store)));
    let handles = handles.collect();
    writers_agree(SOME, &Shared::new(handles, store));
}

#[test]
fn writers_agree_in_a_cache_before_a_thread() {
    let store = memory();
    let handle: Handle = Arc::new(Cached::new(WriteBehind::new(Arc::clone(&store))));
    let handles = vec![handle; WRITERS];
    writers_agree(SOME, &Shared { handles, store });
}

#[test]
fn writers_converge_behind_threads_of_their_own() {
    writers_converge(SOME, memory);
}

/// A user nobody has met before.
fn somebody(name: &str) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!("{} {name}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn document(store: &impl StickyBucketService, identity: &StickyIdentity) -> StickyAssignments {
    let mut documents = store.load(slice::from_ref(identity)).unwrap();
    documents.remove(identity).unwrap_or_default()
}

/// So many cases; a hundred times as many where tests are to be long. No files of failures: what fails becomes a test of its
/// own.
fn cases(count: u32) -> ProptestConfig {
    let is_long = env::var_os("GROWTHBOOK_TESTS").is_some_and(|which| which == "long");
    ProptestConfig {
        cases: if is_long { 100 * count } else { count },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Runs the property, and stops where it does not hold, with the least that shows it.
fn run<T: Strategy>(count: u32, any: &T, property: impl Fn(T::Value) -> Result<(), TestCaseError>) {
    let mut runner = proptest::test_runner::TestRunner::new(cases(count));
    if let Err(failure) = runner.run(any, property) {
        panic!("{failure}");
    }
}

pub(crate) const WRITERS: usize = 4;
/// Cases for a store.
const MANY: u32 = 10_000;
/// Cases for one that takes longer, or that has another one below it.
pub(crate) const SOME: u32 = 2_000;
