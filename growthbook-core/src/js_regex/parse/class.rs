//! Character classes: `[...]`.

use super::super::ast::Node;
use super::super::error::PatternError;
use super::super::fold;
use super::super::set::{UnitRange, UnitSet};
use super::Parser;
use super::escape::Place;

impl Parser<'_> {
    /// The class that opens under the cursor.
    pub(super) fn class(&mut self) -> Result<Node, PatternError> {
        self.cursor.advance();
        let negated = self.cursor.eat("^");
        let mut ranges = Vec::new();
        while !self.cursor.eat("]") {
            let item = self.class_item()?;
            let makes_range =
                self.cursor.peek() == Some(b'-') && self.cursor.peek_nth(1) != Some(b']');
            if !makes_range {
                item.add_to(&mut ranges);
                continue;
            }
            self.cursor.advance();
            match (item, self.class_item()?) {
                (ClassItem::Unit(first), ClassItem::Unit(last)) if first <= last => {
                    ranges.push(UnitRange::new(first, last));
                }
                (ClassItem::Unit(_), ClassItem::Unit(_)) => {
                    return Err(self.cursor.error("range out of order in character class"));
                }
                (left, right) => {
                    left.add_to(&mut ranges);
                    ranges.push(UnitRange::single(u16::from(b'-')));
                    right.add_to(&mut ranges);
                }
            }
        }
        let mut set = UnitSet::new(ranges);
        if self.ignore_case {
            // Before negating: `[^k]` must exclude both cases.
            set = fold::close(&set);
        }
        Ok(Node::Set(if negated { set.complement() } else { set }))
    }

    fn class_item(&mut self) -> Result<ClassItem, PatternError> {
        if !self.cursor.eat("\\") {
            return match self.cursor.next_unit() {
                Some(unit) => Ok(ClassItem::Unit(unit)),
                None => Err(self.cursor.error("unterminated character class")),
            };
        }
        if self.groups.any_named() && self.cursor.peek() == Some(b'k') {
            return Err(self.cursor.error("invalid escape"));
        }
        if let Some(set) = self.cursor.class_escape() {
            return Ok(ClassItem::Set(set));
        }
        match self.cursor.character_escape(Place::Class) {
            Some(unit) => Ok(ClassItem::Unit(unit)),
            None => Err(self.cursor.error("\\ at end of pattern")),
        }
    }
}

enum ClassItem {
    Set(UnitSet),
    Unit(u16),
}

impl ClassItem {
    fn add_to(&self, ranges: &mut Vec<UnitRange>) {
        match self {
            Self::Set(set) => ranges.extend_from_slice(set.ranges()),
            Self::Unit(unit) => ranges.push(UnitRange::single(*unit)),
        }
    }
}
