//! Conditions: which users a rule is for (spec 3 and 4).
//!
//! A condition is parsed once, when the payload is compiled, into a tree of data with everything costly done: paths split,
//! patterns compiled, versions padded, long lists indexed. Evaluation borrows the tree and the attributes, and answers with
//! a [`Truth`]; a part without meaning, met on the way, ends it with [`Malformed`].
//!
//! ```text
//! JSON ── Parser ──> Condition ── Evaluator(groups) × Scope ──> Result<Truth, Malformed> ──> bool
//! ```

mod check;
mod eval;
mod explained;
mod fold;
mod groups;
mod members;
mod parse;
mod scope;
mod shared;
mod truth;

pub(crate) use self::eval::{Evaluator, MOST_HOPS, MOST_RESOLUTIONS, MOST_STEPS};
pub(crate) use self::explained::{Budget, explain};
pub use self::explained::{ConditionPart, Holds};
pub(crate) use self::groups::{GroupRef, SavedGroup, SavedGroups};
use self::members::Members;
pub(crate) use self::parse::Parser;
pub(crate) use self::scope::Scope;
pub(crate) use self::shared::Shared;
pub(crate) use self::truth::{Malformed, Truth};
use std::sync::Arc;

use crate::attributes::{AttributePath, AttributeValue};
use crate::js_regex::JsRegex;
use crate::version::PaddedVersion;

/// A condition on an object's attributes (spec 3.1).
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// Every part holds: the entries of one object, `$and`, and the empty `$or`.
    All(Box<[Self]>),
    /// Some part holds: `$or`. Never empty.
    Any(Box<[Self]>),
    /// The user is in a saved group: `$savedGroup`.
    Group(GroupReference),
    /// A part without meaning: an error when evaluation reaches it (spec 3.3).
    Malformed,
    /// Holds for nobody.
    Never,
    /// `$not`, and `$nor` around an [`Condition::Any`].
    Not(Box<Self>),
    /// The value at a path passes a check.
    Test(Test),
}

#[derive(Clone, Debug)]
pub(crate) struct Test {
    path: Arc<AttributePath>,
    check: Check,
}

impl Condition {
    /// Whether there is a part without meaning that some attributes lead to. `group` says the same of a saved group.
    pub(crate) fn may_fail(&self, group: &mut dyn FnMut(&GroupRef) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.may_fail(group)),
            Self::Group(reference) => group(&reference.group),
            Self::Malformed => true,
            Self::Never => false,
            Self::Not(inner) => inner.may_fail(group),
            Self::Test(test) => test.check.may_fail(group),
        }
    }
}

impl Check {
    /// As [`Condition::may_fail`].
    pub(crate) fn may_fail(&self, group: &mut dyn FnMut(&GroupRef) -> bool) -> bool {
        let Self::Passes(operators) = self else {
            return false;
        };
        operators.iter().any(|operator| match operator {
            Operator::ContainsAll(checks) => checks.iter().any(|check| check.may_fail(group)),
            Operator::HasElement(Element::Condition(condition)) => condition.may_fail(group),
            Operator::HasElement(Element::Malformed) => true,
            Operator::HasElement(Element::Value(check))
            | Operator::Not(check)
            | Operator::Size(check) => check.may_fail(group),
            _ => false,
        })
    }
}

/// `{"$savedGroup": {"id": .., "attributeKey": ..}}` (spec 4.2).
#[derive(Clone, Debug)]
pub(crate) struct GroupReference {
    group: GroupRef,
    /// Replaces the attribute that a list group names.
    attribute: Option<Box<OverriddenKey>>,
}

#[derive(Clone, Debug)]
struct OverriddenKey {
    text: Arc<str>,
    path: Arc<AttributePath>,
}

/// What a value must be (spec 3.5).
#[derive(Clone, Debug)]
pub(crate) enum Check {
    /// Equal to a literal, in kind and content.
    Equals(AttributeValue),
    /// A string equal to this one, which is in lower case already, but for case.
    EqualsFolded(Box<str>),
    /// Passing all operators of an operator object.
    Passes(Box<[Operator]>),
}

/// One operator with its operand prepared (spec 3.6).
#[derive(Clone, Debug)]
pub(crate) enum Operator {
    /// `$all`, `$alli`.
    ContainsAll(Box<[Check]>),
    /// `$elemMatch`.
    HasElement(Element),
    /// `$exists`.
    Exists(bool),
    /// `$eq`, `$ne`.
    Equal { to: AttributeValue, negated: bool },
    /// `$in`, `$ini`, `$nin`, `$nini`.
    In {
        members: Box<Members>,
        negated: bool,
    },
    /// `$inGroup`, `$notInGroup`.
    InGroup { group: GroupRef, negated: bool },
    /// `$regex`, `$regexi`, `$notRegex`, `$notRegexi`. No pattern: the operand is none.
    Matches {
        pattern: Option<JsRegex>,
        negated: bool,
    },
    /// Any operator whose operand can never be satisfied.
    Never,
    /// `$not`.
    Not(Box<Check>),
    /// `$lt`, `$lte`, `$gt`, `$gte`.
    Ordered { how: Comparison, to: AttributeValue },
    /// `$size`.
    Size(Box<Check>),
    /// `$type`.
    Type(Kind),
    /// An operator that this SDK does not know, by name.
    Unknown(Box<str>),
    /// `$veq`, `$vne` and their relatives. No version: the operand is none.
    Version {
        how: Comparison,
        to: Option<Box<VersionOperand>>,
    },
}

/// `$elemMatch` tests an item as a value or as an object with attributes (spec 3.6).
#[derive(Clone, Debug)]
pub(crate) enum Element {
    Condition(Box<Condition>),
    /// The operand is not an object: an error as soon as there is an item to test.
    Malformed,
    Value(Box<Check>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    NotEqual,
}

impl Comparison {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::NotEqual => ordering.is_ne(),
        }
    }
}

/// A version from the payload. Text compares with text only, a number with a number only.
#[derive(Clone, Debug)]
pub(crate) struct VersionOperand {
    /// As written.
    text: Box<str>,
    padded: PaddedVersion,
    is_number: bool,
}

impl VersionOperand {
    fn new(text: &str, is_number: bool) -> Self {
        Self {
            padded: PaddedVersion::parse(text),
            text: text.into(),
            is_number,
        }
    }
}

/// The names of `$type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Array,
    Boolean,
    Null,
    Number,
    Object,
    String,
}

impl Kind {
    fn of(value: &AttributeValue) -> Self {
        match value {
            AttributeValue::Null => Self::Null,
            AttributeValue::Bool(_) => Self::Boolean,
            AttributeValue::Number(_) => Self::Number,
            AttributeValue::String(_) => Self::String,
            AttributeValue::List(_) => Self::Array,
            AttributeValue::Map(_) => Self::Object,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "array" => Self::Array,
            "boolean" => Self::Boolean,
            "null" => Self::Null,
            "number" => Self::Number,
            "object" => Self::Object,
            "string" => Self::String,
            _ => return None,
        })
    }
}
