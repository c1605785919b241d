//! What features' prerequisites lead to, worked out once per payload.

use super::model::{Feature, Reach, Rule};
use crate::audience::{FeatureRef, Prerequisite};

/// Sets every feature's [`Reach`]. Takes features away whose prerequisites are all settled, until none is left; what
/// remains leads into a cycle.
pub(super) fn settle(features: &mut [Option<Feature>]) {
    let mut dependents = dependents(features);
    let mut unsettled: Vec<usize> = vec![0; features.len()];
    let mut ready = Vec::new();
    for (place, feature) in (0..).zip(features.iter()) {
        let is_there = |parent: &u32| (*parent as usize) < features.len();
        let count = feature.iter().flat_map(parents).filter(is_there).count();
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

/// Marks the features from which an experiment can be reached: those with one of their own, and those that depend on them.
pub(super) fn mark_experiments(features: &mut [Option<Feature>]) {
    let dependents = dependents(features);
    let own = |feature: &Feature| {
        feature
            .rules
            .iter()
            .any(|rule| rule.as_experiment().is_some())
    };
    let with_own = (0..).zip(features.iter()).filter_map(|(place, feature)| {
        let feature = feature.as_ref()?;
        own(feature).then_some(place)
    });
    let mut next: Vec<u32> = with_own.collect();
    while let Some(place) = next.pop() {
        if let Some(Some(feature)) = features.get_mut(place as usize)
            && !feature.reaches_experiment
        {
            feature.reaches_experiment = true;
            next.extend(dependents.get(place as usize).into_iter().flatten());
        }
    }
}

/// For each feature, those that ask for it, as often as they do.
fn dependents(features: &[Option<Feature>]) -> Vec<Vec<u32>> {
    let mut dependents: Vec<Vec<u32>> = vec![Vec::new(); features.len()];
    for (place, feature) in (0..).zip(features) {
        for parent in feature.iter().flat_map(parents) {
            if let Some(dependents) = dependents.get_mut(parent as usize) {
                dependents.push(place);
            }
        }
    }
    dependents
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
