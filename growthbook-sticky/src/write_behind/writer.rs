use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use growthbook_core::{BackendError, Backoff, Saved, StickyBucketService, StickyWrite};

use super::shared::{Shared, Work};

/// Writes what waits, until it is told to end.
pub(super) fn run<S: StickyBucketService>(shared: &Arc<Shared<S>>, mut backoff: Backoff) {
    let waker = Waker::from(Arc::clone(shared));
    while let Work::Batch(batch) = shared.next(MOST_AT_ONCE) {
        let writes: Vec<StickyWrite<'_>> = batch.iter().map(|it| it.write()).collect();
        let (mut failed, mut is_getting_on) = (None, false);
        for (assignment, saved) in batch.iter().zip(save(shared.store(), &writes)) {
            match saved {
                Ok(saved) => {
                    shared.arrived(assignment, &saved);
                    is_getting_on = true;
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            shared.failed(error);
        }
        if is_getting_on {
            // One that cannot be written must not hold up the others.
            backoff.reset();
        } else {
            shared.pause(backoff.next_delay(fastrand::f64()), &waker);
        }
    }
    shared.ended();
}

/// A store that panics has failed, like any other that fails.
fn save<S: StickyBucketService>(
    store: &S,
    writes: &[StickyWrite<'_>],
) -> Vec<Result<Saved, BackendError>> {
    let saved = catch_unwind(AssertUnwindSafe(|| store.save_all(writes)));
    saved.unwrap_or_else(|thrown| {
        std::mem::forget(thrown);
        let error = BackendError::new("sticky bucket service", "answer", "it panicked");
        writes.iter().map(|_| Err(error.clone())).collect()
    })
}

const MOST_AT_ONCE: usize = 256;
