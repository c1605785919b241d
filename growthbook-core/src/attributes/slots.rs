use std::sync::atomic::{AtomicU8, Ordering};

/// The number of a name that a payload looks up. Names beyond the first [`MOST_SLOTS`] have none, and neither have those of
/// experiments that come without a payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Slot(u8);

impl Slot {
    pub(crate) const NONE: Self = Self(u8::MAX);

    pub(crate) fn new(number: u32) -> Self {
        u8::try_from(number).map_or(Self::NONE, Self)
    }
}

/// Where one user's attributes are, for the names of one payload: found at the first lookup of a name, by whichever thread
/// that is, and remembered for the next ones.
///
/// A place is right for the attributes and the names that it was found for. Whoever holds slots sees to that.
#[derive(Debug)]
pub(crate) struct Slots([AtomicU8; MOST_SLOTS]);

/// What is known of an attribute's place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Absent,
    At(usize),
    Unknown,
}

impl Slots {
    #[inline]
    pub(super) fn place(&self, slot: Slot) -> Place {
        // Nothing else is read on the strength of a place than what was there before the slots were.
        match self
            .0
            .get(usize::from(slot.0))
            .map(|it| it.load(Ordering::Relaxed))
        {
            None | Some(UNKNOWN) => Place::Unknown,
            Some(ABSENT) => Place::Absent,
            Some(place) => Place::At(usize::from(place - FIRST)),
        }
    }

    pub(super) fn remember(&self, slot: Slot, place: Option<usize>) {
        let known = match place {
            None => Some(ABSENT),
            Some(place) => u8::try_from(place)
                .ok()
                .and_then(|it| it.checked_add(FIRST)),
        };
        if let (Some(known), Some(it)) = (known, self.0.get(usize::from(slot.0))) {
            it.store(known, Ordering::Relaxed);
        }
    }
}

impl Default for Slots {
    fn default() -> Self {
        Self([const { AtomicU8::new(UNKNOWN) }; MOST_SLOTS])
    }
}

/// Names of a payload that have slots: more than any payload that people write looks up.
const MOST_SLOTS: usize = 128;

const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const FIRST: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_remembered_as_far_as_there_is_room() {
        let slots = Slots::default();
        for (number, place, expected) in [
            (0, Some(0), Place::At(0)),
            (1, None, Place::Absent),
            (127, Some(253), Place::At(253)),
            (2, Some(254), Place::Unknown),
            (3, Some(1_000), Place::Unknown),
            (128, Some(0), Place::Unknown),
            (255, None, Place::Unknown),
            (70_000, Some(0), Place::Unknown),
        ] {
            let slot = Slot::new(number);
            assert_eq!(slots.place(slot), Place::Unknown);
            slots.remember(slot, place);
            assert_eq!(slots.place(slot), expected, "{number} {place:?}");
        }
    }
}
