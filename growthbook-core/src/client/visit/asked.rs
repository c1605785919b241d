//! What programs ask: features as values, as types, as results, and all at once.

use std::any::type_name;

use serde::Deserialize;

use super::Visit;
use super::everything::AllFeatures;
use super::question::{ResultOf, ValueAt};
use crate::client::background::BackgroundError;
use crate::client::evaluation_events;
use crate::client::feed::refresh::Origin;
use crate::client::log;
use crate::flag::{Flag, FlagValue};
use crate::result::{FeatureResult, ValueError, read_value};

impl<'a> Visit<'a> {
    /// The value of a feature as a type.
    #[inline]
    pub(crate) fn value_as<T: Deserialize<'a>>(&self, feature: &str) -> Result<T, ValueError> {
        if evaluation_events::are_wanted(self.shared) {
            return self.read_aloud(feature, read_value);
        }
        read_value(self.value(feature).json())
    }

    /// The value of a feature as a type, or the fallback.
    #[inline]
    pub(crate) fn value_or<T: Deserialize<'a>>(&self, feature: &str, fallback: T) -> T {
        self.value_as(feature).unwrap_or_else(|error| {
            self.misfit::<T>(feature, error);
            fallback
        })
    }

    /// The value of a feature that the program has named, or its fallback.
    #[inline]
    pub(crate) fn flag<V: FlagValue>(&self, flag: &'a Flag<V>) -> V::Of<'a> {
        let read = if evaluation_events::are_wanted(self.shared) {
            self.read_aloud(flag.key(), V::read)
        } else {
            let value = match flag.place_in(&self.snapshot.ruleset) {
                Some(place) => self.ask(&ValueAt(place)),
                None => self.value(flag.key()),
            };
            V::read(value.json())
        };
        read.unwrap_or_else(|error| {
            self.misfit::<V>(flag.key(), error);
            flag.fallback().of()
        })
    }

    /// A feature's value, and why it is that one.
    pub(crate) fn result(&self, feature: &str) -> FeatureResult {
        if evaluation_events::are_wanted(self.shared) {
            return self.result_aloud(feature);
        }
        self.answer(feature)
    }

    /// The same, of which nobody is told.
    pub(super) fn answer(&self, feature: &str) -> FeatureResult {
        self.look_around();
        self.ask(&ResultOf(feature))
    }

    /// All features.
    pub(crate) fn all(&self) -> AllFeatures {
        self.look_around();
        let all = AllFeatures::of(self);
        if evaluation_events::are_wanted(self.shared) {
            self.tell_all(&all);
        }
        all
    }

    /// Says it in the log if there was never anything to evaluate with.
    #[inline]
    pub(super) fn look_around(&self) {
        if log::IS_HEARD && self.snapshot.ruleset.feature_keys().next().is_none() {
            self.say_that_it_is_early();
        }
    }

    #[cold]
    fn say_that_it_is_early(&self) {
        if self.shared.feed.origin() == Origin::Nowhere {
            self.shared.log(log::early);
        }
    }

    /// A value that is there and does not fit is a mistake on one side or the other: the program is told, once.
    fn misfit<T>(&self, feature: &str, error: ValueError) {
        let is_mistake = matches!(error, ValueError::Mismatch { .. });
        if is_mistake && self.shared.mismatches.is_news(feature, type_name::<T>()) {
            self.shared.report(&BackgroundError::Value {
                feature: feature.to_owned(),
                source: error,
            });
        }
    }
}
