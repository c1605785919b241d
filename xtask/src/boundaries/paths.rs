//! The paths that a source file names: in `use` trees, in code, and as macros.

use super::lexer::{Kind, Token, tokens};
use super::test_items::without_tests;

/// A path as it stands in the source, `use` trees spelled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    /// What the rest of the file calls it, if this is a `use`.
    pub(super) name: Option<String>,
    pub(super) line: usize,
    /// The modules written inside this file around the path.
    pub(super) inside: Vec<String>,
}

/// What a file names outside its tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) paths: Vec<Named>,
    /// Names followed by `!`, with their lines.
    pub(super) macros: Vec<(String, usize)>,
    /// Modules declared under `#[cfg(test)]` that live in files of their own.
    pub(super) test_modules: Vec<String>,
}

impl Names {
    pub(super) fn of(source: &str) -> Self {
        let (code, test_modules) = without_tests(&tokens(source));
        let mut scan = Scan {
            rest: &code,
            depth: 0,
            scopes: Vec::new(),
            found: Self::default(),
        };
        scan.run();
        Self {
            test_modules,
            ..scan.found
        }
    }
}

impl Named {
    /// The path from the crate's root, when it starts with `crate`, `self` or `super`; `module` is
    /// the file's own.
    pub(super) fn within_crate(&self, module: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = self.segments.split_first()?;
        let mut path: Vec<String> = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.iter().chain(&self.inside).cloned().collect(),
            _ => return None,
        };
        if first == "super" {
            path.pop();
        }
        while let [next, after @ ..] = rest
            && next == "super"
        {
            path.pop();
            rest = after;
        }
        path.extend(rest.iter().cloned());
        Some(path)
    }
}

struct Scan<'a> {
    rest: &'a [Token],
    depth: usize,
    /// Modules opened in this file, each with the depth of its brace.
    scopes: Vec<(String, usize)>,
    found: Names,
}

