//! What each part of a condition comes to, for people who ask why it holds or does not.
//!
//! The condition is data: it is walked, and the evaluator that decides is asked about every part. Nothing here decides.

mod operators;
mod walk;

use std::fmt;

pub(crate) use self::walk::explain;
use super::{Malformed, Truth};
use crate::attributes::AttributeValue;

/// A part of a condition, and what it comes to for the user: a test of one value, or parts side by side.
///
/// All parts are told, those after the one that decided as well. Long lists and texts are shortened.
#[derive(Clone, Debug)]
pub struct ConditionPart {
    operator: Box<str>,
    path: Option<Box<str>>,
    operand: Option<AttributeValue>,
    found: Option<AttributeValue>,
    note: Option<Box<str>>,
    holds: Holds,
    is_reached: bool,
    parts: Vec<Self>,
}

impl ConditionPart {
    /// The operator as the payload has it: `$and`, `$or`, `$nor`, `$not` and `$savedGroup` around other parts, `$in` and
    /// the like on a value, `=` for a value that stands there by itself.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The path of the attribute that is tested.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// What it is tested against. A saved group's id.
    pub fn operand(&self) -> Option<&AttributeValue> {
        self.operand.as_ref()
    }

    /// The value at the path; null if there is none.
    pub fn found(&self) -> Option<&AttributeValue> {
        self.found.as_ref()
    }

    /// What else there is to know, such as that there is no group of that id.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether the part holds.
    pub fn holds(&self) -> Holds {
        self.holds
    }

    /// Whether evaluation got here: it stops at the first part that decides. What is malformed counts only where it is
    /// reached.
    pub fn is_reached(&self) -> bool {
        self.is_reached
    }

    /// The parts of it, in their order.
    pub fn parts(&self) -> &[Self] {
        &self.parts
    }
}

/// Whether a part of a condition holds (spec 3.2 and 3.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Holds {
    /// The part has no meaning, or asks for more work than is allowed: the whole condition fails.
    Malformed,
    /// It does not hold.
    No,
    /// This SDK cannot tell. Its negation does not hold either.
    Unknown,
    /// It holds.
    Yes,
}

impl Holds {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Result<Truth, Malformed>> for Holds {
    fn from(answer: Result<Truth, Malformed>) -> Self {
        match answer {
            Err(Malformed) => Self::Malformed,
            Ok(Truth::No) => Self::No,
            Ok(Truth::Unknown) => Self::Unknown,
            Ok(Truth::Yes) => Self::Yes,
        }
    }
}

/// How much an explanation may still tell: payloads can be made so that telling all would take for ever.
#[derive(Debug)]
pub(crate) struct Budget {
    facts: u32,
    steps: u32,
    is_exceeded: bool,
}

impl Budget {
    /// Room for an explanation that is of use to somebody.
    pub(crate) fn full() -> Self {
        Self {
            facts: MOST_FACTS,
            steps: MOST_STEPS,
            is_exceeded: false,
        }
    }

    /// Whether there is room for another fact, which is then taken.
    pub(crate) fn take(&mut self) -> bool {
        match self.facts.checked_sub(1) {
            Some(rest) if self.steps > 0 => self.facts = rest,
            _ => self.is_exceeded = true,
        }
        !self.is_exceeded
    }

    /// Whether there was more to tell than room.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    fn spend(&mut self, steps: u32) {
        self.steps = self.steps.saturating_sub(steps);
    }
}

/// Facts in one explanation, at most.
const MOST_FACTS: u32 = 10_000;

/// Parts of conditions that the evaluator looks at for one explanation, about: each part is asked with all that is in it.
const MOST_STEPS: u32 = 1_000_000;
