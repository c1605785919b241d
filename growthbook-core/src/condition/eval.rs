//! From a [`Condition`] and somebody's attributes to a [`Truth`].

use std::cmp::Ordering;

use super::fold::fold;
use super::{
    Check, Comparison, Condition, Element, GroupReference, Kind, Malformed, Operator, SavedGroup,
    SavedGroups, Test, Truth, VersionOperand,
};
use crate::attributes::{
    AttributePath, AttributeValue, Found, Layers, Number, Probe, REMOTE_GROUPS,
};
use crate::stack::Stack;
use crate::text::utf16_cmp;

/// What a condition's paths start from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    /// The item of a list, under `$elemMatch`.
    Item(&'a AttributeValue),
    /// A feature's value, under the name `value`: what a prerequisite's condition sees (spec 13).
    Prerequisite(&'a AttributeValue),
    /// A user.
    User(Layers<'a>),
}

impl<'a> Scope<'a> {
    #[inline]
    fn resolve(&self, path: &AttributePath) -> Found<'a> {
        match self {
            Self::Item(value) => path.find_in(value),
            Self::Prerequisite(value) => {
                path.walk((path.first().as_str() == "value").then_some(*value))
            }
            Self::User(layers) => layers.resolve(path),
        }
    }

    fn remote_groups(&self) -> Option<&'a AttributeValue> {
        match self {
            Self::Item(AttributeValue::Map(entries)) => entries.get(REMOTE_GROUPS),
            Self::Item(_) | Self::Prerequisite(_) => None,
            Self::User(layers) => layers.find(Probe::new(REMOTE_GROUPS)),
        }
    }
}

/// Evaluates one condition: one outermost call in the sense of spec 3.3.
#[derive(Debug)]
pub(crate) struct Evaluator<'g> {
    groups: &'g SavedGroups,
    /// The groups being resolved on this branch.
    visiting: Stack<u32, 8>,
    /// Groups resolved so far, bounded: a few groups that name each other twice can ask for exponential work.
    resolutions: u32,
    /// Parts looked at so far, bounded where there are groups: a large one may be asked for again and again.
    steps: u32,
    /// Items within items, bounded: each level takes some of the thread's stack.
    item_depth: u32,
    /// Checks within checks, bounded likewise: saved groups can add up what one document cannot nest.
    check_depth: u32,
}

/// One step of the way back up from a part of a condition to the whole.
#[derive(Clone, Copy, Debug)]
enum Pending<'c> {
    All {
        rest: &'c [Condition],
        any_unknown: bool,
    },
    Any {
        rest: &'c [Condition],
        any_unknown: bool,
    },
    LeaveGroup,
    Not,
}

impl<'g> Evaluator<'g> {
    #[inline]
    pub(crate) fn new(groups: &'g SavedGroups) -> Self {
        Self {
            groups,
            visiting: Stack::new(),
            resolutions: 0,
            steps: 0,
            item_depth: 0,
            check_depth: 0,
        }
    }

    /// An evaluation that goes on where another way of evaluating has got to: within these groups, after so many
    /// resolutions.
    pub(crate) fn resumed(groups: &'g SavedGroups, visiting: &[u32], resolutions: u32) -> Self {
        let mut evaluator = Self {
            resolutions,
            ..Self::new(groups)
        };
        for place in visiting {
            evaluator.visiting.push(*place);
        }
        evaluator
    }

    /// Parts looked at so far.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }

