//! Texts numbered from zero in the order in which they are first seen.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::text::same;

/// A set of texts that numbers them: one buffer with all texts end to end, and an open-addressing table of numbers.
///
/// A payload may hold ten thousand features, and a saved group a hundred thousand identifiers. A `HashMap<String, u32>`
/// spends an allocation and a `String` on each; this spends the text, its end, and two to four slots of four bytes.
#[derive(Clone, Default)]
pub(crate) struct TextIndex {
    buffer: String,
    /// Where each text ends in the buffer. It starts where the one before it ends.
    ends: Vec<u32>,
    /// At least twice as many slots as texts, a power of two: a text's number plus one, or zero. Empty while there are so
    /// few texts that comparing with each is cheaper than hashing.
    slots: Vec<u32>,
    hasher: RandomState,
}

impl TextIndex {
    /// The text's number, which is new if the text is. `None` when the buffer would pass 4 GiB.
    pub(crate) fn insert(&mut self, text: &str) -> Option<u32> {
        let free = match self.search(text) {
            Ok(number) => return Some(number),
            Err(free) => free,
        };
        let number = u32::try_from(self.ends.len())
            .ok()
            .filter(|number| *number < u32::MAX)?;
        let end = u32::try_from(self.buffer.len() + text.len()).ok()?;
        self.buffer.push_str(text);
        self.ends.push(end);
        if self.ends.len() > SCANNED && self.ends.len() * 2 > self.slots.len() {
            self.rebuild(slots_for(self.ends.len()) * 2);
        } else if let Some(slot) = self.slots.get_mut(free) {
            *slot = number + 1;
        }
        Some(number)
    }

    /// The number of a text that is in the set.
    #[inline]
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return self.scan(text);
        }
        let mask = self.slots.len() - 1;
        let mut place = self.hash(text) & mask;
        loop {
            let number = self.slots.get(place)?.checked_sub(1)?;
            if self.is(number, text) {
                return Some(number);
            }
            place = (place + 1) & mask;
        }
    }

    /// The number of a text among few.
    fn scan(&self, text: &str) -> Option<u32> {
        let mut start = 0;
        let mut numbers = 0..;
        self.ends.iter().find_map(|end| {
            let number = numbers.next()?;
            let end = *end as usize;
            let bytes = self.buffer.as_bytes().get(start..end);
            start = end;
            bytes
                .is_some_and(|bytes| same(bytes, text.as_bytes()))
                .then_some(number)
        })
    }

    /// The number of a text, or the slot where it would go.
    fn search(&self, text: &str) -> Result<u32, usize> {
        if self.slots.is_empty() {
            return self.scan(text).ok_or(0);
        }
        let mask = self.slots.len() - 1;
        let mut place = self.hash(text) & mask;
        loop {
            match self.slots.get(place).and_then(|slot| slot.checked_sub(1)) {
                None => return Err(place),
                Some(number) if self.is(number, text) => return Ok(number),
                Some(_) => place = (place + 1) & mask,
            }
        }
    }

    /// The text with this number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&str> {
        let (start, end) = self.bounds(number)?;
        self.buffer.get(start..end)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All texts, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().filter_map(move |end| {
            let text = self.buffer.get(start..*end as usize);
            start = *end as usize;
            text
        })
    }

    /// Gives back the room that growing left.
    pub(crate) fn shrink(&mut self) {
        self.buffer.shrink_to_fit();
        self.ends.shrink_to_fit();
        if self.slots.len() > slots_for(self.ends.len()) {
            self.rebuild(slots_for(self.ends.len()));
        }
    }

    fn rebuild(&mut self, slots: usize) {
        self.slots = vec![0; slots];
        for (number, _) in (0..).zip(0..self.ends.len()) {
            self.place(number);
        }
    }

    /// Enters a number into the first free slot of its text.
    fn place(&mut self, number: u32) {
        let mask = self.slots.len().wrapping_sub(1);
        let Some(text) = self.get(number) else { return };
        let mut place = self.hash(text) & mask;
        while let Some(slot) = self.slots.get_mut(place) {
            if *slot == 0 {
                *slot = number + 1;
                return;
            }
            place = (place + 1) & mask;
        }
    }

    #[inline]
    fn is(&self, number: u32, text: &str) -> bool {
        // Bytes, since a boundary between characters need not be looked for again.
        self.bounds(number)
            .and_then(|(start, end)| self.buffer.as_bytes().get(start..end))
            .is_some_and(|bytes| same(bytes, text.as_bytes()))
    }

    #[inline]
    fn bounds(&self, number: u32) -> Option<(usize, usize)> {
        let number = number as usize;
        let end = *self.ends.get(number)? as usize;
        let start = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        Some((start, end))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "any bits of the hash will do"
    )]
    #[inline]
    fn hash(&self, text: &str) -> usize {
        self.hasher.hash_one(text) as usize
    }
}

impl fmt::Debug for TextIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: AsRef<str>> FromIterator<T> for TextIndex {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let texts = texts.into_iter();
        let mut index = Self::default();
        let expected = texts.size_hint().1.unwrap_or_default().min(MOST_EXPECTED);
        if expected > SCANNED {
            index.rebuild(slots_for(expected));
        }
        for text in texts {
            index.insert(text.as_ref());
        }
        index.shrink();
        index
    }
}

/// Slots for so many texts: at least twice as many, a power of two.
fn slots_for(texts: usize) -> usize {
    if texts <= SCANNED {
        0
    } else {
        (texts * 2).next_power_of_two()
    }
}

/// Room is made in advance for at most so many texts.
const MOST_EXPECTED: usize = 1 << 20;

/// Up to this many texts, comparing with each is cheaper than hashing.
const SCANNED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable_and_texts_come_back() {
        for count in [0_u32, 1, 8, 9, 10, 100, 3_000] {
            let mut index: TextIndex = (0..count).map(|i| format!("text-{i}")).collect();
            assert_eq!(index.len(), count as usize);
            for i in 0..count {
                assert_eq!(index.find(&format!("text-{i}")), Some(i));
                assert_eq!(index.get(i), Some(&*format!("text-{i}")));
            }
            assert_eq!(index.find(""), None);
            assert_eq!(index.find("text-"), None);
            assert_eq!(index.get(count), None);
            assert_eq!(index.insert("another"), Some(count));
            assert_eq!(index.insert("another"), Some(count));
            assert_eq!(index.find("another"), Some(count));
            assert_eq!(index.iter().count(), count as usize + 1);
        }
    }

    #[test]
    fn texts_that_share_an_end_are_apart() {
        let index: TextIndex = ["ab", "", "a", "b", "abc"].into_iter().collect();
        assert_eq!(
            ["", "a", "ab", "abc", "b"].map(|it| index.find(it)),
            [1, 2, 0, 4, 3].map(Some)
        );
    }
}
