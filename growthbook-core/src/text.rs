//! Text as JavaScript orders it, and texts that are the same.

use std::cmp::Ordering;

/// Whether two texts are the same. Nearly all that evaluation compares are a word or two long: those take fewer steps here
/// than it takes to call the comparison of any length.
#[inline]
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if left.len() > 16 {
        return left == right;
    }
    // Two words that overlap are all of a text that is shorter than both.
    let long = |text: &[u8]| {
        let (start, end) = (text.first_chunk()?, text.last_chunk()?);
        Some((u64::from_ne_bytes(*start), u64::from_ne_bytes(*end)))
    };
    if let (Some(left), Some(right)) = (long(left), long(right)) {
        return left == right;
    }
    let short = |text: &[u8]| {
        let (start, end) = (text.first_chunk()?, text.last_chunk()?);
        Some((u32::from_ne_bytes(*start), u32::from_ne_bytes(*end)))
    };
    if let (Some(left), Some(right)) = (short(left), short(right)) {
        return left == right;
    }
    let middle = left.len() / 2;
    left.first() == right.first()
        && left.get(middle) == right.get(middle)
        && left.last() == right.last()
}

/// Orders two texts by their UTF-16 code units, as JavaScript's `<` does (section 0).
///
/// This is byte order except that the characters above U+FFFF, which UTF-16 writes as surrogates,
/// sort before U+E000 to U+FFFF.
pub(crate) fn utf16_cmp(left: &str, right: &str) -> Ordering {
    left.bytes()
        .map(utf16_rank)
        .cmp(right.bytes().map(utf16_rank))
}

/// A number for a byte of UTF-8 such that texts order by their ranks as by their UTF-16 code units.
///
/// Where two texts first differ, both bytes begin a character or both continue one of the same
/// length, so it suffices to move the lead bytes of U+E000 to U+FFFF behind those of the
/// four-byte characters.
fn utf16_rank(byte: u8) -> u16 {
    match byte {
        0xEE | 0xEF => u16::from(byte) + 0x100,
        _ => byte.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_every_length_are_the_same_in_all_their_bytes() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &[&text[..], &[0]].concat()));
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] ^= 0x80;
                assert!(!same(&text, &other), "{length} {place}");
            }
        }
    }

    #[test]
    fn surrogates_sort_before_the_end_of_the_basic_plane() {
        let ordered = [
            "", "a", "a\u{0}", "b", "é", "\u{D7FF}", "😀", "😁", "\u{E000}", "\u{FFFF}",
        ];
        for (index, text) in ordered.iter().enumerate() {
            for (other_index, other) in ordered.iter().enumerate() {
                assert_eq!(
                    utf16_cmp(text, other),
                    index.cmp(&other_index),
                    "{text:?} {other:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_code_units(
            left in "[a\u{E9}\u{D7FF}\u{E000}\u{F123}\u{FFFF}\u{10000}\u{1F600}\u{10FFFF}]{0,5}",
            right in "[a\u{E9}\u{D7FF}\u{E000}\u{F123}\u{FFFF}\u{10000}\u{1F600}\u{10FFFF}]{0,5}",
        ) {
            prop_assert_eq!(
                utf16_cmp(&left, &right),
                left.encode_utf16().cmp(right.encode_utf16())
            );
        }

        #[test]
        fn order_of_arbitrary_text_is_that_of_code_units(left: String, right: String) {
            prop_assert_eq!(
                utf16_cmp(&left, &right),
                left.encode_utf16().cmp(right.encode_utf16())
            );
        }
    }
}
