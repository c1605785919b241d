//! From JSON to a [`Condition`]. Nothing here fails: what has no meaning becomes a part that says so when it is reached.

use super::fold::fold;
use super::{
    Check, Comparison, Condition, Element, GroupRef, GroupReference, Kind, Members, Operator,
    OverriddenKey, Shared, Test, VersionOperand,
};
use crate::attributes::AttributeValue;
use crate::diagnostic::Problem;
use crate::json::{Json, Object};
use crate::text_index::TextIndex;

/// Parses the conditions of one payload, or of one experiment.
#[derive(Debug)]
pub(crate) struct Parser<'p> {
    /// The payload's groups, if the condition comes with a payload.
    pub(crate) groups: Option<&'p mut TextIndex>,
    pub(crate) shared: &'p mut Shared,
    /// What was found to be wrong.
    pub(crate) problems: Vec<Problem>,
}

impl<'p> Parser<'p> {
    pub(crate) fn new(groups: Option<&'p mut TextIndex>, shared: &'p mut Shared) -> Self {
        Self {
            groups,
            shared,
            problems: Vec::new(),
        }
    }

    /// The `condition` of a rule, an experiment or a prerequisite. `None` means everybody (spec 1.5).
    pub(crate) fn optional(&mut self, json: Option<&Json<'_>>) -> Option<Condition> {
        match json? {
            Json::Array(items) if items.is_empty() => None,
            Json::Object(object) if object.is_empty() => None,
            Json::Object(object) => Some(self.condition(object)),
            json if json.is_truthy() => {
                self.problems
                    .push(Problem::wrong_kind("condition", "an object", json));
                Some(Condition::Never)
            }
            _ => None,
        }
    }

    /// An object all of whose entries must hold (spec 3.1).
    pub(crate) fn condition(&mut self, object: &Object<'_>) -> Condition {
        all(object
            .iter()
            .map(|(key, value)| self.entry(key, value))
            .collect())
    }

    fn entry(&mut self, key: &str, value: &Json<'_>) -> Condition {
        match key {
            "$or" => self.any(value),
            "$nor" => match self.any(value) {
                Condition::Malformed => Condition::Malformed,
                any => Condition::Not(Box::new(any)),
            },
            "$and" => match self.list(value) {
                Some(items) => all(items),
                None => self.malformed("$and", "an array", value),
            },
            "$not" => match value {
                Json::Object(object) => Condition::Not(Box::new(self.condition(object))),
                _ => self.malformed("$not", "an object", value),
            },
            "$savedGroup" => self.group(value),
            "$savedGroups" => Condition::Never,
            path => Condition::Test(Test {
                path: self.shared.path(path),
                check: self.check(value),
            }),
        }
    }

    fn any(&mut self, value: &Json<'_>) -> Condition {
        match self.list(value) {
            // An empty list passes.
            Some(items) if items.is_empty() => all(items),
            Some(items) => Condition::Any(items.into_boxed_slice()),
            None => self.malformed("$or", "an array", value),
        }
    }

    fn list(&mut self, value: &Json<'_>) -> Option<Vec<Condition>> {
        let items = value.as_array()?;
        let conditions = items.iter().map(|item| match item {
            Json::Object(object) => self.condition(object),
            _ => self.malformed("condition", "an object", item),
        });
        Some(conditions.collect())
    }

    fn malformed(
        &mut self,
        part: &'static str,
        expected: &'static str,
        found: &Json<'_>,
    ) -> Condition {
        self.problems
            .push(Problem::wrong_kind(part, expected, found));
        Condition::Malformed
    }

    fn group(&mut self, value: &Json<'_>) -> Condition {
        let Some(reference) = value.as_object() else {
            return self.never("$savedGroup", "an object", value);
        };
        let Some(id) = reference.get("id").and_then(Json::as_str) else {
            return self.never("id", "a string", reference.get("id").unwrap_or(&Json::Null));
        };
        let attribute = match reference.get("attributeKey") {
            None => None,
            Some(Json::String(text)) => Some(Box::new(OverriddenKey {
                text: self.shared.text(text),
                path: self.shared.path(text),
            })),
            Some(other) => return self.never("attributeKey", "a string", other),
        };
        Condition::Group(GroupReference {
            group: self.group_ref(id),
            attribute,
        })
    }

    fn never(&mut self, part: &'static str, expected: &'static str, found: &Json<'_>) -> Condition {
        self.problems
            .push(Problem::wrong_kind(part, expected, found));
        Condition::Never
    }

    fn group_ref(&mut self, id: &str) -> GroupRef {
        let place = self.groups.as_mut().and_then(|groups| groups.insert(id));
        place.map_or_else(|| GroupRef::Named(id.into()), GroupRef::Indexed)
    }

    /// What a value must be (spec 3.5).
    pub(crate) fn check(&mut self, expected: &Json<'_>) -> Check {
        match expected {
            Json::Object(object) if is_operator_object(object) => Check::Passes(
                object
                    .iter()
                    .map(|(name, operand)| self.operator(name, operand))
                    .collect(),
            ),
            literal => Check::Equals(AttributeValue::from(literal)),
        }
    }

    fn folded_check(&mut self, expected: &Json<'_>) -> Check {
        match expected {
            Json::String(text) => Check::EqualsFolded(fold(text).into()),
            other => self.check(other),
        }
    }

