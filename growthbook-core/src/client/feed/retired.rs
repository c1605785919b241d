use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ruleset::Ruleset;

/// Rulesets that were in force, and may still be looked at by scopes and results.
///
/// To free a large one takes milliseconds. They are kept here so that the last of those who look at it, which serves a
/// request, does not have to: whoever brings payloads frees what nobody looks at any more.
#[derive(Default)]
pub(crate) struct Retired(Mutex<Vec<Arc<Ruleset>>>);

impl Retired {
    pub(crate) fn add(&self, ruleset: Arc<Ruleset>) {
        self.lock().push(ruleset);
    }

    /// Frees those that nobody looks at any more.
    pub(crate) fn sweep(&self) {
        let is_free = |ruleset: &mut Arc<Ruleset>| Arc::strong_count(ruleset) == 1;
        let free: Vec<_> = self.lock().extract_if(.., is_free).collect();
        // With no lock held.
        drop(free);
    }

    /// Pointers are moved, which cannot be left half done.
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Ruleset>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Retired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Retired").field(&self.lock().len()).finish()
    }
}
