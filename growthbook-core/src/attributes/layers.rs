use super::{AttributePath, AttributeValue, Attributes, Found, Probe};

/// The attributes that one evaluation sees, without merging them: several maps, of which the later wins name by name
/// (spec 2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layers<'a> {
    pub(crate) user: &'a Attributes,
    pub(crate) global: Option<&'a Attributes>,
    pub(crate) overrides: Option<&'a Attributes>,
    /// The list that stands for the attribute [`REMOTE_GROUPS`], if membership was resolved outside.
    pub(crate) remote_groups: Option<&'a AttributeValue>,
}

impl<'a> Layers<'a> {
    /// The attribute of this name: a name, not a path.
    #[inline]
    pub(crate) fn find(&self, name: Probe<'_>) -> Option<&'a AttributeValue> {
        if self.overrides.is_some() || self.remote_groups.is_some() {
            return self.find_in_all(name);
        }
        self.user.find(name).or_else(|| self.global?.find(name))
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
        path.walk(self.find(path.first()))
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
