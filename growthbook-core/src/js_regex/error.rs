//! Why a pattern is refused, or a match given up.

/// A pattern that JavaScript would refuse, or that this library does. Either way it matches
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// `new RegExp` throws a `SyntaxError` for this pattern. Correct it where it was written.
    #[error("invalid regular expression at code unit {offset}: {what}")]
    Syntax {
        /// Where the parser stopped, in UTF-16 code units as JavaScript counts them.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// JavaScript would accept the pattern, but it has too many of something. Split or simplify it.
    #[error("regular expression has more than {limit} {what}")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much is accepted.
        limit: usize,
    },
    /// The pattern is longer than patterns may be. Split or simplify it.
    #[error("regular expression is longer than {limit} bytes")]
    TooLong {
        /// The longest pattern accepted, in bytes.
        limit: usize,
    },
}

/// The matcher gave up before it knew the answer: this pattern and this text together need too much
/// work.
///
/// Treat it like an invalid pattern (no match) and count it: the pattern deserves a look, most
/// likely because it nests unlimited repetitions and has back-references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("regular expression needs too many steps on this text")]
#[non_exhaustive]
pub struct BudgetExhausted;
