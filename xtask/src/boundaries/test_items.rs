//! Tells what a file holds for its tests from what it holds for everyone.

use super::lexer::{Kind, Token};

/// Drops modules, functions, imports and impls under `#[cfg(test)]`; returns what is left, and the
/// names of dropped `mod name;`.
pub(super) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let mut code = Vec::new();
    let mut modules = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        let Some(item) = test_item(rest) else {
            code.push(first.clone());
            rest = after;
            continue;
        };
        if let [Some("mod"), Some(name)] = [identifier(item, 0), identifier(item, 1)]
            && item.get(2).is_some_and(|token| token.is(';'))
        {
            modules.push(name.to_owned());
        }
        rest = after_item(item);
    }
    (code, modules)
}

/// What follows `#[cfg(test)]`, further attributes and a visibility, if `tokens` starts with that
/// and an item of a kind we know follows.
fn test_item(tokens: &[Token]) -> Option<&[Token]> {
    let mut rest = tokens;
    for expected in ["#", "[", "cfg", "(", "test", ")", "]"] {
        let (first, after) = rest.split_first()?;
        let matches = match &first.kind {
            Kind::Identifier(name) => name == expected,
            Kind::Punctuation(mark) => expected.starts_with(*mark),
            Kind::Literal | Kind::PathSeparator => false,
        };
        if !matches {
            return None;
        }
        rest = after;
    }
    while rest.first().is_some_and(|token| token.is('#')) {
        rest = after_group(rest.get(1..)?);
    }
    if identifier(rest, 0) == Some("pub") {
        rest = rest.get(1..)?;
        if rest.first().is_some_and(|token| token.is('(')) {
            rest = after_group(rest);
        }
    }
    matches!(identifier(rest, 0), Some("fn" | "impl" | "mod" | "use")).then_some(rest)
}

fn identifier(tokens: &[Token], at: usize) -> Option<&str> {
    tokens.get(at).and_then(Token::identifier)
}

/// What follows the bracketed group that `tokens` starts with.
fn after_group(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Punctuation('(' | '[' | '{') => depth += 1,
            Kind::Punctuation(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return tokens.get(at + 1..).unwrap_or_default();
        }
    }
    &[]
}

/// What follows the item that `tokens` starts with: after its `;`, or after its braces.
fn after_item(tokens: &[Token]) -> &[Token] {
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        match first.kind {
            Kind::Punctuation(';') => return after,
            Kind::Punctuation('{') => return after_group(rest),
            Kind::Punctuation('(' | '[') => rest = after_group(rest),
            _ => rest = after,
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn left(source: &str) -> String {
        let (code, _) = without_tests(&tokens(source));
        code.iter()
            .filter_map(Token::identifier)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn items_for_tests_are_dropped() {
        for item in [
            "mod tests { fn f() { if x { } } }",
            "mod elsewhere;",
            "#[expect(y, reason = \"z\")] mod tests { }",
            "pub(crate) fn f(x: [u8; 3]) { g(x); }",
            "use std::{env, fs};",
            "impl A for B { const C: [u8; 2] = [1, 2]; }",
        ] {
            assert_eq!(
                left(&format!("before #[cfg(test)] {item} after")),
                "before after",
                "{item}"
            );
        }
    }

    #[test]
    fn modules_in_files_of_their_own_are_named() {
        let source = "#[cfg(test)] pub mod vectors; #[cfg(test)] mod tests { } mod shipped;";
        assert_eq!(without_tests(&tokens(source)).1, ["vectors"]);
    }

    #[test]
    fn what_is_not_for_tests_alone_stays() {
        let either = "#[cfg(any(test, feature = \"testing\"))] mod testing { }";
        assert!(left(either).ends_with("mod testing"));
        assert!(left("#[cfg(test)] field: a::B, other: C").ends_with("field a B other C"));
        assert!(left("#[cfg(not(test))] mod shipped;").ends_with("mod shipped"));
    }
}
