//! Features that were asked for as a type that their value is not: the program gets its fallback, and is told once.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Mismatches {
    told: Mutex<HashSet<u64>>,
    seed: RandomState,
}

impl Mismatches {
    /// Whether this is the first time for this feature and this type. After a thousand of them, none is.
    pub(crate) fn is_news(&self, feature: &str, expected: &'static str) -> bool {
        let id = self.seed.hash_one((feature, expected));
        // What is done under the lock does not panic half-way.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MOST && told.insert(id)
    }
}

const MOST: usize = 1_000;
