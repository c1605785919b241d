//! The event, as OpenTelemetry's semantic conventions have it.

use serde_json::Value;
use tracing::Level;
use tracing::field::Empty;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

use super::Evaluation;
use crate::client::feed::refresh::Origin;
use crate::client::shared::{Shared, Snapshot};
use crate::engine::Subject;
use crate::result::FeatureSource;

/// Whether a subscriber wants to hear of evaluations. While there is none, that is one comparison.
#[inline]
pub(crate) fn are_wanted(shared: &Shared) -> bool {
    Level::DEBUG <= STATIC_MAX_LEVEL && Level::DEBUG <= LevelFilter::current() && ask(shared)
}

/// Asks the subscriber's filter. That is the program's own code as well: it may evaluate, and it may panic.
fn ask(shared: &Shared) -> bool {
    let mut are_wanted = false;
    shared.log(|_| are_wanted = tracing::event_enabled!(target: TARGET, Level::DEBUG));
    are_wanted
}

/// Tells the subscriber, which is the program's own code. What it evaluates meanwhile it is not told of.
pub(crate) fn emit(
    shared: &Shared,
    snapshot: &Snapshot,
    subject: &Subject<'_>,
    evaluation: &Evaluation<'_>,
) {
    if shared.is_closed() {
        return;
    }
    let options = &shared.evaluation_events;
    let fault = fault(shared, snapshot, evaluation);
    let reason = fault.map_or_else(|| reason(evaluation.source), |_| "error");
    // Where there is a fault, the program goes on with its fallback, which is no variant.
    let is_served = fault.is_none();
    let variant = evaluation.variation_key.or(evaluation.rule_id);
    let text;
    let value = if is_served && options.has_values {
        text = text_of(evaluation.value);
        Some(value_of(evaluation.value, &text))
    } else {
        None
    };
    let context_id = options.context_id.as_ref().and_then(|name| {
        let attribute = subject.attribute(name)?;
        attribute.identity_text()
    });
    let ruleset = &snapshot.ruleset;
    let revision = || ruleset.revision().to_string();
    let version = ruleset
        .date_updated()
        .map_or_else(revision, ToOwned::to_owned);
    shared.log(|_| {
        tracing::event!(
            name: NAME,
            target: TARGET,
            Level::DEBUG,
            feature_flag.key = evaluation.feature,
            feature_flag.provider.name = PROVIDER,
            feature_flag.result.reason = reason,
            feature_flag.result.variant = variant.filter(|_| is_served),
            feature_flag.result.value = value,
            feature_flag.version = version,
            feature_flag.context.id = context_id.as_deref(),
            "error.type" = fault.map(|(kind, _)| kind),
            feature_flag.error.message = fault.map(|(_, message)| message),
        );
    });
}

fn reason(source: FeatureSource) -> &'static str {
    match source {
        FeatureSource::DefaultValue => "default",
        FeatureSource::Experiment => "split",
        FeatureSource::Force => "targeting_match",
        FeatureSource::Override => "static",
        FeatureSource::Prerequisite => "disabled",
        FeatureSource::CyclicPrerequisite | FeatureSource::UnknownFeature => "error",
    }
}

/// What kept the feature from having a value of the type that was asked for: kind and words.
fn fault(
    shared: &Shared,
    snapshot: &Snapshot,
    evaluation: &Evaluation<'_>,
) -> Option<(&'static str, &'static str)> {
    let is_bare = || snapshot.ruleset.feature_keys().next().is_none();
    match evaluation.source {
        _ if evaluation.is_misfit => Some((
            "type_mismatch",
            "the feature's value is not of the type that was asked for",
        )),
        FeatureSource::CyclicPrerequisite => Some((
            "parse_error",
            "the feature depends on itself through prerequisites",
        )),
        FeatureSource::UnknownFeature if is_bare() && shared.feed.origin() == Origin::Nowhere => {
            Some(("provider_not_ready", "no features were loaded yet"))
        }
        FeatureSource::UnknownFeature => Some(("flag_not_found", "there is no such feature")),
        _ => None,
    }
}

/// The text of what is more than a number.
fn text_of(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => String::new(),
    }
}

/// A value in its own type, as far as `tracing` has it; the rest in the given text.
fn value_of<'v>(value: &'v Value, text: &'v str) -> Box<dyn tracing::Value + 'v> {
    match value {
        Value::Bool(on) => Box::new(*on),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Box::new(number),
            None => Box::new(number.as_f64()),
        },
        Value::String(value) => Box::new(value.as_str()),
        Value::Null => Box::new(Empty),
        Value::Array(_) | Value::Object(_) => Box::new(text),
    }
}

const NAME: &str = "feature_flag.evaluation";
const PROVIDER: &str = "growthbook";
const TARGET: &str = "growthbook::evaluation";
