//! Sets of UTF-16 code units: what a character class, a `.` or a single character stands for.

/// An inclusive range of code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UnitRange {
    pub(super) first: u16,
    pub(super) last: u16,
}

impl UnitRange {
    pub(super) const fn new(first: u16, last: u16) -> Self {
        Self { first, last }
    }

    pub(super) const fn single(unit: u16) -> Self {
        Self::new(unit, unit)
    }
}

/// A set of code units: its ranges are sorted and neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitSet {
    ranges: Vec<UnitRange>,
}

impl UnitSet {
    pub(super) fn new(mut ranges: Vec<UnitRange>) -> Self {
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let joins = next.first <= kept.last.saturating_add(1);
            if joins {
                kept.last = kept.last.max(next.last);
            }
            joins
        });
        Self { ranges }
    }

    pub(super) fn single(unit: u16) -> Self {
        Self {
            ranges: vec![UnitRange::single(unit)],
        }
    }

    /// `\d`
    pub(super) fn digits() -> Self {
        Self {
            ranges: DIGITS.to_vec(),
        }
    }

    /// `\s`: U+FEFF is in, U+0085 is not.
    pub(super) fn space() -> Self {
        Self {
            ranges: SPACE.to_vec(),
        }
    }

    /// `\w`: ASCII, with and without the `i` flag.
    pub(super) fn word() -> Self {
        Self {
            ranges: WORD.to_vec(),
        }
    }

    /// `.`: everything but the four line terminators.
    pub(super) fn dot() -> Self {
        Self {
            ranges: LINE_TERMINATORS.to_vec(),
        }
        .complement()
    }

    pub(super) fn complement(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = Some(0);
        for range in &self.ranges {
            if let (Some(first), Some(last)) = (next, range.first.checked_sub(1))
                && first <= last
            {
                ranges.push(UnitRange::new(first, last));
            }
            next = range.last.checked_add(1);
        }
        if let Some(first) = next {
            ranges.push(UnitRange::new(first, u16::MAX));
        }
        Self { ranges }
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        let at = self.ranges.partition_point(|range| range.last < unit);
        self.ranges.get(at).is_some_and(|range| range.first <= unit)
    }

    pub(super) fn ranges(&self) -> &[UnitRange] {
        &self.ranges
    }

    /// The only member, when there is exactly one.
    pub(super) fn as_single(&self) -> Option<u16> {
        match self.ranges.as_slice() {
            [range] if range.first == range.last => Some(range.first),
            _ => None,
        }
    }

    /// How many units are in the set.
    pub(super) fn len(&self) -> usize {
        self.ranges
            .iter()
            .map(|range| usize::from(range.last - range.first) + 1)
            .sum()
    }

    pub(super) fn units(&self) -> impl Iterator<Item = u16> {
        self.ranges
            .iter()
            .flat_map(|range| range.first..=range.last)
    }
}

const DIGITS: [UnitRange; 1] = [UnitRange::new(0x30, 0x39)];

const WORD: [UnitRange; 4] = [
    UnitRange::new(0x30, 0x39),
    UnitRange::new(0x41, 0x5A),
    UnitRange::single(0x5F),
    UnitRange::new(0x61, 0x7A),
];

const SPACE: [UnitRange; 10] = [
    UnitRange::new(0x09, 0x0D),
    UnitRange::single(0x20),
    UnitRange::single(0xA0),
    UnitRange::single(0x1680),
    UnitRange::new(0x2000, 0x200A),
    UnitRange::new(0x2028, 0x2029),
    UnitRange::single(0x202F),
    UnitRange::single(0x205F),
    UnitRange::single(0x3000),
    UnitRange::single(0xFEFF),
];

const LINE_TERMINATORS: [UnitRange; 3] = [
    UnitRange::single(0x0A),
    UnitRange::single(0x0D),
    UnitRange::new(0x2028, 0x2029),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_sorted_and_joined() {
        let set = UnitSet::new(vec![
            UnitRange::new(10, 12),
            UnitRange::single(1),
            UnitRange::new(2, 4),
            UnitRange::new(11, 20),
        ]);
        assert_eq!(set.ranges(), [UnitRange::new(1, 4), UnitRange::new(10, 20)]);
        assert_eq!(set.len(), 15);
    }

    #[test]
    fn a_complement_covers_the_rest_up_to_both_ends() {
        let everything = UnitSet::default().complement();
        assert_eq!(everything.ranges(), [UnitRange::new(0, u16::MAX)]);
        assert_eq!(everything.complement(), UnitSet::default());
        for set in [
            UnitSet::dot(),
            UnitSet::space(),
            UnitSet::word(),
            UnitSet::digits(),
        ] {
            let complement = set.complement();
            assert!((0..=u16::MAX).all(|unit| set.contains(unit) != complement.contains(unit)));
            assert_eq!(complement.complement(), set);
        }
    }
}
