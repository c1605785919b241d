//! A store that fails, waits and counts when the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::time::Duration;

use growthbook_core::{
    BackendError, MemoryStickyBuckets, Saved, StickyAssignments, StickyBucketService,
    StickyIdentity, StickyWrite,
};

/// How long to wait for what should be there at once, on a machine with other things to do.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A clone is another handle to the same store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    memory: RwLock<MemoryStickyBuckets>,
    is_down: AtomicBool,
    panics: AtomicBool,
    loads: AtomicUsize,
    attempts: AtomicUsize,
    refused: Mutex<BTreeSet<StickyIdentity>>,
    is_held: Mutex<bool>,
    let_go: Condvar,
}

impl Faulty {
    pub(crate) fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(crate) fn panic_from_now_on(&self, panics: bool) {
        self.0.panics.store(panics, Ordering::SeqCst);
    }

    /// Writes to this document fail from now on.
    pub(crate) fn refuse(&self, identity: &StickyIdentity) {
        self.0.refused.lock().unwrap().insert(identity.clone());
    }

    /// Writes and reads wait from now on, or do not any more.
    pub(crate) fn hold(&self, is_held: bool) {
        *self.0.is_held.lock().unwrap() = is_held;
        self.0.let_go.notify_all();
    }

    pub(crate) fn loads(&self) -> usize {
        self.0.loads.load(Ordering::SeqCst)
    }

    /// Writes that were tried.
    pub(crate) fn attempts(&self) -> usize {
        self.0.attempts.load(Ordering::SeqCst)
    }

    /// What stands, past all that is down.
    pub(crate) fn standing(&self, identity: &StickyIdentity, key: &str) -> Option<String> {
        self.0
            .memory
            .read()
            .unwrap()
            .document(identity)?
            .get(key)
            .cloned()
    }

    /// Writes past all that is down, as another process would.
    pub(crate) fn put(&self, identity: &StickyIdentity, key: &str, variation: &str) {
        let standing = self.standing(identity, key);
        let write = StickyWrite::new(identity, key, variation);
        let saved = self
            .0
            .memory
            .read()
            .unwrap()
            .save(&write.replacing(standing.as_deref()));
        assert_eq!(saved.unwrap(), Saved::Stored);
    }

    /// All that stood is gone.
    pub(crate) fn empty(&self) {
        *self.0.memory.write().unwrap() = MemoryStickyBuckets::new();
    }

    fn check(&self) -> Result<(), BackendError> {
        let is_held = self.0.is_held.lock().unwrap();
        drop(
            self.0
                .let_go
                .wait_while(is_held, |is_held| *is_held)
                .unwrap(),
        );
        assert!(!self.0.panics.load(Ordering::SeqCst), "on purpose");
        if self.0.is_down.load(Ordering::SeqCst) {
            return Err(BackendError::new("faulty store", "answer", "it is down"));
        }
        Ok(())
    }
}

impl StickyBucketService for Faulty {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        self.0.loads.fetch_add(1, Ordering::SeqCst);
        let documents = self.0.memory.read().unwrap().load(identities);
        self.check()?;
        documents
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.0.attempts.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        if self.0.refused.lock().unwrap().contains(write.identity) {
            return Err(BackendError::new("faulty store", "answer", "not this one"));
        }
        self.0.memory.read().unwrap().save(write)
    }
}

pub(crate) fn user(id: &str) -> StickyIdentity {
    StickyIdentity::new("id", id)
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + SOON;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "waited for {what}");
        std::thread::yield_now();
    }
}
