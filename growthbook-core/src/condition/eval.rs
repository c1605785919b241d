//! From a [`Condition`] and somebody's attributes to a [`Truth`]: the walk over a condition, and through saved groups. What
//! tests make of values is in `check`.

use super::{
    Check, Condition, GroupReference, Malformed, SavedGroup, SavedGroups, Scope, Test, Truth,
};
use crate::attributes::{AttributeValue, Found};
use crate::stack::Stack;

/// Evaluates one condition: one outermost call in the sense of spec 3.3.
#[derive(Debug)]
pub(crate) struct Evaluator<'g> {
    pub(super) groups: &'g SavedGroups,
    /// The groups being resolved on this branch.
    visiting: Stack<u32, 8>,
    /// Groups resolved so far, bounded: a few groups that name each other twice can ask for exponential work.
    resolutions: u32,
    /// Parts looked at so far, bounded where there are groups: a large one may be asked for again and again.
    steps: u32,
    /// Items within items, bounded: each level takes some of the thread's stack.
    pub(super) item_depth: u32,
    /// Checks within checks, bounded likewise: saved groups can add up what one document cannot nest.
    pub(super) check_depth: u32,
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
    pub(super) fn step(&mut self) -> Result<(), Malformed> {
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
    #[expect(
        clippy::inline_always,
        reason = "the scope is known where this is called, and most of it falls away there"
    )]
    #[inline(always)]
    pub(crate) fn holds(condition: &Condition, scope: &Scope<'_>, groups: &'g SavedGroups) -> bool {
        // Nearly all conditions are a test, or some tests side by side. Those need none of the machinery below, and a
        // comparison with a literal not even an evaluator.
        match condition {
            Condition::Test(Test {
                path,
                check: Check::Equals(literal),
            }) => match scope.resolve(path) {
                Found::Value(value) => value.is_same(literal),
                found @ Found::Length(_) => found.read(|value| value.is_same(literal)),
            },
            condition => Self::all_of(condition, scope, groups),
        }
    }

    #[inline(never)]
    fn all_of(condition: &Condition, scope: &Scope<'_>, groups: &'g SavedGroups) -> bool {
        let mut evaluator = Self::new(groups);
        match condition {
            Condition::Test(test) => evaluator.test(test, scope) == Ok(Truth::Yes),
            Condition::All(parts) => evaluator.all_hold(parts, scope),
            condition => evaluator.condition(condition, scope) == Ok(Truth::Yes),
        }
    }

    /// Whether all parts hold. Whatever comes after one that is no definite yes cannot make it one.
    fn all_hold(&mut self, parts: &[Condition], scope: &Scope<'_>) -> bool {
        self.steps = 1;
        for part in parts {
            let truth = match part {
                Condition::Test(test) => self.step().and_then(|()| self.test(test, scope)),
                part => self.condition(part, scope),
            };
            if truth != Ok(Truth::Yes) {
                return false;
            }
        }
        true
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
        let found = scope.resolve(&test.path);
        match (&test.check, found) {
            (Check::Equals(literal), Found::Value(value)) => Ok(value.is_same(literal).into()),
            (Check::Passes(operator), Found::Value(value)) => self.operator(operator, value),
            (check, found) => found.read(|value| self.check(check, value)),
        }
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
                    None => attribute.as_deref(),
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

/// Saved groups within saved groups, at most (spec 25).
pub(crate) const MOST_HOPS: usize = 1_000;

/// Saved groups resolved in one call, at most (spec 25).
pub(crate) const MOST_RESOLUTIONS: u32 = 4_096;

/// Parts of conditions looked at in one call that resolves saved groups, at most (spec 25).
pub(crate) const MOST_STEPS: u32 = 250_000;
