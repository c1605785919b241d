use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::body::Properties;

/// The members of an object; none of what is no object, or too deep to be read.
pub(super) fn members(json: &RawValue) -> Map<String, Value> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

pub(super) fn written<T: Serialize + ?Sized>(value: &T) -> Option<Properties> {
    to_raw_value(value).ok().map(Properties)
}
