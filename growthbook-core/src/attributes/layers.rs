use super::slots::Place;
use super::{AttributePath, AttributeValue, Attributes, Found, Probe, Slot, Slots};

/// The attributes that one evaluation sees, without merging them: several maps, of which the later wins name by name
/// (spec 2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layers<'a> {
    pub(crate) user: &'a Attributes,
    pub(crate) global: Option<&'a Attributes>,
    pub(crate) overrides: Option<&'a Attributes>,
    /// The list that stands for the attribute [`REMOTE_GROUPS`], if membership was resolved outside.
    pub(crate) remote_groups: Option<&'a AttributeValue>,
    /// Where attributes were found before: in these very layers, by the names that [`Layers::find`] will be asked for.
    pub(crate) slots: Option<&'a Slots>,
}

impl<'a> Layers<'a> {
    /// The attribute of this name: a name, not a path.
    #[inline]
    pub(crate) fn find(&self, name: Probe<'_>, slot: Slot) -> Option<&'a AttributeValue> {
        if self.overrides.is_some() || self.remote_groups.is_some() {
            return self.find_in_all(name);
        }
        let Some(slots) = self.slots else {
            return self.user.find(name).or_else(|| self.global?.find(name));
        };
        match slots.place(slot) {
            Place::Absent => None,
            Place::At(place) => self.at(place),
            Place::Unknown => self.find_for_good(name, slot, slots),
        }
    }

    /// The attribute in a place: the user's come first.
    #[inline]
    fn at(&self, place: usize) -> Option<&'a AttributeValue> {
        self.user
            .at(place)
            .or_else(|| self.global?.at(place - self.user.len()))
    }

    #[cold]
    fn find_for_good(
        &self,
        name: Probe<'_>,
        slot: Slot,
        slots: &Slots,
    ) -> Option<&'a AttributeValue> {
        let in_global = || Some(self.global?.position(name)? + self.user.len());
        let place = self.user.position(name).or_else(in_global);
        slots.remember(slot, place);
        self.at(place?)
    }

    #[cold]
    fn find_in_all(&self, name: Probe<'_>) -> Option<&'a AttributeValue> {
        if let Some(remote_groups) = self.remote_groups
            && name.as_str() == REMOTE_GROUPS
        {
            return Some(remote_groups);
        }
        self.overrides
            .and_then(|overrides| overrides.find(name))
            .or_else(|| self.user.find(name))
            .or_else(|| self.global?.find(name))
    }

    /// What is at a path.
    #[inline]
    pub(crate) fn resolve(&self, path: &AttributePath) -> Found<'a> {
        path.walk(self.find(path.first(), path.slot()))
    }

    /// The merged map, for those who report who was bucketed.
    pub(crate) fn merged(&self) -> Attributes {
        let mut merged = self.global.cloned().unwrap_or_default();
        for layer in [Some(self.user), self.overrides].into_iter().flatten() {
            merged.extend(layer.iter().map(|(name, value)| (name, value.clone())));
        }
        if let Some(remote_groups) = self.remote_groups {
            merged.insert(REMOTE_GROUPS, remote_groups.clone());
        }
        merged
    }
}

/// The attribute that lists the remote groups that a user is in (spec 4.4).
pub(crate) const REMOTE_GROUPS: &str = "__gb_remoteGroupIds";
