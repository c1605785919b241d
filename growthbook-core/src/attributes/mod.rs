//! What is known of a user: an ordered map of JSON values, with JavaScript's notion of equality.
//!
//! [`Attributes`] is our own type because evaluation observes what `serde_json::Value` may lose: the order of keys
//! (spec 3.5), and that every number is a double (spec 0).

mod layers;
mod lookup;
mod name;
mod number;
mod path;
mod shortened;
mod slots;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashMap;
use std::fmt;
use std::iter;
use std::mem;

use serde::Serialize;
use serde_json::Value;

pub(crate) use self::layers::{Layers, REMOTE_GROUPS};
pub(crate) use self::name::{Name, Probe};
pub use self::number::Number;
pub(crate) use self::path::{AttributePath, Found};
pub(crate) use self::shortened::shortened_text;
pub(crate) use self::slots::{Slot, Slots};
pub use self::value::AttributeValue;
use crate::json::{Json, Object, property_index};

/// Attributes of a user, by name.
///
/// Names are unique and are kept in the order that a JavaScript object would give them: names that are array indices
/// (`"0"`, `"17"`) first and ascending, all others as they were inserted.
///
/// # Example
///
/// ```
/// use growthbook_core::Attributes;
///
/// let user = Attributes::new()
///     .with("id", "user-123")
///     .with("age", 34)
///     .with("tags", ["beta", "vip"])
///     .with("company", Attributes::new().with("size", 250));
///
/// assert_eq!(user.get("age"), Some(&34.into()));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Attributes {
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq)]
struct Entry {
    name: Name,
    value: AttributeValue,
}

impl Attributes {
    /// No attributes.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// No attributes yet, with room for `capacity` of them.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: Vec::with_capacity(capacity),
        }
    }

    /// Adds an attribute, replacing an earlier one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.insert(name, value);
        self
    }

    /// Adds an attribute, and returns the value that it replaces.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        value: impl Into<AttributeValue>,
    ) -> Option<AttributeValue> {
        self.put(Entry {
            name: Name::from(name.into()),
            value: value.into(),
        })
    }

    /// Removes an attribute, and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        let place = self
            .entries
            .iter()
            .position(|entry| entry.name.is(Probe::new(name)))?;
        Some(self.entries.remove(place).value)
    }

    /// The value of an attribute. `name` is one name, not a path: dots in it are ordinary characters.
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.find(Probe::new(name))
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut AttributeValue> {
        let name = Probe::new(name);
        let mut entries = self.entries.iter_mut();
        let entry = entries.find(|entry| entry.name.is(name))?;
        Some(&mut entry.value)
    }

    /// The number of attributes.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.entries
            .iter()
            .map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// Attributes from the text of a JSON object, with its key order kept.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, nests deeper than 128 levels, or is not an object.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::Attributes;
    ///
    /// let user = Attributes::from_json(r#"{"id": "u-1", "plan": "pro"}"#)?;
    /// assert_eq!(user.get("plan"), Some(&"pro".into()));
    /// # Ok::<(), growthbook_core::AttributeError>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, AttributeError> {
        match Json::parse(text).map_err(AttributeError::json)? {
            Json::Object(object) => Ok(Self::from(&object)),
            _ => Err(AttributeError::NotAnObject),
        }
    }

    /// Attributes from anything that serialises to a JSON object, such as a struct of yours, in the order of its fields.
    ///
    /// # Errors
    ///
    /// When the value cannot be serialised as JSON (a map with keys that are not strings, say), nests deeper than
    /// 128 levels, or is not an object.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::Attributes;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Visitor<'a> { id: &'a str, logins: u32 }
    ///
    /// let user = Attributes::from_serialize(&Visitor { id: "u-1", logins: 7 })?;
    /// assert_eq!(user.get("logins"), Some(&7.into()));
    /// # Ok::<(), growthbook_core::AttributeError>(())
    /// ```
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, AttributeError> {
        Self::from_json(&serde_json::to_string(value).map_err(AttributeError::json)?)
    }

    /// Where a new name belongs: indices ascending in front, others at the end.
    fn place_of(&self, name: &Name) -> usize {
        let Some(index) = property_index(name.as_str()) else {
            return self.entries.len();
        };
        self.entries.partition_point(|entry| {
            property_index(entry.name.as_str()).is_some_and(|other| other < index)
        })
    }

    /// Adds entries in bulk, in time that grows with their number.
    fn extend_unique(&mut self, mut new: impl Iterator<Item = Entry>) {
        // Looking through a few names takes less than a table of them.
        while self.entries.len() < FEW {
            let Some(entry) = new.next() else { return };
            self.put(entry);
        }
        let Some(next) = new.next() else { return };
        self.extend_many(iter::once(next).chain(new));
    }

    fn extend_many(&mut self, new: impl Iterator<Item = Entry>) {
        let names = self.entries.iter().enumerate();
        let names = names.map(|(place, entry)| (entry.name.as_str().to_owned(), place));
        let mut places: HashMap<String, usize> = names.collect();
        for entry in new {
            let known = places.get(entry.name.as_str());
            if let Some(place) = known.and_then(|place| self.entries.get_mut(*place)) {
                place.value = entry.value;
            } else {
                places.insert(entry.name.as_str().to_owned(), self.entries.len());
                self.entries.push(entry);
            }
        }
        self.entries
            .sort_by_key(|entry| property_index(entry.name.as_str()).unwrap_or(u32::MAX));
    }

    /// Adds other attributes, each replacing an earlier one of its name.
    pub(crate) fn append(&mut self, other: Self) {
        if self.entries.is_empty() {
            *self = other;
        } else {
            self.extend_unique(other.entries.into_iter());
        }
    }

    fn put(&mut self, entry: Entry) -> Option<AttributeValue> {
        let name = entry.name.probe();
        if let Some(known) = self.entries.iter_mut().find(|it| it.name.is(name)) {
            return Some(mem::replace(&mut known.value, entry.value));
        }
        let place = self.place_of(&entry.name);
        self.entries.insert(place, entry);
        None
    }
}

