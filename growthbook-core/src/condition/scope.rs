use crate::attributes::{AttributePath, AttributeValue, Found, Layers, Probe, REMOTE_GROUPS, Slot};

/// What a condition's paths start from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    /// The item of a list, under `$elemMatch`.
    Item(&'a AttributeValue),
    /// A feature's value, under the name `value`: what a prerequisite's condition sees (spec 13).
    Prerequisite(&'a AttributeValue),
    /// A user.
    User(&'a Layers<'a>),
}

impl<'a> Scope<'a> {
    #[inline]
    pub(super) fn resolve(&self, path: &AttributePath) -> Found<'a> {
        match self {
            Self::Item(value) => path.find_in(value),
            Self::Prerequisite(value) => path.walk((path.starts_from_value()).then_some(*value)),
            Self::User(layers) => layers.resolve(path),
        }
    }

    pub(super) fn remote_groups(&self) -> Option<&'a AttributeValue> {
        match self {
            Self::Item(AttributeValue::Map(entries)) => entries.get(REMOTE_GROUPS),
            Self::Item(_) | Self::Prerequisite(_) => None,
            Self::User(layers) => layers.find(Probe::new(REMOTE_GROUPS), Slot::NONE),
        }
    }
}
