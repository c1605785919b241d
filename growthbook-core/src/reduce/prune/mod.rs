//! Partial evaluation: what is left of a condition when only some attributes are known (spec 22).
//!
//! Works on the condition's JSON, since JSON is what is sent on; tests of known attributes are left to the ordinary
//! evaluator. A saved group is resolved once, however many conditions name it: what it comes to depends on the groups
//! being resolved around it only inside a cycle, and only on those of the same cycle.

mod resolve;

use super::groups::Groups;
use crate::attributes::{AttributeValue, Attributes};
use crate::condition::{Evaluator, MOST_HOPS, MOST_RESOLUTIONS, MOST_STEPS, Parser, Shared, Truth};
use crate::json::{Json, Object};

/// What a condition came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pruned<'j> {
    /// The outcome cannot depend on what is unknown.
    Decided(bool),
    /// The condition without its decided branches.
    Left(Object<'j>),
    /// It stays as it is written: there is an error in the part that was looked at (spec 3.3).
    Malformed,
    /// It stays as it is written, and so must every group that it leads to: evaluation may meet its limits (spec 25), and
    /// a smaller group could keep it from doing so.
    Unbounded,
}

/// Prunes conditions for one set of known attributes. An attribute that is absent is unknown; a null one is known.
#[derive(Debug)]
pub(super) struct Pruner<'p, 'j> {
    known: &'p Attributes,
    groups: &'p Groups<'j>,
    shared: Shared,
    /// What each group comes to when it is entered from outside its cycle, once that has been asked.
    outcomes: Vec<Option<Outcome>>,
    /// The groups being resolved on this branch, from the last one on whose outcome is remembered.
    visiting: Vec<u32>,
    spent: Spent,
    depth: u32,
    /// Parts of groups that may still be looked at.
    patience: u32,
    /// The groups that evaluation may fail in.
    fallible: Vec<bool>,
}

/// What a group came to. Undecided is `None`.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    holds: Result<Option<bool>, Stop>,
    spent: Spent,
}

/// What evaluation may need at most, counted as it counts.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    resolutions: u32,
    /// The most groups within groups.
    hops: usize,
    steps: u32,
    /// Undecided tests that may fail, which ends all of evaluation.
    risks: u32,
}

/// Why a condition stays as it is written.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Malformed,
    Unbounded,
}

/// What all entries of a condition came to.
enum Rest<'j> {
    Decided(bool),
    Left(Object<'j>),
}

/// What one entry of a condition came to.
enum Part<'j> {
    Decided(bool),
    Left(Json<'j>),
    /// It stays as it is written.
    Undecided,
}

impl<'p, 'j> Pruner<'p, 'j> {
    pub(super) fn new(known: &'p Attributes, groups: &'p Groups<'j>) -> Self {
        let mut pruner = Self {
            known,
            groups,
            shared: Shared::default(),
            outcomes: vec![None; groups.len()],
            visiting: Vec::new(),
            spent: Spent::default(),
            depth: 0,
            patience: PATIENCE,
            fallible: groups.compiled().fallible(),
        };
        // Groups before those that name them: then resolving one never waits for a chain of others.
        for group in groups.entrances() {
            pruner.outcome(group);
        }
        pruner
    }