    /// Counts one part. Without groups, a condition asks for no more work than it and the attributes are long.
    #[inline]
    fn step(&mut self) -> Result<(), Malformed> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MOST_STEPS && self.resolutions > 0 {
            return Err(Malformed);
        }
        Ok(())
    }

    /// Groups resolved so far.
    pub(crate) fn resolutions(&self) -> u32 {
        self.resolutions
    }

    /// Whether a condition holds. Nothing but a definite yes does.
    #[inline]
    pub(crate) fn holds(condition: &Condition, scope: &Scope<'_>, groups: &'g SavedGroups) -> bool {
        // Nearly all conditions are a test, or some tests side by side. Those need none of the machinery below.
        match condition {
            Condition::Test(test) => Self::new(groups).test(test, scope) == Ok(Truth::Yes),
            condition => Self::new(groups).condition(condition, scope) == Ok(Truth::Yes),
        }
    }

    /// Walks the condition with a stack of its own: the thread's would not hold a thousand nested groups (spec 25).
    pub(crate) fn condition<'c>(
        &mut self,
        root: &'c Condition,
        scope: &Scope<'_>,
    ) -> Result<Truth, Malformed>
    where
        'g: 'c,
    {
        let mut pending = Stack::<Pending<'c>, 8>::new();
        let mut next = root;
        loop {
            self.step()?;
            let mut truth = match next {
                Condition::All(parts) => match self.leading_tests(parts, scope)? {
                    Lead::Decided(truth) => truth,
                    Lead::Undecided {
                        next: first,
                        rest,
                        any_unknown,
                    } => {
                        pending.push(Pending::All { rest, any_unknown });
                        next = first;
                        continue;
                    }
                },
                Condition::Any(parts) => match parts.split_first() {
                    Some((first, rest)) => {
                        pending.push(Pending::Any {
                            rest,
                            any_unknown: false,
                        });
                        next = first;
                        continue;
                    }
                    None => Truth::No,
                },
                Condition::Group(reference) => match self.enter_group(reference, scope)? {
                    Group::Decided(truth) => truth,
                    Group::Defined(condition) => {
                        pending.push(Pending::LeaveGroup);
                        next = condition;
                        continue;
                    }
                },
                Condition::Malformed => return Err(Malformed),
                Condition::Never => Truth::No,
                Condition::Not(inner) => {
                    pending.push(Pending::Not);
                    next = inner;
                    continue;
                }
                Condition::Test(test) => self.test(test, scope)?,
            };
            next = loop {
                match pending.pop() {
                    None => return Ok(truth),
                    Some(Pending::All { rest, any_unknown }) => {
                        if truth == Truth::No {
                            continue;
                        }
                        let any_unknown = any_unknown || truth == Truth::Unknown;
                        if let Some((first, rest)) = rest.split_first() {
                            pending.push(Pending::All { rest, any_unknown });
                            break first;
                        }
                        truth = Truth::all_but_no(any_unknown);
                    }
                    Some(Pending::Any { rest, any_unknown }) => {
                        if truth == Truth::Yes {
                            continue;
                        }
                        let any_unknown = any_unknown || truth == Truth::Unknown;
                        if let Some((first, rest)) = rest.split_first() {
                            pending.push(Pending::Any { rest, any_unknown });
                            break first;
                        }
                        truth = Truth::any_but_yes(any_unknown);
                    }
                    Some(Pending::LeaveGroup) => {
                        self.visiting.pop();
                    }
                    Some(Pending::Not) => truth = !truth,
                }
            };
        }
    }

    /// Evaluates the tests that parts of a conjunction begin with, up to the first that decides or is more than a test.
    /// Most conditions end here.
    fn leading_tests<'c>(
        &mut self,
        parts: &'c [Condition],
        scope: &Scope<'_>,
    ) -> Result<Lead<'c>, Malformed> {
        let mut any_unknown = false;
        let mut rest = parts;
        while let Some((first, after)) = rest.split_first() {
            let Condition::Test(test) = first else {
                return Ok(Lead::Undecided {
                    next: first,
                    rest: after,
                    any_unknown,
                });
            };
            self.step()?;
            match self.test(test, scope)? {
                Truth::No => return Ok(Lead::Decided(Truth::No)),
                Truth::Unknown => any_unknown = true,
                Truth::Yes => {}
            }
            rest = after;
        }
        Ok(Lead::Decided(Truth::all_but_no(any_unknown)))
    }

    #[inline]
    fn test(&mut self, test: &Test, scope: &Scope<'_>) -> Result<Truth, Malformed> {
        scope
            .resolve(&test.path)
            .read(|value| self.check(&test.check, value))
    }

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

    fn operator(
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
            Operator::Unknown => return Truth::Unknown,
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

    /// Resolves `$savedGroup` (spec 4.2): to a truth, or to the condition that decides.
    fn enter_group(
        &mut self,
        reference: &GroupReference,
        scope: &Scope<'_>,
    ) -> Result<Group<'g>, Malformed> {
        let Some((place, group)) = self.groups.get(&reference.group) else {
            return Ok(Group::Decided(Truth::No));
        };
        if self.visiting.iter().any(|visited| *visited == place) {
            return Ok(Group::Decided(Truth::No));
        }
        self.resolutions += 1;
        if self.resolutions > MOST_RESOLUTIONS {
            return Err(Malformed);
        }
        let truth = match group {
            SavedGroup::Absent
            | SavedGroup::Condition(None)
            | SavedGroup::LegacyList(_)
            | SavedGroup::Malformed => Truth::No,
            SavedGroup::Condition(Some(condition)) => {
                if self.visiting.len() == MOST_HOPS {
                    return Err(Malformed);
                }
                self.visiting.push(place);
                return Ok(Group::Defined(condition));
            }
            SavedGroup::List { attribute, values } => {
                let path = match &reference.attribute {
                    Some(overridden) => Some(&*overridden.path),
                    None => attribute.as_ref(),
                };
                match (path, values) {
                    (Some(path), Some(values)) => {
                        let found = scope.resolve(path);
                        found.read(|value| values.match_value(value)).into()
                    }
                    _ => Truth::No,
                }
            }
            SavedGroup::Newer => Truth::Unknown,
            SavedGroup::Remote { attribute_key } => match &reference.attribute {
                Some(overridden) if Some(&*overridden.text) != attribute_key.as_deref() => {
                    Truth::No
                }
                _ => self.is_listed(place, scope).into(),
            },
        };
        Ok(Group::Decided(truth))
    }

    /// Whether a remote group is among those that were resolved outside (spec 4.4).
    fn is_listed(&self, place: u32, scope: &Scope<'_>) -> bool {
        let id = self.groups.id(place);
        let listed = scope.remote_groups().and_then(AttributeValue::as_list);
        listed.is_some_and(|ids| ids.iter().any(|listed| listed.as_str() == Some(id)))
    }
}

/// What the tests in front of a conjunction came to.
enum Lead<'c> {
    Decided(Truth),
    Undecided {
        next: &'c Condition,
        rest: &'c [Condition],
        any_unknown: bool,
    },
}

enum Group<'g> {
    Decided(Truth),
    Defined(&'g Condition),
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

/// Saved groups within saved groups, at most (spec 25).
pub(crate) const MOST_HOPS: usize = 1_000;

/// Saved groups resolved in one call, at most (spec 25).
pub(crate) const MOST_RESOLUTIONS: u32 = 4_096;

/// Parts of conditions looked at in one call that resolves saved groups, at most (spec 25): some milliseconds of work.
pub(crate) const MOST_STEPS: u32 = 250_000;

/// Lists within lists that `$elemMatch` descends into, at most. What evaluation needs of the thread's stack rests on it.
const MOST_ITEM_DEPTH: u32 = 16;

/// Checks within checks, at most; no author nests a dozen. What evaluation needs of the thread's stack rests on
/// this, too.
const MOST_CHECK_DEPTH: u32 = 64;
