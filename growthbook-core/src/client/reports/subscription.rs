//! Those who want to hear of every experiment that the program runs.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;

use crate::assignment::Assignment;
use crate::client::shared::Shared;
use crate::experiment::ExperimentInfo;
use crate::guard::{Called, called, guarded};

#[derive(Default)]
pub(crate) struct Subscribers(ArcSwap<Vec<Arc<Subscriber>>>);

/// Whoever lets go last drops the callback, in the middle of an evaluation perhaps: a panic there ends here.
struct Subscriber {
    is_active: AtomicBool,
    f: Option<Heard>,
    /// Where panics are counted.
    panics: Arc<AtomicU64>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if guarded(|| drop(self.f.take())).is_none() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
    }
}

type Heard = Box<dyn Fn(&ExperimentInfo, &Assignment) + Send + Sync>;

impl Subscribers {
    pub(crate) fn add(
        shared: &Arc<Shared>,
        f: impl Fn(&ExperimentInfo, &Assignment) + Send + Sync + 'static,
    ) -> Subscription {
        let subscriber = Arc::new(Subscriber {
            is_active: AtomicBool::new(true),
            f: Some(Box::new(f)),
            panics: Arc::clone(shared.counters.callback_panics()),
        });
        shared.subscribers.0.rcu(|all| {
            let mut all = Vec::clone(all);
            all.push(Arc::clone(&subscriber));
            all
        });
        Subscription {
            shared: Arc::downgrade(shared),
            subscriber,
        }
    }

    fn remove(&self, subscriber: &Arc<Subscriber>) {
        self.0.rcu(|all| {
            let others = all.iter().filter(|one| !Arc::ptr_eq(one, subscriber));
            others.cloned().collect::<Vec<_>>()
        });
    }

    /// Tells all, and says how many panicked. What one runs itself it is not told of.
    pub(crate) fn tell(&self, experiment: &ExperimentInfo, assignment: &Assignment) -> u64 {
        let all = self.0.load();
        let active = all
            .iter()
            .filter(|one| one.is_active.load(Ordering::Acquire));
        let panicked = active.filter(|one| {
            let Some(f) = &one.f else { return false };
            let called = called(&***one, "subscriber", || f(experiment, assignment));
            matches!(called, Called::Panicked)
        });
        u64::try_from(panicked.count()).unwrap_or(u64::MAX)
    }
}

/// Ends when it is dropped: see [`GrowthBookClient::subscribe`](crate::GrowthBookClient::subscribe).
///
/// After that no call begins. A call that another thread is in goes on to its end.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    shared: Weak<Shared>,
    subscriber: Arc<Subscriber>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscriber.is_active.store(false, Ordering::Release);
        if let Some(shared) = self.shared.upgrade() {
            shared.subscribers.remove(&self.subscriber);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
