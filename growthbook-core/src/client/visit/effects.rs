//! What an evaluation does beyond answering, gathered while it runs, to be performed when it is over.

use std::collections::HashSet;
use std::hash::Hash;

use crate::client::reports::seen::ExposureId;
use crate::client::visit::Visit;
use crate::engine::{Exposure, FeatureUsage, Recorder};
use crate::stack::Stack;
use crate::sticky::{StickyDocuments, StickyIdentity, StickyWrite};
use crate::tracking::Interest;

/// The effects of one call, in their order. What nobody wants to hear, or has heard, is left out at once.
pub(crate) struct Effects<'v, 'a> {
    visit: &'v Visit<'a>,
    wanted: Interest,
    told: Stack<Effect<'a>, 1>,
    /// The features among them, and the exposures, once they are many: a payload can make one call ask for thousands.
    features: Option<HashSet<&'a str>>,
    exposures: Option<HashSet<ExposureId>>,
    writes: Vec<OwnedWrite>,
}

#[derive(Clone, Copy)]
pub(crate) enum Effect<'a> {
    Used(FeatureUsage<'a>),
    Viewed(ExposureId, Exposure<'a>),
}

impl<'v, 'a> Effects<'v, 'a> {
    pub(crate) fn new(visit: &'v Visit<'a>, wanted: Interest) -> Self {
        Self {
            visit,
            wanted,
            told: Stack::new(),
            features: None,
            exposures: None,
            writes: Vec::new(),
        }
    }

    /// Forgets everything, before the call is made again.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.visit, self.wanted);
    }

    pub(crate) fn told(&self) -> impl Iterator<Item = &Effect<'a>> {
        self.told.iter()
    }

    /// Takes what was assigned back out of the documents.
    pub(crate) fn withdraw_from(&self, documents: &mut StickyDocuments) {
        for write in self.writes.iter().rev() {
            write.withdraw_from(documents);
        }
    }

    pub(crate) fn take_writes(&mut self) -> Vec<OwnedWrite> {
        std::mem::take(&mut self.writes)
    }

    /// Whether the feature is among those told already: each is reported once a call (spec 20).
    fn has_feature(&mut self, key: &'a str) -> bool {
        is_among(&self.told, &mut self.features, key, |effect| match effect {
            Effect::Used(usage) => Some(usage.key()),
            Effect::Viewed(..) => None,
        })
    }

    fn has_exposure(&mut self, id: ExposureId) -> bool {
        is_among(&self.told, &mut self.exposures, id, |effect| match effect {
            Effect::Used(_) => None,
            Effect::Viewed(id, _) => Some(*id),
        })
    }
}

/// Whether an effect that is called this is among those told already; if they are many, it counts as told from now on.
#[inline]
fn is_among<'a, K: Eq + Hash>(
    told: &Stack<Effect<'a>, 1>,
    table: &mut Option<HashSet<K>>,
    key: K,
    key_of: impl Fn(&Effect<'a>) -> Option<K>,
) -> bool {
    if told.len() < MANY {
        return told.iter().filter_map(key_of).any(|known| known == key);
    }
    let table = table.get_or_insert_with(|| told.iter().filter_map(key_of).collect());
    !table.insert(key)
}

impl<'a> Recorder<'a> for Effects<'_, 'a> {
    #[inline]
    fn experiment_viewed(&mut self, exposure: &Exposure<'a>) {
        if !self.wanted.contains(Interest::EXPERIMENT_VIEWED) {
            return;
        }
        let id = self.visit.shared.fingerprints.of(exposure);
        if !self.visit.has_reported(id) && !self.has_exposure(id) {
            self.told.push(Effect::Viewed(id, *exposure));
        }
    }

    #[inline]
    fn feature_evaluated(&mut self, usage: &FeatureUsage<'a>) {
        let is_wanted = self.wanted.contains(Interest::FEATURE_EVALUATED);
        if is_wanted && !self.has_feature(usage.key()) && self.visit.is_news(usage) {
            self.told.push(Effect::Used(*usage));
        }
    }

    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.writes.push(OwnedWrite {
            identity: write.identity.clone(),
            key: write.key.to_owned(),
            expected: write.expected.map(str::to_owned),
            variation: write.variation.to_owned(),
        });
    }
}

/// An assignment to store.
#[derive(Debug)]
pub(crate) struct OwnedWrite {
    identity: StickyIdentity,
    key: String,
    expected: Option<String>,
    pub(crate) variation: String,
}

impl OwnedWrite {
    pub(crate) fn borrow(&self) -> StickyWrite<'_> {
        StickyWrite::new(&self.identity, &self.key, &self.variation)
            .replacing(self.expected.as_deref())
    }

    /// What stands is among the documents from now on.
    pub(crate) fn settle_in(&self, documents: &mut StickyDocuments, standing: &str) {
        documents.assign(self.identity.clone(), &self.key, standing);
    }

    /// Takes the assignment back out of the documents, until it is known to stand.
    fn withdraw_from(&self, documents: &mut StickyDocuments) {
        match &self.expected {
            None => documents.unassign(&self.identity, &self.key),
            Some(before) => self.settle_in(documents, before),
        }
    }

    /// Whether the documents say what they did when the assignment was made.
    pub(crate) fn is_open_in(&self, documents: &StickyDocuments) -> bool {
        let document = documents.find(self.identity.attribute(), self.identity.value());
        document.and_then(|it| it.get(&self.key)) == self.expected.as_ref()
    }
}

/// From how many effects on they are looked up in a table.
const MANY: usize = 32;
