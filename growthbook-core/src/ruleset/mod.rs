//! A payload compiled once, to be evaluated for ever after.

mod changes;
mod compile;
mod deal;
mod digest;
mod graph;
mod model;
mod moves;
mod namesakes;
mod rebucketing;
mod rules;
mod values;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

pub use self::changes::FeatureChanges;
use self::digest::FeatureDigest;
pub(crate) use self::model::{
    AutoExperiment, Bandit, Change, Context, Feature, ForceRule, Reach, Rollout, Rule, RuleKind,
    RulePlace, Share, Track,
};
pub use self::rebucketing::{Rebucketing, RebucketingCause};
use crate::audience::HashAttribute;
use crate::condition::{SavedGroup, SavedGroups};
use crate::diagnostic::{Diagnostic, Problem};
use crate::experiment::ExperimentInfo;
use crate::feature_value::{FeatureValue, ValueId};
use crate::js_regex::JsRegex;
use crate::secret::DecryptionKey;
use crate::text_index::TextIndex;
use crate::wire::Section;

/// The features, experiments, saved groups and bandits of one payload, compiled and immutable.
///
/// Compiling does all that can be done before there is a user: conditions are parsed, patterns compiled, lists indexed,
/// bucket ranges added up. Malformed parts are set aside one by one, and [named](Ruleset::diagnostics).
///
/// # Example
///
/// ```
/// use growthbook_core::Ruleset;
///
/// let ruleset = Ruleset::from_json(br#"{"features": {"dark-mode": {"defaultValue": true}}}"#, None)?;
/// assert_eq!(ruleset.feature_keys().collect::<Vec<_>>(), ["dark-mode"]);
/// assert!(ruleset.diagnostics().is_empty());
/// # Ok::<(), growthbook_core::PayloadError>(())
/// ```
pub struct Ruleset {
    /// Keys of the features that the payload holds or names.
    features: TextIndex,
    /// Those that it holds, by number.
    entries: Box<[Option<Feature>]>,
    /// Of what the payload says of each, by number.
    digests: Box<[FeatureDigest]>,
    values: Box<[FeatureValue]>,
    groups: SavedGroups,
    experiments: Box<[AutoExperiment]>,
    bandits: HashMap<Box<str>, Bandit, foldhash::fast::RandomState>,
    sticky_attributes: Box<[HashAttribute]>,
    diagnostics: Box<[Diagnostic]>,
    patterns: Box<[JsRegex]>,
    date_updated: Option<Box<str>>,
    payload: Arc<[u8]>,
    sources: Sources,
    revision: OnceLock<Revision>,
}

impl Ruleset {
    /// Compiles a payload as the GrowthBook API sends it: plain, or sealed, which takes the `key`.
    ///
    /// A payload of more than 16 MiB is refused; [`Ruleset::from_json_within`] sets another limit.
    ///
    /// # Errors
    ///
    /// When the bytes are not a payload, or a sealed one cannot be opened. A malformed feature or rule is no error, but a
    /// [`Diagnostic`].
    pub fn from_json(payload: &[u8], key: Option<&DecryptionKey>) -> Result<Self, PayloadError> {
        Self::from_json_within(payload, key, Self::MAX_PAYLOAD_BYTES)
    }

    /// Compiles a payload of at most `most_bytes` bytes.
    ///
    /// # Errors
    ///
    /// As [`Ruleset::from_json`].
    pub fn from_json_within(
        payload: &[u8],
        key: Option<&DecryptionKey>,
        most_bytes: usize,
    ) -> Result<Self, PayloadError> {
        if payload.len() > most_bytes {
            return Err(PayloadError::TooLarge { limit: most_bytes });
        }
        compile::compile(payload.into(), key, None, most_bytes)
    }

    /// A ruleset without features: every one is unknown.
    pub fn empty() -> Self {
        // An empty payload is valid, so there is nothing to fail.
        compile::compile(
            Arc::from(*b"{\"features\":{}}"),
            None,
            None,
            Self::MAX_PAYLOAD_BYTES,
        )
        .unwrap_or_else(|_| Self::blank())
    }

    /// The most bytes of a payload that are accepted unless another limit is set: 16 MiB.
    pub const MAX_PAYLOAD_BYTES: usize = 16 * 1024 * 1024;

    /// Compiles the payload that comes after this one. A section that it lacks keeps its content, and one that it has
    /// replaces it, even when empty (spec 1.1). Only `features` must be there.
    ///
    /// # Errors
    ///
    /// As [`Ruleset::from_json`]. This ruleset stays as it is.
    pub fn updated(
        &self,
        payload: &[u8],
        key: Option<&DecryptionKey>,
        most_bytes: usize,
    ) -> Result<Self, PayloadError> {
        self.updated_by(payload, key, most_bytes)
    }

