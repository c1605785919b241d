//! What to keep of a payload.

use super::ReduceError;
use crate::attributes::AttributeValue;
use crate::json::{Json, Object};

/// Which features and auto experiments [`reduce_payload`](super::reduce_payload) keeps. By default, all.
///
/// # Example
///
/// ```
/// use growthbook_core::reduce::{ItemFilter, Prerequisites, ReduceOptions};
///
/// let options = ReduceOptions::new()
///     .with_included(ItemFilter::new().with_projects(["web"]))
///     .with_excluded(ItemFilter::new().with_tags(["server-only"]))
///     .with_prerequisites(Prerequisites::Keep);
///
/// let same = ReduceOptions::from_json(
///     r#"{"include": {"projects": ["web"]}, "exclude": {"tags": ["server-only"]}}"#,
/// )?;
/// assert_eq!(options, same);
/// # Ok::<(), growthbook_core::reduce::ReduceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReduceOptions {
    pub(super) include: ItemFilter,
    pub(super) exclude: ItemFilter,
    pub(super) prerequisites: Prerequisites,
}

impl ReduceOptions {
    /// Keeps everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps only what matches every part of the filter. Rules that are scoped to projects are dropped, too, unless they
    /// share one with the filter (spec 23.1).
    #[must_use]
    pub fn with_included(mut self, filter: ItemFilter) -> Self {
        self.include = filter;
        self
    }

    /// Drops what matches any part of the filter. What is in all projects is never dropped for its projects.
    #[must_use]
    pub fn with_excluded(mut self, filter: ItemFilter) -> Self {
        self.exclude = filter;
        self
    }

    /// What becomes of features that are filtered out and that kept ones ask for.
    #[must_use]
    pub fn with_prerequisites(mut self, prerequisites: Prerequisites) -> Self {
        self.prerequisites = prerequisites;
        self
    }

    /// Reads options from JSON: `{"include": {"projects": [], "tags": [], "customFields": {"id": []}}, "exclude": {..},
    /// "prerequisites": "keep"}`, every part of it optional.
    ///
    /// Parts of the wrong kind are read as spec 23.1 says: null, `false`, `0` and `""` are no filter, and anything else
    /// that is not an array is one that nothing matches. `prerequisites` is to keep them unless it is `"filter"`.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, nests deeper than 128 levels, or is not an object.
    pub fn from_json(text: &str) -> Result<Self, ReduceError> {
        let options = super::parse("options", text)?;
        let filter = |key: &str| {
            let filter = options.get(key).and_then(Json::as_object);
            filter.map(ItemFilter::read).unwrap_or_default()
        };
        let prerequisites = match options.get("prerequisites").and_then(Json::as_str) {
            Some("filter") => Prerequisites::Filter,
            _ => Prerequisites::Keep,
        };
        Ok(Self {
            include: filter("include"),
            exclude: filter("exclude"),
            prerequisites,
        })
    }
}

/// What becomes of a feature that is filtered out and that a kept rule or experiment names as a prerequisite.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Prerequisites {
    /// It is dropped all the same, unless it is a holdout. Whoever evaluates the payload takes it for an unknown feature.
    Filter,
    /// It is kept, and what it asks for in turn, since evaluation needs it.
    #[default]
    Keep,
}

/// Projects, tags and custom fields that a feature's or an experiment's `metadata` is compared with.
///
/// Each part is absent until it is set. One that is set to an empty list is a filter that nothing matches. A value of the
/// metadata that is a list matches when any of its items does; strings, numbers and booleans are told apart.
///
/// # Example
///
/// ```
/// use growthbook_core::reduce::ItemFilter;
///
/// let filter = ItemFilter::new()
///     .with_projects(["prj_web"])
///     .with_tags(["checkout", "search"])
///     .with_custom_field("tier", [1, 2]);
/// # drop(filter);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFilter {
    pub(super) projects: Option<Wanted>,
    pub(super) tags: Option<Wanted>,
    pub(super) custom_fields: Vec<(String, Wanted)>,
}

impl ItemFilter {
    /// No filter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ids of projects.
    #[must_use]
    pub fn with_projects<V: Into<AttributeValue>>(
        mut self,
        projects: impl IntoIterator<Item = V>,
    ) -> Self {
        self.projects = Some(projects.into_iter().collect());
        self
    }

    /// Tags.
    #[must_use]
    pub fn with_tags<V: Into<AttributeValue>>(mut self, tags: impl IntoIterator<Item = V>) -> Self {
        self.tags = Some(tags.into_iter().collect());
        self
    }

    /// Values of the custom field `id`. Fields add up; values given earlier for the same one are replaced.
    #[must_use]
    pub fn with_custom_field<V: Into<AttributeValue>>(
        mut self,
        id: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let id = id.into();
        self.custom_fields.retain(|(other, _)| *other != id);
        self.custom_fields.push((id, values.into_iter().collect()));
        self
    }

    fn read(json: &Object<'_>) -> Self {
        let list = |key: &str| json.get(key).filter(|it| it.is_truthy()).map(Wanted::read);
        let custom_fields = json.get("customFields").and_then(Json::as_object);
        let custom_fields = custom_fields.into_iter().flat_map(Object::iter);
        Self {
            projects: list("projects"),
            tags: list("tags"),
            custom_fields: custom_fields
                .map(|(id, values)| (id.to_owned(), Wanted::read(values)))
                .collect(),
        }
    }
}

/// Values of which one will do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted(Vec<AttributeValue>);

impl Wanted {
    fn read(json: &Json<'_>) -> Self {
        let items = json.as_array().unwrap_or_default();
        items.iter().map(AttributeValue::from).collect()
    }

    /// Whether the value, or an item of it, is wanted. One that is missing is not, even where null is.
    pub(super) fn has(&self, actual: Option<&Json<'_>>) -> bool {
        match actual {
            None | Some(Json::Null) => false,
            Some(Json::Array(items)) => items.iter().any(|item| self.contains(item)),
            Some(value) => self.contains(value),
        }
    }

    fn contains(&self, value: &Json<'_>) -> bool {
        if matches!(value, Json::Array(_) | Json::Object(_)) {
            return false;
        }
        let value = AttributeValue::from(value);
        self.0.iter().any(|wanted| wanted.is_same_scalar(&value))
    }
}

impl<V: Into<AttributeValue>> FromIterator<V> for Wanted {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}
