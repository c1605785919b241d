//! What the backtracking matcher executes.

use std::ops::Range;

use super::set::{UnitRange, UnitSet};

/// A compiled pattern. Execution starts at the first instruction; running past the last one is a
/// match.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    /// Two for each group that a back-reference names, then two for each loop that counts.
    pub(super) registers: usize,
    /// How many [`Instruction::Remember`] there are.
    pub(super) rows: usize,
    pub(super) ignore_case: bool,
}

/// Instructions continue with the next one unless they say otherwise.
#[derive(Debug)]
pub(super) enum Instruction {
    /// Consumes what was captured between the positions in registers `group` and `group + 1`, if
    /// anything was.
    BackReference {
        group: usize,
        backward: bool,
    },
    /// Ends an iteration: fails if it was optional and consumed nothing, else continues at `head`.
    EndIteration {
        counter: usize,
        min: u32,
        head: usize,
    },
    /// Ends the body of the innermost look-around.
    EndLook,
    /// The end of the text.
    End,
    Jump {
        to: usize,
    },
    /// Runs what follows up to [`Instruction::EndLook`], then continues at `end` from the same
    /// position.
    Look {
        negated: bool,
        end: usize,
    },
    /// Starts another iteration, or leaves for `exit`, as the count and the preference say.
    Loop {
        counter: usize,
        min: u32,
        max: Option<u32>,
        greedy: bool,
        exit: usize,
    },
    /// Fails where this instruction has failed before: the outcome depends on nothing but the
    /// position.
    Remember {
        row: usize,
    },
    /// Sets the counter to zero.
    ResetCounter {
        counter: usize,
    },
    /// Stores the position.
    Save {
        register: usize,
    },
    Set {
        set: UnitTest,
        backward: bool,
    },
    /// Tries `first`, and `second` if that fails.
    Split {
        first: usize,
        second: usize,
    },
    /// The start of the text.
    Start,
    /// Counts the iteration, notes where it starts and forgets the captures of the one before.
    StartIteration {
        counter: usize,
        captures: Range<usize>,
    },
    WordBoundary {
        negated: bool,
    },
}

/// A [`UnitSet`] that answers for ASCII at once.
#[derive(Debug)]
pub(super) struct UnitTest {
    ascii: u128,
    others: Box<[UnitRange]>,
}

impl UnitTest {
    pub(super) fn new(set: &UnitSet) -> Self {
        let ascii_ranges = set
            .ranges()
            .iter()
            .take_while(|range| range.first < ASCII_END);
        let ascii = ascii_ranges.fold(0, |bits, range| {
            let last = range.last.min(ASCII_END - 1);
            bits | u128::MAX << range.first & u128::MAX >> (ASCII_END - 1 - last)
        });
        let others = set
            .ranges()
            .iter()
            .copied()
            .filter(|range| range.last >= ASCII_END);
        Self {
            ascii,
            others: others.collect(),
        }
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        if unit < ASCII_END {
            return self.ascii >> unit & 1 == 1;
        }
        let at = self.others.partition_point(|range| range.last < unit);
        self.others.get(at).is_some_and(|range| range.first <= unit)
    }
}

const ASCII_END: u16 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_agrees_with_its_set() {
        for set in [
            UnitSet::dot(),
            UnitSet::space(),
            UnitSet::word().complement(),
        ] {
            let test = UnitTest::new(&set);
            assert!((0..=u16::MAX).all(|unit| test.contains(unit) == set.contains(unit)));
        }
    }
}
