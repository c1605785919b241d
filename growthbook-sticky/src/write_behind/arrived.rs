//! What has arrived lately.

use std::collections::BTreeMap;
use std::mem;

use growthbook_core::{StickyAssignments, StickyIdentity};

use super::buffer::Place;

/// What is known to stand in the store, in two generations: when the young one is full it becomes the old one.
#[derive(Debug)]
pub(super) struct Arrived {
    capacity: usize,
    count: u64,
    young: Generation,
    old: Generation,
}

/// By their places the variations, and as which they arrived.
type Generation = BTreeMap<Place, (u64, String)>;

impl Arrived {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            count: 0,
            young: BTreeMap::new(),
            old: BTreeMap::new(),
        }
    }

    /// How many have arrived so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn get(&self, place: &Place) -> Option<&str> {
        let found = self.young.get(place).or_else(|| self.old.get(place));
        found.map(|(_, variation)| variation.as_str())
    }

    pub(super) fn insert(&mut self, place: Place, variation: String) {
        if self.young.len() >= self.capacity {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&place);
        self.young.insert(place, (self.count, variation));
        self.count += 1;
    }

    /// Forgets what is not in the document any more, though it arrived before the document was read: somebody else has
    /// replaced it, or it has expired.
    pub(super) fn compare(
        &mut self,
        identity: &StickyIdentity,
        document: Option<&StickyAssignments>,
        count: u64,
    ) {
        let stands = |key: &str| document.and_then(|it| it.get(key));
        for generation in [&mut self.young, &mut self.old] {
            let of_document = generation.range((identity.clone(), String::new())..);
            let of_document = of_document.take_while(|((of, _), _)| of == identity);
            let gone = of_document.filter(|((_, key), (number, variation))| {
                *number < count && stands(key) != Some(variation)
            });
            let gone: Vec<Place> = gone.map(|(place, _)| place.clone()).collect();
            for place in gone {
                generation.remove(&place);
            }
        }
    }
}