    /// The same of bytes that others may hold as well: those are kept, and not copied.
    pub(crate) fn updated_by(
        &self,
        payload: impl AsRef<[u8]> + Into<Arc<[u8]>>,
        key: Option<&DecryptionKey>,
        most_bytes: usize,
    ) -> Result<Self, PayloadError> {
        if payload.as_ref().len() > most_bytes {
            return Err(PayloadError::TooLarge { limit: most_bytes });
        }
        compile::compile(payload.into(), key, Some(self), most_bytes)
    }

    /// What was set aside, replaced by a default, or can never work: the first thousand of it.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The regular expressions of conditions that have met a text on which they take more work than is allowed. There
    /// they count as not matching (spec 6). Such a pattern wants rewriting, usually because it repeats a repetition.
    pub fn exhausted_patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns
            .iter()
            .filter(|pattern| pattern.has_given_up())
            .map(JsRegex::pattern)
    }

    /// The payload's fingerprint: the SHA-256 of its bytes. Worked out when first asked for.
    pub fn revision(&self) -> &Revision {
        self.revision
            .get_or_init(|| Revision(Sha256::digest(&*self.payload).into()))
    }

    /// When the payload was last changed, as its author wrote it.
    pub fn date_updated(&self) -> Option<&str> {
        self.date_updated.as_deref()
    }

    /// Which of two payloads was changed later, if both say when they were.
    pub(crate) fn compare_dates(&self, other: &Self) -> Option<Ordering> {
        let (own, others) = (self.date_updated()?, other.date_updated()?);
        dates_compare(own, others).then(|| own.cmp(others))
    }

    /// The payload's bytes, as received: a sealed payload stays sealed.
    pub fn payload(&self) -> &Arc<[u8]> {
        &self.payload
    }

    /// The keys of all features, in the payload's order.
    pub fn feature_keys(&self) -> impl Iterator<Item = &str> {
        self.features
            .iter()
            .zip(&self.entries)
            .filter(|(_, entry)| entry.is_some())
            .map(|(key, _)| key)
    }

    /// The number of features.
    pub fn feature_count(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    /// The remote saved groups: pairs of a group's id and the attribute that it is resolved by, for whoever resolves
    /// them (spec 4.4).
    pub fn remote_groups(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.groups.iter().filter_map(|(id, group)| match group {
            SavedGroup::Remote { attribute_key } => Some((id, attribute_key.as_deref())),
            _ => None,
        })
    }

    #[inline]
    pub(crate) fn feature_place(&self, key: &str) -> Option<u32> {
        self.features.find(key)
    }

    #[inline]
    pub(crate) fn feature_key(&self, place: u32) -> &str {
        self.features.get(place).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn feature(&self, place: u32) -> Option<&Feature> {
        self.entries.get(place as usize)?.as_ref()
    }

    pub(crate) fn rule(&self, place: RulePlace) -> Option<&Rule> {
        self.feature(place.feature)?.rules.get(place.rule as usize)
    }

    #[inline]
    pub(crate) fn value(&self, id: ValueId) -> &FeatureValue {
        self.values
            .get(id.0 as usize)
            .unwrap_or(&crate::feature_value::NULL)
    }

    #[inline]
    pub(crate) fn groups(&self) -> &SavedGroups {
        &self.groups
    }

    pub(crate) fn experiments(&self) -> &[AutoExperiment] {
        &self.experiments
    }

    pub(crate) fn bandit(&self, id: &str) -> Option<&Bandit> {
        self.bandits.get(id)
    }

    /// The attributes whose values may have sticky buckets (spec 17.1).
    pub(crate) fn sticky_attributes(&self) -> &[HashAttribute] {
        &self.sticky_attributes
    }

    /// The experiments of rules, and those that run without being asked.
    pub(crate) fn all_experiments(&self) -> impl Iterator<Item = &Arc<ExperimentInfo>> {
        let features = self.entries.iter().flatten();
        let rules = features.flat_map(|feature| &feature.rules);
        let in_rules = rules.filter_map(Rule::as_experiment);
        in_rules.chain(self.experiments.iter().map(|auto| &auto.experiment))
    }

    /// The places of all features.
    pub(crate) fn places(&self) -> impl Iterator<Item = u32> {
        let entries = (0..).zip(&self.entries);
        entries.filter_map(|(place, entry)| entry.as_ref().map(|_| place))
    }

    fn find_sticky_attributes(&self) -> Box<[HashAttribute]> {
        let mut seen = TextIndex::default();
        self.all_experiments()
            .flat_map(|experiment| experiment.sticky_attributes())
            .filter(|attribute| {
                let known = seen.len();
                seen.insert(attribute.as_str());
                seen.len() > known
            })
            .cloned()
            .collect()
    }

    /// References that lead nowhere, or in circles: the first `room` of them.
    fn dangling(&self, room: usize) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut tell = |place: &dyn Fn() -> String, problem: Problem| {
            if found.len() < room {
                found.push(Diagnostic::new(place(), problem));
            }
        };
        for (key, feature) in self.features.iter().zip(&self.entries) {
            let Some(feature) = feature else { continue };
            let place = || format!("features.{key}");
            if feature.reach == Reach::Cycle {
                tell(&place, Problem::CyclicPrerequisite);
            }
            for experiment in feature.rules.iter().filter_map(Rule::as_experiment) {
                if let Some(id) = experiment.bandit.as_deref()
                    && self.bandit(id).is_none()
                {
                    tell(&place, Problem::UnknownBandit { id: id.to_owned() });
                }
            }
            for parent in graph::parents(feature) {
                if self.feature(parent).is_none() {
                    let key = self.feature_key(parent).to_owned();
                    tell(&place, Problem::UnknownPrerequisite { key });
                }
            }
        }
        for (id, group) in self.groups.iter() {
            if matches!(group, SavedGroup::Absent) {
                let problem = Problem::UnknownGroup { id: id.to_owned() };
                tell(&|| "savedGroups".to_owned(), problem);
            }
        }
        found
    }

    fn blank() -> Self {
        Self {
            features: TextIndex::default(),
            entries: Box::default(),
            digests: Box::default(),
            values: Box::default(),
            groups: SavedGroups::default(),
            experiments: Box::default(),
            bandits: HashMap::default(),
            sticky_attributes: Box::default(),
            diagnostics: Box::default(),
            patterns: Box::default(),
            date_updated: None,
            payload: Arc::from([]),
            sources: Sources::default(),
            revision: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset")
            .field("features", &self.feature_count())
            .field("experiments", &self.experiments.len())
            .field("diagnostics", &self.diagnostics.len())
            .finish_non_exhaustive()
    }
}

/// Whether the order of two dates is that of their texts: both in UTC, and written alike.
fn dates_compare(one: &str, other: &str) -> bool {
    let shape = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    let is_date = one.ends_with('Z') && one.bytes().map(shape).take(5).eq(*b"0000-");
    is_date && one.bytes().map(shape).eq(other.bytes().map(shape))
}

/// The payload that each section came with.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<(Section, Arc<[u8]>)>);

impl Sources {
    fn get(&self, section: Section) -> Option<&Arc<[u8]>> {
        self.0
            .iter()
            .find(|(it, _)| *it == section)
            .map(|(_, source)| source)
    }

    fn set(&mut self, section: Section, source: Option<Arc<[u8]>>) {
        self.0.extend(source.map(|source| (section, source)));
    }
}

/// The SHA-256 of a payload's bytes. `Display` writes it in hexadecimal.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Revision([u8; 32]);

impl Revision {
    /// The digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({self})")
    }
}

/// Why bytes are not a payload. What was in force before stays in force.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The features are sealed, and this key does not open them, or what it opens is not JSON. Check that the key belongs
    /// to the SDK connection.
    #[error("the encrypted features cannot be opened with this key")]
    Decrypt,
    /// The bytes are not JSON or not UTF-8, nest deeper than 128 levels, or hold a number that no double does. An error page
    /// or a cut response looks like this.
    #[error("the payload is not valid JSON (line {line}, column {column})")]
    Json {
        /// Where reading stopped, counted from 1.
        line: usize,
        /// Where reading stopped, counted from 1.
        column: usize,
    },
    /// The payload has no `features` object, sealed or plain. An empty one would be accepted, and remove all features.
    #[error("the payload has no features")]
    MissingFeatures,
    /// The features are sealed and no key was given. The key is in the settings of the SDK connection.
    #[error("the features are encrypted and no decryption key is configured")]
    MissingKey,
    /// The payload is JSON, but not an object.
    #[error("the payload is not a JSON object")]
    NotAnObject,
    /// The payload is larger than is accepted. Raise the limit if it is meant to be.
    #[error("the payload is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are accepted.
        limit: usize,
    },
}
