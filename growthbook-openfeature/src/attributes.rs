//! From an evaluation context to the user that GrowthBook decides about.

use growthbook_core::{AttributeValue, Attributes, UserContext};
use open_feature::{EvaluationContext, EvaluationContextFieldValue as Field};

use crate::date_time::rfc3339;
use crate::structures::{Structures, number};

/// How evaluation contexts become users.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) targeting_attribute: String,
    pub(crate) structures: Structures,
}

impl Mapping {
    /// May call the program's own code, which writes its structures.
    pub(crate) fn user(&self, context: &EvaluationContext) -> UserContext {
        let fields = context.custom_fields.iter();
        let fields = fields.filter_map(|(name, field)| {
            let value = self.attribute(field);
            if value.is_none() {
                log::debug!(target: crate::LOG, "the field `{name}` is left out, since it cannot be an attribute");
            }
            Some((name.as_str(), value?))
        });
        let mut attributes: Attributes = fields.collect();
        if let Some(key) = context.targeting_key.as_deref()
            && !key.is_empty()
        {
            attributes.insert(self.targeting_attribute.as_str(), key);
        }
        UserContext::new(attributes)
    }

    fn attribute(&self, field: &Field) -> Option<AttributeValue> {
        match field {
            Field::Bool(value) => Some((*value).into()),
            Field::Int(value) => Some((*value).into()),
            Field::Float(value) => number(*value),
            Field::String(text) => Some(text.into()),
            Field::DateTime(at) => rfc3339(*at).map(Into::into),
            Field::Struct(structure) => self.structures.attribute(&**structure),
        }
    }
}
