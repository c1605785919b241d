use std::fmt;

use crate::audience::Reader;
use crate::bucketing::Namespace;
use crate::condition::{Condition, Parser, Shared};
use crate::json::Json;
use crate::page_url::LegacyUrlPattern;

use super::ExperimentError;
use super::read::{Forced, Status, groups, legacy_url};

/// What becomes of one part of an experiment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Replacement<T> {
    #[default]
    Keep,
    With(T),
}

impl<T> Replacement<T> {
    fn of(part: Option<T>) -> Self {
        part.map_or(Self::Keep, Self::With)
    }
}

/// Replaces parts of an experiment for one client: a legacy way to steer experiments from code (spec 16, step 3).
///
/// Only these nine parts can be replaced: `condition`, `weights`, `active`, `status`, `force`, `coverage`, `groups`,
/// `namespace` and `url`. Everything else in the JSON is ignored.
///
/// # Example
///
/// ```
/// use growthbook_core::ExperimentOverride;
///
/// let stop = ExperimentOverride::from_json(r#"{"status": "stopped"}"#)?;
/// # let _ = stop;
/// # Ok::<(), growthbook_core::ExperimentError>(())
/// ```
#[derive(Default)]
pub struct ExperimentOverride {
    pub(crate) condition: Replacement<Option<Condition>>,
    /// As written: whether they can be used depends on the experiment.
    pub(crate) weights: Replacement<Option<Box<[f64]>>>,
    pub(crate) is_active: Option<bool>,
    pub(crate) status: Option<Status>,
    pub(crate) force: Option<Forced>,
    pub(crate) coverage: Option<f64>,
    pub(crate) groups: Option<Box<[Box<str>]>>,
    pub(crate) namespace: Replacement<Option<Namespace>>,
    pub(crate) legacy_url: Replacement<Option<LegacyUrlPattern>>,
    /// The parts as written, to appear in results.
    pub(crate) definition: Box<str>,
}

impl ExperimentOverride {
    /// An override from the text of a JSON object.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object.
    pub fn from_json(text: &str) -> Result<Self, ExperimentError> {
        let json = Json::parse(text).map_err(|_| ExperimentError::NotAnObject)?;
        let object = json.as_object().ok_or(ExperimentError::NotAnObject)?;
        let mut shared = Shared::default();
        let mut reader = Reader::new(Parser::new(None, &mut shared), None);
        let given = |field: &str| object.get(field);
        let written = object
            .iter()
            .filter(|(field, _)| REPLACEABLE.contains(field));
        let written = written.map(|(field, value)| (field.to_owned().into(), value.clone()));
        Ok(Self {
            condition: Replacement::of(
                given("condition").map(|json| reader.conditions.optional(Some(json))),
            ),
            weights: Replacement::of(
                given("weights").map(|json| json.as_array()?.iter().map(Json::as_f64).collect()),
            ),
            is_active: given("active").map(|json| *json != Json::Bool(false)),
            status: given("status").map(|json| Status::read(Some(json))),
            force: given("force").map(|json| Forced::read(Some(json))),
            coverage: given("coverage").map(|json| match json {
                Json::Null => 1.0,
                json => json.as_f64().unwrap_or(f64::NAN),
            }),
            groups: given("groups").map(|json| groups(Some(json))),
            namespace: Replacement::of(given("namespace").map(|_| reader.namespace(object))),
            legacy_url: Replacement::of(
                given("url").map(|json| legacy_url(Some(json), &mut reader)),
            ),
            definition: serde_json::to_string(&Json::Object(written.collect()))
                .unwrap_or_default()
                .into_boxed_str(),
        })
    }
}

impl fmt::Debug for ExperimentOverride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExperimentOverride").finish_non_exhaustive()
    }
}

const REPLACEABLE: [&str; 9] = [
    "condition",
    "weights",
    "active",
    "status",
    "force",
    "coverage",
    "groups",
    "namespace",
    "url",
];
