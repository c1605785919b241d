//! The same work for several nodes at once, so that one that hangs takes no time from the others.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// Does the work for each item, in up to [`MOST`] threads, of which the caller's is one; one item alone takes no other.
pub(crate) fn each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let others = items.len().min(MOST).saturating_sub(1);
    let items = Mutex::new(items);
    // Nothing that can panic runs under this lock.
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work_off = || {
        let mut results = Vec::new();
        while let Some(item) = next() {
            results.push(work(item));
        }
        results
    };
    if others == 0 {
        return work_off();
    }
    thread::scope(|scope| {
        let helpers = (0..others).filter_map(|_| {
            let builder = Builder::new().name("growthbook-redis".to_owned());
            // Where no thread can be started, the others do more.
            builder.spawn_scoped(scope, work_off).ok()
        });
        let helpers: Vec<_> = helpers.collect();
        let mut results = work_off();
        for helper in helpers {
            results.extend(helper.join().unwrap_or_default());
        }
        results
    })
}

const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn everything_is_done_once_and_at_the_same_time() {
        for count in [0, 1, 2, MOST] {
            // Each waits until all are there.
            let barrier = Barrier::new(count);
            let mut done = each((0..count).collect(), |item| {
                barrier.wait();
                item
            });
            done.sort_unstable();
            assert_eq!(done, (0..count).collect::<Vec<_>>());
        }
        assert_eq!(each((0..100).collect(), |item: u32| item).len(), 100);
    }
}
