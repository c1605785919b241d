//! From JSON text (or any self-describing serde format) to [`Json`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Json, Literal, Object, property_index};

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "every number is a double (spec 0)"
    )]
    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Literal {
            value: value as f64,
            integer: Some(value),
        }))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "every number is a double (spec 0)"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Literal {
            value: value as f64,
            integer: i64::try_from(value).ok(),
        }))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::from(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(Key(key)) = entries.next_key()? {
            let value = entries.next_value()?;
            members.push(key, value);
        }
        Ok(members.finish())
    }
}

/// An object key that borrows from the text where it can.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The members of an object while they are read: the last of several equal keys wins, as in `JSON.parse`.
#[derive(Default)]
struct Members<'a> {
    list: Vec<(Cow<'a, str>, Json<'a>)>,
    has_index: bool,
}

impl<'a> Members<'a> {
    fn push(&mut self, key: Cow<'a, str>, value: Json<'a>) {
        self.has_index |= key.as_bytes().first().is_some_and(u8::is_ascii_digit);
        if self.list.len() < SCANNED
            && let Some((_, old)) = self.list.iter_mut().find(|(name, _)| *name == key)
        {
            *old = value;
        } else {
            self.list.push((key, value));
        }
    }

    fn finish(mut self) -> Json<'a> {
        if let Some(number) = self.as_number() {
            return Json::Number(number);
        }
        if self.list.len() > SCANNED {
            self.remove_repeated();
        }
        if self.has_index {
            // A stable sort: indices ascending, then everything else as it came.
            self.list
                .sort_by_key(|(key, _)| property_index(key).unwrap_or(u32::MAX));
        }
        Json::Object(Object(self.list))
    }

    /// With `serde_json`'s `arbitrary_precision`, which another crate of the build may turn on, a number arrives as an
    /// object with one magic key.
    fn as_number(&self) -> Option<Literal> {
        match self.list.as_slice() {
            [(key, Json::String(text))] if key == "$serde_json::private::Number" => Some(Literal {
                value: text.parse().ok()?,
                integer: text.parse().ok(),
            }),
            _ => None,
        }
    }

    fn remove_repeated(&mut self) {
        let mut places: HashMap<Cow<'a, str>, usize, foldhash::fast::RandomState> =
            HashMap::with_capacity_and_hasher(
                self.list.len(),
                foldhash::fast::RandomState::default(),
            );
        let mut unique: Vec<(Cow<'a, str>, Json<'a>)> = Vec::with_capacity(self.list.len());
        for (key, value) in self.list.drain(..) {
            if let Some((_, old)) = places.get(&key).and_then(|place| unique.get_mut(*place)) {
                *old = value;
            } else {
                places.insert(key.clone(), unique.len());
                unique.push((key, value));
            }
        }
        self.list = unique;
    }
}

/// Up to this many members, a linear search for a repeated key is cheaper than an index.
const SCANNED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let json = Json::parse(text).unwrap();
        json.as_object()
            .unwrap()
            .iter()
            .map(|(key, _)| key.to_owned())
            .collect()
    }

    #[test]
    fn keys_keep_javascript_order() {
        assert_eq!(
            keys(r#"{"b":1,"10":2,"a":3,"9":4,"01":5}"#),
            ["9", "10", "b", "a", "01"]
        );
    }

    #[test]
    fn the_last_of_equal_keys_wins_in_small_and_large_objects() {
        let small = Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(small.as_object().unwrap().get("a"), Some(&Json::from(3.0)));

        let mut text = String::from("{");
        for i in 0..200 {
            text = format!("{text}\"k{}\":{i},", i % 100);
        }
        text.push_str("\"z\":0}");
        let large = Json::parse(&text).unwrap();
        let object = large.as_object().unwrap();
        assert_eq!(object.len(), 101);
        assert_eq!(object.get("k7"), Some(&Json::from(107.0)));
    }

    #[test]
    fn numbers_are_doubles() {
        assert_eq!(
            Json::parse("9007199254740993").unwrap(),
            Json::from(9_007_199_254_740_992.0)
        );
        assert_eq!(Json::parse("-0").unwrap(), Json::from(0.0));
        assert_eq!(Json::parse("1.0").unwrap(), Json::parse("1").unwrap());
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = "[".repeat(100_000);
        assert!(Json::parse(&text).is_err());
    }
}
