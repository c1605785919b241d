//! Which exposures were reported, and to whom: bounded, and forgotten by age, never all at once.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::Exposure;

/// An exposure's fingerprint: 64 bits of a hash that is seeded anew in each process. That one of the ten thousand that are
/// remembered equals a new one's has a chance of one in a million billions, and cannot be brought about from outside.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ExposureId(u64);

/// Makes fingerprints.
#[derive(Clone, Default)]
pub(crate) struct Fingerprints(foldhash::quality::RandomState);

impl Fingerprints {
    #[inline]
    pub(crate) fn of(&self, exposure: &Exposure<'_>) -> ExposureId {
        let mut hasher = self.0.build_hasher();
        exposure.identify(&mut hasher);
        ExposureId(hasher.finish())
    }
}

/// Some of a client's listeners: one bit for each.
pub(crate) type Listening = u64;

/// The exposures that were reported lately.
///
/// Several threads report at once, so there are several parts, each with a lock that is held for one look into a table.
pub(crate) struct SeenExposures {
    parts: Box<[Mutex<Generations>]>,
}

impl SeenExposures {
    /// Remembers at least the `entries` exposures that came last, and at most three times as many.
    pub(crate) fn new(entries: usize) -> Self {
        let parts = if entries >= MANY { PARTS } else { 1 };
        let share = entries.div_ceil(parts);
        // Chance gives one part more than its share, but not by six standard deviations.
        let slack = if parts > 1 { 6 * share.isqrt() } else { 0 };
        Self {
            parts: (0..parts)
                .map(|_| Mutex::new(Generations::new(share.saturating_add(slack))))
                .collect(),
        }
    }

    /// Whether all these listeners have been told, or are being told.
    pub(crate) fn knows(&self, id: ExposureId, listeners: Listening) -> bool {
        self.part(id)
            .is_some_and(|mut part| part.told(id) & listeners == listeners)
    }

    /// Takes it upon the caller to tell those of the listeners whom nobody has told, or is telling.
    pub(crate) fn claim(&self, id: ExposureId, listeners: Listening) -> Listening {
        let Some(mut part) = self.part(id) else {
            return listeners;
        };
        let told = part.told(id);
        part.set(id, told | listeners);
        listeners & !told
    }

    /// Takes it back, for listeners who could not be told: the next evaluation tries again.
    pub(crate) fn release(&self, id: ExposureId, listeners: Listening) {
        if let Some(mut part) = self.part(id) {
            let told = part.told(id);
            if told & listeners != 0 {
                part.set(id, told & !listeners);
            }
        }
    }

    /// How many are remembered.
    fn len(&self) -> usize {
        self.parts.iter().map(|part| lock(part).len()).sum()
    }

    fn part(&self, id: ExposureId) -> Option<MutexGuard<'_, Generations>> {
        // The table inside goes by other bits of the fingerprint. There is one part, or as many as a power of two.
        let index = (id.0 >> 48) & (self.parts.len() as u64).saturating_sub(1);
        let index = usize::try_from(index).unwrap_or_default();
        self.parts.get(index).map(lock)
    }
}

impl fmt::Debug for SeenExposures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenExposures")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Nothing panics under the lock, and every change is one insertion.
fn lock(part: &Mutex<Generations>) -> MutexGuard<'_, Generations> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Two generations of entries. When the young one is full, it becomes the old one, and the old one is forgotten, except for
/// what was used meanwhile: that has moved to the young one. So whatever is among the last `capacity` that were used is
/// known, as with a list in order of use, but nothing has to be kept in order.
struct Generations {
    capacity: usize,
    young: Entries,
    old: Entries,
}

/// A fingerprint is a hash already.
type Entries = HashMap<u64, Listening, BuildHasherDefault<AsItIs>>;

/// Takes a number for its own hash.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Generations {
    fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            young: Entries::default(),
            old: Entries::default(),
        }
    }

    fn told(&mut self, id: ExposureId) -> Listening {
        if let Some(told) = self.young.get(&id.0) {
            return *told;
        }
        let Some(told) = self.old.remove(&id.0) else {
            return 0;
        };
        self.set(id, told);
        told
    }

    fn set(&mut self, id: ExposureId, told: Listening) {
        if self.young.len() >= self.capacity && !self.young.contains_key(&id.0) {
            // The table of the generation that is forgotten is used again.
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(id.0, told);
    }

    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

/// From how many entries on there are several parts.
const MANY: usize = 4_096;

const PARTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> ExposureId {
        ExposureId(number << 32)
    }

    #[test]
    fn what_was_used_last_is_known() {
        let seen = SeenExposures::new(3);
        for number in 0..3 {
            assert_eq!(seen.claim(id(number), 1), 1);
        }
        for number in 0..3 {
            assert!(seen.knows(id(number), 1));
            assert_eq!(seen.claim(id(number), 1), 0);
        }
        seen.claim(id(3), 1);
        assert!(seen.knows(id(0), 1), "used and kept");
        for number in 4..6 {
            seen.claim(id(number), 1);
        }
        assert!(seen.knows(id(0), 1), "it is among the last three used");
        for number in 6..12 {
            seen.claim(id(number), 1);
        }
        assert!(!seen.knows(id(0), 1));
        assert!(seen.len() <= 6, "{seen:?}");
    }

    #[test]
    fn listeners_are_told_one_by_one() {
        let seen = SeenExposures::new(10);
        assert_eq!(seen.claim(id(1), 0b01), 0b01);
        assert_eq!(seen.claim(id(1), 0b11), 0b10);
        assert!(seen.knows(id(1), 0b11));
        seen.release(id(1), 0b01);
        assert!(!seen.knows(id(1), 0b11));
        assert!(seen.knows(id(1), 0b10));
        assert_eq!(seen.claim(id(1), 0b11), 0b01);
    }

    #[test]
    fn memory_is_bounded() {
        let seen = SeenExposures::new(10_000);
        for number in 0..200_000_u64 {
            seen.claim(ExposureId(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)), 1);
        }
        assert!(seen.len() >= 10_000 && seen.len() <= 30_000, "{seen:?}");
        assert_eq!(SeenExposures::new(usize::MAX).len(), 0);
    }

    #[test]
    fn as_many_as_were_asked_for_are_known_however_they_are_spread() {
        let fingerprints = foldhash::quality::RandomState::default();
        let id = |number: u64| ExposureId(fingerprints.hash_one(number));
        for entries in [1, 2, 100, 4_095, 4_096, 10_000_u64] {
            let seen = SeenExposures::new(usize::try_from(entries).unwrap());
            for last in [entries * 3 / 2, entries * 9 / 4, entries * 3] {
                for number in 0..last {
                    seen.claim(id(number), 1);
                }
                let forgotten = (last - entries..last)
                    .filter(|number| !seen.knows(id(*number), 1))
                    .count();
                assert_eq!(forgotten, 0, "{entries} {last}");
            }
        }
    }
}
