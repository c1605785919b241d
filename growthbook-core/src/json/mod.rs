//! JSON text as a short-lived tree that borrows from the text.
//!
//! Everything that arrives as JSON (a payload, a condition, attributes) is first read into a [`Json`] and then turned
//! into a type of ours. The tree keeps what `serde_json::Value` loses, because evaluation can observe it: the order of an
//! object's keys (spec 3.5), and one kind of number (spec 0). A payload is read a feature at a time, so a tree is small
//! and its memory is reused.

mod read;
mod write;

use std::borrow::Cow;

pub(crate) use self::read::Key;
pub(crate) use self::write::{number_value, serialize_number, write_members};

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Literal),
    String(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Object<'a>),
}

impl<'a> Json<'a> {
    /// Parses one JSON text.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A string that says something: JavaScript's `value || default` treats the empty one as absent.
    pub(crate) fn as_non_empty_str(&self) -> Option<&str> {
        self.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.value),
            _ => None,
        }
    }

    /// A number written as an integer: `1`, and not `1.0`.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.integer,
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// JavaScript's truthiness: null, `false`, `0`, NaN and `""` are false, everything else is true (spec 0).
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => number.value != 0.0 && !number.value.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// The kind's name, for diagnostics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The same tree, owning its text.
    pub(crate) fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(number) => Json::Number(number),
            Self::String(text) => Json::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(object) => Json::Object(Object(
                object
                    .0
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                    .collect(),
            )),
        }
    }
}

impl From<f64> for Json<'_> {
    fn from(value: f64) -> Self {
        Self::Number(Literal {
            value,
            integer: None,
        })
    }
}

/// A number: its value, and the integer that was written, if one was. The form matters to a bandit's leaf ids alone
/// (spec 18.2); numbers of equal value are equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal {
    pub(crate) value: f64,
    pub(crate) integer: Option<i64>,
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// An object: unique keys, in JavaScript's property order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Json<'a>> {
        self.0
            .iter_mut()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The value of `key`, with an explicit null counting as absent (spec 0).
    pub(crate) fn get_some(&self, key: &str) -> Option<&Json<'a>> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// The members, except the one with this key.
    pub(crate) fn without(&self, key: &str) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.iter().filter(move |(name, _)| *name != key)
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Replaces the value of `key`, or appends it.
    pub(crate) fn set(&mut self, key: &str, value: Json<'a>) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((Cow::Owned(key.to_owned()), value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(name, _)| name != key);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// Keys as they were read, and values: a key that borrows from the text costs nothing to clone.
    pub(crate) fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        &self.0
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.0.into_iter()
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Json<'a>)> for Object<'a> {
    /// Collects members whose keys are known to be unique and in order.
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Json<'a>)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

/// The place of a key that JavaScript orders as an array index: decimal digits without a leading zero, below 2³² − 1.
/// Such keys come first in an object, in ascending order; all others keep their insertion order (spec 3.5).
pub(crate) fn property_index(key: &str) -> Option<u32> {
    let bytes = key.as_bytes();
    let canonical = match bytes {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 10 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    key.parse::<u32>().ok().filter(|index| *index != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_indices_are_property_indices() {
        assert_eq!(property_index("0"), Some(0));
        assert_eq!(property_index("4294967294"), Some(4_294_967_294));
        for key in [
            "",
            "01",
            "-1",
            "+1",
            "1.0",
            "4294967295",
            "99999999999",
            "a",
            "١",
        ] {
            assert_eq!(property_index(key), None, "{key}");
        }
    }
}
