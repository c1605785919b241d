//! The types that OpenFeature asks for, read from a feature's value without coercion.

use open_feature::{StructValue, Value};
use serde_json::{Map, Number, Value as Json};

use crate::fault::Fault;

/// One of OpenFeature's types.
pub(crate) trait FlagType: Sized {
    const NAME: &'static str;

    /// `None` if the value is of another type.
    fn read(json: &Json) -> Option<Self>;
}

/// A feature's value as the type that is asked for.
pub(crate) fn read<T: FlagType>(json: &Json) -> Result<T, Fault> {
    if json.is_null() {
        return Err(Fault::Null);
    }
    T::read(json).ok_or(Fault::Mismatch {
        expected: T::NAME,
        found: kind(json),
    })
}

impl FlagType for bool {
    const NAME: &'static str = "a boolean";

    fn read(json: &Json) -> Option<Self> {
        json.as_bool()
    }
}

impl FlagType for i64 {
    const NAME: &'static str = "an integer of 64 bits";

    fn read(json: &Json) -> Option<Self> {
        match json {
            Json::Number(number) => whole(number),
            _ => None,
        }
    }
}

impl FlagType for f64 {
    const NAME: &'static str = "a number";

    fn read(json: &Json) -> Option<Self> {
        json.as_f64()
    }
}

impl FlagType for String {
    const NAME: &'static str = "a string";

    fn read(json: &Json) -> Option<Self> {
        json.as_str().map(str::to_owned)
    }
}

impl FlagType for StructValue {
    const NAME: &'static str = "an object without nulls in lists";

    fn read(json: &Json) -> Option<Self> {
        structure(json.as_object()?)
    }
}

/// Members that are null are left out: OpenFeature has no null, and a missing member says the same.
fn structure(members: &Map<String, Json>) -> Option<StructValue> {
    let members = members.iter().filter(|(_, member)| !member.is_null());
    let fields = members.map(|(name, member)| Some((name.clone(), value(member)?)));
    Some(StructValue {
        fields: fields.collect::<Option<_>>()?,
    })
}

/// `None` for a null, and for a list with one: without it, what comes after would be in another place.
fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::Bool(value) => Some(Value::Bool(*value)),
        Json::Number(number) => match whole(number) {
            Some(whole) => Some(Value::Int(whole)),
            None => number.as_f64().map(Value::Float),
        },
        Json::String(text) => Some(Value::String(text.clone())),
        Json::Array(items) => {
            let items: Option<Vec<Value>> = items.iter().map(value).collect();
            items.map(Value::Array)
        }
        Json::Object(members) => structure(members).map(Value::Struct),
    }
}

/// A number without a fraction that 64 bits hold, however it is written: `1e3` and `1000.0` are whole.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let number = number.as_f64()?;
        let fits = (-TWO_TO_THE_63..TWO_TO_THE_63).contains(&number);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "there is no fraction, and it fits"
        )]
        (fits && number.fract() == 0.0).then_some(number as i64)
    })
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

const TWO_TO_THE_63: f64 = 9_223_372_036_854_775_808.0;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole_of(text: &str) -> Option<i64> {
        i64::read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn integers_are_whole_and_fit() {
        for (text, integer) in [
            ("0", 0),
            ("-0.0", 0),
            ("1e3", 1_000),
            ("42.0", 42),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808.0", i64::MIN),
            ("9007199254740993", 9_007_199_254_740_993),
        ] {
            assert_eq!(whole_of(text), Some(integer), "{text}");
        }
        for text in [
            "0.5",
            "9223372036854775808",
            "1e19",
            "-1e19",
            "1e300",
            "true",
            "\"1\"",
        ] {
            assert_eq!(whole_of(text), None, "{text}");
        }
    }

    #[test]
    fn nulls_in_an_object_are_missing_and_in_a_list_they_have_no_form() {
        let read = StructValue::read(&json!({"a": null, "b": {"c": null, "d": [1, 2.5]}}));
        let numbers = Value::Array(vec![Value::Int(1), Value::Float(2.5)]);
        let inner = StructValue::default().with_field("d", numbers);
        let expected = StructValue::default().with_field("b", Value::Struct(inner));
        assert_eq!(read, Some(expected));
        assert_eq!(StructValue::read(&json!({"a": [1, null]})), None);
    }
}
