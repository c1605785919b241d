//! Sticky buckets: users stay in their variation although weights, coverage or targeting change (spec 17).
//!
//! A user's assignments are documents in a store, one for each attribute value that identifies the user. [`StickyDocuments`]
//! is what one evaluation needs of them; a [`StickyBucketService`](crate::StickyBucketService) loads
//! and saves them.

use std::collections::BTreeMap;
use std::fmt;

/// Whom a document of sticky buckets belongs to: everybody with this value of this attribute.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StickyIdentity {
    attribute: String,
    value: String,
}

impl StickyIdentity {
    /// The identity of users whose `attribute` is `value`. A number is written as JavaScript does.
    pub fn new(attribute: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            attribute: attribute.into(),
            value: value.into(),
        }
    }

    /// The attribute's name.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The attribute's value, as text.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for StickyIdentity {
    /// Says the attribute and not the value, which identifies somebody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StickyIdentity")
            .field("attribute", &self.attribute)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for StickyIdentity {
    /// The key of the document in a store that other SDKs share: `attribute||value`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}||{}", self.attribute, self.value)
    }
}

/// The assignments of one identity: `experiment__bucketVersion` to the key of a variation.
pub type StickyAssignments = BTreeMap<String, String>;

/// The documents that concern one user.
///
/// An evaluation reads them and adds to them, so that a later evaluation sees what an earlier one assigned.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StickyDocuments(BTreeMap<StickyIdentity, StickyAssignments>);

impl StickyDocuments {
    /// No documents: everybody is bucketed by hash, and assignments are recorded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document, replacing an earlier one of that identity.
    pub fn insert(&mut self, identity: StickyIdentity, assignments: StickyAssignments) {
        self.0.insert(identity, assignments);
    }

    /// Identities and their assignments, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&StickyIdentity, &StickyAssignments)> {
        self.0.iter()
    }

    /// The assignments of an attribute's value. Scans: a user has a document or two.
    pub(crate) fn find(&self, attribute: &str, value: &str) -> Option<&StickyAssignments> {
        let mut documents = self.0.iter();
        documents
            .find(|(identity, _)| identity.attribute == attribute && identity.value == value)
            .map(|(_, assignments)| assignments)
    }

    pub(crate) fn assign(&mut self, identity: StickyIdentity, key: &str, variation: &str) {
        self.0
            .entry(identity)
            .or_default()
            .insert(key.to_owned(), variation.to_owned());
    }

    /// Takes an assignment out, and with the last one the document.
    pub(crate) fn unassign(&mut self, identity: &StickyIdentity, key: &str) {
        if let Some(assignments) = self.0.get_mut(identity) {
            assignments.remove(key);
            if assignments.is_empty() {
                self.0.remove(identity);
            }
        }
    }
}

impl FromIterator<(StickyIdentity, StickyAssignments)> for StickyDocuments {
    fn from_iter<I: IntoIterator<Item = (StickyIdentity, StickyAssignments)>>(
        documents: I,
    ) -> Self {
        Self(documents.into_iter().collect())
    }
}

/// One assignment to store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct StickyWrite<'a> {
    /// Whose document it goes to.
    pub identity: &'a StickyIdentity,
    /// The assignment's key: `experiment__bucketVersion`.
    pub key: &'a str,
    /// The variation that was read under this key, and that this write replaces; `None` if there was none.
    pub expected: Option<&'a str>,
    /// The key of the variation.
    pub variation: &'a str,
}

impl<'a> StickyWrite<'a> {
    /// A write of `variation` under `key`, where there was nothing.
    pub fn new(identity: &'a StickyIdentity, key: &'a str, variation: &'a str) -> Self {
        Self {
            identity,
            key,
            expected: None,
            variation,
        }
    }

    /// The same write, replacing `expected`.
    #[must_use]
    pub fn replacing(self, expected: Option<&'a str>) -> Self {
        Self { expected, ..self }
    }

    /// The variation that stands in the way of this write: `standing`, what the store has under the key, unless that is what
    /// the write replaces, or the same. What a store that compares by itself asks before it writes.
    pub fn is_kept_out_by<'s>(&self, standing: Option<&'s str>) -> Option<&'s str> {
        standing.filter(|standing| *standing != self.variation && Some(*standing) != self.expected)
    }
}
