use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What arrives at the far end of a plugin, for [`tracking_contract`](super::tracking_contract): the suite sees it, and can
/// hold it up. A clone leads to the same place.
#[derive(Clone)]
pub struct Deliveries {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    names: Vec<String>,
    is_stalled: bool,
    at_next: Option<Box<dyn FnOnce() + Send>>,
}

impl Deliveries {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::default(),
        }
    }

    /// Says that an event has arrived: the name of a custom event, the key of the experiment that was viewed, or the key of
    /// the feature that was evaluated.
    ///
    /// Call it where the plugin delivers, once for each event. It is part of the delivery: the suite may let it wait, as a
    /// server that does not answer, and may call the plugin from within it.
    pub fn arrived(&self, name: impl Into<String>) {
        let is_stalled = |state: &mut State| state.is_stalled;
        let waited = self.shared.changed.wait_while(self.lock(), is_stalled);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.names.push(name.into());
        let at_next = state.at_next.take();
        drop(state);
        if let Some(call) = at_next {
            call();
        }
    }

    /// The names of what has arrived.
    pub(super) fn names(&self) -> Vec<String> {
        self.lock().names.clone()
    }

    /// Lets everything that arrives wait until what this returns is dropped.
    pub(super) fn stall(&self) -> Stalled {
        self.lock().is_stalled = true;
        Stalled(self.clone())
    }

    /// Makes a call when the next event has arrived, in the thread that delivers it.
    pub(super) fn at_next(&self, call: impl FnOnce() + Send + 'static) {
        self.lock().at_next = Some(Box::new(call));
    }

    /// A panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        let state = &self.shared.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries")
            .field("arrived", &self.lock().names.len())
            .finish_non_exhaustive()
    }
}

pub(super) struct Stalled(Deliveries);

impl Drop for Stalled {
    fn drop(&mut self) {
        self.0.lock().is_stalled = false;
        self.0.shared.changed.notify_all();
    }
}
