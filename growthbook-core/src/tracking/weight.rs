//! How large an event is, found without writing it.

use serde_json::Value;

use super::TrackingEvent;
use crate::attributes::{AttributeValue, Attributes};

impl TrackingEvent<'_> {
    /// About how many bytes it takes as JSON; `None` if that is more than `limit`, or if something in it is nested deeper
    /// than 128 levels, which no reader of JSON takes.
    ///
    /// For plugins that bound what they keep: it looks at every attribute and property, but neither copies nor allocates,
    /// and looks no further once the limit is passed.
    pub fn weight(&self, limit: usize) -> Option<usize> {
        let mut scale = Scale { left: limit };
        scale.put(FRAME)?;
        match self {
            Self::Custom(event) => {
                scale.put(event.name().len())?;
                // The loop is the one of `json`, for an object that is no value.
                for (name, value) in event.properties() {
                    scale.put(name.len() + PUNCTUATION)?;
                    scale.json(value, DEEPEST)?;
                }
            }
            Self::ExperimentViewed(event) => {
                scale.put(event.experiment().key().len())?;
                scale.put(event.experiment().name().map_or(0, str::len))?;
                scale.put(event.feature().map_or(0, str::len))?;
                scale.put(event.variation_key().len() + event.hash_attribute().len())?;
                if let Some(value) = event.hash_value() {
                    scale.attribute(value, DEEPEST)?;
                }
            }
            Self::FeatureEvaluated(event) => {
                scale.put(event.feature().len())?;
                scale.put(event.rule_id().map_or(0, str::len))?;
                scale.json(event.value(), DEEPEST)?;
            }
        }
        let user = self.user();
        scale.put(user.url().map_or(0, str::len))?;
        for attributes in user.attribute_maps() {
            scale.attributes(attributes, DEEPEST)?;
        }
        Some(limit - scale.left)
    }
}

struct Scale {
    left: usize,
}

impl Scale {
    #[inline]
    fn put(&mut self, bytes: usize) -> Option<()> {
        self.left = self.left.checked_sub(bytes)?;
        Some(())
    }

    fn attributes(&mut self, attributes: &Attributes, depth: u8) -> Option<()> {
        for (name, value) in attributes.iter() {
            self.put(name.len() + PUNCTUATION)?;
            self.attribute(value, depth)?;
        }
        Some(())
    }

    fn attribute(&mut self, value: &AttributeValue, depth: u8) -> Option<()> {
        match value {
            AttributeValue::String(text) => self.put(text.len()),
            AttributeValue::List(items) => {
                for item in items {
                    self.put(1)?;
                    self.attribute(item, depth.checked_sub(1)?)?;
                }
                Some(())
            }
            AttributeValue::Map(entries) => self.attributes(entries, depth.checked_sub(1)?),
            _ => self.put(SCALAR),
        }
    }

    fn json(&mut self, value: &Value, depth: u8) -> Option<()> {
        match value {
            Value::String(text) => self.put(text.len()),
            Value::Array(items) => {
                for item in items {
                    self.put(1)?;
                    self.json(item, depth.checked_sub(1)?)?;
                }
                Some(())
            }
            Value::Object(entries) => {
                for (name, value) in entries {
                    self.put(name.len() + PUNCTUATION)?;
                    self.json(value, depth.checked_sub(1)?)?;
                }
                Some(())
            }
            _ => self.put(SCALAR),
        }
    }
}

/// What is around an event: the names of its members, its id and its time.
const FRAME: usize = 300;
/// Quotes, a colon and a comma.
const PUNCTUATION: usize = 6;
/// A number, a truth or a null.
const SCALAR: usize = 6;
/// Attributes and properties are a level themselves.
const DEEPEST: u8 = 127;

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::testing::{RecordingPlugin, TestFeatures};
    use crate::tracking::OwnedTrackingEvent;
    use crate::user::UserContext;

    fn logged(attributes: Attributes, properties: Value) -> OwnedTrackingEvent {
        let plugin = RecordingPlugin::new();
        let builder = TestFeatures::new().builder().plugin(plugin.clone());
        let client = builder.build().unwrap();
        let Value::Object(properties) = properties else {
            panic!("properties are an object");
        };
        client.log_event("name", properties, &UserContext::new(attributes));
        plugin.take().remove(0)
    }

    fn nested(depth: usize) -> Value {
        let inner = |value: Value, _| json!([value]);
        (0..depth).fold(Value::Null, inner)
    }

    #[test]
    fn everything_that_is_written_weighs_something() {
        let light = logged(Attributes::new(), Value::Object(Map::new()));
        let light = light.as_event().weight(10_000).unwrap();
        let attributes = Attributes::new().with("text", "x".repeat(1_000));
        let attributes = attributes.with("list", vec![1; 100]);
        let heavy = logged(attributes, json!({"a": {"b": ["y".repeat(500), true]}}));
        let heavy = heavy.as_event().weight(10_000).unwrap();
        assert!(
            (light + 2_200..light + 2_300).contains(&heavy),
            "{light}, {heavy}"
        );
    }

    #[test]
    fn what_is_too_heavy_or_too_deep_has_no_weight() {
        let large = logged(Attributes::new(), json!({ "large": vec![0; 1_000] }));
        assert_eq!(large.as_event().weight(5_000), None);
        assert!(large.as_event().weight(10_000).is_some());
        let depth = |depth| logged(Attributes::new(), json!({ "deep": nested(depth) }));
        assert!(depth(127).as_event().weight(10_000).is_some());
        assert_eq!(depth(128).as_event().weight(10_000), None);
        assert_eq!(depth(1_000).as_event().weight(100_000), None);
    }
}
