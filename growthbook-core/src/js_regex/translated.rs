//! Patterns that the `regex` crate runs.

use regex::{Regex, RegexBuilder};

use super::ast::Syntax;
use super::emit;

/// A pattern translated for the `regex` crate.
#[derive(Debug)]
pub(super) struct Translated {
    regex: Regex,
    /// How much a unit of text can cost.
    weight: usize,
}

impl Translated {
    /// `None` if that crate cannot run the pattern, or only with too large an automaton.
    pub(super) fn new(syntax: &Syntax) -> Option<Self> {
        let weight = syntax.root.expanded_size();
        if weight > MAX_WEIGHT || syntax.depth > MAX_DEPTH {
            return None;
        }
        let weight = usize::try_from(weight).ok()?;
        let pattern = emit::translate(&syntax.root)?;
        let regex = RegexBuilder::new(&pattern)
            .size_limit(MAX_AUTOMATON_BYTES)
            .dfa_size_limit(MAX_AUTOMATON_BYTES)
            .build();
        Some(Self {
            regex: regex.ok()?,
            weight,
        })
    }

    /// Whether even the slowest way that crate may take is fast on this text.
    pub(super) fn is_fast_on(&self, text: &str) -> bool {
        text.len().saturating_mul(self.weight) <= MAX_WORK
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(&emit::haystack(text))
    }
}

/// The largest pattern, counted repetitions written out.
const MAX_WEIGHT: u64 = 10_000;

/// The deepest nesting: building an automaton takes a call for each level, and the stack may be small.
const MAX_DEPTH: usize = 50;

/// How large the automaton may be, and then its cache of states.
const MAX_AUTOMATON_BYTES: usize = 1 << 20;

/// Text bytes times pattern weight.
const MAX_WORK: usize = 4_000_000;
