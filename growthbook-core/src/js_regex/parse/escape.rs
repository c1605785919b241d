//! What may follow a backslash.

use super::super::ast::Node;
use super::super::error::PatternError;
use super::super::set::UnitSet;
use super::Parser;
use super::cursor::Cursor;

impl Parser<'_> {
    /// The escape under the cursor, outside of a class and other than `\b` and `\B`.
    pub(super) fn escape(&mut self) -> Result<Node, PatternError> {
        self.cursor.advance();
        if let Some(index) = self.back_reference()? {
            self.referenced.push(index);
            return Ok(Node::BackReference(index));
        }
        if let Some(set) = self.cursor.class_escape() {
            return Ok(self.set(set));
        }
        match self.cursor.character_escape(Place::Pattern) {
            Some(unit) => Ok(self.set(UnitSet::single(unit))),
            None => Err(self.cursor.error("\\ at end of pattern")),
        }
    }

    fn back_reference(&mut self) -> Result<Option<usize>, PatternError> {
        if self.groups.any_named() && self.cursor.eat("k") {
            let index = if self.cursor.eat("<") {
                self.cursor
                    .group_name()
                    .and_then(|name| self.groups.number(&name))
            } else {
                None
            };
            return match index {
                Some(index) => Ok(Some(index)),
                None => Err(self.cursor.error("invalid named reference")),
            };
        }
        if !matches!(self.cursor.peek(), Some(b'1'..=b'9')) {
            return Ok(None);
        }
        // With fewer groups than that, also to the right, the digits are an octal escape or
        // themselves.
        let mut ahead = self.cursor.clone();
        let index = ahead
            .decimal()
            .and_then(|number| usize::try_from(number).ok());
        let index = index.filter(|&index| index <= self.groups.count());
        if index.is_some() {
            self.cursor = ahead;
        }
        Ok(index)
    }
}

/// Where an escape stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Class,
    Pattern,
}

impl Cursor<'_> {
    /// `d`, `D`, `s`, `S`, `w` or `W` after the backslash.
    pub(super) fn class_escape(&mut self) -> Option<UnitSet> {
        let set = match self.peek()? {
            b'd' => UnitSet::digits(),
            b'D' => UnitSet::digits().complement(),
            b's' => UnitSet::space(),
            b'S' => UnitSet::space().complement(),
            b'w' => UnitSet::word(),
            b'W' => UnitSet::word().complement(),
            _ => return None,
        };
        self.advance();
        Some(set)
    }

    /// The unit meant by what follows the backslash; `None` at the end of the pattern.
    pub(super) fn character_escape(&mut self, place: Place) -> Option<u16> {
        let before = self.clone();
        let escaped = self.peek()?;
        let itself = self.next_unit()?;
        Some(match escaped {
            b'b' if place == Place::Class => 0x08,
            b'c' => self.control_letter(place).unwrap_or_else(|| {
                // The backslash stands for itself, and the `c` is read once more as an ordinary
                // character.
                *self = before;
                u16::from(b'\\')
            }),
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            b'u' => self.hex(4).unwrap_or(itself),
            b'v' => 0x0B,
            b'x' => self.hex(2).unwrap_or(itself),
            b'0'..=b'7' => self.octal(escaped),
            _ => itself,
        })
    }

    fn control_letter(&mut self, place: Place) -> Option<u16> {
        let letter = self.peek_if(|&byte| {
            byte.is_ascii_alphabetic()
                || place == Place::Class && (byte.is_ascii_digit() || byte == b'_')
        })?;
        self.advance();
        Some(u16::from(letter % 32))
    }

    /// Up to three octal digits, `first` included, that make at most 0o377.
    fn octal(&mut self, first: u8) -> u16 {
        let more = if first <= b'3' { 2 } else { 1 };
        let mut value = u16::from(first - b'0');
        for _ in 0..more {
            let Some(digit) = self.peek_if(|byte| (b'0'..=b'7').contains(byte)) else {
                break;
            };
            self.advance();
            value = value * 8 + u16::from(digit - b'0');
        }
        value
    }
}
