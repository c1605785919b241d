//! Which variation of a later definition is which of an earlier one.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::experiment::ExperimentInfo;

/// For each variation of the earlier definition, the one of the later definition that is the same.
pub(super) enum Namesakes {
    /// The one in the same place, if there are so many.
    ByPlace(usize),
    Places(Vec<Option<usize>>),
}

impl Namesakes {
    pub(super) fn between(before: &ExperimentInfo, after: &ExperimentInfo) -> Self {
        let (old, new) = (&before.variations, &after.variations);
        if old.iter().zip(new).all(|(old, new)| old.key == new.key) {
            return Self::ByPlace(new.len());
        }
        let old_places = places(before);
        let new_places = places(after);
        let namesake = |(place, key): (usize, &str)| {
            let here = after.variation_key(place);
            if here == Some(key) {
                return Some(place);
            }
            // Whatever has a key that is new is what was there before, and has another name.
            let renamed = here.filter(|here| !old_places.contains_key(here));
            let namesake = new_places.get(key).copied();
            namesake.or_else(|| renamed.map(|_| place))
        };
        let keys = old.iter().map(|variation| &*variation.key);
        Self::Places(keys.enumerate().map(namesake).collect())
    }

    pub(super) fn of(&self, index: usize) -> Option<usize> {
        match self {
            Self::ByPlace(count) => Some(index).filter(|index| index < count),
            Self::Places(places) => places.get(index).copied().flatten(),
        }
    }

    pub(super) fn is_by_place(&self) -> bool {
        matches!(self, Self::ByPlace(_))
    }
}

/// Keys, and where each first stands.
fn places(experiment: &ExperimentInfo) -> HashMap<&str, usize, RandomState> {
    let mut places = HashMap::default();
    for (place, variation) in experiment.variations.iter().enumerate() {
        places.entry(&*variation.key).or_insert(place);
    }
    places
}
