//! From a payload's text to a [`Ruleset`].

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::digest::FeatureDigest;
use super::graph;
use super::model::{AutoExperiment, Bandit, Feature, Reach, Rule};
use super::rules;
use super::values::Values;
use super::{PayloadError, Ruleset, Sources};
use crate::audience::Reader;
use crate::condition::{Parser, SavedGroup, SavedGroups, Shared};
use crate::diagnostic::{Diagnostic, Problem};
use crate::json::Json;
use crate::secret::DecryptionKey;
use crate::text_index::TextIndex;
use crate::wire::{self, ReadError, Section, Sink};

/// Compiles a payload. A section that it lacks is taken from the payload that had it last.
pub(super) fn compile(
    payload: Arc<[u8]>,
    key: Option<&DecryptionKey>,
    previous: Option<&Ruleset>,
    most_bytes: usize,
) -> Result<Ruleset, PayloadError> {
    if payload.len() > most_bytes {
        return Err(PayloadError::TooLarge { limit: most_bytes });
    }
    let mut compiler = Compiler {
        shared: Shared::with_slots(),
        ..Compiler::default()
    };
    let sealed = wire::read_plain(text(&payload)?, None, &mut compiler)?;
    for (section, sealed) in sealed {
        match key.map(|key| wire::read_sealed(section, &sealed, key, &mut compiler)) {
            Some(Ok(())) => {}
            None if section == Section::Features => return Err(PayloadError::MissingKey),
            Some(Err(_)) if section == Section::Features => return Err(PayloadError::Decrypt),
            None | Some(Err(_)) => {
                // A plain section of that name does not stand in for a sealed one.
                compiler.forget(section);
                compiler.diagnose(section.sealed_name(), [Problem::SealedSection]);
            }
        }
    }
    if !compiler.has(Section::Features) {
        return Err(PayloadError::MissingFeatures);
    }
    let mut sources = Sources::default();
    for section in Section::ALL {
        let source = if compiler.has(section) {
            Some(Arc::clone(&payload))
        } else {
            previous
                .and_then(|previous| previous.sources.get(section))
                .cloned()
        };
        if let Some(source) = &source
            && !compiler.has(section)
        {
            compiler.carry_over(section, source, key);
        }
        sources.set(section, source);
    }
    Ok(compiler.finish(payload, sources))
}

/// The payload as text, without a byte order mark.
fn text(payload: &[u8]) -> Result<&str, PayloadError> {
    let payload = payload.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(payload);
    std::str::from_utf8(payload).map_err(|error| {
        let before = payload.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let column = before
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count()
            + 1;
        PayloadError::Json { line, column }
    })
}

impl From<ReadError> for PayloadError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Json { line, column } => Self::Json { line, column },
            ReadError::NotAnObject => Self::NotAnObject,
        }
    }
}

/// Takes in a payload piece by piece.
#[derive(Default)]
struct Compiler {
    present: Vec<Section>,
    features: TextIndex,
    entries: Vec<Option<Feature>>,
    digests: Vec<FeatureDigest>,
    groups: TextIndex,
    defined_groups: Vec<(u32, SavedGroup)>,
    experiments: Vec<AutoExperiment>,
    bandits: HashMap<Box<str>, Bandit, RandomState>,
    shared: Shared,
    values: Values,
    diagnostics: Vec<Diagnostic>,
    date_updated: Option<Box<str>>,
}

impl Compiler {
    fn has(&self, section: Section) -> bool {
        self.present.contains(&section)
    }

    fn forget(&mut self, section: Section) {
        self.present.retain(|it| *it != section);
        match section {
            Section::ContextualBandits => self.bandits.clear(),
            Section::Experiments => self.experiments.clear(),
            Section::Features => {
                self.entries.clear();
                self.digests.clear();
            }
            Section::SavedGroups => self.defined_groups.clear(),
        }
    }

    /// Reads a section again from the payload that had it.
    fn carry_over(&mut self, section: Section, source: &[u8], key: Option<&DecryptionKey>) {
        let Ok(sealed) = text(source).and_then(|text| {
            wire::read_plain(text, Some(section), self).map_err(PayloadError::from)
        }) else {
            return;
        };
        for (section, sealed) in sealed {
            let opened = key.map(|key| wire::read_sealed(section, &sealed, key, self));
            if !matches!(opened, Some(Ok(()))) {
                self.forget(section);
                self.diagnose(section.sealed_name(), [Problem::SealedSection]);
            }
        }
    }

    fn diagnose(&mut self, place: &str, problems: impl IntoIterator<Item = Problem>) {
        let room = MOST_DIAGNOSTICS.saturating_sub(self.diagnostics.len());
        let diagnostics = problems
            .into_iter()
            .take(room)
            .map(|it| Diagnostic::new(place.to_owned(), it));
        self.diagnostics.extend(diagnostics);
    }

