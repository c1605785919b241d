//! The steps of spec 23.3.

use std::borrow::Cow;

use super::groups::Groups;
use super::options::{Prerequisites, ReduceOptions};
use super::prune::{Pruned, Pruner};
use super::references::Reference;
use crate::attributes::Attributes;
use crate::json::{Json, Object};
use crate::text_index::TextIndex;

/// Reduces a payload that has features.
pub(super) fn reduce<'j>(
    mut payload: Object<'j>,
    known: &Attributes,
    options: &ReduceOptions,
) -> Object<'j> {
    let groups = Groups::new(take_object(&mut payload, "savedGroups"));
    let mut reducer = Reducer {
        options,
        groups: &groups,
        pruner: Pruner::new(known, &groups),
        features: Section::new(objects(take_object(&mut payload, "features"))),
        bandits: Section::new(take_object(&mut payload, "contextualBandits")),
        references: Vec::new(),
    };
    // Step 1
    reducer.keep_features();
    // Step 2
    let experiments = reducer.kept_experiments(take(&mut payload, "experiments"));
    reducer.follow_prerequisites();
    // Step 3
    reducer.reduce_bandits();
    // Step 4
    let Reducer {
        mut pruner,
        features,
        bandits,
        mut references,
        ..
    } = reducer;
    let features = Json::Object(features.into_kept());
    let bandits = Json::Object(bandits.into_kept());
    for part in [&features, &experiments, &bandits] {
        groups.references(part, false, &mut |it| references.push(it));
    }
    let kept = groups.kept(references, &mut pruner);
    // Step 5
    payload.set("features", features);
    payload.set("experiments", experiments);
    payload.set("savedGroups", Json::Object(groups.into_reduced(kept)));
    match payload.get_mut("contextualBandits") {
        Some(section) if section.is_truthy() => *section = bandits,
        Some(_) => payload.remove("contextualBandits"),
        None => {}
    }
    payload
}

struct Reducer<'p, 'j> {
    options: &'p ReduceOptions,
    groups: &'p Groups<'j>,
    pruner: Pruner<'p, 'j>,
    features: Section<'j>,
    bandits: Section<'j>,
    /// The groups that conditions lead to which must stay as they are.
    references: Vec<Reference>,
}

