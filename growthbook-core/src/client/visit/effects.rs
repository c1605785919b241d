//! What an evaluation does beyond answering, gathered while it runs, to be performed when it is over.

use std::collections::HashSet;

use crate::client::reports::seen::ExposureId;
use crate::client::visit::Visit;
use crate::engine::{Exposure, FeatureUsage, Recorder};
use crate::stack::Stack;
use crate::sticky::{StickyIdentity, StickyWrite};
use crate::tracking::Interest;

/// The effects of one call, in their order. What nobody wants to hear, or has heard, is left out at once.
pub(crate) struct Effects<'v, 'a> {
    visit: &'v Visit<'a>,
    wanted: Interest,
    told: Stack<Effect<'a>, 1>,
    /// The features among them, once they are many: a payload can make one call ask for thousands.
    features: Option<HashSet<&'a str>>,
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

    pub(crate) fn take_writes(&mut self) -> Vec<OwnedWrite> {
        std::mem::take(&mut self.writes)
    }

    /// Whether the feature is among those told already: each is reported once a call (spec 20).
    fn has_feature(&mut self, key: &'a str) -> bool {
        if self.told.len() < MANY {
            return self
                .told
                .iter()
                .any(|effect| matches!(effect, Effect::Used(usage) if usage.key() == key));
        }
        let told = &self.told;
        let features = self.features.get_or_insert_with(|| {
            let used = told.iter().filter_map(|effect| match effect {
                Effect::Used(usage) => Some(usage.key()),
                Effect::Viewed(..) => None,
            });
            used.collect()
        });
        !features.insert(key)
    }
}

impl<'a> Recorder<'a> for Effects<'_, 'a> {
    #[inline]
    fn experiment_viewed(&mut self, exposure: &Exposure<'a>) {
        if !self.wanted.contains(Interest::EXPERIMENT_VIEWED) {
            return;
        }
        let id = self.visit.shared.fingerprints.of(exposure);
        let is_known = self.visit.has_reported(id)
            || self
                .told
                .iter()
                .any(|effect| matches!(effect, Effect::Viewed(known, _) if *known == id));
        if !is_known {
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
    pub(crate) identity: StickyIdentity,
    pub(crate) key: String,
    expected: Option<String>,
    variation: String,
}

impl OwnedWrite {
    pub(crate) fn borrow(&self) -> StickyWrite<'_> {
        StickyWrite::new(&self.identity, &self.key, &self.variation)
            .replacing(self.expected.as_deref())
    }
}

/// From how many effects on features are looked up in a table.
const MANY: usize = 32;
