//! A value that a feature can have.

use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;

use crate::attributes::AttributeValue;
use crate::json::Json;

/// A feature's value in both its forms: the one that users receive, and the one that conditions of dependent features look
/// at, where the order of keys counts.
#[derive(Clone)]
pub(crate) struct FeatureValue {
    attribute: AttributeValue,
    json: Form,
}

/// The form that users receive. A map or a list takes many times the memory of its text there, and most of a payload's are
/// never asked for in one process, so it is made when it first is.
#[derive(Clone)]
enum Form {
    OnDemand(OnceLock<Value>),
    Ready(Value),
}

impl FeatureValue {
    #[inline]
    pub(crate) fn json(&self) -> &Value {
        match &self.json {
            Form::OnDemand(json) => json.get_or_init(|| Value::from(&self.attribute)),
            Form::Ready(json) => json,
        }
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

impl fmt::Debug for FeatureValue {
    /// Does not say the value: it is text of the payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FeatureValue(..)")
    }
}

impl From<&Json<'_>> for FeatureValue {
    fn from(json: &Json<'_>) -> Self {
        let form = match json {
            Json::Array(_) | Json::Object(_) => Form::OnDemand(OnceLock::new()),
            _ => Form::Ready(Value::from(json)),
        };
        Self {
            attribute: AttributeValue::from(json),
            json: form,
        }
    }
}

impl From<Value> for FeatureValue {
    /// A value that came without its text: nested objects have the key order of the `Value`.
    fn from(json: Value) -> Self {
        Self {
            attribute: AttributeValue::from(&json),
            json: Form::Ready(json),
        }
    }
}

/// Where a value stands among a payload's values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ValueId(pub(crate) u32);

/// The value of a feature that has none.
pub(crate) static NULL: FeatureValue = FeatureValue {
    attribute: AttributeValue::Null,
    json: Form::Ready(Value::Null),
};
