//! The answers that are kept, and for how long each may be served: see [`Answers`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::Ruleset;

use super::inputs::Key;

/// How old an answer may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages {
    /// From then on it is asked for anew, while it is still served.
    pub(super) stale: Option<Duration>,
    /// From then on it is not served any more.
    pub(super) expired: Duration,
    /// Until then it is served all the same if there is no other.
    pub(super) last_resort: Duration,
}

/// Answers by what they were given to. When there are too many, the one that was served longest ago makes room.
///
/// It has no clock: times are readings of one that does not go back.
#[derive(Debug)]
pub(super) struct Answers {
    ages: Ages,
    most: usize,
    entries: HashMap<Key, Entry>,
    /// Who was served when, from the longest ago on.
    order: BTreeMap<u64, Key>,
    turns: u64,
    epoch: Epoch,
}

#[derive(Debug)]
struct Entry {
    ruleset: Arc<Ruleset>,
    at: Duration,
    epoch: Epoch,
    turn: u64,
}

/// Between two flushes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Epoch(u64);

/// What there is to serve.
#[derive(Debug)]
pub(super) enum Found {
    Fresh(Arc<Ruleset>),
    /// To be served, and asked for anew.
    Stale(Arc<Ruleset>),
    Nothing,
}

impl Answers {
    pub(super) fn new(most: usize, ages: Ages) -> Self {
        Self {
            ages,
            most,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            turns: 0,
            epoch: Epoch::default(),
        }
    }

    pub(super) fn find(&mut self, key: &Key, now: Duration) -> Found {
        let (ages, epoch) = (self.ages, self.epoch);
        let is_valid = |entry: &Entry| entry.epoch == epoch && entry.age(now) < ages.expired;
        let Some(entry) = self.entries.get(key).filter(|entry| is_valid(entry)) else {
            return Found::Nothing;
        };
        let is_stale = ages.stale.is_some_and(|stale| entry.age(now) >= stale);
        let ruleset = Arc::clone(&entry.ruleset);
        self.touch(key);
        if is_stale {
            Found::Stale(ruleset)
        } else {
            Found::Fresh(ruleset)
        }
    }

    /// What may be served where nothing else is to be had, flushed or not.
    pub(super) fn last_resort(&mut self, key: &Key, now: Duration) -> Option<Arc<Ruleset>> {
        let last_resort = self.ages.last_resort;
        let entry = self.entries.get(key)?;
        let ruleset = (entry.age(now) <= last_resort).then(|| Arc::clone(&entry.ruleset))?;
        self.touch(key);
        Some(ruleset)
    }

    /// What is kept under the key, of whatever age.
    pub(super) fn kept(&self, key: &Key) -> Option<&Arc<Ruleset>> {
        self.entries.get(key).map(|entry| &entry.ruleset)
    }

    /// Keeps an answer to a question that was asked in this epoch. Hands back what it takes the place of, to be let go of
    /// with no lock held.
    pub(super) fn keep(
        &mut self,
        key: Key,
        ruleset: Arc<Ruleset>,
        asked: Epoch,
        now: Duration,
    ) -> Option<Arc<Ruleset>> {
        if asked != self.epoch || self.most == 0 {
            return None;
        }
        let evicted = if self.entries.contains_key(&key) || self.entries.len() < self.most {
            None
        } else {
            let oldest = self.order.pop_first();
            oldest.and_then(|(_, oldest)| self.entries.remove(&oldest))
        };
        let turn = self.next_turn();
        self.order.insert(turn, key);
        let entry = Entry {
            ruleset,
            at: now,
            epoch: asked,
            turn,
        };
        let replaced = self.entries.insert(key, entry);
        if let Some(replaced) = &replaced {
            self.order.remove(&replaced.turn);
        }
        evicted.or(replaced).map(|entry| entry.ruleset)
    }

    /// From now on no answer from before is served, unless there is no other.
    pub(super) fn flush(&mut self) {
        self.epoch = Epoch(self.epoch.0.wrapping_add(1));
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn touch(&mut self, key: &Key) {
        let turn = self.next_turn();
        if let Some(entry) = self.entries.get_mut(key) {
            self.order.remove(&entry.turn);
            self.order.insert(turn, *key);
            entry.turn = turn;
        }
    }

    fn next_turn(&mut self) -> u64 {
        self.turns = self.turns.wrapping_add(1);
        self.turns
    }
}

impl Entry {
    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.at)
    }
}
