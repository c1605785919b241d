//! Saved groups that a condition names.

use super::{Outcome, Pruner, Rest, Spent, Stop, weight};
use crate::attributes::REMOTE_GROUPS;
use crate::condition::SavedGroup;
use crate::json::Json;

impl<'j> Pruner<'_, 'j> {
    /// Whether the user is in a group; `None` when that depends on something unknown (spec 4.2).
    pub(super) fn group(&mut self, reference: &Json<'j>) -> Result<Option<bool>, Stop> {
        self.tire(weight(reference))?;
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
        let place = self.groups.find(id);
        if place.is_some_and(|place| self.visiting.contains(&place)) {
            return Ok(Some(false));
        }
        self.spend(Spent {
            resolutions: 1,
            ..Spent::default()
        })?;
        let groups = self.groups;
        let Some((place, group)) = place.and_then(|it| Some((it, groups.compiled().entry(it)?)))
        else {
            return Ok(Some(false));
        };
        match group {
            SavedGroup::Absent | SavedGroup::LegacyList(_) | SavedGroup::Malformed => {
                Ok(Some(false))
            }
            SavedGroup::Condition(_) => self.enter(place),
            SavedGroup::List { values, .. } => {
                let own = groups.attribute_key(place);
                let (Some(key), Some(values)) = (overridden.or(own), values) else {
                    return Ok(Some(false));
                };
                Ok(self.known(key).map(|value| values.match_value(value)))
            }
            SavedGroup::Newer => Ok(None),
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

    /// Resolves a group that is defined by a condition.
    fn enter(&mut self, group: u32) -> Result<Option<bool>, Stop> {
        let components = self.groups.components();
        if self
            .visiting
            .iter()
            .any(|other| components.are_connected(*other, group))
        {
            return self.follow(group);
        }
        let outcome = self.outcome(group);
        self.spend(outcome.spent)?;
        outcome.holds
    }

    /// What a group comes to when it is entered from outside its cycle.
    pub(super) fn outcome(&mut self, group: u32) -> Outcome {
        if let Some(Some(outcome)) = self.outcomes.get(group as usize) {
            return *outcome;
        }
        let visiting = std::mem::take(&mut self.visiting);
        let spent = std::mem::take(&mut self.spent);
        let holds = self.follow(group);
        self.visiting = visiting;
        let outcome = Outcome {
            holds,
            spent: std::mem::replace(&mut self.spent, spent),
        };
        if let Some(slot) = self.outcomes.get_mut(group as usize) {
            *slot = Some(outcome);
        }
        outcome
    }

    fn follow(&mut self, group: u32) -> Result<Option<bool>, Stop> {
        let Some(condition) = self.groups.condition(group) else {
            return Ok(Some(false));
        };
        self.visiting.push(group);
        let rest = self
            .spend(Spent::default())
            .and_then(|()| self.entries(condition));
        self.visiting.pop();
        Ok(match rest? {
            Rest::Decided(holds) => Some(holds),
            Rest::Left(_) => None,
        })
    }
}
