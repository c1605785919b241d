//! Evaluations that somebody hears of, in `tracing`: asked for as results, which say why. They are told when the engine is done
//! and all else is reported.

use serde_json::Value;

use super::Visit;
use super::everything::AllFeatures;
use crate::assignment::Assignment;
use crate::client::evaluation_events::{self, Evaluation};

use crate::feature_value::{FeatureValue, NULL};
use crate::result::{FeatureResult, FeatureSource, ResultValue, ValueError};

impl<'a> Visit<'a> {
    #[cold]
    pub(crate) fn value_aloud(&self, feature: &str) -> &'a FeatureValue {
        self.value_of(&self.result_aloud(feature))
    }

    #[cold]
    pub(crate) fn read_aloud<T>(
        &self,
        feature: &str,
        read: impl FnOnce(&'a Value) -> Result<T, ValueError>,
    ) -> Result<T, ValueError> {
        let result = self.answer(feature);
        let read = read(self.value_of(&result).json());
        let is_misfit = matches!(read, Err(ValueError::Mismatch { .. }));
        self.tell_of(&result, is_misfit);
        read
    }

    #[cold]
    pub(crate) fn result_aloud(&self, feature: &str) -> FeatureResult {
        let result = self.answer(feature);
        self.tell_of(&result, false);
        result
    }

    #[cold]
    pub(crate) fn tell_all(&self, all: &AllFeatures) {
        for feature in all.iter() {
            self.emit(&Evaluation {
                feature: feature.key(),
                value: feature.value(),
                source: feature.source(),
                rule_id: feature.rule_id(),
                variation_key: feature.variation_key(),
                is_misfit: false,
            });
        }
    }

    fn tell_of(&self, result: &FeatureResult, is_misfit: bool) {
        let assignment = result.assignment();
        let assignment = assignment.filter(|_| result.source() == FeatureSource::Experiment);
        self.emit(&Evaluation {
            feature: result.key(),
            value: result.value(),
            source: result.source(),
            rule_id: result.rule_id(),
            variation_key: assignment.map(Assignment::variation_key),
            is_misfit,
        });
    }

    fn emit(&self, evaluation: &Evaluation<'_>) {
        evaluation_events::emit(self.shared, self.snapshot, &self.subject(), evaluation);
    }

    /// The result's value where it lies, which the result itself does not outlive.
    fn value_of(&self, result: &FeatureResult) -> &'a FeatureValue {
        match &result.value {
            ResultValue::Stored(value) => self.snapshot.ruleset.value(*value),
            ResultValue::Forced(_) => self.subject().forced_value(result.key()).unwrap_or(&NULL),
            ResultValue::Null => &NULL,
        }
    }
}
