//! Regular expressions as JavaScript runs them.
//!
//! Payload patterns are written for `new RegExp(pattern)` or `new RegExp(pattern, "i")`: the
//! grammar without the `u` flag, with its web-compatibility additions, over UTF-16 code units.
//! [`JsRegex`] answers what `RegExp.prototype.test` answers there. Each pattern runs on the first
//! of three engines that can do so exactly: string comparison, the `regex` crate, or a backtracking
//! matcher that stops when its budget is used up.
//!
//! This module is not part of the stable API: it is public for the differential run against Node
//! and for fuzzing.

mod ast;
mod compile;
mod emit;
mod error;
mod expand;
mod fold;
mod literal;
mod matcher;
mod parse;
mod program;
mod set;
#[cfg(test)]
mod tests;
mod trail;
mod translated;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::ast::Syntax;
pub use self::error::{BudgetExhausted, PatternError};
use self::literal::Literals;
use self::program::Program;
use self::translated::Translated;

/// A JavaScript regular expression. Cheap to clone; equal if written alike.
///
/// # Example
///
/// ```
/// use growthbook_core::js_regex::JsRegex;
///
/// let staff = JsRegex::new(r"@(example|acme)\.com$", true)?;
/// assert_eq!(staff.is_match("Ada@ACME.com"), Ok(true));
/// assert_eq!(staff.is_match("ada@acme.community"), Ok(false));
/// # Ok::<(), growthbook_core::js_regex::PatternError>(())
/// ```
#[derive(Clone)]
pub struct JsRegex {
    inner: Arc<Inner>,
}

struct Inner {
    pattern: Box<str>,
    ignore_case: bool,
    engine: Engine,
    /// Some text took more work than the budget allows.
    has_given_up: AtomicBool,
}

#[derive(Debug)]
enum Engine {
    Literals(Literals),
    Matcher(Program),
    Translated(Translated),
}

/// What runs a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EngineKind {
    /// String comparison, for patterns that are plain text in disguise.
    Literals,
    /// The backtracking matcher, for every pattern; the only one with a budget.
    Matcher,
    /// The `regex` crate, for patterns in use without look-around and back-references that are not
    /// too large.
    Translated,
}

impl JsRegex {
    /// Compiles what `new RegExp(pattern, ignore_case ? "i" : "")` would.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if JavaScript would refuse the pattern, or if it is longer or more complex
    /// than this library accepts: 8 KiB, 1,000 capturing groups, 250 levels of nesting.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, PatternError> {
        let syntax = parse::parse(pattern, ignore_case)?;
        let engine = Engine::fastest(&syntax, ignore_case);
        let inner = Inner {
            pattern: pattern.into(),
            ignore_case,
            engine,
            has_given_up: AtomicBool::new(false),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Compiles the pattern for one engine, at once and for good: for comparing engines. `None` if
    /// this engine cannot run it.
    ///
    /// # Errors
    ///
    /// As for [`JsRegex::new`].
    pub fn on_engine(
        pattern: &str,
        ignore_case: bool,
        kind: EngineKind,
    ) -> Result<Option<Self>, PatternError> {
        let syntax = parse::parse(pattern, ignore_case)?;
        let engine = Engine::of_kind(kind, &syntax, ignore_case).filter(Engine::is_built);
        let regex = |engine| Inner {
            pattern: pattern.into(),
            ignore_case,
            engine,
            has_given_up: AtomicBool::new(false),
        };
        Ok(engine.map(regex).map(|inner| Self {
            inner: Arc::new(inner),
        }))
    }

    /// Whether the pattern matches anywhere in `text`, as `RegExp.prototype.test` says.
    ///
    /// A pattern that proves to be in use gets an automaton, built once by the call that finds so:
    /// that call takes a fraction of a millisecond longer.
    ///
    /// # Errors
    ///
    /// [`BudgetExhausted`] if finding out takes too much work. Callers treat that as no match.
    pub fn is_match(&self, text: &str) -> Result<bool, BudgetExhausted> {
        let answer = match &self.inner.engine {
            Engine::Literals(literals) => return Ok(literals.is_match(text)),
            Engine::Matcher(program) => program.is_match(text),
            Engine::Translated(translated) => translated.is_match(text),
        };
        if answer.is_err() {
            self.inner.has_given_up.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Whether some text has taken more work than the budget allows.
    pub fn has_given_up(&self) -> bool {
        self.inner.has_given_up.load(Ordering::Relaxed)
    }

    /// The pattern as written.
    pub fn pattern(&self) -> &str {
        &self.inner.pattern
    }

    /// Whether the pattern has the `i` flag.
    pub fn ignores_case(&self) -> bool {
        self.inner.ignore_case
    }

    /// What runs the pattern.
    pub fn engine(&self) -> EngineKind {
        match self.inner.engine {
            Engine::Literals(_) => EngineKind::Literals,
            Engine::Matcher(_) => EngineKind::Matcher,
            Engine::Translated(_) => EngineKind::Translated,
        }
    }
}

impl fmt::Debug for JsRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.ignores_case() { "i" } else { "" };
        write!(f, "JsRegex(/{}/{flags})", self.pattern())
    }
}

impl PartialEq for JsRegex {
    fn eq(&self, other: &Self) -> bool {
        (self.pattern(), self.ignores_case()) == (other.pattern(), other.ignores_case())
    }
}

impl Eq for JsRegex {}

impl Engine {
    fn fastest(syntax: &Syntax, ignore_case: bool) -> Self {
        [EngineKind::Literals, EngineKind::Translated]
            .into_iter()
            .find_map(|kind| Self::of_kind(kind, syntax, ignore_case))
            .unwrap_or_else(|| Self::Matcher(Program::new(syntax, ignore_case)))
    }

    fn of_kind(kind: EngineKind, syntax: &Syntax, ignore_case: bool) -> Option<Self> {
        match kind {
            EngineKind::Literals => Literals::new(&syntax.root, ignore_case).map(Self::Literals),
            EngineKind::Matcher => Some(Self::Matcher(Program::new(syntax, ignore_case))),
            EngineKind::Translated => Translated::new(syntax, ignore_case).map(Self::Translated),
        }
    }

    /// Builds what would be built on demand; false if that turns out to be too large.
    fn is_built(&self) -> bool {
        match self {
            Self::Literals(_) | Self::Matcher(_) => true,
            Self::Translated(translated) => translated.build().is_some(),
        }
    }
}
