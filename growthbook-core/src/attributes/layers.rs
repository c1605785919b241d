use super::{AttributePath, AttributeValue, Attributes, Found, Probe};

/// The attributes that one evaluation sees, without merging them: several maps, of which the later wins name by name
/// (spec 2).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layers<'a> {
    pub(crate) global: Option<&'a Attributes>,
    pub(crate) user: Option<&'a Attributes>,
    pub(crate) overrides: Option<&'a Attributes>,
    /// The list that stands for the attribute [`REMOTE_GROUPS`], if membership was resolved outside.
    pub(crate) remote_groups: Option<&'a AttributeValue>,
}

impl<'a> Layers<'a> {
    /// The attribute of this name: a name, not a path.
    #[inline]
    pub(crate) fn find(&self, name: Probe<'_>) -> Option<&'a AttributeValue> {
        if let Some(remote_groups) = self.remote_groups
            && name.as_str() == REMOTE_GROUPS
        {
            return Some(remote_groups);
        }
        let in_layer = |layer: Option<&'a Attributes>| layer.and_then(|it| it.find(name));
        in_layer(self.overrides)
            .or_else(|| in_layer(self.user))
            .or_else(|| in_layer(self.global))
    }

    /// What is at a path.
    #[inline]
    pub(crate) fn resolve(&self, path: &AttributePath) -> Found<'a> {
        path.walk(self.find(path.first()))
    }

    /// The merged map, for those who report who was bucketed.
    pub(crate) fn merged(&self) -> Attributes {
        let mut merged = self.global.cloned().unwrap_or_default();
        for layer in [self.user, self.overrides].into_iter().flatten() {
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
