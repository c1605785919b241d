use super::slots::Place;
use super::{AttributePath, AttributeValue, Attributes, Entry, Found, Probe, Slot, Slots};

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
        self.find_by(name.head(), name.as_str(), slot)
    }

    /// Takes the parts of a probe, which travel in registers where the whole does not, and leaves to others what takes more
    /// than a few steps.
    #[inline(never)]
    fn find_by(&self, head: u64, text: &str, slot: Slot) -> Option<&'a AttributeValue> {
        if self.overrides.is_some() || self.remote_groups.is_some() {
            return self.find_in_all(head, text);
        }
        let Some(slots) = self.slots else {
            return self.find_unbound(head, text);
        };
        match slots.place(slot) {
            Place::Absent => None,
            Place::At(place) => self.at(place),
            Place::Unknown => self.find_for_good(head, text, slot),
        }
    }

    #[inline(never)]
    fn find_unbound(&self, head: u64, text: &str) -> Option<&'a AttributeValue> {
        match self.user.first_headed(head) {
            Some(entry) if Probe::is_all_head(text) => Some(&entry.value),
            alike => self.find_with_care(alike, head, text),
        }
    }

    /// The attribute of a long name, for which the user's first with that head may be another, or of one that the user does
    /// not have.
    #[inline(never)]
    fn find_with_care(
        &self,
        alike: Option<&'a Entry>,
        head: u64,
        text: &str,
    ) -> Option<&'a AttributeValue> {
        let name = Probe::with_head(head, text);
        match alike {
            Some(entry) if entry.name.is(name) => Some(&entry.value),
            Some(_) => self.user.find(name).or_else(|| self.global?.find(name)),
            None => self.global?.find(name),
        }
    }

    /// The attribute in a place: the user's come first.
    #[inline]
    fn at(&self, place: usize) -> Option<&'a AttributeValue> {
        self.user
            .at(place)
            .or_else(|| self.global?.at(place.checked_sub(self.user.len())?))
    }

    #[cold]
    fn find_for_good(&self, head: u64, text: &str, slot: Slot) -> Option<&'a AttributeValue> {
        let name = Probe::with_head(head, text);
        let in_global = || Some(self.global?.position(name)? + self.user.len());
        let place = self.user.position(name).or_else(in_global);
        if let Some(slots) = self.slots {
            slots.remember(slot, place);
        }
        self.at(place?)
    }

    #[cold]
    fn find_in_all(&self, head: u64, text: &str) -> Option<&'a AttributeValue> {
        let name = Probe::with_head(head, text);
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
