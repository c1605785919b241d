//! What is wrong with a payload, told without failing it.

use std::fmt;

use crate::js_regex::PatternError;
use crate::json::Json;

/// Something in a payload that was skipped, replaced by a default, or can never work.
///
/// A payload with diagnostics is in force all the same: each malformed part is quarantined alone, and never widens who
/// gets a feature (spec 1.5). Show diagnostics to whoever edits the features.
///
/// # Example
///
/// ```
/// use growthbook_core::Ruleset;
///
/// let payload = br#"{"features": {"beta": {"rules": [{"force": 1, "coverage": "half"}]}}}"#;
/// let ruleset = Ruleset::from_json(payload, None)?;
/// assert_eq!(
///     ruleset.diagnostics()[0].to_string(),
///     "features.beta.rules[0]: `coverage` must be a number, not a string",
/// );
/// # Ok::<(), growthbook_core::PayloadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    place: String,
    problem: Problem,
}

impl Diagnostic {
    pub(crate) fn new(mut place: String, problem: Problem) -> Self {
        // Ids are as long as a payload's author likes, and there may be many diagnostics.
        if let Some((end, _)) = place.char_indices().nth(MOST_PLACE_CHARS) {
            place.truncate(end);
            place.push('…');
        }
        Self { place, problem }
    }

    /// Where in the payload, such as `features.checkout.rules[2]`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong there.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// Characters of a place that are kept.
const MOST_PLACE_CHARS: usize = 256;

/// What is wrong with a part of a payload.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// A prerequisite leads back to the feature that needs it: both evaluate to `cyclicPrerequisite`.
    CyclicPrerequisite,
    /// A rule has neither a value, nor variations, nor prerequisites: it does nothing.
    EmptyRule,
    /// An experiment has fewer than two variations: the rule is skipped.
    FewVariations {
        /// How many it has.
        count: usize,
    },
    /// A feature's key is longer than 1 KiB: the feature is left out, and is unknown.
    LongKey {
        /// How many bytes it has.
        bytes: usize,
    },
    /// No engine runs a regular expression: it matches nothing, and its negation matches everything.
    InvalidPattern {
        /// What is wrong with it.
        reason: String,
    },
    /// Weights do not fit the variations: equal weights are used.
    InvalidWeights,
    /// `$and`, `$or`, `$nor` or `$savedGroup` stands where an operator on a value belongs: it never passes.
    MisplacedOperator {
        /// The operator.
        operator: String,
    },
    /// An optional section is sealed and cannot be opened: what the section held before stays in force.
    SealedSection,
    /// A rule names a contextual bandit that the payload does not define: the rule's own weights are used.
    UnknownBandit {
        /// The bandit's id.
        id: String,
    },
    /// A condition or rule names a saved group that the payload does not define: nobody is in it.
    UnknownGroup {
        /// The group's id.
        id: String,
    },
    /// An operator that this SDK does not know: conditions that need it fail.
    UnknownOperator {
        /// The operator.
        operator: String,
    },
    /// A prerequisite names a feature that the payload does not hold: its value counts as null.
    UnknownPrerequisite {
        /// The feature's key.
        key: String,
    },
    /// A part is of the wrong kind. What that leads to depends on the part (spec 1.5); it never widens exposure.
    WrongKind {
        /// The part.
        part: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A hash version other than 1 and 2: nobody can be bucketed, so the rule reaches nobody.
    UnsupportedHashVersion,
}

impl Problem {
    pub(crate) fn wrong_kind(part: &'static str, expected: &'static str, found: &Json<'_>) -> Self {
        Self::WrongKind {
            part,
            expected,
            found: found.kind(),
        }
    }

    pub(crate) fn unknown_operator(name: &str) -> Self {
        Self::UnknownOperator {
            operator: name.to_owned(),
        }
    }

    pub(crate) fn misplaced_operator(name: &str) -> Self {
        Self::MisplacedOperator {
            operator: name.to_owned(),
        }
    }

    pub(crate) fn invalid_pattern(error: &PatternError) -> Self {
        Self::InvalidPattern {
            reason: error.to_string(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CyclicPrerequisite => f.write_str("the prerequisites lead back to this feature"),
            Self::EmptyRule => {
                f.write_str("the rule has neither a value, nor variations, nor prerequisites")
            }
            Self::FewVariations { count } => {
                write!(f, "an experiment needs at least two variations and has {count}")
            }
            Self::InvalidPattern { reason } => write!(f, "a regular expression matches nothing: {reason}"),
            Self::LongKey { bytes } => {
                write!(f, "the key has {bytes} bytes, which is more than 1024")
            }
            Self::InvalidWeights => {
                f.write_str("`weights` must be one number per variation, none negative, that add up to 1; equal weights are used")
            }
            Self::MisplacedOperator { operator } => {
                write!(f, "`{operator}` cannot be applied to a value and never passes")
            }
            Self::SealedSection => f.write_str("the section is sealed and cannot be opened; it is left as it was"),
            Self::UnknownBandit { id } => {
                write!(f, "the contextual bandit `{id}` is not in the payload")
            }
            Self::UnknownGroup { id } => write!(f, "the saved group `{id}` is not in the payload"),
            Self::UnknownOperator { operator } => {
                write!(f, "the operator `{operator}` is unknown to this SDK, and conditions that need it fail")
            }
            Self::UnknownPrerequisite { key } => {
                write!(f, "the prerequisite `{key}` is not in the payload, so its value is null")
            }
            Self::WrongKind { part, expected, found } => {
                write!(f, "`{part}` must be {expected}, not {found}")
            }
            Self::UnsupportedHashVersion => {
                f.write_str("`hashVersion` must be 1 or 2; the rule reaches nobody")
            }
        }
    }
}
