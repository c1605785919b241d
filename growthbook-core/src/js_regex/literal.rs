//! Patterns that are plain text in disguise, answered by comparing and searching strings.
//!
//! `^admin`, `@(example|acme)\.com$` and `^/shop/.*\.html$` need no automaton: a string comparison
//! does, and the automaton that is not built saves time and memory (the example `js_regex_costs` prints
//! what both take).

use super::ast::Node;
use super::expand::{Draft, Expansion};

/// Alternatives made of literal text and of `.*` or `.+` between it.
#[derive(Debug)]
pub(super) struct Literals {
    globs: Box<[Glob]>,
    ignore_case: bool,
}

impl Literals {
    /// The literal form of a pattern, if it has one that is cheaper than an automaton.
    pub(super) fn new(root: &Node, ignore_case: bool) -> Option<Self> {
        let drafts = Expansion::new(ignore_case).node(root)?;
        let globs: Option<Box<[Glob]>> = drafts.into_iter().map(Glob::new).collect();
        let globs = globs?;
        let searches = globs.iter().filter(|glob| glob.is_search()).count();
        let longest = globs.iter().map(Glob::longest_searched).max().unwrap_or(0);
        (searches <= MAX_SEARCHES && longest <= MAX_SEARCHED_BYTES)
            .then_some(Self { globs, ignore_case })
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        if self.ignore_case {
            self.globs
                .iter()
                .any(|glob| glob.is_match::<IgnoreCase>(text))
        } else {
            self.globs.iter().any(|glob| glob.is_match::<Exact>(text))
        }
    }
}

/// One alternative: literal pieces, with a run of anything but line terminators between two of
/// them.
#[derive(Debug)]
struct Glob {
    from_start: bool,
    to_end: bool,
    first: Box<str>,
    rest: Box<[GapAndPiece]>,
}

#[derive(Debug)]
struct GapAndPiece {
    /// `.+` rather than `.*`.
    not_empty: bool,
    piece: Box<str>,
}

impl Glob {
    /// `None` if a piece is not text, or if it makes the gaps stretch beyond a line.
    fn new(draft: Draft) -> Option<Self> {
        let Draft {
            from_start,
            to_end,
            pieces,
            gaps,
        } = draft.without_outer_gaps();
        let pieces: Result<Vec<_>, _> = pieces
            .iter()
            .map(|piece| String::from_utf16(piece))
            .collect();
        let pieces = pieces.ok()?;
        if !gaps.is_empty() && pieces.iter().any(|piece| piece.contains(LINE_TERMINATORS)) {
            return None;
        }
        let mut pieces = pieces.into_iter().map(String::into_boxed_str);
        let first = pieces.next()?;
        let rest = gaps.into_iter().zip(pieces);
        let rest = rest
            .map(|(not_empty, piece)| GapAndPiece { not_empty, piece })
            .collect();
        Some(Self {
            from_start,
            to_end,
            first,
            rest,
        })
    }

    /// Whether matching looks through the text, rather than at its ends only.
    fn is_search(&self) -> bool {
        !(self.from_start || self.to_end && self.rest.is_empty())
    }

    /// The length of the longest piece that is looked for in more than one place.
    fn longest_searched(&self) -> usize {
        if self.rest.is_empty() && !self.is_search() {
            return 0;
        }
        let others = self.rest.iter().map(|rest| rest.piece.len());
        others.max().unwrap_or(0).max(self.first.len())
    }

    fn is_match<C: Comparison>(&self, text: &str) -> bool {
        if self.rest.is_empty() {
            return match (self.from_start, self.to_end) {
                (true, true) => text.len() == self.first.len() && C::starts(text, &self.first),
                (true, false) => C::starts(text, &self.first),
                (false, true) => C::ends(text, &self.first),
                (false, false) => C::find(text, &self.first).is_some(),
            };
        }
        // No piece and no gap contains a line terminator, so a match lies within one line.
        let mut lines = text.split(LINE_TERMINATORS);
        match (self.from_start, self.to_end) {
            (true, true) => {
                let first = lines.next();
                lines.next().is_none() && first.is_some_and(|line| self.is_in_line::<C>(line))
            }
            (true, false) => lines.next().is_some_and(|line| self.is_in_line::<C>(line)),
            (false, true) => lines
                .next_back()
                .is_some_and(|line| self.is_in_line::<C>(line)),
            (false, false) => lines.any(|line| self.is_in_line::<C>(line)),
        }
    }

    /// Taking every piece as early as possible leaves the most room for the others.
    fn is_in_line<C: Comparison>(&self, line: &str) -> bool {
        let end_of_first = if self.from_start {
            C::starts(line, &self.first).then_some(self.first.len())
        } else {
            C::find(line, &self.first).map(|at| at + self.first.len())
        };
        let mut left = end_of_first.and_then(|end| line.get(end..));
        for (n, GapAndPiece { not_empty, piece }) in self.rest.iter().enumerate() {
            let Some(mut room) = left else {
                return false;
            };
            if *not_empty {
                let mut characters = room.chars();
                if characters.next().is_none() {
                    return false;
                }
                room = characters.as_str();
            }
            if self.to_end && n + 1 == self.rest.len() {
                return C::ends(room, piece);
            }
            left = C::find(room, piece).and_then(|at| room.get(at + piece.len()..));
        }
        left.is_some()
    }
}

/// How pieces are compared with text.
trait Comparison {
    fn same(text: &[u8], piece: &[u8]) -> bool;

