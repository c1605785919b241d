//! Features that were asked for as a type that their value is not: the program gets its fallback, and is told once.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use arc_swap::ArcSwap;

/// What was told. It is read each time that a value does not fit, by whichever threads, and hardly ever written.
#[derive(Debug, Default)]
pub(crate) struct Mismatches {
    told: ArcSwap<HashSet<u64>>,
    seed: RandomState,
}

impl Mismatches {
    /// Whether this is the first time for this feature and this type. After a thousand of them, none is.
    pub(crate) fn is_news(&self, feature: &str, expected: &'static str) -> bool {
        let id = self.seed.hash_one((feature, expected));
        let told = self.told.load();
        if told.contains(&id) || told.len() >= MOST {
            return false;
        }
        // Of several threads that come at once, the first to add it tells.
        let before = self.told.rcu(|told| {
            let mut told = HashSet::clone(told);
            told.insert(id);
            told
        });
        !before.contains(&id)
    }
}

const MOST: usize = 1_000;
