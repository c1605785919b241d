//! Structures in an evaluation context. OpenFeature hands them over as values of any type, so the types have to be known.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

use growthbook_core::{AttributeValue, Attributes};
use open_feature::{StructValue, Value};
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// The types of structures that can become attributes.
pub(crate) struct Structures {
    known: HashMap<TypeId, Convert>,
}

type Convert = fn(&dyn Any) -> Option<AttributeValue>;

impl Structures {
    /// Adds a type that serialises to a JSON object.
    pub(crate) fn add<T: Serialize + 'static>(&mut self) {
        self.add_with::<T>(|any| {
            let attributes = Attributes::from_serialize(any.downcast_ref::<T>()?);
            attributes.ok().map(Into::into)
        });
    }

    /// `None` if the type is not known, or the value cannot be written as a JSON object.
    pub(crate) fn attribute(&self, structure: &(dyn Any + Send + Sync)) -> Option<AttributeValue> {
        let convert = self.known.get(&structure.type_id())?;
        convert(structure)
    }

    fn add_with<T: 'static>(&mut self, convert: Convert) {
        self.known.insert(TypeId::of::<T>(), convert);
    }
}

impl Default for Structures {
    fn default() -> Self {
        let mut structures = Self {
            known: HashMap::new(),
        };
        structures.add_with::<AttributeValue>(|any| any.downcast_ref().cloned());
        structures
            .add_with::<Attributes>(|any| Some(any.downcast_ref::<Attributes>()?.clone().into()));
        structures.add_with::<Json>(|any| any.downcast_ref::<Json>().map(Into::into));
        structures.add_with::<Map<String, Json>>(|any| {
            let members = any.downcast_ref::<Map<String, Json>>()?;
            Some(members.iter().collect::<Attributes>().into())
        });
        structures.add_with::<StructValue>(|any| structure(any.downcast_ref()?));
        structures.add_with::<Value>(|any| value(any.downcast_ref()?));
        structures.add_with::<Vec<String>>(|any| {
            let list = any.downcast_ref::<Vec<String>>()?;
            Some(list.as_slice().into())
        });
        structures
    }
}

impl fmt::Debug for Structures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Structures")
            .field(&self.known.len())
            .finish()
    }
}

/// The fields come in no order, and conditions observe one: they are sorted by name.
fn structure(structure: &StructValue) -> Option<AttributeValue> {
    let mut fields: Vec<_> = structure.fields.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    let fields = fields.into_iter();
    let fields: Option<Attributes> = fields
        .map(|(name, field)| Some((name.as_str(), value(field)?)))
        .collect();
    fields.map(Into::into)
}

fn value(from: &Value) -> Option<AttributeValue> {
    match from {
        Value::Bool(value) => Some((*value).into()),
        Value::Int(value) => Some((*value).into()),
        Value::Float(value) => number(*value),
        Value::String(text) => Some(text.into()),
        Value::Array(items) => {
            let items: Option<Vec<AttributeValue>> = items.iter().map(value).collect();
            items.map(AttributeValue::List)
        }
        Value::Struct(fields) => structure(fields),
    }
}

/// `None` for what JSON cannot write: NaN and the infinities.
pub(crate) fn number(value: f64) -> Option<AttributeValue> {
    value.is_finite().then(|| value.into())
}
