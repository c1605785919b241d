//! The members of a JSON object, whose values nobody looks into.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// The members of an object, in order. Names can repeat, and then the last one counts, as everywhere in JSON.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of `json`; none if it is no object.
    pub(super) fn of(json: &'a RawValue) -> Self {
        serde_json::from_str(json.get()).unwrap_or_default()
    }

    pub(super) fn last(&self, name: &str) -> Option<&'a RawValue> {
        let mut named = self.0.iter().rev().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| *value)
    }

    /// The text that is the value of that member, if it is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.last(name)?.get()).ok()
    }

    /// These without those of some names, and with others instead, whose values are texts.
    pub(super) fn replaced<'m>(
        &'m self,
        without: &'m [&'m str],
        with: &'m [(&'m str, &'m str)],
    ) -> Replaced<'m> {
        Replaced {
            members: self,
            without,
            with,
        }
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject)
    }
}

pub(super) struct Replaced<'m> {
    members: &'m Members<'m>,
    without: &'m [&'m str],
    with: &'m [(&'m str, &'m str)],
}

impl Serialize for Replaced<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.members.0 {
            let is_replaced = self.with.iter().any(|(other, _)| name == other);
            if !is_replaced && !self.without.contains(&&**name) {
                map.serialize_entry(&**name, value)?;
            }
        }
        for (name, value) in self.with {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A name, which is borrowed if it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OfText).map(Self)
    }
}

struct OfText;

impl<'de> Visitor<'de> for OfText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
