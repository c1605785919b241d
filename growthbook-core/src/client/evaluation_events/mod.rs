//! Evaluations that the program asks for, as events of OpenTelemetry: behind the Cargo feature `otel`. Without it nobody ever
//! wants one, and nothing of this is left in the compiled code.

#[cfg(feature = "otel")]
mod event;
#[cfg(feature = "otel")]
mod options;

#[cfg(feature = "otel")]
pub(crate) use self::event::{are_wanted, emit};
#[cfg(feature = "otel")]
pub use self::options::EvaluationEvents;
#[cfg(not(feature = "otel"))]
pub(crate) use self::silence::{are_wanted, emit};

use serde_json::Value;

use crate::result::FeatureSource;

/// An evaluation, as far as an event tells of it.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "nobody reads it"))]
pub(crate) struct Evaluation<'r> {
    pub(crate) feature: &'r str,
    pub(crate) value: &'r Value,
    pub(crate) source: FeatureSource,
    pub(crate) rule_id: Option<&'r str>,
    pub(crate) variation_key: Option<&'r str>,
    /// The program asked for another type.
    pub(crate) is_misfit: bool,
}

#[cfg(not(feature = "otel"))]
mod silence {
    use super::Evaluation;
    use crate::client::shared::{Shared, Snapshot};
    use crate::engine::Subject;

    #[inline]
    pub(crate) fn are_wanted(_: &Shared) -> bool {
        false
    }

    pub(crate) fn emit(_: &Shared, _: &Snapshot, _: &Subject<'_>, _: &Evaluation<'_>) {}
}