    fn operator(&mut self, name: &str, operand: &Json<'_>) -> Operator {
        match name {
            "$eq" => Operator::Equal {
                to: operand.into(),
                negated: false,
            },
            "$ne" => Operator::Equal {
                to: operand.into(),
                negated: true,
            },
            "$lt" => self.ordered(Comparison::Less, operand),
            "$lte" => self.ordered(Comparison::LessOrEqual, operand),
            "$gt" => self.ordered(Comparison::Greater, operand),
            "$gte" => self.ordered(Comparison::GreaterOrEqual, operand),
            "$veq" => self.version(Comparison::Equal, operand),
            "$vne" => self.version(Comparison::NotEqual, operand),
            "$vlt" => self.version(Comparison::Less, operand),
            "$vlte" => self.version(Comparison::LessOrEqual, operand),
            "$vgt" => self.version(Comparison::Greater, operand),
            "$vgte" => self.version(Comparison::GreaterOrEqual, operand),
            "$regex" => self.matches(operand, false, false),
            "$regexi" => self.matches(operand, true, false),
            "$notRegex" => self.matches(operand, false, true),
            "$notRegexi" => self.matches(operand, true, true),
            "$in" => self.membership(operand, false, false),
            "$ini" => self.membership(operand, true, false),
            "$nin" => self.membership(operand, false, true),
            "$nini" => self.membership(operand, true, true),
            "$inGroup" => self.in_group(operand, false),
            "$notInGroup" => self.in_group(operand, true),
            "$all" => self.contains_all(operand, Self::check),
            "$alli" => self.contains_all(operand, Self::folded_check),
            "$elemMatch" => Operator::HasElement(self.element(operand)),
            "$size" => Operator::Size(Box::new(self.check(operand))),
            "$exists" => Operator::Exists(operand.is_truthy()),
            "$type" => match operand.as_str().and_then(Kind::named) {
                Some(kind) => Operator::Type(kind),
                None => self.never_passes("$type", "the name of a type", operand),
            },
            "$not" => Operator::Not(Box::new(self.check(operand))),
            "$and" | "$or" | "$nor" | "$savedGroup" => {
                self.problems.push(Problem::misplaced_operator(name));
                Operator::Never
            }
            unknown => {
                self.problems.push(Problem::unknown_operator(unknown));
                Operator::Unknown(unknown.into())
            }
        }
    }

    fn ordered(&mut self, how: Comparison, operand: &Json<'_>) -> Operator {
        match operand {
            Json::Number(_) | Json::String(_) => Operator::Ordered {
                how,
                to: operand.into(),
            },
            _ => self.never_passes("an ordering operator", "a number or a string", operand),
        }
    }

    fn version(&mut self, how: Comparison, operand: &Json<'_>) -> Operator {
        let to = match operand {
            Json::String(text) => Some(VersionOperand::new(text, false)),
            Json::Number(number) => {
                let mut buffer = ryu_js::Buffer::new();
                Some(VersionOperand::new(buffer.format(number.value), true))
            }
            _ => {
                self.problems.push(Problem::wrong_kind(
                    "a version operator",
                    "a version",
                    operand,
                ));
                None
            }
        };
        Operator::Version {
            how,
            to: to.map(Box::new),
        }
    }

    fn matches(&mut self, operand: &Json<'_>, ignore_case: bool, negated: bool) -> Operator {
        let compiled = operand
            .as_str()
            .map(|text| self.shared.pattern(text, ignore_case));
        let problem = match compiled {
            Some(Ok(pattern)) => {
                return Operator::Matches {
                    pattern: Some(pattern),
                    negated,
                };
            }
            Some(Err(error)) => Problem::invalid_pattern(&error),
            None => Problem::wrong_kind("a pattern", "a string", operand),
        };
        self.problems.push(problem);
        Operator::Matches {
            pattern: None,
            negated,
        }
    }

    fn membership(&mut self, operand: &Json<'_>, folded: bool, negated: bool) -> Operator {
        match operand.as_array() {
            Some(items) => Operator::In {
                members: Box::new(Members::new(items, folded)),
                negated,
            },
            None => self.never_passes("a membership operator", "an array", operand),
        }
    }

    fn in_group(&mut self, operand: &Json<'_>, negated: bool) -> Operator {
        match operand.as_str() {
            Some(id) => Operator::InGroup {
                group: self.group_ref(id),
                negated,
            },
            None => self.never_passes("a group operator", "a group's id", operand),
        }
    }

    fn contains_all(
        &mut self,
        operand: &Json<'_>,
        check: fn(&mut Self, &Json<'_>) -> Check,
    ) -> Operator {
        match operand.as_array() {
            Some(items) => {
                Operator::ContainsAll(items.iter().map(|item| check(self, item)).collect())
            }
            None => self.never_passes("$all", "an array", operand),
        }
    }

    fn element(&mut self, operand: &Json<'_>) -> Element {
        let Some(object) = operand.as_object() else {
            self.problems
                .push(Problem::wrong_kind("$elemMatch", "an object", operand));
            return Element::Malformed;
        };
        let has_condition_key = ["$or", "$and", "$nor", "$savedGroup"]
            .into_iter()
            .any(|key| object.contains_key(key));
        if is_operator_object(object) && !has_condition_key {
            Element::Value(Box::new(self.check(operand)))
        } else {
            Element::Condition(Box::new(self.condition(object)))
        }
    }

    fn never_passes(
        &mut self,
        part: &'static str,
        expected: &'static str,
        found: &Json<'_>,
    ) -> Operator {
        self.problems
            .push(Problem::wrong_kind(part, expected, found));
        Operator::Never
    }
}

/// All of several conditions: one of one is itself.
fn all(mut parts: Vec<Condition>) -> Condition {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            Condition::All(parts.into_boxed_slice())
        }
        (None, _) => Condition::All(Box::default()),
    }
}

/// An object all of whose keys begin with `$`; the empty one qualifies.
fn is_operator_object(object: &Object<'_>) -> bool {
    object.iter().all(|(key, _)| key.starts_with('$'))
}