    /// Reads one part with everything that reading needs, and keeps what it complains about. `place` is asked for only
    /// if it does.
    fn read<T>(
        &mut self,
        place: impl FnOnce() -> String,
        read: impl FnOnce(&mut Reader<'_>, &mut Values) -> T,
    ) -> T {
        let parser = Parser::new(Some(&mut self.groups), &mut self.shared);
        let mut reader = Reader::new(parser, Some(&mut self.features));
        let part = read(&mut reader, &mut self.values);
        let problems = reader.conditions.problems;
        if !problems.is_empty() {
            self.diagnose(&place(), problems);
        }
        part
    }

    fn feature(&mut self, key: &str, json: &Json<'_>) {
        if key.len() > MOST_KEY_BYTES {
            // Every rule may hold the key again, as a seed or an experiment's key.
            let bytes = key.len();
            let start: String = key.chars().take(32).collect();
            return self.diagnose(&format!("features.{start}…"), [Problem::LongKey { bytes }]);
        }
        let Some(place) = self.features.insert(key) else {
            return;
        };
        let place = place as usize;
        if self.entries.len() <= place {
            self.entries.resize_with(place + 1, || None);
            self.digests.resize(place + 1, FeatureDigest::ABSENT);
        }
        if let Some(digest) = self.digests.get_mut(place) {
            *digest = FeatureDigest::of(json);
        }
        let feature = json.as_object().map(|object| Feature {
            default: self
                .values
                .add(object.get("defaultValue").unwrap_or(&Json::Null)),
            rules: self.rules(key, object.get_some("rules")),
            // Worked out when all features are known.
            reach: Reach::Cycle,
            reaches_experiment: false,
        });
        if feature.is_none() {
            let problem = Problem::wrong_kind("feature", "an object", json);
            self.diagnose(&format!("features.{key}"), [problem]);
        }
        if let Some(entry) = self.entries.get_mut(place) {
            *entry = feature;
        }
    }

    fn rules(&mut self, key: &str, json: Option<&Json<'_>>) -> Box<[Rule]> {
        let Some(json) = json else {
            return Box::default();
        };
        let Some(entries) = json.as_array() else {
            let problem = Problem::wrong_kind("rules", "an array", json);
            self.diagnose(&format!("features.{key}"), [problem]);
            return Box::default();
        };
        let mut rules = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let place = || format!("features.{key}.rules[{index}]");
            if let Some(object) = entry.as_object() {
                rules.push(self.read(place, |reader, values| {
                    rules::rule(object, key, values, reader)
                }));
            } else {
                let problem = Problem::wrong_kind("rule", "an object", entry);
                self.diagnose(&place(), [problem]);
            }
        }
        rules.into_boxed_slice()
    }

    fn finish(mut self, payload: Arc<[u8]>, sources: Sources) -> Ruleset {
        self.features.shrink();
        self.entries.resize_with(self.features.len(), || None);
        self.digests
            .resize(self.features.len(), FeatureDigest::ABSENT);
        graph::settle(&mut self.entries);
        graph::mark_experiments(&mut self.entries);
        let groups = SavedGroups::new(self.groups, self.defined_groups);
        let mut ruleset = Ruleset {
            features: self.features,
            entries: self.entries.into_boxed_slice(),
            digests: self.digests.into_boxed_slice(),
            values: self.values.finish(),
            groups,
            experiments: self.experiments.into_boxed_slice(),
            bandits: self.bandits,
            sticky_attributes: Box::default(),
            diagnostics: Box::default(),
            patterns: self.shared.bounded_patterns(),
            date_updated: self.date_updated,
            payload,
            sources,
            revision: OnceLock::new(),
        };
        ruleset.sticky_attributes = ruleset.find_sticky_attributes();
        let room = MOST_DIAGNOSTICS.saturating_sub(self.diagnostics.len());
        self.diagnostics.extend(ruleset.dangling(room));
        ruleset.diagnostics = self.diagnostics.into_boxed_slice();
        ruleset
    }
}

impl Sink for Compiler {
    fn start(&mut self, section: Section) {
        self.forget(section);
        self.present.push(section);
    }

    fn piece(&mut self, section: Section, key: Option<&str>, json: &Json<'_>) {
        match (section, key) {
            (Section::Features, Some(key)) => self.feature(key, json),
            (Section::SavedGroups, Some(id)) => {
                let place = || format!("savedGroups.{id}");
                let group = self.read(place, |reader, _| {
                    SavedGroup::parse(json, &mut reader.conditions)
                });
                if let Some(place) = self.groups.insert(id) {
                    self.defined_groups.push((place, group));
                }
            }
            (Section::ContextualBandits, Some(id)) => {
                let place = || format!("contextualBandits.{id}");
                let bandit = self.read(place, |reader, _| rules::bandit(json, reader));
                match bandit {
                    Some(bandit) => self.bandits.insert(id.into(), bandit),
                    None => self.bandits.remove(id),
                };
            }
            (Section::Experiments, _) => {
                let index = self.experiments.len();
                let place = || format!("experiments[{index}]");
                if let Some(object) = json.as_object() {
                    let experiment = self.read(place, |reader, values| {
                        rules::auto_experiment(object, values, reader)
                    });
                    self.experiments.push(experiment);
                } else {
                    let problem = Problem::wrong_kind("experiment", "an object", json);
                    self.diagnose(&place(), [problem]);
                }
            }
            (Section::Features | Section::SavedGroups | Section::ContextualBandits, None) => {}
        }
    }

    fn malformed(&mut self, section: Section, found: &'static str) {
        self.forget(section);
        let expected = match section {
            Section::Experiments => "an array",
            Section::ContextualBandits | Section::Features | Section::SavedGroups => "an object",
        };
        let part = section.name();
        if found != "null" {
            self.diagnose(
                part,
                [Problem::WrongKind {
                    part,
                    expected,
                    found,
                }],
            );
        }
    }

    fn date_updated(&mut self, date: &str) {
        self.date_updated = Some(date.into());
    }
}

/// The longest key of a feature.
const MOST_KEY_BYTES: usize = 1024;

/// Diagnostics kept, at most: a malformed part may take two bytes of the payload, and what is said of it a hundred.
const MOST_DIAGNOSTICS: usize = 1_000;
