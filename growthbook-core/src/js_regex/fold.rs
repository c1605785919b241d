//! Case folding of the `i` flag without the `u` flag.
//!
//! JavaScript upper-cases single code units here. A unit whose upper case takes several units stays
//! as it is, and so does a non-ASCII unit whose upper case is ASCII: `k` never matches U+212A, nor
//! `s` U+017F.

use std::sync::OnceLock;

use super::set::{UnitRange, UnitSet};

/// The representative of all units that match `unit` under the `i` flag.
pub(super) fn canonical(unit: u16) -> u16 {
    if let Ok(ascii) = u8::try_from(unit)
        && ascii.is_ascii()
    {
        return u16::from(ascii.to_ascii_uppercase());
    }
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let mut upper = character.to_uppercase();
    let (Some(first), None) = (upper.next(), upper.next()) else {
        return unit;
    };
    match u16::try_from(u32::from(first)) {
        Ok(folded) if folded >= ASCII_END => folded,
        _ => unit,
    }
}

/// Adds to `set` every unit that folds together with one of its members.
pub(super) fn close(set: &UnitSet) -> UnitSet {
    let mut ranges = set.ranges().to_vec();
    for range in set.ranges() {
        add_other_case(&mut ranges, *range, b'a'..=b'z', b'A');
        add_other_case(&mut ranges, *range, b'A'..=b'Z', b'a');
        // ASCII and the rest never fold together, so all of the rest is closed by itself.
        let all_of_the_rest = range.first <= ASCII_END && range.last == u16::MAX;
        if range.last >= ASCII_END && !all_of_the_rest {
            Pairs::shared().add_equivalents(&mut ranges, *range, set);
        }
    }
    UnitSet::new(ranges)
}

fn add_other_case(
    ranges: &mut Vec<UnitRange>,
    range: UnitRange,
    letters: std::ops::RangeInclusive<u8>,
    other_case: u8,
) {
    let start = u16::from(*letters.start());
    let first = range.first.max(start);
    let last = range.last.min(u16::from(*letters.end()));
    if first <= last {
        let other_case = u16::from(other_case);
        ranges.push(UnitRange::new(
            first - start + other_case,
            last - start + other_case,
        ));
    }
}

/// The non-ASCII units that fold together with another one, each with its canonical unit.
struct Pairs {
    /// (unit, canonical), sorted.
    by_unit: Vec<(u16, u16)>,
    /// (canonical, unit), sorted.
    by_canonical: Vec<(u16, u16)>,
}

impl Pairs {
    /// Built at first need only: most patterns have no `i` flag or no letter beyond ASCII.
    fn shared() -> &'static Self {
        static PAIRS: OnceLock<Pairs> = OnceLock::new();
        PAIRS.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut by_unit = Vec::new();
        for unit in ASCII_END..=u16::MAX {
            let canonical = canonical(unit);
            if canonical != unit {
                by_unit.push((unit, canonical));
                by_unit.push((canonical, canonical));
            }
        }
        by_unit.sort_unstable();
        by_unit.dedup();
        let mut by_canonical: Vec<_> = by_unit.iter().map(|&(unit, to)| (to, unit)).collect();
        by_canonical.sort_unstable();
        Self {
            by_unit,
            by_canonical,
        }
    }

    fn add_equivalents(&self, ranges: &mut Vec<UnitRange>, range: UnitRange, set: &UnitSet) {
        let from = self
            .by_unit
            .partition_point(|&(unit, _)| unit < range.first);
        let members = self
            .by_unit
            .iter()
            .skip(from)
            .take_while(|&&(unit, _)| unit <= range.last);
        for &(_, canonical) in members {
            let from = self.by_canonical.partition_point(|&(to, _)| to < canonical);
            let class = self.by_canonical.iter().skip(from);
            let class = class
                .take_while(|&&(to, _)| to == canonical)
                .map(|&(_, unit)| unit);
            ranges.extend(
                class
                    .filter(|&unit| !set.contains(unit))
                    .map(UnitRange::single),
            );
        }
    }
}

const ASCII_END: u16 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(unit: char) -> Vec<u16> {
        let unit = u16::try_from(u32::from(unit)).unwrap();
        close(&UnitSet::single(unit)).units().collect()
    }

    #[test]
    fn ascii_folds_within_ascii() {
        assert_eq!(closed('k'), [0x4B, 0x6B]);
        assert_eq!(closed('S'), [0x53, 0x73]);
        assert_eq!(closed('1'), [0x31]);
        assert_eq!(close(&UnitSet::word()), UnitSet::word());
    }

    #[test]
    fn other_letters_fold_by_their_single_upper_case() {
        assert_eq!(closed('\u{212A}'), [0x212A]);
        assert_eq!(closed('ſ'), [0x17F]);
        assert_eq!(closed('ß'), [0xDF]);
        assert_eq!(closed('σ'), [0x3A3, 0x3C2, 0x3C3]);
        assert_eq!(closed('ı'), [0x131]);
    }

    #[test]
    fn closing_twice_adds_nothing() {
        for range in [UnitRange::new(0, 0x17F), UnitRange::new(0x60, 0xFFFE)] {
            let once = close(&UnitSet::new(vec![range]));
            assert_eq!(close(&once), once);
        }
    }
}
