//! Evaluating with a store of sticky buckets: load what concerns the user, evaluate, save what was assigned.

use super::Shared;
use crate::engine::Recorder;
use crate::error::BackgroundError;
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
    let mut documents: StickyDocuments = match service.load(identities) {
        Ok(documents) => documents.into_iter().collect(),
        Err(error) => {
            shared.report(&BackgroundError::Sticky(error));
            // Nothing is known, so nothing may be written: it could replace what could not be read.
            return run(&mut StickyDocuments::new(), &mut assigned);
        }
    };
    let mut answer = run(&mut documents, &mut assigned);
    for _ in 0..MOST_RERUNS {
        let mut lost = false;
        for write in std::mem::take(&mut assigned.0) {
            match service.save(&write.borrow()) {
                Ok(Saved::Stored) => {}
                Ok(Saved::Kept(standing)) => {
                    documents.assign(write.identity, &write.key, &standing);
                    lost = true;
                }
                Err(error) => shared.report(&BackgroundError::Sticky(error)),
            }
        }
        if !lost {
            break;
        }
        answer = run(&mut documents, &mut assigned);
    }
    answer
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

impl Recorder for Assigned {
    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.0.push(OwnedWrite {
            identity: write.identity.clone(),
            key: write.key.to_owned(),
            expected: write.expected.map(str::to_owned),
            variation: write.variation.to_owned(),
        });
    }
}
