//! Operators as they are written, from what they were compiled to.

use crate::attributes::{AttributeValue, Attributes};
use crate::condition::{
    Check, Comparison, Condition, Element, GroupRef, GroupReference, Operator, SavedGroup,
    SavedGroups, Test,
};
use crate::js_regex::JsRegex;

type Described = (Box<str>, Option<AttributeValue>, Option<Box<str>>);

/// An operator's name, its operand, and what else there is to know.
pub(super) fn described(operator: &Operator, groups: &SavedGroups) -> Described {
    let written = Written { groups, depth: 0 };
    let note: Option<Box<str>> = match operator {
        Operator::HasElement(Element::Malformed) => Some("its operand is no object".into()),
        Operator::InGroup { group, .. } => {
            let entry = groups.get(group).map(|(_, entry)| entry);
            match entry {
                Some(SavedGroup::Condition(_) | SavedGroup::Remote { .. }) => {
                    Some("not a list, which is what this operator asks".into())
                }
                entry => group_note(entry),
            }
        }
        Operator::Matches { pattern: None, .. } => {
            Some("not a valid pattern, which matches nothing".into())
        }
        Operator::Matches {
            pattern: Some(pattern),
            ..
        } if pattern.has_given_up() => {
            Some("has taken too much work on some text, which counts as no match".into())
        }
        Operator::Never => Some("its operand is of the wrong kind: see the diagnostics".into()),
        Operator::Unknown(_) => Some("an operator that this SDK does not know".into()),
        Operator::Version { to: None, .. } => Some("its operand is no version".into()),
        _ => None,
    };
    (name(operator).into(), written.operand(operator), note)
}

/// What there is to know of a group, whoever asks; nothing of one that is a condition.
pub(super) fn group_note(group: Option<&SavedGroup>) -> Option<Box<str>> {
    let note = match group {
        None | Some(SavedGroup::Absent) => "there is no such group",
        Some(SavedGroup::Condition(Some(_))) => return None,
        Some(SavedGroup::Condition(None)) => "its condition is missing or malformed",
        Some(
            SavedGroup::LegacyList(values)
            | SavedGroup::List {
                values: Some(values),
                ..
            },
        ) => {
            let count = values.len();
            let noun = if count == 1 { "value" } else { "values" };
            return Some(format!("a list of {count} {noun}").into());
        }
        Some(SavedGroup::List { values: None, .. }) => "its list is missing or malformed",
        Some(SavedGroup::Malformed) => "its entry is malformed",
        Some(SavedGroup::Newer) => "a kind of group that this SDK does not know",
        Some(SavedGroup::Remote { .. }) => "a remote group",
    };
    Some(note.into())
}

fn name(operator: &Operator) -> &str {
    match operator {
        Operator::ContainsAll(checks) => {
            let is_folded = |check: &Check| matches!(check, Check::EqualsFolded(_));
            pick(checks.iter().any(is_folded), "$alli", "$all")
        }
        Operator::HasElement(_) => "$elemMatch",
        Operator::Exists(_) => "$exists",
        Operator::Equal { negated, .. } => pick(*negated, "$ne", "$eq"),
        Operator::In { members, negated } => match (members.is_folded(), negated) {
            (false, false) => "$in",
            (false, true) => "$nin",
            (true, false) => "$ini",
            (true, true) => "$nini",
        },
        Operator::InGroup { negated, .. } => pick(*negated, "$notInGroup", "$inGroup"),
        Operator::Matches { pattern, negated } => {
            let ignores_case = pattern.as_ref().is_some_and(JsRegex::ignores_case);
            match (ignores_case, negated) {
                (false, false) => "$regex",
                (false, true) => "$notRegex",
                (true, false) => "$regexi",
                (true, true) => "$notRegexi",
            }
        }
        Operator::Never => "never",
        Operator::Not(_) => "$not",
        Operator::Ordered { how, .. } => match how {
            Comparison::Greater => "$gt",
            Comparison::GreaterOrEqual => "$gte",
            Comparison::Less => "$lt",
            Comparison::LessOrEqual => "$lte",
            Comparison::Equal | Comparison::NotEqual => "",
        },
        Operator::Size(_) => "$size",
        Operator::Type(_) => "$type",
        Operator::Unknown(name) => name,
        Operator::Version { how, .. } => match how {
            Comparison::Equal => "$veq",
            Comparison::Greater => "$vgt",
            Comparison::GreaterOrEqual => "$vgte",
            Comparison::Less => "$vlt",
            Comparison::LessOrEqual => "$vlte",
            Comparison::NotEqual => "$vne",
        },
    }
}

