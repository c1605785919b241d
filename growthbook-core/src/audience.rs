//! The parts by which rules and experiments choose their users, read from JSON with the leniency of spec 1.5.

use std::sync::{Arc, LazyLock};

use crate::attributes::{AttributeValue, Layers, Number, Probe};
use crate::bucketing::{HashSeed, HashVersion, Namespace, Range};
use crate::condition::{Condition, Parser};
use crate::diagnostic::Problem;
use crate::json::{Json, Object};
use crate::text_index::TextIndex;

/// Reads the parts of one payload, or of one experiment that comes without one.
#[derive(Debug)]
pub(crate) struct Reader<'p> {
    pub(crate) conditions: Parser<'p>,
    /// The payload's features, if there is a payload.
    pub(crate) features: Option<&'p mut TextIndex>,
}

/// The attribute whose value decides a user's bucket (spec 8).
#[derive(Clone, Debug)]
pub(crate) struct HashAttribute {
    head: u64,
    text: Arc<str>,
}

impl HashAttribute {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            head: Probe::new(&name).head(),
            text: name,
        }
    }

    /// `id`, the attribute that identifies users unless something else is said.
    pub(crate) fn id() -> &'static Self {
        static ID: LazyLock<HashAttribute> = LazyLock::new(|| HashAttribute::new("id".into()));
        &ID
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared(&self) -> &Arc<str> {
        &self.text
    }

    /// The user's value, if it identifies anybody. The name is one name: dots are not a path here.
    #[inline]
    pub(crate) fn find<'a>(&self, user: &Layers<'a>) -> Option<&'a AttributeValue> {
        user.find(Probe::with_head(self.head, &self.text))
            .filter(|value| value.is_identity())
    }
}

/// A condition of a rule on another feature's value (spec 13).
#[derive(Debug)]
pub(crate) enum Prerequisite {
    Feature {
        feature: FeatureRef,
        condition: Option<Condition>,
        gate: bool,
    },
    /// The entry is not one: nobody passes.
    Malformed,
}

/// A feature as another one names it.
#[derive(Debug)]
pub(crate) enum FeatureRef {
    /// By place in the payload.
    Indexed(u32),
    /// By key, for experiments that come without a payload.
    Named(Box<str>),
    /// The entry names none, so there is no such feature.
    Nowhere,
}

/// A slice of the population that a user must be in (spec 10).
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) attribute: HashAttribute,
    pub(crate) seed: HashSeed,
    pub(crate) version: Option<HashVersion>,
    pub(crate) ranges: Box<[Range]>,
}

impl Filter {
    #[inline]
    pub(crate) fn admits(&self, user: &Layers<'_>) -> bool {
        let (Some(value), Some(version)) = (self.attribute.find(user), self.version) else {
            return false;
        };
        let mut buffer = ryu_js::Buffer::new();
        value.identity(&mut buffer).is_some_and(|text| {
            let bucket = self.seed.bucket(text, version);
            self.ranges.iter().any(|range| range.contains(bucket))
        })
    }

    fn read(entry: &Json<'_>, reader: &mut Reader<'_>) -> Self {
        let Some(object) = entry.as_object() else {
            reader.wrong("filters", "a list of objects", entry);
            return Self::nobody();
        };
        let seed = object
            .get("seed")
            .and_then(Json::as_str)
            .unwrap_or_default();
        Self {
            attribute: reader.hash_attribute(name_or(object, "attribute", "id")),
            seed: HashSeed::new(seed),
            version: reader.hash_version(object, HashVersion::V2),
            ranges: object.get("ranges").map(ranges).unwrap_or_default(),
        }
    }

    fn nobody() -> Self {
        Self {
            attribute: HashAttribute::new("id".into()),
            seed: HashSeed::new(""),
            version: None,
            ranges: Box::default(),
        }
    }
}

impl<'p> Reader<'p> {
    pub(crate) fn new(conditions: Parser<'p>, features: Option<&'p mut TextIndex>) -> Self {
        Self {
            conditions,
            features,
        }
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        self.conditions.problems.push(problem);
    }

    pub(crate) fn wrong(&mut self, part: &'static str, expected: &'static str, found: &Json<'_>) {
        self.problem(Problem::wrong_kind(part, expected, found));
    }

    pub(crate) fn hash_attribute(&mut self, name: &str) -> HashAttribute {
        HashAttribute::new(self.text(name))
    }