impl fmt::Debug for Attributes {
    /// Says names and kinds, and not the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl From<&Object<'_>> for Attributes {
    fn from(object: &Object<'_>) -> Self {
        // The object's keys are unique and in order already.
        let entries = object
            .iter()
            .map(|(name, value)| Entry {
                name: Name::from(name),
                value: value.into(),
            })
            .collect();
        Self { entries }
    }
}

impl TryFrom<Value> for Attributes {
    type Error = AttributeError;

    /// Converts a JSON object. Its keys have whatever order `serde_json` keeps, which is alphabetical unless the build
    /// turns on that crate's `preserve_order`; where a condition compares whole objects, build from
    /// [`Attributes::from_json`] instead.
    fn try_from(value: Value) -> Result<Self, AttributeError> {
        match value {
            Value::Object(_) => Self::from_serialize(&value),
            _ => Err(AttributeError::NotAnObject),
        }
    }
}

impl<N: Into<String>, V: Into<AttributeValue>> Extend<(N, V)> for Attributes {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, new: I) {
        self.extend_unique(new.into_iter().map(|(name, value)| Entry {
            name: Name::from(name.into()),
            value: value.into(),
        }));
    }
}

impl<N: Into<String>, V: Into<AttributeValue>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut attributes = Self::new();
        attributes.extend(entries);
        attributes
    }
}

impl IntoIterator for Attributes {
    type Item = (String, AttributeValue);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(self.entries.into_iter())
    }
}

/// Iterates over names and values, in order: see [`Attributes::into_iter`].
#[expect(
    unnameable_types,
    reason = "reached through `IntoIterator`, which names it"
)]
pub struct IntoIter(std::vec::IntoIter<Entry>);

impl Iterator for IntoIter {
    type Item = (String, AttributeValue);

    fn next(&mut self) -> Option<Self::Item> {
        self.0
            .next()
            .map(|entry| (entry.name.as_str().to_owned(), entry.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl fmt::Debug for IntoIter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.0.len()).finish()
    }
}

/// Why something is not a set of attributes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeError {
    /// It is not JSON, cannot be written as JSON, or nests deeper than 128 levels. Mend the value.
    #[error("the attributes are not valid JSON (line {line}, column {column})")]
    Json {
        /// Where reading stopped, counted from 1; 0 when the value could not be written.
        line: usize,
        /// Where reading stopped, counted from 1; 0 when the value could not be written.
        column: usize,
    },
    /// It is JSON, but not an object. Attributes have names: pass an object.
    #[error("attributes must be a JSON object")]
    NotAnObject,
}

impl AttributeError {
    /// Keeps the place and drops the text: serde's messages quote values.
    #[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
    fn json(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Up to how many names it takes less to look through them than to make a table.
const FEW: usize = 32;
