//! Whether a value is what it must be: literals and operators (spec 3.5 to 3.7).

use std::cmp::Ordering;

use super::fold::fold;
use super::{
    Check, Comparison, Element, Evaluator, GroupRef, Kind, Malformed, Members, Operator,
    SavedGroup, SavedGroups, Scope, Truth, VersionOperand,
};
use crate::attributes::{AttributeValue, Number};
use crate::js_regex::JsRegex;
use crate::text::utf16_cmp;

impl Evaluator<'_> {
    /// Whether a value is what it must be (spec 3.5).
    pub(crate) fn check(
        &mut self,
        check: &Check,
        value: &AttributeValue,
    ) -> Result<Truth, Malformed> {
        match check {
            Check::Equals(literal) => Ok(value.is_same(literal).into()),
            Check::EqualsFolded(literal) => Ok(value
                .as_str()
                .is_some_and(|text| *fold(text) == **literal)
                .into()),
            Check::Passes(operator) => self.operator(operator, value),
            Check::PassesAll(operators) => {
                let mut any_unknown = false;
                for operator in operators {
                    match self.operator(operator, value)? {
                        Truth::No => return Ok(Truth::No),
                        Truth::Unknown => any_unknown = true,
                        Truth::Yes => {}
                    }
                }
                Ok(Truth::all_but_no(any_unknown))
            }
        }
    }

    #[inline]
    pub(super) fn operator(
        &mut self,
        operator: &Operator,
        value: &AttributeValue,
    ) -> Result<Truth, Malformed> {
        match operator {
            Operator::ContainsAll(_)
            | Operator::HasElement(_)
            | Operator::Not(_)
            | Operator::Size(_) => self.outer_operator(operator, value),
            operator => Ok(self.plain_operator(operator, value)),
        }
    }

    /// An operator with checks inside.
    fn outer_operator(
        &mut self,
        operator: &Operator,
        value: &AttributeValue,
    ) -> Result<Truth, Malformed> {
        match operator {
            Operator::ContainsAll(expected) => self.contains_all(expected, value),
            Operator::HasElement(element) => self.has_element(element, value),
            Operator::Not(check) => Ok(!self.nested(|evaluator| evaluator.check(check, value))?),
            Operator::Size(check) => match value {
                AttributeValue::List(items) => {
                    let size = AttributeValue::Number(Number::from(items.len()));
                    self.nested(|evaluator| evaluator.check(check, &size))
                }
                _ => Ok(Truth::No),
            },
            operator => Ok(self.plain_operator(operator, value)),
        }
    }

    /// An operator without checks inside. Kept apart, so that those with checks inside take little of the thread's stack.
    /// What takes more than a few steps is kept apart from it in turn: then it needs next to no stack itself.
    #[inline(never)]
    fn plain_operator(&self, operator: &Operator, value: &AttributeValue) -> Truth {
        let holds = match operator {
            Operator::Equal { to, negated } => value.is_same_scalar(to) != *negated,
            Operator::Exists(wanted) => value.is_null() != *wanted,
            Operator::In { members, negated } => return in_list(members, value, *negated),
            Operator::InGroup { group, negated } => {
                return in_group(self.groups, group, value, *negated);
            }
            Operator::Matches { pattern, negated } => {
                return matches(pattern.as_ref(), value, *negated);
            }
            Operator::ContainsAll(_)
            | Operator::HasElement(_)
            | Operator::Never
            | Operator::Not(_)
            | Operator::Size(_) => false,
            Operator::Ordered { how, to } => match (value, to) {
                (AttributeValue::Number(value), AttributeValue::Number(to)) => match how {
                    Comparison::Equal => value == to,
                    Comparison::Greater => value > to,
                    Comparison::GreaterOrEqual => value >= to,
                    Comparison::Less => value < to,
                    Comparison::LessOrEqual => value <= to,
                    Comparison::NotEqual => value != to,
                },
                (AttributeValue::String(value), AttributeValue::String(to)) => {
                    return texts_are_ordered(value, *how, to);
                }
                _ => false,
            },
            Operator::Type(kind) => Kind::of(value) == *kind,
            Operator::Unknown(_) => return Truth::Unknown,
            Operator::Version { how, to } => {
                return versions_are_ordered(value, *how, to.as_deref());
            }
        };
        holds.into()
    }

    /// Every expected item is matched by some item of the list.
    fn contains_all(
        &mut self,
        expected: &[Check],
        value: &AttributeValue,
    ) -> Result<Truth, Malformed> {
        let Some(items) = value.as_list() else {
            return Ok(Truth::No);
        };
        self.nested(|evaluator| {
            let mut any_unknown = false;
            for check in expected {
                match evaluator.any_item(items, |evaluator, item| evaluator.check(check, item))? {
                    Truth::No => return Ok(Truth::No),
                    Truth::Unknown => any_unknown = true,
                    Truth::Yes => {}
                }
            }
            Ok(Truth::all_but_no(any_unknown))
        })
    }

    fn has_element(
        &mut self,
        element: &Element,
        value: &AttributeValue,
    ) -> Result<Truth, Malformed> {
        let Some(items) = value.as_list() else {
            return Ok(Truth::No);
        };
        if self.item_depth == MOST_ITEM_DEPTH {
            return Err(Malformed);
        }
        self.item_depth += 1;
        let truth = self.nested(|evaluator| {
            evaluator.any_item(items, |evaluator, item| match element {
                _ if item.is_null() => Ok(Truth::No),
                Element::Condition(condition) => evaluator.condition(condition, &Scope::Item(item)),
                Element::Malformed => Err(Malformed),
                Element::Value(check) => evaluator.check(check, item),
            })
        });
        self.item_depth -= 1;
        truth
    }

    /// A check inside a check.
    fn nested(
        &mut self,
        test: impl FnOnce(&mut Self) -> Result<Truth, Malformed>,
    ) -> Result<Truth, Malformed> {
        if self.check_depth == MOST_CHECK_DEPTH {
            return Err(Malformed);
        }
        self.check_depth += 1;
        let truth = test(self);
        self.check_depth -= 1;
        truth
    }

    fn any_item(
        &mut self,
        items: &[AttributeValue],
        mut test: impl FnMut(&mut Self, &AttributeValue) -> Result<Truth, Malformed>,
    ) -> Result<Truth, Malformed> {
        let mut any_unknown = false;
        for item in items {
            self.step()?;
            match test(self, item)? {
                Truth::No => {}
                Truth::Unknown => any_unknown = true,
                Truth::Yes => return Ok(Truth::Yes),
            }
        }
        Ok(Truth::any_but_yes(any_unknown))
    }
}