    /// A text that the payload probably repeats.
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        self.conditions.shared.text(text)
    }

    /// The key of a variation that was given none.
    pub(crate) fn index_text(&mut self, index: usize) -> Arc<str> {
        self.text(Number::from(index).text(&mut ryu_js::Buffer::new()))
    }

    /// `hashVersion`: zero and null mean the default; anything but 1 and 2 buckets nobody.
    pub(crate) fn hash_version(
        &mut self,
        object: &Object<'_>,
        default: HashVersion,
    ) -> Option<HashVersion> {
        let json = object.get_some("hashVersion");
        let Some(json) = json.filter(|json| json.as_f64() != Some(0.0)) else {
            return Some(default);
        };
        let version = json.as_f64().and_then(HashVersion::from_number);
        if version.is_none() {
            self.problem(Problem::UnsupportedHashVersion);
        }
        version
    }

    pub(crate) fn filters(&mut self, object: &Object<'_>) -> Box<[Filter]> {
        match object.get_some("filters") {
            None => Box::default(),
            Some(Json::Array(entries)) => entries
                .iter()
                .map(|entry| Filter::read(entry, self))
                .collect(),
            Some(other) => {
                self.wrong("filters", "an array", other);
                [Filter::nobody()].into()
            }
        }
    }

    /// `namespace`: one that is malformed excludes everybody.
    pub(crate) fn namespace(&mut self, object: &Object<'_>) -> Option<Namespace> {
        let json = object.get("namespace").filter(|json| json.is_truthy())?;
        match json.as_array() {
            Some([]) => None,
            Some([Json::String(id), start, end, ..]) => {
                Some(Namespace::new(id, range_of(start, end)))
            }
            _ => {
                self.wrong("namespace", "an id and two numbers", json);
                Some(Namespace::new("", NOBODY))
            }
        }
    }

    pub(crate) fn prerequisites(&mut self, object: &Object<'_>) -> Box<[Prerequisite]> {
        match object.get_some("parentConditions") {
            Some(Json::Array(entries)) => entries
                .iter()
                .map(|entry| self.prerequisite(entry))
                .collect(),
            Some(other) if other.is_truthy() => {
                self.wrong("parentConditions", "an array", other);
                [Prerequisite::Malformed].into()
            }
            None | Some(_) => Box::default(),
        }
    }

    fn prerequisite(&mut self, entry: &Json<'_>) -> Prerequisite {
        let Some(object) = entry.as_object() else {
            self.wrong("parentConditions", "a list of objects", entry);
            return Prerequisite::Malformed;
        };
        let feature = match object.get("id") {
            Some(Json::String(id)) => self.feature_ref(id),
            other => {
                self.wrong(
                    "parentConditions",
                    "entries with the id of a feature",
                    other.unwrap_or(&Json::Null),
                );
                FeatureRef::Nowhere
            }
        };
        Prerequisite::Feature {
            feature,
            condition: self.conditions.optional(object.get("condition")),
            gate: object.get("gate").is_some_and(Json::is_truthy),
        }
    }

    fn feature_ref(&mut self, key: &str) -> FeatureRef {
        let place = self
            .features
            .as_mut()
            .and_then(|features| features.insert(key));
        place.map_or_else(|| FeatureRef::Named(key.into()), FeatureRef::Indexed)
    }
}

/// A string field in which the empty string and anything that is not a string mean the default.
pub(crate) fn name_or<'j>(object: &'j Object<'_>, field: &str, default: &'j str) -> &'j str {
    object
        .get(field)
        .and_then(Json::as_non_empty_str)
        .unwrap_or(default)
}

/// The pairs of a `ranges` field. A malformed pair stays, as a bucket that nobody falls into: its neighbours keep their
/// places. What is not a list holds nobody.
pub(crate) fn ranges(json: &Json<'_>) -> Box<[Range]> {
    json.as_array().map_or_else(
        || [NOBODY].into(),
        |pairs| pairs.iter().map(range).collect(),
    )
}

/// A `[start, end]` pair, empty if it is not one.
pub(crate) fn range(json: &Json<'_>) -> Range {
    match json.as_array() {
        Some([start, end, ..]) => range_of(start, end),
        _ => NOBODY,
    }
}

fn range_of(start: &Json<'_>, end: &Json<'_>) -> Range {
    match (start, end) {
        (Json::Number(start), Json::Number(end)) => Range::new(start.value, end.value),
        _ => NOBODY,
    }
}

/// The range that nobody is in.
const NOBODY: Range = Range::new(0.0, 0.0);
