//! Partial evaluation: what is left of a condition when only some attributes are known (spec 22).
//!
//! Works on the condition's JSON, since JSON is what is sent on; decided parts are evaluated by the ordinary evaluator.

use super::{Evaluator, GroupRef, Malformed, Parser, Patterns, SavedGroup, SavedGroups, Truth};
use crate::attributes::{AttributeValue, Attributes, REMOTE_GROUPS};
use crate::json::{Json, Object};

/// What a condition came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pruned<'j> {
    /// The outcome cannot depend on what is unknown.
    Decided(bool),
    /// The condition without its decided branches.
    Left(Object<'j>),
}

/// Prunes conditions for one set of known attributes. An attribute that is absent is unknown; a null one is known.
#[derive(Debug)]
pub(crate) struct Pruner<'p, 'j> {
    known: &'p Attributes,
    /// The groups, compiled and as written.
    groups: &'p SavedGroups,
    written: &'p Object<'j>,
    patterns: Patterns,
    visiting: Vec<u32>,
    resolutions: u32,
}

/// What one entry of a condition came to.
enum Part<'j> {
    Decided(bool),
    Left(Json<'j>),
    /// It stays as it is written.
    Undecided,
}

impl<'p, 'j> Pruner<'p, 'j> {
    pub(crate) fn new(
        known: &'p Attributes,
        groups: &'p SavedGroups,
        written: &'p Object<'j>,
    ) -> Self {
        let patterns = Patterns::default();
        Self {
            known,
            groups,
            written,
            patterns,
            visiting: Vec::new(),
            resolutions: 0,
        }
    }

