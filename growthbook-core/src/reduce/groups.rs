//! The saved groups of a payload that is reduced, and which of them are kept.

use super::cycles::Components;
use super::prune::{Pruned, Pruner};
use super::references::{self, Reference};
use crate::condition::{Parser, SavedGroup, SavedGroups, Shared};
use crate::json::{Json, Object};
use crate::text_index::TextIndex;

/// Saved groups by place: as written, compiled, and with what leads to what.
#[derive(Debug)]
pub(super) struct Groups<'j> {
    written: Object<'j>,
    compiled: SavedGroups,
    edges: Vec<Box<[u32]>>,
    components: Components,
}

impl<'j> Groups<'j> {
    pub(super) fn new(written: Object<'j>) -> Self {
        let mut ids = TextIndex::default();
        for (id, _) in written.iter() {
            ids.insert(id);
        }
        // Parsing adds the ids of groups that are named and not defined. They come after all that are.
        let mut shared = Shared::default();
        let parsed = (0..).zip(written.iter()).map(|(place, (_, entry))| {
            let mut parser = Parser::new(Some(&mut ids), &mut shared);
            (place, SavedGroup::parse(entry, &mut parser))
        });
        let parsed: Vec<(u32, SavedGroup)> = parsed.collect();
        let compiled = SavedGroups::new(ids, parsed);
        let mut groups = Self {
            written,
            compiled,
            edges: Vec::new(),
            components: Components::of(&[]),
        };
        groups.edges = groups
            .written
            .iter()
            .map(|(_, entry)| groups.edges_of(entry))
            .collect();
        groups.components = Components::of(&groups.edges);
        groups
    }

    pub(super) fn compiled(&self) -> &SavedGroups {
        &self.compiled
    }

    pub(super) fn components(&self) -> &Components {
        &self.components
    }

    pub(super) fn len(&self) -> usize {
        self.written.len()
    }

    /// The place of a group that the payload defines.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        self.compiled
            .find(id)
            .filter(|place| (*place as usize) < self.written.len())
    }

    /// A group's entry, as written.
    pub(super) fn entry(&self, place: u32) -> Option<&Json<'j>> {
        let (_, entry) = self.written.members().get(place as usize)?;
        Some(entry)
    }

    /// The condition of a group that is defined by one.
    pub(super) fn condition(&self, place: u32) -> Option<&Object<'j>> {
        self.entry(place)?
            .as_object()?
            .get("condition")?
            .as_object()
    }

    /// The attribute that a group names.
    pub(super) fn attribute_key(&self, place: u32) -> Option<&str> {
        self.entry(place)?
            .as_object()?
            .get("attributeKey")?
            .as_str()
    }

    /// The groups whose outcome other groups may ask for from outside their cycle, each after those that it leads to.
    pub(super) fn entrances(&self) -> impl Iterator<Item = u32> {
        let mut entered = vec![false; self.edges.len()];
        for (from, edges) in (0..).zip(&self.edges) {
            for to in edges {
                if let Some(entered) = entered.get_mut(*to as usize)
                    && !self.components.are_connected(from, *to)
                {
                    *entered = true;
                }
            }
        }
        let order = self.components.order().iter().copied();
        order.filter(move |group| entered.get(*group as usize) == Some(&true))
    }

    /// The groups that a group leads to, each once.
    pub(super) fn edges(&self, place: u32) -> &[u32] {
        self.edges.get(place as usize).map_or(&[], |it| it)
    }

    /// Reports the groups that a part of the payload names.
    pub(super) fn references(
        &self,
        json: &Json<'_>,
        as_written: bool,
        report: &mut impl FnMut(Reference),
    ) {
        references::find(json, as_written, &|id| self.find(id), report);
    }

    /// What is left of the groups when these `references` to them are (spec 23.3, step 4): by place, each one's entry.
    pub(super) fn kept(
        &self,
        references: Vec<Reference>,
        pruner: &mut Pruner<'_, 'j>,
    ) -> Vec<Kept<'j>> {
        let mut kept: Vec<Kept<'j>> = self.edges.iter().map(|_| Kept::Dropped).collect();
        let mut pending = references;
        while let Some(Reference { group, as_written }) = pending.pop() {
            let Some(state) = kept.get_mut(group as usize) else {
                continue;
            };
            match state {
                Kept::AsWritten => continue,
                Kept::Reduced(_) | Kept::Unchanged if !as_written => continue,
                Kept::Dropped | Kept::Reduced(_) | Kept::Unchanged => {}
            }
            *state = if as_written {
                Kept::AsWritten
            } else {
                self.reduced(group, pruner)
            };
            let mut report = |it| pending.push(it);
            match state {
                Kept::AsWritten => {
                    pending.extend(self.edges(group).iter().map(|group| Reference {
                        group: *group,
                        as_written: true,
                    }));
                }
                Kept::Dropped => {}
                Kept::Reduced(entry) => self.references(entry, false, &mut report),
                Kept::Unchanged => {
                    if let Some(entry) = self.entry(group).filter(|entry| !is_list(entry)) {
                        self.references(entry, false, &mut report);
                    }
                }
            }
        }
        kept
    }

    /// The groups that are kept, in order.
    pub(super) fn into_reduced(self, kept: Vec<Kept<'j>>) -> Object<'j> {
        let entries = self.written.into_iter().zip(kept);
        let left = entries.filter_map(|((id, written), kept)| match kept {
            Kept::Dropped => None,
            Kept::AsWritten | Kept::Unchanged => Some((id, written)),
            Kept::Reduced(entry) => Some((id, entry)),
        });
        left.collect()
    }

    /// What becomes of a group that is tested against users only.
    fn reduced(&self, place: u32, pruner: &mut Pruner<'_, 'j>) -> Kept<'j> {
        if self.components.is_cyclic(place) {
            // Its truth depends on where evaluation enters the cycle.
            return Kept::Unchanged;
        }
        let is_condition = matches!(
            self.compiled.entry(place),
            Some(SavedGroup::Condition(Some(_)))
        );
        let entry = self.entry(place).and_then(Json::as_object);
        let (true, Some(entry), Some(condition)) = (is_condition, entry, self.condition(place))
        else {
            return Kept::Unchanged;
        };
        match pruner.prune(condition) {
            Pruned::Left(condition) => {
                let mut entry = entry.clone();
                entry.set("condition", Json::Object(condition));
                Kept::Reduced(Json::Object(entry))
            }
            Pruned::Decided(_) | Pruned::Malformed => Kept::Unchanged,
            Pruned::Unbounded => Kept::AsWritten,
        }
    }

    fn edges_of(&self, entry: &Json<'_>) -> Box<[u32]> {
        if is_list(entry) {
            return Box::default();
        }
        let mut edges = Vec::new();
        self.references(entry, false, &mut |it| edges.push(it.group));
        edges.sort_unstable();
        edges.dedup();
        edges.into_boxed_slice()
    }
}

/// What becomes of a saved group.
#[derive(Debug)]
pub(super) enum Kept<'j> {
    /// It stays as it is, and so does all that it leads to.
    AsWritten,
    Dropped,
    Reduced(Json<'j>),
    /// It stays as it is.
    Unchanged,
}

/// Lists hold values, and a value may look like a group's id.
fn is_list(entry: &Json<'_>) -> bool {
    match entry {
        Json::Array(_) => true,
        Json::Object(object) => object.get("type").and_then(Json::as_str) == Some("list"),
        _ => false,
    }
}