    fn starts(text: &str, piece: &str) -> bool {
        let start = text.as_bytes().get(..piece.len());
        start.is_some_and(|start| Self::same(start, piece.as_bytes()))
    }

    fn ends(text: &str, piece: &str) -> bool {
        let from = text.len().checked_sub(piece.len());
        let end = from.and_then(|from| text.as_bytes().get(from..));
        end.is_some_and(|end| Self::same(end, piece.as_bytes()))
    }

    fn find(text: &str, piece: &str) -> Option<usize> {
        Self::scan(text, piece)
    }

    /// Tries one place after the other: on short text, cleverer ways take longer to get ready.
    fn scan(text: &str, piece: &str) -> Option<usize> {
        let [first, others @ ..] = piece.as_bytes() else {
            return Some(0);
        };
        let text = text.as_bytes();
        let last_start = text.len().checked_sub(piece.len())?;
        let first = std::slice::from_ref(first);
        text.get(..=last_start)?
            .chunks_exact(1)
            .enumerate()
            .position(|(at, byte)| {
                let after = || text.get(at + 1..=at + others.len());
                Self::same(byte, first) && after().is_some_and(|after| Self::same(after, others))
            })
    }
}

enum Exact {}

impl Comparison for Exact {
    fn same(text: &[u8], piece: &[u8]) -> bool {
        text == piece
    }

    fn find(text: &str, piece: &str) -> Option<usize> {
        if text.len() > SHORT_TEXT {
            text.find(piece)
        } else {
            Self::scan(text, piece)
        }
    }
}

/// Beyond ASCII, each case of a letter has a piece of its own.
enum IgnoreCase {}

impl Comparison for IgnoreCase {
    fn same(text: &[u8], piece: &[u8]) -> bool {
        text.eq_ignore_ascii_case(piece)
    }
}

const LINE_TERMINATORS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];

/// The most alternatives that look through the whole text; an automaton looks for any number at
/// once.
const MAX_SEARCHES: usize = 3;

/// The longest piece to be looked for: it may have to be compared at every place.
const MAX_SEARCHED_BYTES: usize = 64;

/// Text of up to so many bytes is searched in the simplest way.
const SHORT_TEXT: usize = 128;

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn literals(pattern: &str, ignore_case: bool) -> Option<Literals> {
        Literals::new(&parse(pattern, ignore_case).unwrap().root, ignore_case)
    }

    fn check(pattern: &str, ignore_case: bool, matching: &[&str], others: &[&str]) {
        let literals = literals(pattern, ignore_case).unwrap_or_else(|| panic!("{pattern}"));
        for text in matching {
            assert!(literals.is_match(text), "/{pattern}/ should match {text:?}");
        }
        for text in others {
            assert!(
                !literals.is_match(text),
                "/{pattern}/ should not match {text:?}"
            );
        }
    }

    #[test]
    fn anchors_choose_the_comparison() {
        check("admin", false, &["admin", "xadminx"], &["", "Admin"]);
        check("^admin", false, &["admin", "adminx"], &["xadmin"]);
        check(
            r"\.internal$",
            false,
            &["a.internal"],
            &["a.internal/", "a.internal\n"],
        );
        check(
            "^(?:beta|alpha)$",
            false,
            &["beta", "alpha"],
            &["betas", "xalpha", ""],
        );
        check(
            r"@(example|acme)\.com$",
            false,
            &["a@acme.com"],
            &["a@acmeXcom", "acme.com"],
        );
        check(
            "^https?://",
            false,
            &["http://x", "https://x"],
            &["httpss://x"],
        );
        check("^[ab]{2}$", false, &["ab", "ba", "aa"], &["a", "abc"]);
        check("", false, &["", "x"], &[]);
        check("^$", false, &[""], &["x"]);
        check("😀", false, &["a😀"], &["😁"]);
    }

    #[test]
    fn case_is_ignored_within_ascii() {
        check("^Admin$", true, &["ADMIN", "admin"], &["admins"]);
        check(r"K\.com", true, &["xk.COM", "kk.com"], &["\u{212A}.com"]);
        check("ß1", true, &["Aß1"], &["SS1", "ẞ1"]);
        check("é1A", true, &["É1a"], &["e1a"]);
    }

    #[test]
    fn gaps_stay_within_a_line() {
        check(
            r"^/shop/.*\.html$",
            false,
            &["/shop/.html", "/shop/a.html"],
            &["/shop/a\n.html"],
        );
        check(r".*@acme\.com", false, &["\n@acme.com\n"], &["acme.com"]);
        check("^.+@b$", false, &["a@b", "@@b"], &["@b", "\n@b", "a@b\n"]);
        check(
            "a.+b.*c",
            false,
            &["axbc", "x\nabbcx"],
            &["abc", "ax\nbc", "a\u{2028}bc"],
        );
        check("a.*b$", false, &["x\nab", "aab"], &["ab\nb", "abx"]);
        check("^a.*b", false, &["acb\n"], &["\nab", "a\rb"]);
        check(".+", false, &["x", "\nx"], &["", "\n\r"]);
        check("^.+$", true, &["x", "😀"], &["", "x\n"]);
    }

    #[test]
    fn other_patterns_have_no_literal_form() {
        for pattern in [
            ".", r"\d", "a|b|c|d", "[^a]", r"\bx", "(a)\\1", "(?=a)", "a+", r"\uD83D", "\n.*x",
        ] {
            assert!(literals(pattern, false).is_none(), "{pattern}");
        }
    }
}
