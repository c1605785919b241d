//! From [`Json`] back to JSON text, and to `serde_json::Value` for users.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Number, Value};

use super::Json;

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => serialize_number(number.value, serializer),
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Json::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (key, value) in object.iter() {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<&Json<'_>> for Value {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => number_value(number.value),
            Json::String(text) => Self::String(text.clone().into_owned()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(object) => Self::Object(
                object
                    .iter()
                    .map(|(key, value)| (key.to_owned(), Self::from(value)))
                    .collect::<Map<String, Self>>(),
            ),
        }
    }
}

/// Compact JSON text of an object with these members.
pub(crate) fn write_members<'j, 't: 'j>(
    members: impl Iterator<Item = (&'j str, &'j Json<'t>)>,
) -> Box<str> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut text);
    // A tree that was read as JSON can be written as JSON.
    let written = serializer.collect_map(members);
    String::from_utf8(text)
        .ok()
        .filter(|_| written.is_ok())
        .unwrap_or_default()
        .into_boxed_str()
}

/// A double as the JSON value that `JSON.stringify` would give: whole numbers without a fraction, NaN and the infinities
/// as null.
pub(crate) fn number_value(number: f64) -> Value {
    match whole(number) {
        Some(whole) => Value::from(whole),
        None => Number::from_f64(number).map_or(Value::Null, Value::Number),
    }
}

/// Serialises a double as [`number_value`] describes.
pub(crate) fn serialize_number<S: Serializer>(
    number: f64,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match whole(number) {
        Some(whole) => serializer.serialize_i64(whole),
        None if number.is_finite() => serializer.serialize_f64(number),
        None => serializer.serialize_unit(),
    }
}

/// A number without fraction that a double holds exactly.
#[expect(
    clippy::cast_possible_truncation,
    reason = "below 2⁵³ there is nothing to truncate"
)]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_compact() {
        let text = r#"{"b":[1,1.5,-2,null,true],"a":{"x":"é\"\n"}}"#;
        assert_eq!(
            serde_json::to_string(&Json::parse(text).unwrap()).unwrap(),
            text
        );
    }

    #[test]
    fn numbers_print_like_javascript() {
        for (number, text) in [(1.0, "1"), (-0.0, "0"), (1.5, "1.5"), (f64::NAN, "null")] {
            assert_eq!(serde_json::to_string(&Json::from(number)).unwrap(), text);
        }
    }
}
