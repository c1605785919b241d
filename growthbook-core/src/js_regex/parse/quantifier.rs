//! `*`, `+`, `?` and braces.

use std::ops::Range;

use super::super::ast::{Node, Repeat};
use super::super::error::PatternError;
use super::Parser;
use super::cursor::Cursor;

impl Parser<'_> {
    /// `atom` with the quantifier that follows it, if one does.
    pub(super) fn quantified(
        &mut self,
        atom: Node,
        captures: Range<usize>,
    ) -> Result<Node, PatternError> {
        let Some(Bounds { min, max }) = self.bounds()? else {
            return Ok(atom);
        };
        let greedy = !self.cursor.eat("?");
        if max == Some(0) {
            return Ok(Node::EMPTY);
        }
        if atom.is_zero_width() {
            // An optional iteration that consumes nothing is undone, and the same check twice is
            // one check.
            return Ok(if min == 0 { Node::EMPTY } else { atom });
        }
        Ok(Node::Repeat(Repeat {
            body: Box::new(atom),
            min,
            max,
            greedy,
            captures,
        }))
    }

    /// `node`, which no quantifier may follow.
    pub(super) fn assertion(&mut self, node: Node) -> Result<Node, PatternError> {
        match self.bounds()? {
            Some(_) => Err(self.cursor.error("nothing to repeat")),
            None => Ok(node),
        }
    }

    /// The quantifier under the cursor, without its `?`.
    fn bounds(&mut self) -> Result<Option<Bounds>, PatternError> {
        let bounds = match self.cursor.peek() {
            Some(b'*') => Bounds { min: 0, max: None },
            Some(b'+') => Bounds { min: 1, max: None },
            Some(b'?') => Bounds {
                min: 0,
                max: Some(1),
            },
            Some(b'{') => {
                let Some(bounds) = self.cursor.braces() else {
                    return Ok(None);
                };
                if bounds.max.is_some_and(|max| max < bounds.min) {
                    return Err(self.cursor.error("numbers out of order in {} quantifier"));
                }
                return Ok(Some(bounds));
            }
            _ => return Ok(None),
        };
        self.cursor.advance();
        Ok(Some(bounds))
    }
}

impl Cursor<'_> {
    /// `{min}`, `{min,}` or `{min,max}`; anything else in braces is ordinary text and is left
    /// alone.
    pub(super) fn braces(&mut self) -> Option<Bounds> {
        let mut ahead = self.clone();
        ahead.advance();
        let min = ahead.decimal()?.min(UNLIMITED);
        let max = if ahead.eat(",") {
            ahead.decimal().unwrap_or(UNLIMITED)
        } else {
            min
        };
        if !ahead.eat("}") {
            return None;
        }
        *self = ahead;
        Some(Bounds {
            min,
            max: Some(max).filter(|&max| max < UNLIMITED),
        })
    }
}

pub(super) struct Bounds {
    min: u32,
    max: Option<u32>,
}

/// Counts from here on mean "without limit", as in V8.
const UNLIMITED: u32 = 0x7FFF_FFFF;
