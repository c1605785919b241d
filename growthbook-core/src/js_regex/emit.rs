//! Translation for the `regex` crate: the same language, in that crate's own syntax.
//!
//! That crate matches Unicode scalar values, JavaScript UTF-16 code units. The two agree on text
//! within the Basic Multilingual Plane. Of everything beyond, both the pattern and the text get
//! their surrogate units moved to private-use characters of plane 16, so that each unit is one
//! character there as well.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::ast::Node;
use super::set::{UnitRange, UnitSet};

/// A pattern of the `regex` crate that matches as `root` does; `None` if that crate has no means
/// to.
pub(super) fn translate(root: &Node) -> Option<String> {
    let mut pattern = String::new();
    node(root, &mut pattern)?;
    Some(pattern)
}

/// The text as translated patterns expect it.
pub(super) fn haystack(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte < FIRST_BYTE_BEYOND_BMP) {
        return Cow::Borrowed(text);
    }
    let mut moved = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.len_utf16() == 1 {
            moved.push(character);
            continue;
        }
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        moved.extend(
            units
                .iter()
                .filter_map(|&unit| char::from_u32(moved_surrogate(unit))),
        );
    }
    Cow::Owned(moved)
}

fn node(node: &Node, out: &mut String) -> Option<()> {
    match node {
        Node::Alternation(nodes) => {
            let mut separator = "(?:";
            for alternative in nodes {
                out.push_str(separator);
                self::node(alternative, out)?;
                separator = "|";
            }
            out.push(')');
        }
        Node::BackReference(_) | Node::Look { .. } => return None,
        Node::Capture { body, .. } => self::node(body, out)?,
        Node::Concatenation(nodes) => {
            for term in nodes {
                self::node(term, out)?;
            }
        }
        Node::End => out.push_str(r"\z"),
        Node::Repeat(repeat) => {
            out.push_str("(?:");
            self::node(&repeat.body, out)?;
            out.push(')');
            match (repeat.min, repeat.max) {
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (0, Some(1)) => out.push('?'),
                (min, None) => write!(out, "{{{min},}}").ok()?,
                (min, Some(max)) => write!(out, "{{{min},{max}}}").ok()?,
            }
        }
        Node::Set(set) => self::set(set, out)?,
        Node::Start => out.push_str(r"\A"),
        Node::WordBoundary { negated: false } => out.push_str(r"(?-u:\b)"),
        Node::WordBoundary { negated: true } => out.push_str(r"(?-u:\B)"),
    }
    Some(())
}

fn set(set: &UnitSet, out: &mut String) -> Option<()> {
    if let Some(unit) = set.as_single() {
        let single = UnitRange::single(unit);
        let surrogate = (SURROGATES.first..=SURROGATES.last).contains(&unit);
        return range(
            single,
            if surrogate {
                moved_surrogate
            } else {
                u32::from
            },
            out,
        );
    }
    if set.ranges().is_empty() {
        out.push_str(NEVER);
        return Some(());
    }
    out.push('[');
    for whole in set.ranges() {
        for (part, place) in PARTS {
            let first = whole.first.max(part.first);
            let last = whole.last.min(part.last);
            if first <= last {
                range(UnitRange::new(first, last), place, out)?;
            }
        }
    }
    out.push(']');
    Some(())
}

/// Where a unit is found in translated patterns and texts.
type Place = fn(u16) -> u32;

fn range(range: UnitRange, place: Place, out: &mut String) -> Option<()> {
    character(place(range.first), out)?;
    if range.first < range.last {
        out.push('-');
        character(place(range.last), out)?;
    }
    Some(())
}

fn character(value: u32, out: &mut String) -> Option<()> {
    match char::from_u32(value) {
        Some(plain) if plain.is_ascii_alphanumeric() => out.push(plain),
        _ => write!(out, r"\x{{{value:X}}}").ok()?,
    }
    Some(())
}

fn moved_surrogate(unit: u16) -> u32 {
    u32::from(unit) + SURROGATE_SHIFT
}

const SURROGATES: UnitRange = UnitRange::new(0xD800, 0xDFFF);

const PARTS: [(UnitRange, Place); 3] = [
    (UnitRange::new(0, 0xD7FF), u32::from),
    (SURROGATES, moved_surrogate),
    (UnitRange::new(0xE000, 0xFFFF), u32::from),
];

/// Takes U+D800..U+DFFF, which no Rust string can hold, to U+10D800..U+10DFFF.
const SURROGATE_SHIFT: u32 = 0x10_0000;

/// The UTF-8 encoding of every character beyond the BMP begins with a byte from here on.
const FIRST_BYTE_BEYOND_BMP: u8 = 0xF0;

/// Matches nothing, not even the empty text.
const NEVER: &str = "[a&&b]";

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn text_is_copied_only_for_characters_beyond_the_bmp() {
        assert!(matches!(haystack("plain é \u{FFFF}"), Cow::Borrowed(_)));
        assert_eq!(haystack("a😀"), "a\u{10D83D}\u{10DE00}");
    }

    #[test]
    fn constructs_are_spelled_out() {
        for (pattern, ignore_case, translated) in [
            (r"^a\b$", false, Some(r"\Aa(?-u:\b)\z")),
            ("[]", false, Some("[a&&b]")),
            ("k", true, Some("[Kk]")),
            (r"(a|)\d{2,}", false, Some("(?:a|)(?:[0-9]){2,}")),
            (r"\uD83D", false, Some(r"\x{10D83D}")),
            ("a(?=b)", false, None),
            (r"(a)\1", false, None),
        ] {
            let root = parse(pattern, ignore_case).unwrap().root;
            assert_eq!(translate(&root).as_deref(), translated, "{pattern}");
        }
    }
}
