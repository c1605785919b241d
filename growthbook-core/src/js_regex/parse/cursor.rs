//! Reading a pattern unit by unit.

use super::super::error::PatternError;

/// A place in a pattern.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    units: &'a [u16],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(units: &'a [u16]) -> Self {
        Self { units, at: 0 }
    }

    /// The next unit if it is ASCII, [`NOT_ASCII`] for any other, `None` at the end.
    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_nth(0)
    }

    pub(super) fn peek_nth(&self, n: usize) -> Option<u8> {
        let unit = *self.units.get(self.at.checked_add(n)?)?;
        Some(u8::try_from(unit).unwrap_or(NOT_ASCII).min(NOT_ASCII))
    }

    /// The next unit if it is this kind of ASCII character.
    pub(super) fn peek_if(&self, test: impl Fn(&u8) -> bool) -> Option<u8> {
        self.peek().filter(test)
    }

    pub(super) fn next_unit(&mut self) -> Option<u16> {
        let unit = self.units.get(self.at).copied();
        self.at += usize::from(unit.is_some());
        unit
    }

    pub(super) fn advance(&mut self) {
        self.next_unit();
    }

    /// Consumes `expected`, which is ASCII, or nothing.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let found = expected
            .bytes()
            .enumerate()
            .all(|(n, byte)| self.peek_nth(n) == Some(byte));
        if found {
            self.at += expected.len();
        }
        found
    }

    /// A run of decimal digits, if there is one. Too large a number becomes [`u32::MAX`].
    pub(super) fn decimal(&mut self) -> Option<u32> {
        let mut value: Option<u32> = None;
        while let Some(digit) = self.peek_if(u8::is_ascii_digit) {
            self.advance();
            let so_far = value.unwrap_or(0);
            value = Some(
                so_far
                    .saturating_mul(10)
                    .saturating_add(u32::from(digit - b'0')),
            );
        }
        value
    }

    /// Exactly this many hexadecimal digits, at most four, or nothing.
    pub(super) fn hex(&mut self, digits: usize) -> Option<u16> {
        let mut ahead = self.clone();
        let mut value = 0;
        for _ in 0..digits {
            value = value * 16 + ahead.hex_digit()?;
        }
        *self = ahead;
        u16::try_from(value).ok()
    }

    pub(super) fn hex_digit(&mut self) -> Option<u32> {
        let digit = char::from(self.peek()?).to_digit(16)?;
        self.advance();
        Some(digit)
    }

    pub(super) fn error(&self, what: &'static str) -> PatternError {
        PatternError::Syntax {
            offset: self.at,
            what,
        }
    }
}

/// Stands for every unit that is not ASCII: no construct of the grammar begins with one.
pub(super) const NOT_ASCII: u8 = 0x80;
