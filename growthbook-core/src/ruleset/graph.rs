//! What features' prerequisites lead to, worked out once per payload.

use super::model::{Feature, Reach, Rule};
use crate::audience::{FeatureRef, Prerequisite};

/// Sets every feature's [`Reach`]. Takes features away whose prerequisites are all settled, until none is left; what
/// remains leads into a cycle.
pub(super) fn settle(features: &mut [Option<Feature>]) {
    let mut dependents: Vec<Vec<u32>> = vec![Vec::new(); features.len()];
    let mut unsettled: Vec<usize> = vec![0; features.len()];
    let mut ready = Vec::new();
    for (place, feature) in (0..).zip(features.iter()) {
        let mut count = 0;
        for parent in feature.iter().flat_map(parents) {
            if let Some(dependents) = dependents.get_mut(parent as usize) {
                dependents.push(place);
                count += 1;
            }
        }
        if count == 0 {
            ready.push(place);
        }
        if let Some(slot) = unsettled.get_mut(place as usize) {
            *slot = count;
        }
    }
    let mut heights: Vec<u32> = vec![0; features.len()];
    while let Some(place) = ready.pop() {
        let height = heights.get(place as usize).copied().unwrap_or_default();
        if let Some(Some(feature)) = features.get_mut(place as usize) {
            feature.reach = Reach::Ends(height);
        }
        for dependent in dependents
            .get_mut(place as usize)
            .map(std::mem::take)
            .unwrap_or_default()
        {
            if let Some(slot) = heights.get_mut(dependent as usize) {
                *slot = (*slot).max(height + 1);
            }
            if let Some(count) = unsettled.get_mut(dependent as usize) {
                *count -= 1;
                if *count == 0 {
                    ready.push(dependent);
                }
            }
        }
    }
}

/// The features that a feature's rules ask for, as often as they do.
pub(super) fn parents(feature: &Feature) -> impl Iterator<Item = u32> {
    feature
        .rules
        .iter()
        .flat_map(Rule::prerequisites)
        .filter_map(|prerequisite| match prerequisite {
            Prerequisite::Feature {
                feature: FeatureRef::Indexed(place),
                ..
            } => Some(*place),
            Prerequisite::Feature { .. } | Prerequisite::Malformed => None,
        })
}
