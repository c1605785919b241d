use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{Attributes, Number};
use crate::json::{self, Json};
use crate::text::same;

/// One attribute's value: the six kinds of JSON.
///
/// `From` is implemented for what services have at hand: strings, integers, floats, booleans, lists, options and
/// [`Attributes`]. A float that is NaN or infinite becomes [`AttributeValue::Null`], since JSON has no form for it.
///
/// # Example
///
/// ```
/// use growthbook_core::AttributeValue;
///
/// assert_eq!(AttributeValue::from(3), AttributeValue::from(3.0));
/// assert_ne!(AttributeValue::from(3), AttributeValue::from("3"));
/// assert_eq!(AttributeValue::from(None::<&str>), AttributeValue::Null);
/// ```
#[derive(Clone, Default, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "JSON has six kinds of value and gets no more"
)]
pub enum AttributeValue {
    /// JSON's null. A missing attribute is null, and a null one is missing: no condition can tell them apart (spec 3.4).
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Self>),
    /// A map, in JavaScript's property order.
    Map(Attributes),
}

impl AttributeValue {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.get()),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&Attributes> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Truthiness as in JavaScript: null, `false`, `0` and `""` are false, everything else is true (spec 0).
    #[inline]
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => number.get() != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::List(_) | Self::Map(_) => true,
        }
    }

    /// The text by which this value identifies a user: a string that is not empty, or a number that is not zero, as
    /// JavaScript prints it. Everything else counts as missing (spec 8).
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::AttributeValue;
    ///
    /// assert_eq!(AttributeValue::from(5.0).identity_text().as_deref(), Some("5"));
    /// assert_eq!(AttributeValue::from("").identity_text(), None);
    /// assert_eq!(AttributeValue::from(true).identity_text(), None);
    /// ```
    pub fn identity_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
            Self::Number(number) if number.get() != 0.0 => Some(number.to_string().into()),
            _ => None,
        }
    }

    /// The same without allocating: `buffer` holds a number's digits.
    #[inline]
    pub(crate) fn identity<'a>(&'a self, buffer: &'a mut ryu_js::Buffer) -> Option<&'a str> {
        match self {
            Self::String(text) if !text.is_empty() => Some(text),
            Self::Number(number) if number.get() != 0.0 => Some(number.text(buffer)),
            _ => None,
        }
    }

    /// Whether [`AttributeValue::identity`] finds a text.
    #[inline]
    pub(crate) fn is_identity(&self) -> bool {
        match self {
            Self::String(text) => !text.is_empty(),
            Self::Number(number) => number.get() != 0.0,
            _ => false,
        }
    }

    /// Whether both are equal in kind and content, as `==` says: quicker where both are texts or simpler.
    #[inline]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match other {
            Self::List(_) | Self::Map(_) => self == other,
            scalar => self.is_same_scalar(scalar),
        }
    }

    /// Whether both are of the same primitive kind and equal. Lists and maps equal nothing, not even themselves
    /// (spec 3.6, `$eq`).
    #[inline]
    pub(crate) fn is_same_scalar(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => same(left.as_bytes(), right.as_bytes()),
            _ => false,
        }
    }
}

impl fmt::Debug for AttributeValue {
    /// Says the kind and not the value: attributes are personal data, and `Debug` output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool(..)"),
            Self::Number(_) => f.write_str("Number(..)"),
            Self::String(_) => f.write_str("String(..)"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(entries) => fmt::Debug::fmt(entries, f),
        }
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Number> for AttributeValue {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<f64> for AttributeValue {
    /// NaN and the infinities become null.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl From<f32> for AttributeValue {
    /// NaN and the infinities become null.
    fn from(value: f32) -> Self {
        Self::from(f64::from(value))
    }
}

macro_rules! from_integer {
    ($($kind:ty),*) => {$(
        impl From<$kind> for AttributeValue {
            /// Takes the nearest double.
            fn from(value: $kind) -> Self {
                Self::Number(Number::from(value))
            }
        }
    )*};
}

from_integer!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<String> for AttributeValue {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<&str> for AttributeValue {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<&String> for AttributeValue {
    fn from(value: &String) -> Self {
        Self::String(value.clone())
    }
}

impl From<Cow<'_, str>> for AttributeValue {
    fn from(value: Cow<'_, str>) -> Self {
        Self::String(value.into_owned())
    }
}

impl From<Attributes> for AttributeValue {
    fn from(value: Attributes) -> Self {
        Self::Map(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for AttributeValue {
    /// `None` becomes null.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for AttributeValue {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for AttributeValue {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self> + Clone> From<&[T]> for AttributeValue {
    fn from(items: &[T]) -> Self {
        Self::List(items.iter().cloned().map(Into::into).collect())
    }
}

impl From<&Json<'_>> for AttributeValue {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::from(number.value),
            Json::String(text) => Self::String(text.clone().into_owned()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(object) => Self::Map(Attributes::from(object)),
        }
    }
}

impl From<&Value> for AttributeValue {
    fn from(json: &Value) -> Self {
        match json {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => number.as_f64().map_or(Self::Null, Self::from),
            Value::String(text) => Self::String(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Map(members.iter().collect()),
        }
    }
}

impl From<&AttributeValue> for Value {
    fn from(value: &AttributeValue) -> Self {
        match value {
            AttributeValue::Null => Self::Null,
            AttributeValue::Bool(value) => Self::Bool(*value),
            AttributeValue::Number(number) => json::number_value(number.get()),
            AttributeValue::String(text) => Self::String(text.clone()),
            AttributeValue::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            AttributeValue::Map(entries) => Self::Object(
                entries
                    .iter()
                    .map(|(name, value)| (name.to_owned(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => json::serialize_number(number.get(), serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => entries.serialize(serializer),
        }
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truthiness_is_javascripts() {
        for falsy in [
            AttributeValue::Null,
            false.into(),
            0.into(),
            (-0.0).into(),
            "".into(),
        ] {
            assert!(!falsy.is_truthy(), "{falsy:?}");
        }
        for truthy in [
            "0".into(),
            "false".into(),
            1.into(),
            Vec::<u8>::new().into(),
            Attributes::new().into(),
        ] {
            let truthy: AttributeValue = truthy;
            assert!(truthy.is_truthy(), "{truthy:?}");
        }
    }

    #[test]
    fn only_strings_and_numbers_identify() {
        let text = |value: AttributeValue| {
            value
                .identity(&mut ryu_js::Buffer::new())
                .map(str::to_owned)
        };
        assert_eq!(text("1".into()).as_deref(), Some("1"));
        assert_eq!(text(" ".into()).as_deref(), Some(" "));
        assert_eq!(text(123.0.into()).as_deref(), Some("123"));
        for missing in [
            AttributeValue::Null,
            true.into(),
            0.into(),
            "".into(),
            vec!["1"].into(),
            f64::INFINITY.into(),
        ] {
            assert!(!missing.is_identity());
            assert_eq!(text(missing), None);
        }
    }
}
