//! Rust source as words: enough of the language's lexical grammar to tell code from comments and
//! literals, and no more.

use std::str::Chars;

/// A word of a source file, and the line that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier(String),
    /// `::`
    PathSeparator,
    Punctuation(char),
    /// A string, a character or a number; what it says is nobody's business here.
    Literal,
}

impl Token {
    pub(super) fn is(&self, punctuation: char) -> bool {
        self.kind == Kind::Punctuation(punctuation)
    }

    pub(super) fn identifier(&self) -> Option<&str> {
        match &self.kind {
            Kind::Identifier(name) => Some(name),
            _ => None,
        }
    }
}

/// Splits a file into tokens; comments, lifetimes and white space are dropped.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut cursor = Cursor {
        rest: source.chars(),
        line: 1,
    };
    let mut tokens = Vec::new();
    loop {
        let line = cursor.line;
        let Some(first) = cursor.bump() else {
            return tokens;
        };
        if let Some(kind) = cursor.token(first) {
            tokens.push(Token { kind, line });
        }
    }
}

struct Cursor<'a> {
    rest: Chars<'a>,
    line: usize,
}

impl Cursor<'_> {
    fn bump(&mut self) -> Option<char> {
        let next = self.rest.next();
        if next == Some('\n') {
            self.line += 1;
        }
        next
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.clone().nth(ahead)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek(0) == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    fn eat_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> String {
        let mut eaten = String::new();
        while let Some(next) = self.peek(0).filter(|next| wanted(*next)) {
            eaten.push(next);
            self.bump();
        }
        eaten
    }

    /// The token that starts with `first`, if that starts one.
    fn token(&mut self, first: char) -> Option<Kind> {
        match first {
            _ if first.is_whitespace() => None,
            '/' if self.eat('/') => {
                self.eat_while(|next| next != '\n');
                None
            }
            '/' if self.eat('*') => {
                self.skip_block_comment();
                None
            }
            '"' => {
                self.skip_to_quote('"');
                Some(Kind::Literal)
            }
            '\'' => self.character_or_lifetime(),
            ':' if self.eat(':') => Some(Kind::PathSeparator),
            _ if first.is_ascii_digit() => {
                self.skip_number();
                Some(Kind::Literal)
            }
            _ if is_word(first) => Some(self.word(first)),
            _ => Some(Kind::Punctuation(first)),
        }
    }

    /// Block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.bump() {
                Some('*') if self.eat('/') => depth -= 1,
                Some('/') if self.eat('*') => depth += 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    fn skip_to_quote(&mut self, quote: char) {
        while let Some(next) = self.bump() {
            if next == '\\' {
                self.bump();
            } else if next == quote {
                return;
            }
        }
    }

    /// `'a'` and `'\n'` are characters, `'a` is a lifetime or a label.
    fn character_or_lifetime(&mut self) -> Option<Kind> {
        if self.peek(0) == Some('\\') || self.peek(1) == Some('\'') {
            self.skip_to_quote('\'');
            return Some(Kind::Literal);
        }
        self.eat_while(is_word);
        None
    }

    /// The point of `1.5` belongs to the number; that of `1.max(2)` and those of `0..9` do not.
    fn skip_number(&mut self) {
        self.eat_while(is_word);
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|next| next.is_ascii_digit()) {
            self.bump();
            self.eat_while(is_word);
        }
    }

    fn word(&mut self, first: char) -> Kind {
        let mut word = String::from(first);
        word.push_str(&self.eat_while(is_word));
        match word.as_str() {
            "r" | "br" | "cr" if self.starts_raw_string() => {
                self.skip_raw_string();
                Kind::Literal
            }
            "b" | "c" if self.eat('"') => {
                self.skip_to_quote('"');
                Kind::Literal
            }
            "b" if self.eat('\'') => {
                self.skip_to_quote('\'');
                Kind::Literal
            }
            "r" if self.eat('#') => Kind::Identifier(self.eat_while(is_word)),
            _ => Kind::Identifier(word),
        }
    }

    /// Whether `"`, `#"`, `##"` and so on follow; `#name` makes a raw identifier instead.
    fn starts_raw_string(&self) -> bool {
        self.rest.clone().find(|next| *next != '#') == Some('"')
    }

    fn skip_raw_string(&mut self) {
        let hashes = self.eat_while(|next| next == '#').len();
        self.bump();
        while let Some(next) = self.bump() {
            if next != '"' {
                continue;
            }
            let mut wanted = hashes;
            while wanted > 0 && self.eat('#') {
                wanted -= 1;
            }
            if wanted == 0 {
                return;
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source)
            .into_iter()
            .map(|token| match token.kind {
                Kind::Identifier(name) => name,
                Kind::PathSeparator => "::".to_owned(),
                Kind::Punctuation(mark) => mark.to_string(),
                Kind::Literal => "literal".to_owned(),
            })
            .collect()
    }

    #[test]
    fn comments_say_nothing() {
        assert_eq!(
            words("a // std::fs\nb /* x /* y */ std::net */ c"),
            ["a", "b", "c"]
        );
        assert_eq!(
            words("//! std::fs\n/// std::env\n/** std::os */"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn literals_say_nothing() {
        for literal in [
            r#""std::fs \" // ""#,
            "r\"std::fs\\\"",
            "r##\"a \"# b\"##",
            "br#\"x\"#",
            "c\"x\"",
            "b\"x\"",
            "b'\\''",
            "'\"'",
            "'\\''",
            "'\\u{1F600}'",
            "'x'",
            "1.5e3_f64",
            "0xFF_u8",
        ] {
            assert_eq!(
                words(&format!("{literal} end")),
                ["literal", "end"],
                "{literal}"
            );
        }
    }

    #[test]
    fn lifetimes_are_no_characters() {
        assert_eq!(
            words("&'a str, 'outer: 'x'"),
            ["&", "str", ",", ":", "literal"]
        );
    }

    #[test]
    fn points_after_numbers_are_kept_apart() {
        assert_eq!(words("0..9"), ["literal", ".", ".", "literal"]);
        assert_eq!(
            words("1.max(2)"),
            ["literal", ".", "max", "(", "literal", ")"]
        );
    }

    #[test]
    fn raw_identifiers_are_identifiers() {
        assert_eq!(words("r#type::r"), ["type", "::", "r"]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let source = "a\n/* \n */ \"\n\" r#\"\n\"# b";
        assert_eq!(tokens(source).last().map(|token| token.line), Some(5));
    }

    #[test]
    fn what_does_not_end_ends_with_the_file() {
        for source in ["\"", "r#\"", "/*", "'\\", "b'", "r#"] {
            tokens(source);
        }
    }
}
