//! Evaluating with a store of sticky buckets: load what concerns the user, evaluate, save what was assigned.

use std::panic::{self, AssertUnwindSafe};

use super::Shared;
use crate::engine::Recorder;
use crate::error::{BackendError, BackgroundError};
use crate::sticky::{StickyDocuments, StickyIdentity, StickyWrite};
use crate::sticky_service::{Saved, StickyBucketService};

/// Runs an evaluation with the user's documents.
///
/// If another process assigned the user first, its assignment stands and the evaluation is run again with it, so that what
/// is served is what is stored.
pub(super) fn evaluate<T>(
    service: &dyn StickyBucketService,
    identities: &[StickyIdentity],
    shared: &Shared,
    mut run: impl FnMut(&mut StickyDocuments, &mut Assigned) -> T,
) -> T {
    let mut assigned = Assigned::default();
    if identities.is_empty() {
        return run(&mut StickyDocuments::new(), &mut assigned);
    }
    let mut documents: StickyDocuments = match guarded(|| service.load(identities)) {
        Ok(documents) => documents.into_iter().collect(),
        Err(error) => {
            shared.report(&BackgroundError::Sticky(error));
            // Nothing is known, so nothing may be written: it could replace what could not be read.
            return run(&mut StickyDocuments::new(), &mut assigned);
        }
    };
    let mut answer = run(&mut documents, &mut assigned);
    for _ in 0..MOST_RERUNS {
        if !save(service, &mut assigned, &mut documents, shared) {
            return answer;
        }
        answer = run(&mut documents, &mut assigned);
    }
    save(service, &mut assigned, &mut documents, shared);
    answer
}

/// Saves what was assigned. Says whether another process was first with any of it; its assignments are then among the
/// documents.
fn save(
    service: &dyn StickyBucketService,
    assigned: &mut Assigned,
    documents: &mut StickyDocuments,
    shared: &Shared,
) -> bool {
    let mut lost = false;
    for write in std::mem::take(&mut assigned.0) {
        match guarded(|| service.save(&write.borrow())) {
            Ok(Saved::Stored) => {}
            Ok(Saved::Kept(standing)) => {
                documents.assign(write.identity, &write.key, &standing);
                lost = true;
            }
            Err(error) => shared.report(&BackgroundError::Sticky(error)),
        }
    }
    lost
}

/// Calls the user's code. A panic there is one more way to fail, and ends here.
fn guarded<T>(call: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        // Dropping what was thrown could panic again.
        std::mem::forget(payload);
        Err(BackendError::new(
            "sticky bucket service",
            "answer",
            "it panicked",
        ))
    })
}

/// How often an evaluation is run again because another process was first.
const MOST_RERUNS: usize = 3;

/// What an evaluation assigned.
#[derive(Debug, Default)]
pub(super) struct Assigned(Vec<OwnedWrite>);

#[derive(Debug)]
struct OwnedWrite {
    identity: StickyIdentity,
    key: String,
    expected: Option<String>,
    variation: String,
}

impl OwnedWrite {
    fn borrow(&self) -> StickyWrite<'_> {
        StickyWrite::new(&self.identity, &self.key, &self.variation)
            .replacing(self.expected.as_deref())
    }
}

impl Recorder<'_> for Assigned {
    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.0.push(OwnedWrite {
            identity: write.identity.clone(),
            key: write.key.to_owned(),
            expected: write.expected.map(str::to_owned),
            variation: write.variation.to_owned(),
        });
    }
}