/// `$in` and its relatives (spec 3.7).
#[inline(never)]
fn in_list(members: &Members, value: &AttributeValue, negated: bool) -> Truth {
    (members.match_value(value) != negated).into()
}

/// `$regex` and its relatives. A pattern that runs out of its budget is as good as an invalid one (spec 6).
#[inline(never)]
fn matches(pattern: Option<&JsRegex>, value: &AttributeValue, negated: bool) -> Truth {
    let found = match (pattern, value) {
        (Some(pattern), AttributeValue::String(text)) => pattern.is_match(text).unwrap_or(false),
        _ => false,
    };
    (found != negated).into()
}

#[inline(never)]
fn texts_are_ordered(left: &str, how: Comparison, right: &str) -> Truth {
    how.holds(utf16_cmp(left, right)).into()
}

/// `$veq` and its relatives (spec 3.6).
#[inline(never)]
fn versions_are_ordered(
    value: &AttributeValue,
    how: Comparison,
    to: Option<&VersionOperand>,
) -> Truth {
    let ordering = to.and_then(|to| to.ordering_of(value));
    let holds = ordering.map_or(matches!(how, Comparison::NotEqual), |it| how.holds(it));
    holds.into()
}

/// `$inGroup` and `$notInGroup` (spec 4.3).
#[inline(never)]
fn in_group(
    groups: &SavedGroups,
    group: &GroupRef,
    value: &AttributeValue,
    negated: bool,
) -> Truth {
    match groups.get(group).map(|(_, entry)| entry) {
        // An id that is nowhere is an empty list.
        None | Some(SavedGroup::Absent) => negated.into(),
        Some(
            SavedGroup::LegacyList(values)
            | SavedGroup::List {
                values: Some(values),
                ..
            },
        ) => (values.match_value(value) != negated).into(),
        Some(SavedGroup::Newer) => Truth::Unknown,
        Some(
            SavedGroup::Condition(_)
            | SavedGroup::List { values: None, .. }
            | SavedGroup::Malformed
            | SavedGroup::Remote { .. },
        ) => Truth::No,
    }
}

impl VersionOperand {
    /// How a value's version compares with this one, if both are text or both are numbers (spec 3.6).
    fn ordering_of(&self, value: &AttributeValue) -> Option<Ordering> {
        let ordering = match value {
            AttributeValue::String(text) if !self.is_number => self.padded.compare_str(text),
            AttributeValue::Number(number) if self.is_number => self
                .padded
                .compare_str(number.text(&mut ryu_js::Buffer::new())),
            _ => return None,
        };
        Some(ordering.reverse())
    }
}

/// Lists within lists that `$elemMatch` descends into, at most. What evaluation needs of the thread's stack rests on it.
const MOST_ITEM_DEPTH: u32 = 16;

/// Checks within checks, at most; no author nests a dozen. What evaluation needs of the thread's stack rests on
/// this, too.
const MOST_CHECK_DEPTH: u32 = 64;
