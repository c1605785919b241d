//! What was saved while documents were loaded: what a load brings may be older.

use std::collections::{BTreeSet, VecDeque};

use growthbook_core::StickyIdentity;

/// Loads that have begun and not ended, and the saves that have ended since the first of them began.
#[derive(Default)]
pub(super) struct Meanwhile {
    loads: BTreeSet<u64>,
    /// In the order of their numbers, which are of the same row as those of the loads.
    saves: VecDeque<(u64, StickyIdentity, Outcome)>,
    next: u64,
}

/// What came of a save.
#[derive(Clone)]
pub(super) enum Outcome {
    /// Two were saved at the same time, or one failed: only the store knows what stands.
    Unknown,
    Stands {
        key: String,
        variation: String,
    },
}

impl Meanwhile {
    /// The load's number.
    pub(super) fn load_begins(&mut self) -> u64 {
        let load = self.number();
        self.loads.insert(load);
        load
    }

    /// Lets go of what is older than all other loads. There may always be another one, so it does not wait for the last.
    pub(super) fn load_ended(&mut self, load: u64) {
        self.loads.remove(&load);
        let Some(first) = self.loads.first() else {
            self.saves = VecDeque::new();
            return;
        };
        let older = self.saves.partition_point(|(number, ..)| number < first);
        self.saves.drain(..older);
    }

    pub(super) fn save_ended(&mut self, identity: &StickyIdentity, outcome: Outcome) {
        if !self.loads.is_empty() {
            let number = self.number();
            self.saves.push_back((number, identity.clone(), outcome));
        }
    }

    /// What was saved to a document since a load began.
    pub(super) fn since<'m>(
        &'m self,
        load: u64,
        identity: &'m StickyIdentity,
    ) -> impl Iterator<Item = &'m Outcome> {
        let older = self.saves.partition_point(|(number, ..)| *number < load);
        let saves = self.saves.iter().skip(older);
        saves.filter_map(move |(_, of, outcome)| (of == identity).then_some(outcome))
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where there are many loads, there is always one.
    #[test]
    fn nothing_is_kept_that_is_older_than_all_loads() {
        let mut meanwhile = Meanwhile::default();
        let ann = StickyIdentity::new("id", "ann");
        meanwhile.save_ended(&ann, Outcome::Unknown);
        let mut before = meanwhile.load_begins();
        assert_eq!(meanwhile.since(before, &ann).count(), 0);
        for _ in 0..1_000 {
            meanwhile.save_ended(&ann, Outcome::Unknown);
            let load = meanwhile.load_begins();
            meanwhile.save_ended(&ann, Outcome::Unknown);
            assert_eq!(meanwhile.since(load, &ann).count(), 1);
            meanwhile.load_ended(before);
            before = load;
            assert_eq!(meanwhile.saves.len(), 1);
        }
        let bob = StickyIdentity::new("id", "bob");
        assert_eq!(meanwhile.since(before, &bob).count(), 0);
        meanwhile.load_ended(before);
        assert!(meanwhile.saves.is_empty());
    }
}
