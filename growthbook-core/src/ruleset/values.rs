use super::ValueId;
use crate::feature_value::FeatureValue;
use crate::json::Json;

/// The values of a payload while it is compiled. Most are `true` or `false`, so those and null are kept once.
#[derive(Debug)]
pub(super) struct Values(Vec<FeatureValue>);

impl Values {
    pub(super) fn new() -> Self {
        let common = [Json::Null, Json::Bool(false), Json::Bool(true)];
        Self(common.iter().map(FeatureValue::from).collect())
    }

    pub(super) fn add(&mut self, json: &Json<'_>) -> ValueId {
        match json {
            Json::Null => ValueId(0),
            Json::Bool(value) => ValueId(1 + u32::from(*value)),
            _ => {
                // A payload of 4 GiB would be needed to run out of numbers.
                let id = u32::try_from(self.0.len()).unwrap_or_default();
                self.0.push(FeatureValue::from(json));
                ValueId(id)
            }
        }
    }

    pub(super) fn add_all(&mut self, items: &[Json<'_>]) -> Box<[ValueId]> {
        items.iter().map(|item| self.add(item)).collect()
    }

    pub(super) fn finish(self) -> Box<[FeatureValue]> {
        self.0.into_boxed_slice()
    }
}