fn pick(first: bool, one: &'static str, other: &'static str) -> &'static str {
    if first { one } else { other }
}

/// Writes conditions within operators, down to some depth.
#[derive(Clone, Copy)]
struct Written<'g> {
    groups: &'g SavedGroups,
    depth: u32,
}

impl Written<'_> {
    fn operand(self, operator: &Operator) -> Option<AttributeValue> {
        Some(match operator {
            Operator::ContainsAll(checks) => {
                let items = checks.iter().map(|check| self.check(check));
                AttributeValue::shortened_list(items, checks.len())
            }
            Operator::HasElement(Element::Condition(condition)) => self.condition(condition),
            Operator::HasElement(Element::Value(check))
            | Operator::Not(check)
            | Operator::Size(check) => self.check(check),
            Operator::Exists(wanted) => (*wanted).into(),
            Operator::Equal { to, .. } | Operator::Ordered { to, .. } => to.shortened(),
            Operator::In { members, .. } => {
                let items = members.iter().map(|member| member.shortened());
                AttributeValue::shortened_list(items, members.len())
            }
            Operator::InGroup { group, .. } => self.group(group),
            Operator::Matches { pattern, .. } => {
                AttributeValue::from(pattern.as_ref()?.pattern()).shortened()
            }
            Operator::HasElement(Element::Malformed) | Operator::Never | Operator::Unknown(_) => {
                return None;
            }
            Operator::Type(kind) => kind.name().into(),
            Operator::Version { to, .. } => {
                let to = to.as_ref()?;
                match to.text.parse::<f64>() {
                    Ok(number) if to.is_number => number.into(),
                    _ => AttributeValue::from(&*to.text).shortened(),
                }
            }
        })
    }

    fn check(self, check: &Check) -> AttributeValue {
        match check {
            Check::Equals(literal) => literal.shortened(),
            Check::EqualsFolded(text) => AttributeValue::from(&**text).shortened(),
            Check::Passes(operators) => self.deeper(|written| {
                let operators = operators.iter().take(MOST_PARTS);
                let entry = |operator| {
                    let operand = written.operand(operator).unwrap_or_else(|| "…".into());
                    (name(operator).to_owned(), operand)
                };
                AttributeValue::Map(operators.map(entry).collect())
            }),
        }
    }

    fn condition(self, condition: &Condition) -> AttributeValue {
        let entry = |name: &str, value: AttributeValue| {
            AttributeValue::Map(Attributes::new().with(name, value))
        };
        self.deeper(|written| {
            let list = |parts: &[Condition]| {
                let items = parts.iter().map(|part| written.condition(part));
                AttributeValue::shortened_list(items, parts.len())
            };
            match condition {
                Condition::All(parts) => entry("$and", list(parts)),
                Condition::Any(parts) => entry("$or", list(parts)),
                Condition::Group(GroupReference { group, .. }) => {
                    entry("$savedGroup", written.group(group))
                }
                Condition::Malformed | Condition::Never => "…".into(),
                Condition::Not(inner) => entry("$not", written.condition(inner)),
                Condition::Test(Test { path, check }) => {
                    entry(&path.to_string(), written.check(check))
                }
            }
        })
    }

    fn group(self, group: &GroupRef) -> AttributeValue {
        let id = match group {
            GroupRef::Indexed(place) => self.groups.id(*place),
            GroupRef::Named(id) => id,
        };
        AttributeValue::from(id).shortened()
    }

    fn deeper(self, write: impl FnOnce(Self) -> AttributeValue) -> AttributeValue {
        if self.depth == MOST_DEPTH {
            return "…".into();
        }
        write(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

/// Operators in operators that are written out.
const MOST_DEPTH: u32 = 4;

/// Operators side by side that are written out.
const MOST_PARTS: usize = 6;