impl<'a> Scan<'a> {
    fn run(&mut self) {
        while let Some(token) = self.next() {
            match &token.kind {
                Kind::Identifier(word) => self.word(word, token.line),
                Kind::Punctuation('{') => self.depth += 1,
                Kind::Punctuation('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    self.scopes.retain(|(_, depth)| *depth < self.depth);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, after) = self.rest.split_first()?;
        self.rest = after;
        Some(first)
    }

    fn eat(&mut self, kind: &Kind) -> bool {
        let found = self.rest.first().is_some_and(|token| token.kind == *kind);
        if found {
            self.next();
        }
        found
    }

    fn eat_identifier(&mut self) -> Option<&'a str> {
        let name = self.rest.first()?.identifier()?;
        self.next();
        Some(name)
    }

    fn word(&mut self, word: &str, line: usize) {
        match word {
            // `use<'a>` in a type lists lifetimes.
            "use" if !self.rest.first().is_some_and(|token| token.is('<')) => {
                self.use_tree(&[], line);
            }
            "mod" => {
                let name = self.eat_identifier().unwrap_or_default();
                if self.rest.first().is_some_and(|token| token.is('{')) {
                    self.scopes.push((name.to_owned(), self.depth));
                }
            }
            _ => self.path(word, line),
        }
    }

    fn path(&mut self, first: &str, line: usize) {
        let mut segments = vec![first.to_owned()];
        while self.eat(&Kind::PathSeparator) {
            let Some(segment) = self.eat_identifier() else {
                break;
            };
            segments.push(segment.to_owned());
        }
        if let [mark, open, ..] = self.rest
            && mark.is('!')
            && ['(', '[', '{'].iter().any(|bracket| open.is(*bracket))
        {
            self.found
                .macros
                .extend(segments.last().map(|name| (name.clone(), line)));
        }
        if segments.len() > 1 {
            self.push(segments, None, line);
        }
    }

    /// One branch of a `use`, up to the comma, brace or semicolon that ends it.
    fn use_tree(&mut self, prefix: &[String], line: usize) {
        let mut segments = prefix.to_vec();
        self.eat(&Kind::PathSeparator);
        loop {
            if self.eat(&Kind::Punctuation('*')) {
                segments.push("*".to_owned());
            } else if self.eat(&Kind::Punctuation('{')) {
                while !self.eat(&Kind::Punctuation('}')) {
                    let Some(line) = self.rest.first().map(|token| token.line) else {
                        return;
                    };
                    let before = self.rest.len();
                    self.use_tree(&segments, line);
                    self.eat(&Kind::Punctuation(','));
                    if self.rest.len() == before {
                        self.next();
                    }
                }
                return;
            } else if let Some(segment) = self.eat_identifier() {
                segments.push(segment.to_owned());
            }
            if !self.eat(&Kind::PathSeparator) {
                break;
            }
        }
        // `use a::{self}` names `a`.
        if segments.len() > prefix.len() && !prefix.is_empty() {
            segments.pop_if(|last| last == "self");
        }
        let renamed = self.rest.first().and_then(Token::identifier) == Some("as");
        let alias = renamed.then(|| {
            self.next();
            self.eat_identifier().unwrap_or_default().to_owned()
        });
        let name = alias.or_else(|| segments.last().cloned());
        self.push(segments, name, line);
    }

    fn push(&mut self, segments: Vec<String>, name: Option<String>, line: usize) {
        let inside = self.scopes.iter().map(|(name, _)| name.clone()).collect();
        self.found.paths.push(Named {
            segments,
            name,
            line,
            inside,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        Names::of(source)
            .paths
            .iter()
            .map(|named| named.segments.join("::"))
            .collect()
    }

    fn within_crate(source: &str, module: &str) -> Vec<String> {
        let module: Vec<String> = module.split("::").map(str::to_owned).collect();
        let named = Names::of(source).paths;
        named
            .iter()
            .filter_map(|named| named.within_crate(&module))
            .map(|path| path.join("::"))
            .collect()
    }

    #[test]
    fn use_trees_are_spelled_out() {
        assert_eq!(
            paths("use std::{fs, io::{self, Read as _, prelude::*}};\nuse ::core::fmt;"),
            [
                "std::fs",
                "std::io",
                "std::io::Read",
                "std::io::prelude::*",
                "core::fmt"
            ]
        );
        assert_eq!(paths("pub(crate) use {a::b, c as d};"), ["a::b", "c"]);
    }

    #[test]
    fn a_use_says_what_the_file_calls_it() {
        let names = Names::of("use a::B as C; use d::E;");
        let called: Vec<_> = names
            .paths
            .iter()
            .filter_map(|named| named.name.as_deref())
            .collect();
        assert_eq!(called, ["C", "E"]);
    }

    #[test]
    fn code_is_searched_for_paths_and_macros() {
        let names = Names::of(
            "fn f() { std::env::var(x); if a != (b) { println!(\"{}\", std::fs::read(p)) } }",
        );
        let found: Vec<_> = names
            .paths
            .iter()
            .map(|named| named.segments.join("::"))
            .collect();
        assert_eq!(found, ["std::env::var", "std::fs::read"]);
        assert_eq!(names.macros, [("println".to_owned(), 1)]);
    }

    #[test]
    fn paths_are_resolved_from_the_module_that_they_are_in() {
        let source =
            "use crate::a::B; use super::c; use super::super::d; fn f() { self::e::g(); x::y(); }";
        assert_eq!(
            within_crate(source, "m::n"),
            ["a::B", "m::c", "d", "m::n::e::g"]
        );
    }

    #[test]
    fn a_module_inside_the_file_is_one_step_further_down() {
        let source = "mod inner { fn f() { if x {} super::a::b() } } fn g() { super::c::d() }";
        assert_eq!(within_crate(source, "m::n"), ["m::n::a::b", "m::c::d"]);
    }

    #[test]
    fn tests_are_left_out() {
        let names = Names::of("use a::b; #[cfg(test)] mod tests { use std::fs; } use c::d;");
        assert_eq!(names.paths.len(), 2);
        assert_eq!(
            Names::of("#[cfg(test)] mod elsewhere;").test_modules,
            ["elsewhere"]
        );
    }

    #[test]
    fn captured_lifetimes_are_no_import() {
        assert_eq!(
            paths("fn f<'a>() -> impl Iterator + use<'a> { std::env::args() }"),
            ["std::env::args"]
        );
    }

    #[test]
    fn broken_source_ends() {
        for source in [
            "use",
            "use a::{",
            "use a::{;;}",
            "use a::{b as",
            "mod",
            "#[cfg(test)]",
            "a::",
        ] {
            Names::of(source);
        }
    }
}
