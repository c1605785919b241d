//! The grammar of JavaScript patterns without the `u` and `v` flags, web-compatibility additions
//! included.
//!
//! The parser works on UTF-16 code units and keeps its open groups on the heap: nesting costs no
//! stack.

mod class;
mod cursor;
mod disjunction;
mod escape;
mod group_name;
mod quantifier;

use self::cursor::Cursor;
use self::disjunction::{Disjunction, GROUP_KINDS, GroupKind, OpenGroup};
use self::group_name::GroupNames;
use super::ast::{Node, Syntax};
use super::error::PatternError;
use super::fold;
use super::set::UnitSet;

/// Parses what `new RegExp(pattern, ignore_case ? "i" : "")` would.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Syntax, PatternError> {
    if pattern.len() > MAX_BYTES {
        return Err(PatternError::TooLong { limit: MAX_BYTES });
    }
    let units: Vec<u16> = pattern.encode_utf16().collect();
    let groups = GroupNames::scan(&units)?;
    if groups.count() > MAX_GROUPS {
        return Err(PatternError::TooComplex {
            what: "capturing groups",
            limit: MAX_GROUPS,
        });
    }
    let parser = Parser {
        cursor: Cursor::new(&units),
        ignore_case,
        groups,
        captures: 0,
        depth: 0,
        referenced: Vec::new(),
    };
    parser.pattern()
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    ignore_case: bool,
    groups: GroupNames,
    /// How many capturing groups have been opened.
    captures: usize,
    depth: usize,
    referenced: Vec<usize>,
}

impl Parser<'_> {
    fn pattern(mut self) -> Result<Syntax, PatternError> {
        let mut current = Disjunction::default();
        let mut open: Vec<OpenGroup> = Vec::new();
        while let Some(unit) = self.cursor.peek() {
            match unit {
                b'(' => {
                    if open.len() >= MAX_NESTING {
                        let what = "levels of nested groups";
                        return Err(PatternError::TooComplex {
                            what,
                            limit: MAX_NESTING,
                        });
                    }
                    let first_capture = self.captures + 1;
                    let kind = self.group_kind()?;
                    open.push(OpenGroup {
                        kind,
                        first_capture,
                        outer: current,
                    });
                    self.depth = self.depth.max(open.len());
                    current = Disjunction::default();
                }
                b')' => {
                    let Some(group) = open.pop() else {
                        return Err(self.cursor.error("unmatched )"));
                    };
                    self.cursor.advance();
                    let body = std::mem::replace(&mut current, group.outer).finish();
                    let captures = group.first_capture..self.captures + 1;
                    let term = if group.kind.is_quantifiable() {
                        self.quantified(group.kind.close(body), captures)?
                    } else {
                        self.assertion(group.kind.close(body))?
                    };
                    current.push(term);
                }
                b'|' => {
                    self.cursor.advance();
                    current.next_alternative();
                }
                _ => current.push(self.simple_term()?),
            }
        }
        if !open.is_empty() {
            return Err(self.cursor.error("unterminated group"));
        }
        let Self {
            mut referenced,
            depth,
            ..
        } = self;
        referenced.sort_unstable();
        referenced.dedup();
        Ok(Syntax {
            root: current.finish(),
            referenced,
            depth,
        })
    }

    /// What follows the `(` under the cursor.
    fn group_kind(&mut self) -> Result<GroupKind, PatternError> {
        self.cursor.advance();
        for (opening, kind) in GROUP_KINDS {
            if self.cursor.eat(opening) {
                return Ok(kind);
            }
        }
        if self.cursor.eat("?<") {
            if self.cursor.group_name().is_none() {
                return Err(self.cursor.error("invalid capture group name"));
            }
        } else if self.cursor.peek() == Some(b'?') {
            return Err(self.cursor.error("invalid group"));
        }
        self.captures += 1;
        Ok(GroupKind::Capture {
            index: self.captures,
        })
    }

    /// A term that is not a group.
    fn simple_term(&mut self) -> Result<Node, PatternError> {
        match self.cursor.peek() {
            Some(b'^') => {
                self.cursor.advance();
                self.assertion(Node::Start)
            }
            Some(b'$') => {
                self.cursor.advance();
                self.assertion(Node::End)
            }
            Some(b'\\') if matches!(self.cursor.peek_nth(1), Some(b'b' | b'B')) => {
                self.cursor.advance();
                let negated = self.cursor.eat("B");
                if !negated {
                    self.cursor.advance();
                }
                self.assertion(Node::WordBoundary { negated })
            }
            _ => {
                let atom = self.atom()?;
                self.quantified(atom, 0..0)
            }
        }
    }

    fn atom(&mut self) -> Result<Node, PatternError> {
        match self.cursor.peek() {
            Some(b'*' | b'+' | b'?') => return Err(self.cursor.error("nothing to repeat")),
            Some(b'{') if self.cursor.clone().braces().is_some() => {
                return Err(self.cursor.error("nothing to repeat"));
            }
            Some(b'.') => {
                self.cursor.advance();
                return Ok(Node::Set(UnitSet::dot()));
            }
            Some(b'[') => return self.class(),
            Some(b'\\') => return self.escape(),
            _ => {}
        }
        match self.cursor.next_unit() {
            Some(unit) => Ok(self.set(UnitSet::single(unit))),
            None => Err(self.cursor.error("unexpected end")),
        }
    }

    /// A set as the `i` flag makes it.
    fn set(&self, set: UnitSet) -> Node {
        Node::Set(if self.ignore_case {
            fold::close(&set)
        } else {
            set
        })
    }
}

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// The most capturing groups in a pattern.
const MAX_GROUPS: usize = 1_000;

/// How deep groups may be nested. Whoever walks the tree recurses this deep.
const MAX_NESTING: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(pattern: &str) -> PatternError {
        parse(pattern, false).unwrap_err()
    }

    #[test]
    fn syntax_errors_say_where_and_what() {
        for (pattern, offset, what) in [
            ("a)", 1, "unmatched )"),
            ("(a", 2, "unterminated group"),
            ("a**", 2, "nothing to repeat"),
            ("é(?i)", 2, "invalid group"),
            ("[b-a]", 4, "range out of order in character class"),
            ("a{5,2}", 6, "numbers out of order in {} quantifier"),
            ("(?<a>x)(?<a>y)", 12, "duplicate capture group name"),
        ] {
            assert_eq!(
                problem(pattern),
                PatternError::Syntax { offset, what },
                "{pattern}"
            );
        }
    }

    #[test]
    fn limits_are_named() {
        assert_eq!(
            problem(&"a".repeat(8193)),
            PatternError::TooLong { limit: 8192 }
        );
        let groups = problem(&"()".repeat(1_001));
        assert!(matches!(
            groups,
            PatternError::TooComplex { limit: 1_000, .. }
        ));
        let nested = format!("{}{}", "(?:".repeat(251), ")".repeat(251));
        assert!(matches!(
            problem(&nested),
            PatternError::TooComplex { limit: 250, .. }
        ));
        assert!(parse(&"(?:".repeat(250), false).is_err());
    }

    #[test]
    fn huge_counts_saturate() {
        for pattern in [
            "a{99999999999999999999}",
            "a{99999999999,99999999998}",
            "(?:){2147483647}",
        ] {
            assert!(parse(pattern, false).is_ok(), "{pattern}");
        }
    }
}
