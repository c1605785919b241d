//! A store that lets nobody through until it is told to.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

use growthbook_core::{
    BackendError, MemoryStickyBuckets, Saved, StickyAssignments, StickyBucketService,
    StickyIdentity, StickyWrite,
};

use crate::client::LIMIT;
use crate::services::thread_name;

#[derive(Debug, Default)]
pub(crate) struct Gate {
    store: MemoryStickyBuckets,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_closed: bool,
    /// The threads of those who came.
    loads: Vec<String>,
    saves: Vec<String>,
}

impl Gate {
    pub(crate) fn set_closed(&self, is_closed: bool) {
        self.state.lock().unwrap().is_closed = is_closed;
        self.changed.notify_all();
    }

    pub(crate) fn loads(&self) -> Vec<String> {
        self.state.lock().unwrap().loads.clone()
    }

    pub(crate) fn saves(&self) -> Vec<String> {
        self.state.lock().unwrap().saves.clone()
    }

    pub(crate) fn wait_for_loads(&self, count: usize) {
        self.wait_while(|state| state.loads.len() < count);
    }

    pub(crate) fn wait_for_saves(&self, count: usize) {
        self.wait_while(|state| state.saves.len() < count);
    }

    fn wait_while(&self, is_short: impl Fn(&mut State) -> bool) {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, LIMIT, is_short);
        assert!(!waited.unwrap().1.timed_out(), "nobody came");
    }

    fn pass(&self, come: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap();
        come(&mut state);
        self.changed.notify_all();
        let is_closed = |state: &mut State| state.is_closed;
        let waited = self.changed.wait_timeout_while(state, LIMIT, is_closed);
        assert!(!waited.unwrap().1.timed_out(), "nobody opened");
    }
}

impl StickyBucketService for Gate {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        self.pass(|state| state.loads.push(thread_name()));
        self.store.load(identities)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.pass(|state| state.saves.push(thread_name()));
        self.store.save(write)
    }
}
