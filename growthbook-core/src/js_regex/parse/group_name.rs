//! Capturing groups and their names, which escapes to their left depend on.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::super::error::PatternError;
use super::cursor::Cursor;

/// The capturing groups of a whole pattern.
pub(super) struct GroupNames {
    count: usize,
    numbers: BTreeMap<String, usize>,
}

impl GroupNames {
    /// Finds the groups before anything is parsed. Malformed ones are left to the parser.
    pub(super) fn scan(units: &[u16]) -> Result<Self, PatternError> {
        let mut cursor = Cursor::new(units);
        let mut groups = Self {
            count: 0,
            numbers: BTreeMap::new(),
        };
        let mut in_class = false;
        while let Some(unit) = cursor.peek() {
            cursor.advance();
            match unit {
                b'\\' => cursor.advance(),
                b'[' => in_class = true,
                b']' => in_class = false,
                b'(' if !in_class => groups.open(&mut cursor)?,
                _ => {}
            }
        }
        Ok(groups)
    }

    fn open(&mut self, cursor: &mut Cursor<'_>) -> Result<(), PatternError> {
        if cursor.peek() != Some(b'?') {
            self.count += 1;
            return Ok(());
        }
        if !cursor.eat("?<") || matches!(cursor.peek(), Some(b'=' | b'!')) {
            return Ok(());
        }
        self.count += 1;
        if let Some(name) = cursor.group_name()
            && self.numbers.insert(name, self.count).is_some()
        {
            return Err(cursor.error("duplicate capture group name"));
        }
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn any_named(&self) -> bool {
        !self.numbers.is_empty()
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }
}

impl Cursor<'_> {
    /// A name and the `>` after it; `None`, with the cursor anywhere, if that is not what follows.
    pub(super) fn group_name(&mut self) -> Option<String> {
        let mut name = String::new();
        while !self.eat(">") {
            name.push(self.name_character()?);
        }
        is_identifier(&name).then_some(name)
    }

    /// Names are read as code points, also without the `u` flag.
    fn name_character(&mut self) -> Option<char> {
        let escaped = self.eat("\\");
        if escaped && self.eat("u{") {
            return self.braced_code_point();
        }
        let first = if escaped {
            self.escaped_unit()?
        } else {
            self.next_unit()?
        };
        let mut ahead = self.clone();
        let second = if escaped {
            if ahead.eat("\\") {
                ahead.escaped_unit()
            } else {
                None
            }
        } else {
            ahead.next_unit()
        };
        let mut decoded = char::decode_utf16([Some(first), second].into_iter().flatten());
        let character = decoded.next()?.ok()?;
        if character.len_utf16() == 2 {
            *self = ahead;
        }
        Some(character)
    }

    fn escaped_unit(&mut self) -> Option<u16> {
        if self.eat("u") { self.hex(4) } else { None }
    }

    fn braced_code_point(&mut self) -> Option<char> {
        let mut value = self.hex_digit()?;
        while !self.eat("}") {
            value = value.saturating_mul(16).saturating_add(self.hex_digit()?);
        }
        char::from_u32(value)
    }
}

fn is_identifier(name: &str) -> bool {
    static IDENTIFIER: OnceLock<Option<regex::Regex>> = OnceLock::new();
    if name.is_ascii() {
        let starts_well = !name.starts_with(|first: char| first.is_ascii_digit());
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
        return !name.is_empty() && starts_well && name.bytes().all(is_part);
    }
    let identifier = IDENTIFIER.get_or_init(|| regex::Regex::new(IDENTIFIER_NAME).ok());
    identifier
        .as_ref()
        .is_some_and(|identifier| identifier.is_match(name))
}

const IDENTIFIER_NAME: &str = r"\A[$_\p{ID_Start}][$\x{200C}\x{200D}\p{ID_Continue}]*\z";
