use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Saved, StickyBucketService};
use crate::error::BackendError;
use crate::sticky::{StickyAssignments, StickyIdentity, StickyWrite};

/// Sticky buckets in this process's memory: for tests, and for jobs whose users all pass through one process.
///
/// Nothing is ever forgotten, so memory grows with the number of users. A service wants a store that outlives it.
#[derive(Default)]
pub struct MemoryStickyBuckets {
    documents: Mutex<BTreeMap<StickyIdentity, StickyAssignments>>,
}

impl MemoryStickyBuckets {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of the document of an identity.
    pub fn document(&self, identity: &StickyIdentity) -> Option<StickyAssignments> {
        self.lock().get(identity).cloned()
    }

    /// A panic elsewhere cannot leave the map half changed: every change is one insertion.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<StickyIdentity, StickyAssignments>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStickyBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStickyBuckets")
            .field("documents", &self.lock().len())
            .finish_non_exhaustive()
    }
}

impl StickyBucketService for MemoryStickyBuckets {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let documents = self.lock();
        let found = identities
            .iter()
            .filter_map(|identity| documents.get_key_value(identity));
        Ok(found
            .map(|(identity, assignments)| (identity.clone(), assignments.clone()))
            .collect())
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let mut documents = self.lock();
        let assignments = documents.entry(write.identity.clone()).or_default();
        let standing = assignments.get(write.key).map(String::as_str);
        if let Some(standing) = write.is_kept_out_by(standing) {
            return Ok(Saved::Kept(standing.to_owned()));
        }
        assignments.insert(write.key.to_owned(), write.variation.to_owned());
        Ok(Saved::Stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_writer_wins() {
        let store = MemoryStickyBuckets::new();
        let user = StickyIdentity::new("id", "1");
        assert_eq!(
            store.save(&StickyWrite::new(&user, "exp__0", "a")).unwrap(),
            Saved::Stored
        );
        let late = StickyWrite::new(&user, "exp__0", "b");
        assert_eq!(store.save(&late).unwrap(), Saved::Kept("a".to_owned()));
        assert_eq!(
            store.save(&late.replacing(Some("a"))).unwrap(),
            Saved::Stored
        );
        store
            .save(&StickyWrite::new(&user, "other__0", "x"))
            .unwrap();
        let document = store.document(&user).unwrap();
        assert_eq!(document["exp__0"], "b");
        assert_eq!(document["other__0"], "x");
    }
}
