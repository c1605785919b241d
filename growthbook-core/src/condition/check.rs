//! Whether a value is what it must be: literals and operators (spec 3.5 to 3.7).

use std::cmp::Ordering;

use super::fold::fold;
use super::{
    Check, Comparison, Element, Evaluator, Kind, Malformed, Operator, SavedGroup, Scope, Truth,
    VersionOperand,
};
use crate::attributes::{AttributeValue, Number};
use crate::text::utf16_cmp;

impl Evaluator<'_> {
    /// Whether a value is what it must be (spec 3.5).
    pub(crate) fn check(
        &mut self,
        check: &Check,
        value: &AttributeValue,
    ) -> Result<Truth, Malformed> {
        match check {
            Check::Equals(literal) => Ok((literal == value).into()),
            Check::EqualsFolded(literal) => Ok(value
                .as_str()
                .is_some_and(|text| *fold(text) == **literal)
                .into()),
            Check::Passes(operators) => {
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

    pub(super) fn operator(
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
    #[inline(never)]
    fn plain_operator(&self, operator: &Operator, value: &AttributeValue) -> Truth {
        let holds = match operator {
            Operator::Equal { to, negated } => value.is_same_scalar(to) != *negated,
            Operator::Exists(wanted) => value.is_null() != *wanted,
            Operator::In { members, negated } => members.match_value(value) != *negated,
            Operator::InGroup { group, negated } => {
                let entry = self.groups.get(group).map(|(_, entry)| entry);
                return in_group(entry, value, *negated);
            }
            Operator::Matches { pattern, negated } => {
                let found = match (pattern, value) {
                    // A pattern that runs out of its budget is as good as an invalid one (spec 6).
                    (Some(pattern), AttributeValue::String(text)) => {
                        pattern.is_match(text).unwrap_or(false)
                    }
                    _ => false,
                };
                found != *negated
            }
            Operator::ContainsAll(_)
            | Operator::HasElement(_)
            | Operator::Never
            | Operator::Not(_)
            | Operator::Size(_) => false,
            Operator::Ordered { how, to } => match (value, to) {
                (AttributeValue::Number(value), AttributeValue::Number(to)) => value
                    .partial_cmp(to)
                    .is_some_and(|ordering| how.holds(ordering)),
                (AttributeValue::String(value), AttributeValue::String(to)) => {
                    how.holds(utf16_cmp(value, to))
                }
                _ => false,
            },
            Operator::Type(kind) => Kind::of(value) == *kind,
            Operator::Unknown(_) => return Truth::Unknown,
            Operator::Version { how, to } => {
                let ordering = to.as_ref().and_then(|to| to.ordering_of(value));
                ordering.map_or(matches!(how, Comparison::NotEqual), |it| how.holds(it))
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

/// `$inGroup` and `$notInGroup` (spec 4.3).
fn in_group(group: Option<&SavedGroup>, value: &AttributeValue, negated: bool) -> Truth {
    match group {
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
