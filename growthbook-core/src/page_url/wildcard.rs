//! Text with wildcards, compared as JavaScript compares without regard to case.

use std::str::EncodeUtf16;

/// A text in which the wildcard stands for any run of characters.
///
/// It matches what the regular expression `^...$` with `.*` for every wildcard and the flag `i`
/// would, code unit by code unit, without the cost of an expression.
#[derive(Debug)]
pub(super) struct WildcardPattern(Box<[Token]>);

impl WildcardPattern {
    /// Compiles a text in which every [`WILDCARD`] is one.
    pub(super) fn new(text: &str) -> Self {
        let mut tokens = Vec::with_capacity(text.len());
        for (index, literal) in text.split(WILDCARD).enumerate() {
            if index > 0 {
                tokens.push(Token::AnyRun);
            }
            tokens.extend(literal.encode_utf16().map(fold_case).map(Token::Unit));
        }
        Self(tokens.into())
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let (mut tokens, mut units) = (&*self.0, text.encode_utf16());
        // Trying again with the latest wildcard taking one more unit is enough: an earlier one
        // could only reach the same places later.
        let mut retry: Option<(&[Token], EncodeUtf16<'_>)> = None;
        loop {
            match tokens.split_first() {
                Some((Token::AnyRun, rest)) => {
                    tokens = rest;
                    retry = Some((rest, units.clone()));
                    continue;
                }
                Some((Token::Unit(expected), rest)) => {
                    let mut ahead = units.clone();
                    if ahead.next().map(fold_case) == Some(*expected) {
                        (tokens, units) = (rest, ahead);
                        // No wildcard can take a line break, so what lies before this one is done.
                        retry = retry.filter(|_| !is_line_break(*expected));
                        continue;
                    }
                }
                None if units.clone().next().is_none() => return true,
                None => {}
            }
            let Some((rest, start)) = &mut retry else {
                return false;
            };
            if start.next().is_none_or(is_line_break) {
                return false;
            }
            (tokens, units) = (rest, start.clone());
        }
    }
}

#[derive(Debug)]
enum Token {
    AnyRun,
    Unit(u16),
}

/// How a wildcard is written in what is compiled: an asterisk would not survive in a host.
pub(super) const WILDCARD: &str = "_____";

/// The unit that stands for its case variants: its upper-case form if that is one unit too, except
/// that nothing outside ASCII folds into it (ECMAScript, `Canonicalize` without the flag `u`).
fn fold_case(unit: u16) -> u16 {
    if let Ok(byte) = u8::try_from(unit)
        && byte.is_ascii()
    {
        return byte.to_ascii_uppercase().into();
    }
    let Some(character) = char::from_u32(unit.into()) else {
        return unit;
    };
    let mut upper = character.to_uppercase();
    let (Some(upper), None) = (upper.next(), upper.next()) else {
        return unit;
    };
    if upper.is_ascii() {
        return unit;
    }
    u16::try_from(u32::from(upper)).unwrap_or(unit)
}

fn is_line_break(unit: u16) -> bool {
    matches!(unit, 0x0A | 0x0D | 0x2028 | 0x2029)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        let compiled = WildcardPattern::new(&pattern.replace('*', WILDCARD));
        assert_eq!(compiled.matches(text), expected, "{pattern:?} {text:?}");
    }

    #[test]
    fn wildcards_take_any_run() {
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("a*", "a", true);
        check("a*c", "abcabc", true);
        check("a*c", "abcab", false);
        check("*ab*ab*", "ab-ab", true);
        check("*ab*ab*", "aab", false);
        check("a**c", "abc", true);
        check(".*", "x", false);
    }

    #[test]
    fn five_underscores_are_a_wildcard_from_the_left() {
        check("_*", "abc_", true);
        check("_*", "_abc", false);
        check("____", "____", true);
        check("_______", "abc__", true);
    }

    #[test]
    fn case_folds_as_in_javascript() {
        check("héLLO", "HÉllo", true);
        check("σ", "ς", true);
        check("k", "\u{212A}", false);
        check("s", "\u{17F}", false);
        check("ß", "SS", false);
        check("ß", "ẞ", false);
        check("i", "İ", false);
        check("µ", "Μ", true);
        check("𐐀", "𐐨", false);
        check("😀*", "😀x", true);
    }

    #[test]
    fn no_wildcard_takes_a_line_break() {
        check("*", "a\nb", false);
        check("a*b", "a\u{2028}b", false);
        check("a*\n*b", "a1\n2b", true);
        check("*a\n*b", "a\na\nb", false);
        check("*\nb*c", "x\nb1\nbc", false);
    }

    proptest! {
        #[test]
        fn matches_what_the_regular_expression_matches(
            pattern in "[ab.\\n_*]{0,8}",
            text in "[abAB.\\n\\r_]{0,10}",
        ) {
            let pattern = pattern.replace('*', WILDCARD);
            let expression = regex::escape(&pattern).replace(WILDCARD, "[^\\n\\r]*");
            let expected = regex::Regex::new(&format!("^(?i:{expression})$")).unwrap();
            prop_assert_eq!(WildcardPattern::new(&pattern).matches(&text), expected.is_match(&text));
        }

        #[test]
        fn any_text_matches_itself_and_any_pattern_is_handled(text: String, other: String) {
            prop_assume!(!text.contains(WILDCARD));
            prop_assert!(WildcardPattern::new(&text).matches(&text));
            WildcardPattern::new(&other).matches(&text);
        }
    }
}
