use super::Run;
use super::outcome::Outcome;
use super::witness::Witness;
use crate::audience::HashAttribute;
use crate::experiment::{ExperimentInfo, is_kept_out};
use crate::sticky::{StickyAssignments, StickyIdentity, StickyWrite};

/// What earlier assignments say of a user and an experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lookup {
    /// The user was bucketed under a version that is kept out now.
    Blocked,
    Found(usize),
    Nothing,
}

impl Lookup {
    pub(super) fn variation(self) -> Option<usize> {
        match self {
            Self::Found(variation) => Some(variation),
            Self::Blocked | Self::Nothing => None,
        }
    }
}

impl<'a, R: Witness<'a>> Run<'a, '_, R> {
    /// Looks the user up in the documents of the hash attribute and the fallback, of which the former wins (spec 17.2).
    pub(super) fn find_sticky(&self, experiment: &'a ExperimentInfo) -> Lookup {
        let [attribute, fallback] = experiment.sticky_attributes();
        let documents = [self.document(attribute), self.document(fallback)];
        let assignments = || documents.into_iter().flatten();
        let settings = &experiment.sticky;
        if settings.min_bucket_version > 0.0
            && assignments()
                .flat_map(StickyAssignments::keys)
                .any(|key| is_kept_out(key, experiment.key(), settings.min_bucket_version))
        {
            return Lookup::Blocked;
        }
        let Some(key) = assignments().find_map(|it| it.get(&*settings.assignment_key)) else {
            return Lookup::Nothing;
        };
        let variation = experiment
            .variations
            .iter()
            .position(|variation| variation.has_own_key && *variation.key == **key);
        variation.map_or(Lookup::Nothing, Lookup::Found)
    }

    fn document(&self, attribute: &HashAttribute) -> Option<&StickyAssignments> {
        let value = attribute.find(&self.layers)?;
        let mut buffer = ryu_js::Buffer::new();
        let text = value.identity(&mut buffer)?;
        self.sticky.as_deref()?.find(attribute.as_str(), text)
    }

    /// Remembers an assignment, and tells the recorder if that is news (spec 17.3).
    pub(super) fn save_sticky(&mut self, outcome: &Outcome<'a>) {
        let (Some(documents), Some(value), Some(meta)) = (
            self.sticky.as_deref_mut(),
            outcome.hash.value,
            outcome.meta(),
        ) else {
            return;
        };
        let mut buffer = ryu_js::Buffer::new();
        let Some(text) = value.identity(&mut buffer) else {
            return;
        };
        let attribute = outcome.hash.attribute.as_str();
        let key = &*outcome.experiment.sticky.assignment_key;
        let known = documents
            .find(attribute, text)
            .and_then(|document| document.get(key));
        if known.is_some_and(|known| *known == *meta.key) {
            return;
        }
        let identity = StickyIdentity::new(attribute, text);
        let write =
            StickyWrite::new(&identity, key, &meta.key).replacing(known.map(String::as_str));
        self.recorder.sticky_assigned(&write);
        documents.assign(identity, key, &meta.key);
    }
}