impl<'j> Reducer<'_, 'j> {
    fn keep_features(&mut self) {
        for place in 0..self.features.len() {
            let feature = self.features.get_mut(place);
            if feature.is_some_and(|it| self.options.matches(it)) {
                self.features.keep(place);
            }
        }
        self.follow_prerequisites();
    }

    /// Reduces the features that are kept and were not seen yet, and those that they ask for.
    fn follow_prerequisites(&mut self) {
        while let Some(place) = self.features.pending.pop() {
            let Some(feature) = self.features.get_mut(place) else {
                continue;
            };
            // A prerequisite carried from another project keeps the rules scoped to its own.
            let is_scoped = self.options.is_in_projects(feature);
            let Some(Json::Array(rules)) = feature.get_mut("rules") else {
                continue;
            };
            let mut rules = std::mem::take(rules);
            rules.retain(|rule| !is_scoped || self.options.keeps_rule(rule));
            for rule in &mut rules {
                if let Json::Object(rule) = rule {
                    self.reduce_item(rule, true);
                }
            }
            if let Some(feature) = self.features.get_mut(place) {
                feature.set("rules", Json::Array(rules));
            }
        }
    }

    fn kept_experiments(&mut self, section: Json<'j>) -> Json<'j> {
        let Json::Array(mut experiments) = section else {
            return Json::Array(Vec::new());
        };
        experiments.retain(|it| it.as_object().is_some_and(|it| self.options.matches(it)));
        for experiment in &mut experiments {
            if let Json::Object(experiment) = experiment {
                self.reduce_item(experiment, false);
            }
        }
        Json::Array(experiments)
    }

    /// Prunes the condition of a rule or an auto experiment, and keeps what it needs.
    fn reduce_item(&mut self, item: &mut Object<'j>, is_rule: bool) {
        match self.prune(item.get("condition")) {
            Some(Pruned::Decided(true)) => item.remove("condition"),
            Some(Pruned::Decided(false)) => {
                item.set("condition", never());
                if is_rule && let Some(force) = item.get_mut("force") {
                    // Never served, so it need not be sent. Its presence still makes the rule what it is.
                    *force = Json::Null;
                }
            }
            Some(Pruned::Left(condition)) => item.set("condition", Json::Object(condition)),
            Some(Pruned::Malformed | Pruned::Unbounded) | None => {}
        }
        let parents = item.get("parentConditions").and_then(Json::as_array);
        let parents = parents.unwrap_or_default().iter();
        for id in parents.filter_map(|parent| parent.as_object()?.get("id")?.as_str()) {
            if self.options.prerequisites != Prerequisites::Filter || id.starts_with("$holdout:") {
                self.features.keep_named(id);
            }
        }
        let bandit = item.get("contextualBanditRef");
        if let Some(id) = bandit.and_then(Json::as_non_empty_str) {
            self.bandits.keep_named(id);
        }
    }

    /// What is left of a condition, if it is one.
    fn prune(&mut self, condition: Option<&Json<'j>>) -> Option<Pruned<'j>> {
        let json = condition?;
        let pruned = self.pruner.prune(json.as_object()?);
        if pruned == Pruned::Unbounded {
            let references = &mut self.references;
            self.groups
                .references(json, true, &mut |it| references.push(it));
        }
        Some(pruned)
    }

    fn reduce_bandits(&mut self) {
        while let Some(place) = self.bandits.pending.pop() {
            let Some(bandit) = self.bandits.get_mut(place) else {
                continue;
            };
            let contexts = match bandit.get_mut("contexts") {
                Some(Json::Array(contexts)) => std::mem::take(contexts),
                _ => Vec::new(),
            };
            let contexts = contexts
                .into_iter()
                .filter_map(|it| self.bandit_context(it));
            let contexts = Json::Array(contexts.collect());
            if let Some(bandit) = self.bandits.get_mut(place) {
                bandit.set("contexts", contexts);
            }
        }
    }

    /// A context of a bandit, unless the user cannot be in it.
    fn bandit_context(&mut self, mut json: Json<'j>) -> Option<Json<'j>> {
        let Json::Object(context) = &mut json else {
            return Some(json);
        };
        let condition = context.get("condition").filter(|it| it.is_truthy());
        let condition = match (condition, self.prune(condition)) {
            (_, Some(Pruned::Decided(false))) => return None,
            (_, Some(Pruned::Left(condition))) => condition,
            (None, _) | (_, Some(Pruned::Decided(true))) => Object::default(),
            (Some(_), Some(Pruned::Malformed | Pruned::Unbounded) | None) => return Some(json),
        };
        context.set("condition", Json::Object(condition));
        Some(json)
    }
}

/// The members of a section, some of which are kept.
struct Section<'j> {
    keys: TextIndex,
    members: Vec<(Cow<'j, str>, Json<'j>)>,
    kept: Vec<bool>,
    /// Members that are kept and were not looked at yet.
    pending: Vec<usize>,
}

impl<'j> Section<'j> {
    fn new(section: Object<'j>) -> Self {
        let mut keys = TextIndex::default();
        for (key, _) in section.iter() {
            keys.insert(key);
        }
        Self {
            keys,
            kept: vec![false; section.len()],
            members: section.into_iter().collect(),
            pending: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.members.len()
    }

    /// A member that is an object.
    fn get_mut(&mut self, place: usize) -> Option<&mut Object<'j>> {
        match self.members.get_mut(place) {
            Some((_, Json::Object(object))) => Some(object),
            _ => None,
        }
    }

    fn keep(&mut self, place: usize) {
        if let Some(kept) = self.kept.get_mut(place)
            && !std::mem::replace(kept, true)
        {
            self.pending.push(place);
        }
    }

    fn keep_named(&mut self, key: &str) {
        if let Some(place) = self.keys.find(key) {
            self.keep(place as usize);
        }
    }

    fn into_kept(self) -> Object<'j> {
        let members = self.members.into_iter().zip(self.kept);
        members
            .filter_map(|(member, kept)| kept.then_some(member))
            .collect()
    }
}

/// A condition that nobody meets. The rule stays: sticky buckets and forced variations pass an experiment's condition by,
/// and a rule's prerequisites come before it.
fn never<'j>() -> Json<'j> {
    let nobody = (Cow::Borrowed("$not"), Json::Object(Object::default()));
    Json::Object([nobody].into_iter().collect())
}

/// Features that are not objects are like ones that are not there (spec 1.2).
fn objects(section: Object<'_>) -> Object<'_> {
    let members = section.into_iter();
    members
        .filter(|(_, value)| value.as_object().is_some())
        .collect()
}

/// Takes a section out of a payload and leaves its place, so that the order of keys lasts.
fn take<'j>(payload: &mut Object<'j>, section: &str) -> Json<'j> {
    let section = payload.get_mut(section);
    section.map_or(Json::Null, |it| std::mem::replace(it, Json::Null))
}

fn take_object<'j>(payload: &mut Object<'j>, section: &str) -> Object<'j> {
    match payload.get_mut(section) {
        Some(Json::Object(object)) => std::mem::take(object),
        _ => Object::default(),
    }
}
