//! Payloads and conditions cut down to what still matters for a user of whom something is known.
//!
//! A server that knows a user's account and hands the payload on to a browser, or an edge worker, need not send rules
//! for other accounts: [`reduce_payload`] drops what those attributes decide, and gives away less of who else is targeted.
//! For every user who has the known attributes, the reduced payload evaluates like the original. [`prune_condition`] does
//! the same to a single condition.
//!
//! ```
//! use growthbook_core::Attributes;
//! use growthbook_core::reduce::{self, ReduceOptions};
//!
//! let payload = r#"{"features": {"beta": {"defaultValue": false, "rules": [
//!     {"condition": {"plan": "pro", "country": "US"}, "force": true},
//!     {"condition": {"plan": "free"}, "force": true}
//! ]}}}"#;
//! let known = Attributes::new().with("plan", "pro");
//!
//! let reduced = reduce::reduce_payload(payload, &known, &ReduceOptions::new())?;
//! assert_eq!(
//!     reduced,
//!     concat!(
//!         r#"{"features":{"beta":{"defaultValue":false,"rules":["#,
//!         r#"{"condition":{"country":"US"},"force":true},"#,
//!         r#"{"condition":{"$not":{}},"force":null}"#,
//!         r#"]}},"experiments":[],"savedGroups":{}}"#,
//!     ),
//! );
//! # Ok::<(), reduce::ReduceError>(())
//! ```

mod cycles;
mod filter;
mod groups;
mod options;
mod payload;
mod prune;
mod references;
mod write;

use self::groups::Groups;
pub use self::options::{ItemFilter, Prerequisites, ReduceOptions};
use self::prune::{Pruned, Pruner};
use crate::attributes::Attributes;
use crate::json::{Json, Object};
use crate::ruleset::Ruleset;

/// Reduces a payload for a user who is known in part (spec 23). Takes and returns JSON text; the order of keys lasts.
///
/// `known` are the attributes that are certain: those that hold for all users, overlaid by the user's. What is absent may
/// have any value, and what is null is null. Conditions lose the branches that are decided, a force rule that never
/// matches loses its value, and saved groups and contextual bandits that nothing needs any more are dropped, as are the
/// features and experiments that `options` filter out.
///
/// The work is proportional to the payload, whatever its groups and prerequisites lead to. Where evaluation could meet its
/// own limits (spec 25), conditions and groups stay as they are.
///
/// # Errors
///
/// When the text is not a payload with plain features, or is larger than 16 MiB. Malformed parts of a payload are no
/// error: they stay as they are.
///
/// # Example
///
/// ```
/// use growthbook_core::Attributes;
/// use growthbook_core::reduce::{ItemFilter, ReduceOptions, reduce_payload};
///
/// let payload = r#"{"features": {
///     "search": {"defaultValue": 1, "metadata": {"projects": ["web"]}},
///     "billing": {"defaultValue": 2, "metadata": {"projects": ["backend"]}}
/// }}"#;
/// let mut known = Attributes::new().with("env", "production");
/// known.extend(Attributes::new().with("id", "user-123"));
///
/// let web = ReduceOptions::new().with_included(ItemFilter::new().with_projects(["web"]));
/// let reduced = reduce_payload(payload, &known, &web)?;
/// assert!(reduced.contains("search") && !reduced.contains("billing"));
/// # Ok::<(), growthbook_core::reduce::ReduceError>(())
/// ```
pub fn reduce_payload(
    payload: &str,
    known: &Attributes,
    options: &ReduceOptions,
) -> Result<String, ReduceError> {
    let payload = parse("payload", payload)?;
    if SEALED.into_iter().any(|section| {
        let sealed = payload.get(section);
        sealed.is_some_and(|it| it.as_non_empty_str().is_some())
    }) {
        return Err(ReduceError::Sealed);
    }
    if payload.get("features").and_then(Json::as_object).is_none() {
        return Err(ReduceError::MissingFeatures);
    }
    let reduced = payload::reduce(payload, known, options);
    Ok(write::text(&Json::Object(reduced)))
}

