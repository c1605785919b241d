//! Patterns that the `regex` crate runs, once they prove to be in use.
//!
//! Building an automaton takes much longer than the backtracking matcher takes for a match (the
//! example `js_regex_costs` prints both), and many patterns of a payload are tested rarely or
//! never. So the matcher runs a pattern's first texts, and then one thread builds the automaton
//! while the others go on as before: loading stays cheap, and nobody waits.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use regex::{Regex, RegexBuilder};

use super::ast::Syntax;
use super::emit;
use super::error::BudgetExhausted;
use super::program::Program;

/// A pattern translated for the `regex` crate, and the same one compiled for the matcher.
#[derive(Debug)]
pub(super) struct Translated {
    program: Program,
    pattern: String,
    /// How much a unit of text can cost.
    weight: usize,
    /// How often the program has run.
    runs: AtomicU32,
    /// `None` inside: the automaton would be too large.
    regex: OnceLock<Option<Regex>>,
}

impl Translated {
    /// `None` if the `regex` crate has no means to run the pattern, or would take long.
    pub(super) fn new(syntax: &Syntax, ignore_case: bool) -> Option<Self> {
        let weight = syntax.root.expanded_size();
        if weight > MAX_WEIGHT || syntax.depth > MAX_DEPTH {
            return None;
        }
        Some(Self {
            pattern: emit::translate(&syntax.root)?,
            program: Program::new(syntax, ignore_case),
            weight: usize::try_from(weight).ok()?,
            runs: AtomicU32::new(0),
            regex: OnceLock::new(),
        })
    }

    pub(super) fn is_match(&self, text: &str) -> Result<bool, BudgetExhausted> {
        // The `regex` crate knows no budget: what might take it long is left to the engine that
        // does.
        if text.len().saturating_mul(self.weight) > MAX_WORK {
            return self.program.is_match(text);
        }
        if self.regex.get().is_none() {
            let runs = self.runs.fetch_add(1, Ordering::Relaxed);
            if runs == RUNS_BEFORE_BUILDING || text.len() > LONG_TEXT {
                self.build();
            } else if let Ok(matches) = self.program.is_match(text) {
                return Ok(matches);
            }
        }
        // Also when the program gave up: the answer must not depend on what has been asked before.
        match self.build() {
            Some(regex) => Ok(regex.is_match(&emit::haystack(text))),
            None => self.program.is_match(text),
        }
    }

    /// Builds the automaton, unless that has been done.
    pub(super) fn build(&self) -> Option<&Regex> {
        let build = || {
            let mut builder = RegexBuilder::new(&self.pattern);
            builder
                .size_limit(MAX_AUTOMATON_BYTES)
                .dfa_size_limit(MAX_CACHE_BYTES);
            builder.build().ok()
        };
        self.regex.get_or_init(build).as_ref()
    }
}

/// How often the matcher runs a pattern before an automaton is built for it.
const RUNS_BEFORE_BUILDING: u32 = 30;

/// On text of more bytes than that, building an automaton pays at once.
const LONG_TEXT: usize = 4 << 10;

/// The largest pattern, counted repetitions written out.
const MAX_WEIGHT: u64 = 8_000;

/// The deepest nesting: building an automaton takes a few calls for each level, on whatever stack
/// there is.
const MAX_DEPTH: usize = 20;

/// How large the automaton may be; this also bounds how long building it takes.
const MAX_AUTOMATON_BYTES: usize = 256 << 10;

/// How large the automaton's cache of states may grow.
const MAX_CACHE_BYTES: usize = 1 << 20;

/// Text bytes times pattern weight.
const MAX_WORK: usize = 4_000_000;

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn translated(pattern: &str) -> Translated {
        Translated::new(&parse(pattern, false).unwrap(), false).unwrap()
    }

    #[test]
    fn an_automaton_is_built_for_patterns_in_use() {
        let pattern = translated(r"^\d+x?$");
        for _ in 0..RUNS_BEFORE_BUILDING {
            assert_eq!(pattern.is_match("12x"), Ok(true));
        }
        assert!(pattern.regex.get().is_none());
        assert_eq!(pattern.is_match("12y"), Ok(false));
        assert!(pattern.regex.get().is_some());
        assert_eq!(pattern.is_match("12x"), Ok(true));
    }

    #[test]
    fn the_matcher_keeps_what_is_too_large() {
        let pattern = translated(r"(?:\W{0,90}x){0,9}y");
        assert!(pattern.build().is_none());
        assert_eq!(pattern.is_match("é xy"), Ok(true));
    }

    #[test]
    fn an_exhausted_matcher_hands_over() {
        let pattern = translated(r"(?:a|b|[^c])*(?:a|b|[^d])*(?:a|b|[^e])*(?:a|b|[^f])*$d");
        let text = "b".repeat(60_000);
        assert_eq!(pattern.program.is_match(&text), Err(BudgetExhausted));
        assert_eq!(pattern.is_match(&text), Ok(false));
    }
}
