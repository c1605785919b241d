//! A value that a feature can have.

use serde_json::Value;

use crate::attributes::AttributeValue;
use crate::json::Json;

/// A feature's value in both its forms: the one that users receive, and the one that conditions of dependent features look
/// at, where the order of keys counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FeatureValue {
    json: Value,
    attribute: AttributeValue,
}

impl FeatureValue {
    #[inline]
    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    #[inline]
    pub(crate) fn as_attribute(&self) -> &AttributeValue {
        &self.attribute
    }

    #[inline]
    pub(crate) fn is_truthy(&self) -> bool {
        self.attribute.is_truthy()
    }
}

impl From<&Json<'_>> for FeatureValue {
    fn from(json: &Json<'_>) -> Self {
        Self {
            json: Value::from(json),
            attribute: AttributeValue::from(json),
        }
    }
}

impl From<Value> for FeatureValue {
    /// A value that came without its text: nested objects have the key order of the `Value`.
    fn from(json: Value) -> Self {
        let attribute = AttributeValue::from(&json);
        Self { json, attribute }
    }
}

/// The value of a feature that has none.
pub(crate) static NULL: FeatureValue = FeatureValue {
    json: Value::Null,
    attribute: AttributeValue::Null,
};
