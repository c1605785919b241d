/// A set of the records of one file, by their numbers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Bits {
    words: Vec<u64>,
    ones: u32,
}

impl Bits {
    pub(super) fn len(&self) -> u32 {
        self.ones
    }

    pub(super) fn contains(&self, index: u32) -> bool {
        let (word, bit) = place(index);
        self.words.get(word).is_some_and(|it| it & bit != 0)
    }

    /// Whether it was not in it before.
    pub(super) fn insert(&mut self, index: u32) -> bool {
        let (word, bit) = place(index);
        if self.words.len() <= word {
            self.words.resize(word.saturating_add(1), 0);
        }
        let is_new = self.words.get_mut(word).is_some_and(|it| {
            let is_new = *it & bit == 0;
            *it |= bit;
            is_new
        });
        self.ones += u32::from(is_new);
        is_new
    }

    /// Whether it was in it.
    pub(super) fn remove(&mut self, index: u32) -> bool {
        let (word, bit) = place(index);
        let was_in = self.words.get_mut(word).is_some_and(|it| {
            let was_in = *it & bit != 0;
            *it &= !bit;
            was_in
        });
        self.ones -= u32::from(was_in);
        was_in
    }
}

fn place(index: u32) -> (usize, u64) {
    let word = usize::try_from(index / 64).unwrap_or(usize::MAX);
    (word, 1 << (index % 64))
}
