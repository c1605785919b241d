use super::operators::{described, group_note};
use super::{Budget, ConditionPart, Holds};
use crate::attributes::{AttributePath, AttributeValue, Attributes};
use crate::condition::{
    Check, Condition, Evaluator, GroupRef, GroupReference, Malformed, SavedGroup, SavedGroups,
    Scope, Test, Truth,
};

/// Tells what a condition comes to, as far as there is room.
pub(crate) fn explain(
    condition: &Condition,
    scope: &Scope<'_>,
    groups: &SavedGroups,
    budget: &mut Budget,
) -> Option<ConditionPart> {
    let mut walk = Walk {
        scope,
        groups,
        budget,
        visiting: Vec::new(),
        depth: 0,
    };
    let has_room = walk.budget.take();
    has_room.then(|| walk.part(condition, true))
}

struct Walk<'w> {
    scope: &'w Scope<'w>,
    groups: &'w SavedGroups,
    budget: &'w mut Budget,
    /// The groups around the part.
    visiting: Vec<u32>,
    depth: u32,
}

impl Walk<'_> {
    fn part(&mut self, condition: &Condition, is_reached: bool) -> ConditionPart {
        let scope = self.scope;
        let holds = self.ask(|evaluator| evaluator.condition(condition, scope));
        let mut part = ConditionPart {
            operator: "".into(),
            path: None,
            operand: None,
            found: None,
            note: None,
            holds,
            is_reached,
            parts: Vec::new(),
        };
        let (operator, note) = match condition {
            Condition::All(parts) => {
                part.parts = self.side_by_side(parts, Holds::No, is_reached);
                ("$and", None)
            }
            Condition::Any(parts) => {
                part.parts = self.side_by_side(parts, Holds::Yes, is_reached);
                ("$or", None)
            }
            Condition::Group(reference) => {
                ("$savedGroup", self.group(reference, is_reached, &mut part))
            }
            Condition::Malformed => ("malformed", Some("see the payload's diagnostics".into())),
            Condition::Never => ("never", Some("see the payload's diagnostics".into())),
            Condition::Not(inner) => match &**inner {
                Condition::Any(parts) => {
                    part.parts = self.side_by_side(parts, Holds::Yes, is_reached);
                    ("$nor", None)
                }
                inner => {
                    let inner = std::slice::from_ref(inner);
                    part.parts = self.nested(|walk| walk.list(inner, None, is_reached));
                    ("$not", None)
                }
            },
            Condition::Test(test) => return self.test(test, is_reached, part),
        };
        part.operator = operator.into();
        part.note = note;
        if part.parts.is_empty() && self.depth == MOST_DEPTH {
            part.note
                .get_or_insert_with(|| "nested too deep to be told".into());
        }
        part
    }

    /// A part by itself, as evaluation would see it.
    fn ask(
        &mut self,
        question: impl FnOnce(&mut Evaluator<'_>) -> Result<Truth, Malformed>,
    ) -> Holds {
        let mut evaluator = Evaluator::resumed(self.groups, &self.visiting, 0);
        let answer = question(&mut evaluator);
        self.budget.spend(evaluator.steps());
        answer.into()
    }

    /// Parts of which the first that is `decisive` ends the evaluation.
    fn side_by_side(
        &mut self,
        parts: &[Condition],
        decisive: Holds,
        is_reached: bool,
    ) -> Vec<ConditionPart> {
        self.nested(|walk| walk.list(parts, Some(decisive), is_reached))
    }

    fn nested(&mut self, tell: impl FnOnce(&mut Self) -> Vec<ConditionPart>) -> Vec<ConditionPart> {
        if self.depth == MOST_DEPTH {
            return Vec::new();
        }
        self.depth += 1;
        let parts = tell(self);
        self.depth -= 1;
        parts
    }

    fn list(
        &mut self,
        parts: &[Condition],
        decisive: Option<Holds>,
        mut is_reached: bool,
    ) -> Vec<ConditionPart> {
        let mut told = Vec::new();
        for condition in parts {
            if !self.budget.take() {
                break;
            }
            let part = self.part(condition, is_reached);
            is_reached &= part.holds != Holds::Malformed && Some(part.holds) != decisive;
            // Operators on one value stand beside the tests of other values, as they are meant.
            if decisive == Some(Holds::No) && is_spread(condition) {
                told.extend(part.parts);
            } else {
                told.push(part);
            }
        }
        told
    }

    fn test(&mut self, test: &Test, is_reached: bool, mut part: ConditionPart) -> ConditionPart {
        let Test { path, check } = test;
        let operators = match check {
            Check::Equals(literal) => {
                part.operator = "=".into();
                part.operand = Some(literal.shortened());
                return self.leaf(path, part);
            }
            // Stands in a list of `$alli` only.
            Check::EqualsFolded(literal) => {
                part.operator = "=".into();
                part.operand = Some(AttributeValue::from(&**literal).shortened());
                return self.leaf(path, part);
            }
            Check::Passes(operators) => operators,
        };
        if let [operator] = &**operators {
            (part.operator, part.operand, part.note) = described(operator, self.groups);
            return self.leaf(path, part);
        }
        part.operator = "$and".into();
        let mut is_reached = is_reached;
        for operator in operators {
            if !self.budget.take() {
                break;
            }
            let scope = self.scope;
            let holds = self.ask(|evaluator| {
                let found = scope.resolve(path);
                found.read(|value| evaluator.operator(operator, value))
            });
            let mut leaf = ConditionPart {
                holds,
                is_reached,
                ..part.clone_without_parts()
            };
            (leaf.operator, leaf.operand, leaf.note) = described(operator, self.groups);
            part.parts.push(self.leaf(path, leaf));
            is_reached &= !matches!(holds, Holds::Malformed | Holds::No);
        }
        if operators.is_empty() {
            part.operator = "=".into();
            part.operand = Some(Attributes::new().into());
            part.note = Some("no operator, which anything passes".into());
            return self.leaf(path, part);
        }
        part
    }

    fn leaf(&self, path: &AttributePath, part: ConditionPart) -> ConditionPart {
        let found = self.scope.resolve(path).read(AttributeValue::shortened);
        ConditionPart {
            path: Some(path.to_string().into()),
            found: Some(found),
            ..part
        }
    }

    fn group(
        &mut self,
        reference: &GroupReference,
        is_reached: bool,
        part: &mut ConditionPart,
    ) -> Option<Box<str>> {
        let entry = self.groups.get(&reference.group);
        let id = match &reference.group {
            GroupRef::Indexed(place) => self.groups.id(*place),
            GroupRef::Named(id) => id,
        };
        part.operand = Some(AttributeValue::from(id).shortened());
        let Some((place, group)) = entry else {
            return group_note(None);
        };
        if self.visiting.contains(&place) {
            return Some("a circle: it is asked for by itself".into());
        }
        match group {
            SavedGroup::Condition(Some(condition)) => {
                self.visiting.push(place);
                part.parts = match condition {
                    Condition::All(parts) => self.side_by_side(parts, Holds::No, is_reached),
                    condition => {
                        let only = std::slice::from_ref(condition);
                        self.nested(|walk| walk.list(only, None, is_reached))
                    }
                };
                self.visiting.pop();
                None
            }
            SavedGroup::List { attribute, .. } => {
                let own = attribute.as_ref();
                let path = reference.attribute.as_ref().map(|it| &*it.path).or(own);
                if let Some(path) = path {
                    part.path = Some(path.to_string().into());
                    part.found = Some(self.scope.resolve(path).read(AttributeValue::shortened));
                }
                group_note(Some(group))
            }
            SavedGroup::LegacyList(_) => Some("a bare list, which only `$inGroup` asks".into()),
            SavedGroup::Remote { .. } if self.scope.remote_groups().is_none() => {
                Some("a remote group, and which of them the user is in was not said".into())
            }
            group => group_note(Some(group)),
        }
    }
}

impl ConditionPart {
    fn clone_without_parts(&self) -> Self {
        Self {
            operator: self.operator.clone(),
            path: None,
            operand: None,
            found: None,
            note: None,
            holds: self.holds,
            is_reached: self.is_reached,
            parts: Vec::new(),
        }
    }
}

/// Whether a part is several operators on one value.
fn is_spread(condition: &Condition) -> bool {
    matches!(condition, Condition::Test(Test { check: Check::Passes(operators), .. }) if operators.len() > 1)
}

/// Parts in parts that are told, saved groups included.
const MOST_DEPTH: u32 = 16;