/// Evaluates a condition as far as the known attributes go (spec 22). `saved_groups` is the JSON of a payload's section of
/// that name, if the condition may refer to one.
///
/// What is left holds for exactly those users of whom the whole holds, among those who have the known attributes. It
/// refers to the same saved groups.
///
/// # Errors
///
/// When a text is not a JSON object, nests deeper than 128 levels, or is larger than 16 MiB. A malformed condition is no
/// error: it is left as it is.
///
/// # Example
///
/// ```
/// use growthbook_core::Attributes;
/// use growthbook_core::reduce::{PrunedCondition, prune_condition};
///
/// let known = Attributes::new().with("id", "123");
/// let prune = |condition| prune_condition(condition, &known, None);
///
/// assert_eq!(
///     prune(r#"{"id": {"$ne": "789"}, "country": "US"}"#)?,
///     PrunedCondition::Left(r#"{"country":"US"}"#.to_owned()),
/// );
/// assert_eq!(prune(r#"{"id": "456", "country": "US"}"#)?, PrunedCondition::Decided(false));
/// # Ok::<(), growthbook_core::reduce::ReduceError>(())
/// ```
pub fn prune_condition(
    condition: &str,
    known: &Attributes,
    saved_groups: Option<&str>,
) -> Result<PrunedCondition, ReduceError> {
    let condition = parse("condition", condition)?;
    let saved_groups = match saved_groups {
        Some(text) => parse("saved groups", text)?,
        None => Object::default(),
    };
    let groups = Groups::new(saved_groups);
    let left = match Pruner::new(known, &groups).prune(&condition) {
        Pruned::Decided(holds) => return Ok(PrunedCondition::Decided(holds)),
        Pruned::Left(left) => left,
        Pruned::Malformed | Pruned::Unbounded => condition,
    };
    Ok(PrunedCondition::Left(write::text(&Json::Object(left))))
}

/// What [`prune_condition`] makes of a condition.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a condition is decided or it is not"
)]
pub enum PrunedCondition {
    /// It holds, or fails, whatever the unknown attributes are.
    Decided(bool),
    /// What remains to be decided, as JSON text.
    Left(String),
}

/// Why a payload was not reduced, or a condition not pruned.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReduceError {
    /// The text is not JSON, or nests deeper than 128 levels. Nothing else is wrong with the call.
    #[error("the {document} is not valid JSON (line {line}, column {column})")]
    Json {
        /// Which of the texts: `payload`, `condition`, `saved groups` or `options`.
        document: &'static str,
        /// Where reading stopped, counted from 1.
        line: usize,
        /// Where reading stopped, counted from 1.
        column: usize,
    },
    /// The payload has no `features` object. A payload like that removes nothing from those who receive it, while a
    /// reduced one without features would remove all: pass a whole payload.
    #[error("the payload has no features")]
    MissingFeatures,
    /// The text is JSON, but not an object. Pass one.
    #[error("the {document} is not a JSON object")]
    NotAnObject {
        /// Which of the texts: `payload`, `condition`, `saved groups` or `options`.
        document: &'static str,
    },
    /// A section of the payload is encrypted, so there is no telling what it needs. Open it first, with
    /// [`decrypt`](crate::decrypt()).
    #[error("a section of the payload is encrypted")]
    Sealed,
    /// The text is larger than is accepted. No limit can be set: reduce what was meant for one SDK connection.
    #[error("the {document} is larger than {limit} bytes")]
    TooLarge {
        /// Which of the texts: `payload`, `condition`, `saved groups` or `options`.
        document: &'static str,
        /// The most bytes that are accepted.
        limit: usize,
    },
}

/// Reads an object.
fn parse<'j>(document: &'static str, text: &'j str) -> Result<Object<'j>, ReduceError> {
    if text.len() > Ruleset::MAX_PAYLOAD_BYTES {
        return Err(ReduceError::TooLarge {
            document,
            limit: Ruleset::MAX_PAYLOAD_BYTES,
        });
    }
    match Json::parse(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(ReduceError::NotAnObject { document }),
        Err(error) => Err(ReduceError::Json {
            document,
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// The sections that may come encrypted (spec 24).
const SEALED: [&str; 4] = [
    "encryptedContextualBandits",
    "encryptedExperiments",
    "encryptedFeatures",
    "encryptedSavedGroups",
];
