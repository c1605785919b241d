use std::sync::Arc;

use super::{Condition, Members, Parser};
use crate::attributes::AttributePath;
use crate::diagnostic::Problem;
use crate::json::Json;
use crate::text_index::TextIndex;

/// A saved group as one condition names it.
#[derive(Clone, Debug)]
pub(crate) enum GroupRef {
    /// A group of the payload that the condition came with, by place.
    Indexed(u32),
    /// A group by id, for conditions that come without a payload, such as an inline experiment's.
    Named(Box<str>),
}

/// The saved groups of a payload (spec 4).
#[derive(Debug, Default)]
pub(crate) struct SavedGroups {
    /// Every id that the payload defines or a condition names.
    ids: TextIndex,
    entries: Vec<SavedGroup>,
}

/// One entry of `savedGroups` (spec 4.1).
#[derive(Debug, Default)]
pub(crate) enum SavedGroup {
    /// Named somewhere, defined nowhere.
    #[default]
    Absent,
    /// Users who match a condition; `None` if the entry has no condition object.
    Condition(Option<Condition>),
    /// A bare list of values, used with `$inGroup` (v1).
    LegacyList(Members),
    /// A list of values and the attribute that they are values of (v2).
    List {
        attribute: Option<Arc<AttributePath>>,
        values: Option<Members>,
    },
    /// Not an entry at all: null, a boolean, a number or a string.
    Malformed,
    /// A kind that this SDK does not know.
    Newer,
    /// Membership is decided outside, and handed in as a list of ids.
    Remote { attribute_key: Option<Box<str>> },
}

impl SavedGroups {
    /// The groups with these ids, of which `defined` says what the payload defines.
    pub(crate) fn new(mut ids: TextIndex, defined: Vec<(u32, SavedGroup)>) -> Self {
        ids.shrink();
        let mut entries = Vec::new();
        entries.resize_with(ids.len(), SavedGroup::default);
        for (place, group) in defined {
            if let Some(entry) = entries.get_mut(place as usize) {
                *entry = group;
            }
        }
        Self { ids, entries }
    }

    /// The group and its place. An id that is nowhere in the payload has none.
    #[inline]
    pub(super) fn get(&self, group: &GroupRef) -> Option<(u32, &SavedGroup)> {
        let place = self.place(group)?;
        Some((place, self.entries.get(place as usize)?))
    }

    /// The place of a group, if its id is anywhere in the payload.
    #[inline]
    pub(crate) fn place(&self, group: &GroupRef) -> Option<u32> {
        match group {
            GroupRef::Indexed(place) => Some(*place),
            GroupRef::Named(id) => self.ids.find(id),
        }
    }

    /// The place of a group that the payload defines or a condition names.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.ids.find(id)
    }

    /// The entry at a place.
    pub(crate) fn entry(&self, place: u32) -> Option<&SavedGroup> {
        self.entries.get(place as usize)
    }

    pub(super) fn id(&self, place: u32) -> &str {
        self.ids.get(place).unwrap_or_default()
    }

    /// Which of them evaluation may fail in for some attributes, by place: there is a part without meaning in the group's
    /// condition, or in one that it names.
    pub(crate) fn fallible(&self) -> Vec<bool> {
        let mut named_by: Vec<Vec<usize>> = vec![Vec::new(); self.entries.len()];
        let mut fallible = vec![false; self.entries.len()];
        let mut unfollowed = Vec::new();
        for (place, group) in self.entries.iter().enumerate() {
            let SavedGroup::Condition(Some(condition)) = group else {
                continue;
            };
            let has_malformed = condition.may_fail(&mut |named| {
                let named = self.get(named).map(|(named, _)| named as usize);
                if let Some(names) = named.and_then(|named| named_by.get_mut(named)) {
                    names.push(place);
                }
                false
            });
            if has_malformed {
                unfollowed.push(place);
            }
        }
        while let Some(place) = unfollowed.pop() {
            if let Some(known @ false) = fallible.get_mut(place) {
                *known = true;
                unfollowed.extend(
                    named_by
                        .get_mut(place)
                        .map(std::mem::take)
                        .unwrap_or_default(),
                );
            }
        }
        fallible
    }

    /// Ids and entries. Those that conditions name and the payload does not define are [`SavedGroup::Absent`].
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &SavedGroup)> {
        self.ids.iter().zip(&self.entries)
    }
}

impl SavedGroup {
    pub(crate) fn parse(entry: &Json<'_>, parser: &mut Parser<'_>) -> Self {
        let object = match entry {
            Json::Array(items) => return Self::LegacyList(Members::new(items, false)),
            Json::Object(object) => object,
            other => {
                parser.problems.push(Problem::wrong_kind(
                    "saved group",
                    "a list or an object",
                    other,
                ));
                return Self::Malformed;
            }
        };
        let mut expect = |part, expected, found: Option<&Json<'_>>| {
            let found = found.unwrap_or(&Json::Null);
            parser
                .problems
                .push(Problem::wrong_kind(part, expected, found));
        };
        let attribute_key = object.get("attributeKey").and_then(Json::as_str);
        match object.get("type").and_then(Json::as_str) {
            Some("list") => {
                let values = object.get("values").and_then(Json::as_array);
                if values.is_none() {
                    expect("values", "an array", object.get("values"));
                }
                Self::List {
                    attribute: attribute_key.map(|key| parser.shared.path(key)),
                    values: values.map(|values| Members::new(values, false)),
                }
            }
            Some("condition") => {
                let condition = object.get("condition").and_then(Json::as_object);
                if condition.is_none() {
                    expect("condition", "an object", object.get("condition"));
                }
                Self::Condition(condition.map(|it| parser.condition(it)))
            }
            Some("remote") => Self::Remote {
                attribute_key: attribute_key.map(Into::into),
            },
            _ => {
                expect(
                    "type",
                    "a kind of saved group that this SDK knows",
                    object.get("type"),
                );
                Self::Newer
            }
        }
    }
}
