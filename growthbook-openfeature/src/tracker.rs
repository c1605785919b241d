use std::fmt;
use std::sync::Arc;

use growthbook_core::{AttributeValue, GrowthBookClient};
use open_feature::EvaluationContext;
use serde_json::{Map, Value};

use crate::attributes::Mapping;
use crate::guard::guarded;

/// Logs events of the program's own, in OpenFeature's terms: they go where the client sends such events.
///
/// `open-feature` 0.3 has no tracking, so it is used beside its client: see
/// [`GrowthBookProvider::tracker`](crate::GrowthBookProvider::tracker). Clones log for the same client, and keep it alive.
///
/// # Example
///
/// ```
/// use growthbook_core::GrowthBookClient;
/// use growthbook_openfeature::{GrowthBookProvider, TrackingDetails};
/// use open_feature::EvaluationContext;
///
/// let provider = GrowthBookProvider::new(GrowthBookClient::builder().build()?);
/// let tracker = provider.tracker();
///
/// let user = EvaluationContext::default().with_targeting_key("u-1");
/// tracker.track("signed-up", &user, TrackingDetails::new());
/// tracker.track("purchase", &user, TrackingDetails::new().with_value(99.5).with_field("currency", "EUR"));
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tracker {
    client: GrowthBookClient,
    mapping: Arc<Mapping>,
}

impl Tracker {
    pub(crate) fn new(client: GrowthBookClient, mapping: Arc<Mapping>) -> Self {
        Self { client, mapping }
    }

    /// Logs an event for the user of this context. What OpenFeature's own clients and its API add to a context is not in it.
    pub fn track(&self, name: &str, context: &EvaluationContext, details: TrackingDetails) {
        let user = guarded(|| self.mapping.user(context));
        let Some(user) = user else {
            log::warn!(target: crate::LOG, "an event is not logged: a structure of its context panicked");
            return;
        };
        self.client
            .log_event(name, details.into_properties(), &user);
    }
}

/// What an event says besides its name.
#[derive(Clone, Default)]
pub struct TrackingDetails {
    value: Option<AttributeValue>,
    fields: Map<String, Value>,
}

impl TrackingDetails {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number that the event is about, such as an amount: the property `value`, in place of a field of that name. NaN
    /// and the infinities are none.
    #[must_use]
    pub fn with_value(mut self, value: f64) -> Self {
        self.value = crate::structures::number(value);
        self
    }

    /// Adds a property, replacing an earlier one of its name.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    fn into_properties(self) -> Map<String, Value> {
        let mut properties = self.fields;
        if let Some(value) = &self.value {
            // A whole number has no fraction in JSON, as in JavaScript.
            properties.insert("value".to_owned(), value.into());
        }
        properties
    }
}

impl fmt::Debug for TrackingDetails {
    /// Says the names and not the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackingDetails")
            .field("value", &self.value)
            .field("fields", &self.fields.keys())
            .finish()
    }
}
