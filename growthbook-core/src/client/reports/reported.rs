//! Which feature values a scope has reported: it reports a feature again when its value is another one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::engine::FeatureUsage;

#[derive(Debug, Default)]
pub(crate) struct ReportedFeatures(Mutex<HashMap<Box<str>, Value>>);

impl ReportedFeatures {
    pub(crate) fn is_news(&self, usage: &FeatureUsage<'_>) -> bool {
        self.lock().get(usage.key()) != Some(usage.value())
    }

    /// Takes it upon the caller to report it, unless another thread does, or did.
    pub(crate) fn claim(&self, usage: &FeatureUsage<'_>) -> bool {
        let mut reported = self.lock();
        if let Some(value) = reported.get_mut(usage.key()) {
            if value == usage.value() {
                return false;
            }
            value.clone_from(usage.value());
        } else if reported.len() < MOST {
            reported.insert(usage.key().into(), usage.value().clone());
        }
        true
    }

    /// What is done under the lock does not panic half-way.
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most features that one scope remembers; further ones are reported each time.
const MOST: usize = 10_000;
