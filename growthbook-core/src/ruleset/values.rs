use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::feature_value::{FeatureValue, ValueId};
use crate::json::Json;

/// The values of a payload while it is compiled. Most are `true` or `false`, or repeat a number or a short text: each of
/// those is kept once.
#[derive(Debug)]
pub(super) struct Values {
    kept: Vec<FeatureValue>,
    numbers: HashMap<u64, ValueId, RandomState>,
    texts: HashMap<Box<str>, ValueId, RandomState>,
}

impl Values {
    pub(super) fn add(&mut self, json: &Json<'_>) -> ValueId {
        match json {
            Json::Null => ValueId(0),
            Json::Bool(value) => ValueId(1 + u32::from(*value)),
            Json::Number(number) => {
                let bits = number.value.to_bits();
                if let Some(known) = self.numbers.get(&bits) {
                    return *known;
                }
                let id = self.keep(json);
                self.numbers.insert(bits, id);
                id
            }
            Json::String(text) if text.len() <= SHORT => {
                if let Some(known) = self.texts.get(&**text) {
                    return *known;
                }
                let id = self.keep(json);
                self.texts.insert((&**text).into(), id);
                id
            }
            _ => self.keep(json),
        }
    }

    pub(super) fn add_all(&mut self, items: &[Json<'_>]) -> Box<[ValueId]> {
        items.iter().map(|item| self.add(item)).collect()
    }

    pub(super) fn finish(self) -> Box<[FeatureValue]> {
        self.kept.into_boxed_slice()
    }

    fn keep(&mut self, json: &Json<'_>) -> ValueId {
        // A payload of 4 GiB would be needed to run out of numbers.
        let id = u32::try_from(self.kept.len()).unwrap_or_default();
        self.kept.push(FeatureValue::from(json));
        ValueId(id)
    }
}

impl Default for Values {
    fn default() -> Self {
        let common = [Json::Null, Json::Bool(false), Json::Bool(true)];
        Self {
            kept: common.iter().map(FeatureValue::from).collect(),
            numbers: HashMap::default(),
            texts: HashMap::default(),
        }
    }
}

/// The longest text, in bytes, that is looked for among those before it.
const SHORT: usize = 64;