    pub(super) fn prune(&mut self, condition: &Object<'j>) -> Pruned<'j> {
        self.spent = Spent::default();
        match self.entries(condition) {
            Ok(Rest::Decided(holds)) => Pruned::Decided(holds),
            Ok(Rest::Left(condition)) => Pruned::Left(condition),
            Err(Stop::Malformed) => Pruned::Malformed,
            Err(Stop::Unbounded) => Pruned::Unbounded,
        }
    }

    fn entries(&mut self, condition: &Object<'j>) -> Result<Rest<'j>, Stop> {
        if self.depth == MOST_DEPTH {
            return Err(Stop::Unbounded);
        }
        self.depth += 1;
        let rest = self.entries_in_order(condition);
        self.depth -= 1;
        rest
    }

    fn entries_in_order(&mut self, condition: &Object<'j>) -> Result<Rest<'j>, Stop> {
        self.tire(1)?;
        self.spend(Spent {
            steps: 2,
            ..Spent::default()
        })?;
        let risks = self.spent.risks;
        let mut left = Vec::new();
        for (key, value) in condition.members() {
            let part = match &**key {
                "$or" | "$nor" => self.any(value)?,
                "$and" => self.all(value)?,
                "$not" => self
                    .entries(value.as_object().ok_or(Stop::Malformed)?)?
                    .into(),
                "$savedGroup" => match self.group(value)? {
                    Some(holds) => Part::Decided(holds),
                    None => Part::Undecided,
                },
                "$savedGroups" => Part::Decided(false),
                name => self.test(name, value)?,
            };
            match part {
                Part::Decided(holds) if holds != matches!(&**key, "$not" | "$nor") => {}
                Part::Decided(_) => return self.decided(Rest::Decided(false), risks),
                Part::Left(json) => left.push((key.clone(), json)),
                Part::Undecided => left.push((key.clone(), value.clone())),
            }
        }
        Ok(if left.is_empty() {
            Rest::Decided(true)
        } else {
            Rest::Left(left.into_iter().collect())
        })
    }

    fn any(&mut self, items: &Json<'j>) -> Result<Part<'j>, Stop> {
        let items = items.as_array().ok_or(Stop::Malformed)?;
        // An empty list passes.
        self.list(items, true, items.is_empty())
    }

    fn all(&mut self, items: &Json<'j>) -> Result<Part<'j>, Stop> {
        let items = items.as_array().ok_or(Stop::Malformed)?;
        self.list(items, false, true)
    }

    /// Prunes the items of a list that comes to `decisive` as soon as one of them does, and to `otherwise` if none does
    /// and none is left.
    fn list(
        &mut self,
        items: &[Json<'j>],
        decisive: bool,
        otherwise: bool,
    ) -> Result<Part<'j>, Stop> {
        let risks = self.spent.risks;
        let mut left = Vec::new();
        for item in items {
            match self.entries(item.as_object().ok_or(Stop::Malformed)?)? {
                Rest::Decided(holds) if holds == decisive => {
                    return self.decided(Part::Decided(decisive), risks);
                }
                Rest::Decided(_) => {}
                Rest::Left(condition) => left.push(Json::Object(condition)),
            }
        }
        Ok(if left.is_empty() {
            Part::Decided(otherwise)
        } else {
            Part::Left(Json::Array(left))
        })
    }

    /// A path with a dot is always unknown, even where its first name is known.
    fn known(&self, path: &str) -> Option<&'p AttributeValue> {
        if path.contains('.') {
            None
        } else {
            self.known.get(path)
        }
    }

    fn test(&mut self, name: &str, expected: &Json<'j>) -> Result<Part<'j>, Stop> {
        self.tire(weight(expected))?;
        let known = self.known(name);
        if known.is_none() && !mentions_items(expected) {
            return Ok(Part::Undecided);
        }
        let check = Parser::new(None, &mut self.shared).check(expected);
        let Some(value) = known else {
            let (groups, fallible) = (self.groups.compiled(), &self.fallible);
            let may_fail = check.may_fail(&mut |named| {
                let place = groups.place(named);
                place.is_some_and(|place| fallible.get(place as usize) == Some(&true))
            });
            self.spend(Spent {
                risks: may_fail.into(),
                ..Spent::default()
            })?;
            return Ok(Part::Undecided);
        };
        let before = self.spent.resolutions;
        let mut evaluator = Evaluator::resumed(self.groups.compiled(), &self.visiting, before);
        let truth = evaluator.check(&check, value);
        let resolutions = evaluator.resolutions();
        // Each resolution may have been a hop, but no group is within itself.
        let hops = self
            .groups
            .len()
            .min(resolutions.saturating_sub(before) as usize);
        // What one test takes is little, unless it goes through groups; all of a reduction's together are bounded.
        self.patience = self
            .patience
            .checked_sub(evaluator.steps())
            .ok_or(Stop::Unbounded)?;
        self.spend(Spent {
            resolutions: resolutions.saturating_sub(before),
            hops,
            steps: evaluator.steps().saturating_add(1),
            risks: 0,
        })?;
        Ok(match truth.map_err(|_| Stop::Malformed)? {
            Truth::No => Part::Decided(false),
            Truth::Unknown => Part::Undecided,
            Truth::Yes => Part::Decided(true),
        })
    }

    /// Adds to what evaluation may need, within the groups being resolved.
    fn spend(&mut self, more: Spent) -> Result<(), Stop> {
        self.spent.resolutions = self.spent.resolutions.saturating_add(more.resolutions);
        self.spent.hops = self.spent.hops.max(self.visiting.len() + more.hops);
        self.spent.steps = self.spent.steps.saturating_add(more.steps);
        self.spent.risks = self.spent.risks.saturating_add(more.risks);
        // Half of what evaluation allows: it may count a part here and there that pruning does not.
        if self.spent.resolutions > MOST_RESOLUTIONS
            || self.spent.hops > MOST_HOPS
            || self.spent.steps > MOST_STEPS / 2
        {
            return Err(Stop::Unbounded);
        }
        Ok(())
    }

    /// A part decides for all of its list. That does not hold if a test before it may fail: evaluation ends there, and
    /// never gets to this part.
    fn decided<T>(&self, outcome: T, risks_before: u32) -> Result<T, Stop> {
        if self.spent.risks == risks_before {
            Ok(outcome)
        } else {
            Err(Stop::Malformed)
        }
    }

    /// Inside cycles, the work is bounded for all conditions together: a cycle can ask for the same parts over and over.
    fn tire(&mut self, parts: u32) -> Result<(), Stop> {
        let group = self.visiting.first();
        if group.is_some_and(|group| self.groups.components().is_cyclic(*group)) {
            self.patience = self.patience.checked_sub(parts).ok_or(Stop::Unbounded)?;
        }
        Ok(())
    }
}

/// Whether items of lists are tested: the one kind of test that can fail.
fn mentions_items(json: &Json<'_>) -> bool {
    match json {
        Json::Array(items) => items.iter().any(mentions_items),
        Json::Object(object) => object
            .iter()
            .any(|(key, value)| key == "$elemMatch" || mentions_items(value)),
        _ => false,
    }
}

impl<'j> From<Rest<'j>> for Part<'j> {
    fn from(rest: Rest<'j>) -> Self {
        match rest {
            Rest::Decided(holds) => Self::Decided(holds),
            Rest::Left(condition) => Self::Left(Json::Object(condition)),
        }
    }
}

/// The number of values in a value.
fn weight(json: &Json<'_>) -> u32 {
    match json {
        Json::Array(items) => items.iter().map(weight).fold(1, u32::saturating_add),
        Json::Object(object) => object
            .iter()
            .map(|(_, value)| weight(value))
            .fold(1, u32::saturating_add),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
    }
}

/// Conditions within conditions, at most, where groups of a cycle count as parts of one another. More than any text can
/// hold, and few enough for a small thread's stack.
const MOST_DEPTH: u32 = 160;

/// Parts of conditions looked at within cycles, at most.
const PATIENCE: u32 = 1_000_000;
