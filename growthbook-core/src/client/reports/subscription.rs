//! Those who want to hear of every experiment that the program runs.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;

use crate::assignment::Assignment;
use crate::client::shared::Shared;
use crate::experiment::ExperimentInfo;
use crate::guard::{Called, called, guarded};

#[derive(Default)]
pub(crate) struct Subscribers(ArcSwap<Vec<Arc<Subscriber>>>);

struct Subscriber {
    is_active: AtomicBool,
    f: Heard,
}

type Heard = Box<dyn Fn(&ExperimentInfo, &Assignment) + Send + Sync>;

impl Subscribers {
    pub(crate) fn add(
        shared: &Arc<Shared>,
        f: impl Fn(&ExperimentInfo, &Assignment) + Send + Sync + 'static,
    ) -> Subscription {
        let subscriber = Arc::new(Subscriber {
            is_active: AtomicBool::new(true),
            f: Box::new(f),
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

    /// Lets go of each. A panic in what one holds ends here.
    pub(crate) fn let_go(&self) {
        let all = self.0.swap(Arc::default());
        for one in Arc::into_inner(all).unwrap_or_default() {
            guarded(|| drop(one));
        }
    }

    /// Tells all, and says how many panicked. What one runs itself it is not told of.
    pub(crate) fn tell(&self, experiment: &ExperimentInfo, assignment: &Assignment) -> u64 {
        let all = self.0.load();
        let active = all
            .iter()
            .filter(|one| one.is_active.load(Ordering::Acquire));
        let panicked = active.filter(|one| {
            let called = called(&***one, "subscriber", || (one.f)(experiment, assignment));
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
