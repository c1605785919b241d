//! Version strings, padded so that comparing text compares versions.
//!
//! This is not semantic versioning: `1.0 < 1.0.0`, `1-2-3` equals `1.2.3`, and a number of more
//! than five digits compares as text. The condition operators `$veq`, `$vgt` and so on mean this
//! order in every SDK.
//!
//! Section 5 of the evaluation specification.

use std::{cmp::Ordering, iter};

use crate::text::utf16_cmp;

/// The version that a condition compares with, prepared when the condition is compiled.
#[derive(Clone, Debug)]
pub(crate) struct PaddedVersion {
    padded: Box<str>,
    packed: Option<u64>,
}

impl PaddedVersion {
    /// Pads any text. Numbers must have been turned into text as JavaScript does.
    pub(crate) fn parse(text: &str) -> Self {
        let text = strip_prefix(text);
        Self {
            padded: padded_pieces(text).collect::<String>().into(),
            packed: pack(text),
        }
    }

    /// The order of this version relative to `other`, by the UTF-16 code units of the padded
    /// texts. Allocates nothing.
    pub(crate) fn compare_str(&self, other: &str) -> Ordering {
        let other = strip_prefix(other);
        if let (Some(left), Some(right)) = (self.packed, pack(other)) {
            return left.cmp(&right);
        }
        let rest = padded_pieces(other).try_fold(&*self.padded, |rest, piece| {
            rest.strip_prefix(piece)
                .ok_or_else(|| utf16_cmp(rest, piece))
        });
        match rest {
            Ok("") => Ordering::Equal,
            Ok(_) => Ordering::Greater,
            Err(order) => order,
        }
    }
}

/// The text without its leading `v`. An empty text, but not a lone `v`, counts as `0`.
fn strip_prefix(text: &str) -> &str {
    match text {
        "" => "0",
        _ => text.strip_prefix('v').unwrap_or(text),
    }
}

/// The padded form, piece by piece.
fn padded_pieces(text: &str) -> impl Iterator<Item = &str> {
    let text = text
        .split_once('+')
        .map_or(text, |(version, _build)| version);
    let separators = text
        .bytes()
        .filter(|byte| matches!(byte, b'-' | b'.'))
        .count();
    let release_marker = (separators == 2).then_some("-~");
    text.split(['-', '.'])
        .zip(iter::once("").chain(iter::repeat("-")))
        .flat_map(|(segment, separator)| [separator, padding(segment), segment])
        .chain(release_marker)
}

/// The blanks that bring a number of up to five digits to five places.
fn padding(segment: &str) -> &'static str {
    if !segment.bytes().all(|byte| byte.is_ascii_digit()) {
        return "";
    }
    segment
        .len()
        .checked_sub(1)
        .and_then(|excess| BLANKS.get(excess..))
        .unwrap_or_default()
}

/// A plain version as one integer that orders like its padded text, or nothing.
///
/// Plain is one to three numbers of one to five digits. Every place of the padded text is four
/// bits: 0 for a blank, else the digit plus one. Leading zeros therefore count, as they do in the
/// text, and a version with fewer numbers has blanks where the other has digits.
fn pack(text: &str) -> Option<u64> {
    let mut packed = 0;
    let (mut segment, mut digits, mut segments_left) = (0, 0, 2);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 5 => {
                segment = segment << 4 | u64::from(byte - b'0' + 1);
                digits += 1;
            }
            b'.' | b'-' if digits > 0 && segments_left > 0 => {
                packed = packed << SEGMENT_BITS | segment;
                (segment, digits, segments_left) = (0, 0, segments_left - 1);
            }
            b'+' => break,
            _ => return None,
        }
    }
    (digits > 0).then_some((packed << SEGMENT_BITS | segment) << (SEGMENT_BITS * segments_left))
}

const BLANKS: &str = "    ";
const SEGMENT_BITS: u32 = 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(left: &str, expected: Ordering, right: &str) {
        assert_eq!(
            PaddedVersion::parse(left).compare_str(right),
            expected,
            "{left} {right}"
        );
        let reverse = PaddedVersion::parse(right).compare_str(left);
        assert_eq!(reverse, expected.reverse(), "{right} {left}");
    }

    #[test]
    fn padded_forms() {
        for (text, expected) in [
            ("1.2.3", "____1-____2-____3-~"),
            ("v1.2.3-rc.1+build", "____1-____2-____3-rc-____1"),
            ("1.2", "____1-____2"),
            ("", "____0"),
            ("v", ""),
            ("+x", ""),
            ("V1.2.3", "V1-____2-____3-~"),
            ("vv1", "v1"),
            ("1..2", "____1--____2-~"),
            ("20260910.1.1", "20260910-____1-____1-~"),
            ("1.5", "____1-____5"),
            ("12345.123456", "12345-123456"),
            ("1.٣", "____1-٣"),
            ("..", "---~"),
        ] {
            let padded = PaddedVersion::parse(text).padded;
            assert_eq!(padded.replace(' ', "_"), expected, "{text}");
        }
    }

    #[test]
    fn order() {
        check("1.0.0-rc.1", Ordering::Less, "1.0.0");
        check("1.2.3", Ordering::Equal, "1-2-3");
        check("1.2.3", Ordering::Equal, "v1.2.3+x");
        check("1.0", Ordering::Less, "1.0.0");
        check("1", Ordering::Less, "1.0");
        check("1.2.3-r2", Ordering::Greater, "1.2.3-r100");
        check("123456.0.0", Ordering::Less, "99999.0.0");
        check("20260910.1.1", Ordering::Greater, "9.9.9");
        check("01.2.3", Ordering::Greater, "1.2.3");
        check("", Ordering::Equal, "0");
        check("", Ordering::Greater, "v");
        check("1.2.3-\u{E000}", Ordering::Greater, "1.2.3-😀");
    }

    #[test]
    fn only_short_plain_numbers_are_packed() {
        for plain in ["0", "1.2", "1-2-3+x.y", "99999.99999.99999", "00000.0.0"] {
            assert!(pack(plain).is_some(), "{plain}");
        }
        for other in [
            "", "+", "1.", ".1", "1..2", "100000", "1.2.3.4", "1.2.3-rc", "a", "٣",
        ] {
            assert_eq!(pack(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn lazy_and_packed_comparisons_agree_with_the_padded_texts(
            left in "v?[0-9]{1,6}([.-][0-9]{0,6}){0,3}(-rc)?(\\+[a-z.]{0,2})?",
            right in "v?[0-9]{1,6}([.-][0-9]{0,6}){0,3}(-rc)?(\\+[a-z.]{0,2})?",
        ) {
            prop_assert_eq!(PaddedVersion::parse(&left).compare_str(&right), by_text(&left, &right));
        }

        #[test]
        fn plain_versions_that_nearly_agree_compare_as_their_texts(
            left in "0?[12]([.-]0?[12]){0,3}",
            right in "0?[12]([.-]0?[12]){0,3}",
        ) {
            prop_assert_eq!(PaddedVersion::parse(&left).compare_str(&right), by_text(&left, &right));
        }

        #[test]
        fn any_text_is_a_version(left: String, right: String) {
            prop_assert_eq!(PaddedVersion::parse(&left).compare_str(&right), by_text(&left, &right));
        }
    }

    fn by_text(left: &str, right: &str) -> Ordering {
        let [left, right] = [left, right].map(|text| PaddedVersion::parse(text).padded);
        left.encode_utf16().cmp(right.encode_utf16())
    }
}