    /// Prunes a condition. One that has an error in the part that is looked at stays as it is.
    pub(crate) fn prune(&mut self, condition: &Object<'j>) -> Pruned<'j> {
        self.visiting.clear();
        self.resolutions = 0;
        self.entries(condition)
            .unwrap_or_else(|Malformed| Pruned::Left(condition.clone()))
    }

    /// Prunes the condition of the saved group `id` on its own.
    pub(crate) fn prune_group(&mut self, id: &str, condition: &Object<'j>) -> Pruned<'j> {
        self.visiting.clear();
        self.resolutions = 0;
        if let Some((place, _)) = self.groups.get(&GroupRef::Named(id.into())) {
            self.visiting.push(place);
        }
        self.entries(condition)
            .unwrap_or_else(|Malformed| Pruned::Left(condition.clone()))
    }

    fn entries(&mut self, condition: &Object<'j>) -> Result<Pruned<'j>, Malformed> {
        let mut left = Object::default();
        for (key, value) in condition.iter() {
            let part = match key {
                "$or" | "$nor" => self.any(value)?,
                "$and" => self.all(value)?,
                "$not" => self.entries(value.as_object().ok_or(Malformed)?)?.into(),
                "$savedGroup" => match self.group(value)? {
                    Some(holds) => Part::Decided(holds),
                    None => Part::Undecided,
                },
                "$savedGroups" => Part::Decided(false),
                name => self.test(name, value)?,
            };
            match part {
                Part::Decided(holds) if holds != matches!(key, "$not" | "$nor") => {}
                Part::Decided(_) => return Ok(Pruned::Decided(false)),
                Part::Left(json) => left.push_unique(key, json),
                Part::Undecided => left.push_unique(key, value.clone()),
            }
        }
        Ok(if left.is_empty() {
            Pruned::Decided(true)
        } else {
            Pruned::Left(left)
        })
    }

    fn any(&mut self, items: &Json<'j>) -> Result<Part<'j>, Malformed> {
        let items = items.as_array().ok_or(Malformed)?;
        let mut left = Vec::new();
        for item in items {
            match self.entries(item.as_object().ok_or(Malformed)?)? {
                Pruned::Decided(true) => return Ok(Part::Decided(true)),
                Pruned::Decided(false) => {}
                Pruned::Left(condition) => left.push(Json::Object(condition)),
            }
        }
        // An empty list passes.
        let holds = items.is_empty();
        Ok(if left.is_empty() {
            Part::Decided(holds)
        } else {
            Part::Left(Json::Array(left))
        })
    }

    fn all(&mut self, items: &Json<'j>) -> Result<Part<'j>, Malformed> {
        let items = items.as_array().ok_or(Malformed)?;
        let mut left = Vec::new();
        for item in items {
            match self.entries(item.as_object().ok_or(Malformed)?)? {
                Pruned::Decided(true) => {}
                Pruned::Decided(false) => return Ok(Part::Decided(false)),
                Pruned::Left(condition) => left.push(Json::Object(condition)),
            }
        }
        Ok(if left.is_empty() {
            Part::Decided(true)
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

    fn test(&mut self, name: &str, expected: &Json<'j>) -> Result<Part<'j>, Malformed> {
        let Some(value) = self.known(name) else {
            return Ok(Part::Undecided);
        };
        let check = Parser::new(None, &mut self.patterns).check(expected);
        let mut evaluator = Evaluator::new(self.groups);
        evaluator.visit(&self.visiting);
        Ok(match evaluator.check(&check, value)? {
            Truth::No => Part::Decided(false),
            Truth::Unknown => Part::Undecided,
            Truth::Yes => Part::Decided(true),
        })
    }

    /// Whether the user is in a group; `None` when that depends on something unknown.
    fn group(&mut self, reference: &Json<'j>) -> Result<Option<bool>, Malformed> {
        let Some(reference) = reference.as_object() else {
            return Ok(Some(false));
        };
        let Some(id) = reference.get("id").and_then(Json::as_str) else {
            return Ok(Some(false));
        };
        let overridden = match reference.get("attributeKey") {
            None => None,
            Some(Json::String(key)) => Some(&**key),
            Some(_) => return Ok(Some(false)),
        };
        let Some((place, group)) = self.groups.get(&GroupRef::Named(id.into())) else {
            return Ok(Some(false));
        };
        if self.visiting.contains(&place) {
            return Ok(Some(false));
        }
        self.resolutions += 1;
        if self.resolutions > MOST_RESOLUTIONS || self.visiting.len() == MOST_HOPS {
            return Err(Malformed);
        }
        let written = self.written.get(id).and_then(Json::as_object);
        match group {
            SavedGroup::Absent | SavedGroup::LegacyList(_) | SavedGroup::Malformed => {
                Ok(Some(false))
            }
            SavedGroup::Newer => Ok(None),
            SavedGroup::List { values, .. } => {
                let own = || {
                    written
                        .and_then(|it| it.get("attributeKey"))
                        .and_then(Json::as_str)
                };
                let (Some(key), Some(values)) = (overridden.or_else(own), values) else {
                    return Ok(Some(false));
                };
                Ok(self.known(key).map(|value| values.match_value(value)))
            }
            SavedGroup::Condition(_) => {
                let condition = written
                    .and_then(|it| it.get("condition"))
                    .and_then(Json::as_object);
                let Some(condition) = condition else {
                    return Ok(Some(false));
                };
                self.visiting.push(place);
                let pruned = self.entries(condition)?;
                self.visiting.pop();
                Ok(match pruned {
                    Pruned::Decided(holds) => Some(holds),
                    Pruned::Left(_) => None,
                })
            }
            SavedGroup::Remote { attribute_key } => {
                if overridden.is_some_and(|key| attribute_key.as_deref() != Some(key)) {
                    return Ok(Some(false));
                }
                Ok(self.known.get(REMOTE_GROUPS).map(|listed| {
                    listed
                        .as_list()
                        .is_some_and(|ids| ids.iter().any(|it| it.as_str() == Some(id)))
                }))
            }
        }
    }
}

impl<'j> From<Pruned<'j>> for Part<'j> {
    fn from(pruned: Pruned<'j>) -> Self {
        match pruned {
            Pruned::Decided(holds) => Self::Decided(holds),
            Pruned::Left(condition) => Self::Left(Json::Object(condition)),
        }
    }
}

/// Groups within groups, at most: fewer than evaluation follows, since this recurses. Beyond it a condition stays as it is
/// written, which is always right.
const MOST_HOPS: usize = 200;

/// Groups looked into for one condition, at most (spec 25).
const MOST_RESOLUTIONS: u32 = 4_096;
