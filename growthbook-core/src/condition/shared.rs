use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::attributes::{AttributePath, Slot};
use crate::js_regex::{EngineKind, JsRegex, PatternError};
use crate::text_index::TextIndex;

/// What a payload repeats, kept once: patterns, paths, and short texts such as the names of attributes and the keys of
/// variations.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Compiled patterns, and why others cannot be.
    patterns: HashMap<(Box<str>, bool), Result<JsRegex, PatternError>, RandomState>,
    paths: HashMap<Box<str>, Arc<AttributePath>, RandomState>,
    texts: HashSet<Arc<str>, RandomState>,
    /// The names of attributes that have slots, by slot. `None` where there is no payload that they would be those of.
    slots: Option<TextIndex>,
}

impl Shared {
    /// What one payload repeats, before it is read: its names get slots.
    pub(crate) fn with_slots() -> Self {
        Self {
            slots: Some(TextIndex::default()),
            ..Self::default()
        }
    }

    /// The slot of an attribute's name.
    pub(crate) fn slot(&mut self, name: &str) -> Slot {
        let number = self.slots.as_mut().and_then(|slots| slots.insert(name));
        number.map_or(Slot::NONE, Slot::new)
    }

    pub(crate) fn pattern(
        &mut self,
        pattern: &str,
        ignore_case: bool,
    ) -> Result<JsRegex, PatternError> {
        self.patterns
            .entry((pattern.into(), ignore_case))
            .or_insert_with(|| JsRegex::new(pattern, ignore_case))
            .clone()
    }

    /// The patterns that may take more work than their budget allows.
    pub(crate) fn bounded_patterns(&self) -> Box<[JsRegex]> {
        let compiled = self.patterns.values().flatten();
        compiled
            .filter(|pattern| pattern.engine() != EngineKind::Literals)
            .cloned()
            .collect()
    }

    pub(crate) fn path(&mut self, path: &str) -> Arc<AttributePath> {
        if let Some(known) = self.paths.get(path) {
            return Arc::clone(known);
        }
        let new = AttributePath::new(path);
        let slot = self.slot(new.first().as_str());
        let new = Arc::new(new.with_slot(slot));
        self.paths.insert(path.into(), Arc::clone(&new));
        new
    }

    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }
}
