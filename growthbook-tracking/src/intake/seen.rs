//! Which exposures and uses of features came lately: bounded, and forgotten by age, never all at once.

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{Event, EventBody};

/// 128 bits of a digest.
type Print = u128;

/// The events that were used last, up to a number.
pub(super) struct Seen {
    most: usize,
    /// When each was used, and which was used then.
    turns: HashMap<Print, u64>,
    order: BTreeMap<u64, Print>,
    next: u64,
}

impl Seen {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            turns: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
        }
    }

    /// Whether it is not known; it is from now on. What the program logs itself is always new.
    ///
    /// In another phase of its experiment an exposure is another one.
    pub(super) fn is_new(
        &mut self,
        event: &Event,
        phase: Option<&str>,
        told_apart_by: &[Box<str>],
    ) -> bool {
        if self.most == 0 {
            return true;
        }
        let Some(print) = print(event, phase, told_apart_by) else {
            return true;
        };
        let before = self.turns.insert(print, self.next);
        if let Some(turn) = before {
            self.order.remove(&turn);
        }
        self.order.insert(self.next, print);
        self.next += 1;
        if self.turns.len() > self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.turns.remove(&oldest);
        }
        before.is_none()
    }
}

fn print(event: &Event, phase: Option<&str>, told_apart_by: &[Box<str>]) -> Option<Print> {
    let mut hash = Sha256::new();
    // Each text with its length, so that no two texts can be taken for another two.
    let mut put = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    match event.body() {
        EventBody::Custom(_) => return None,
        EventBody::ExperimentViewed(viewed) => {
            put("viewed");
            put(viewed.experiment());
            put(viewed.variation_key());
            put(viewed.hash_attribute());
            put(viewed.hash_value());
            put(phase.unwrap_or_default());
            // Where the hash fell tells one seed from another.
            put(&viewed.bucket().unwrap_or_default().to_string());
            if let Some(bandit) = viewed.bandit() {
                put(&bandit.leaf_id().to_string());
                put(&bandit.version().unwrap_or_default().to_string());
            }
        }
        EventBody::FeatureEvaluated(evaluated) => {
            put("evaluated");
            put(evaluated.feature());
            put(evaluated.source());
            put(evaluated.value_json());
            put(evaluated.rule_id().unwrap_or_default());
            put(evaluated.variation_key().unwrap_or_default());
            if told_apart_by.is_empty() {
                put(event.attributes_json());
            }
        }
    }
    if !told_apart_by.is_empty() {
        let attributes: HashMap<&str, &RawValue> =
            serde_json::from_str(event.attributes_json()).unwrap_or_default();
        for name in told_apart_by {
            put(name);
            put(attributes.get(&**name).map_or("", |value| value.get()));
        }
    }
    let digest = hash.finalize();
    let half = digest.first_chunk::<16>()?;
    Some(Print::from_le_bytes(*half))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(feature: &str, id: &str) -> Event {
        let json = format!(
            r#"{{"id": "0", "at": 0, "attributes": {{"id": "{id}", "n": 1}}, "body": {{"feature_evaluated":
                {{"feature": "{feature}", "value": true, "source": "force"}}}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn logged() -> Event {
        let json = r#"{"id": "0", "at": 0, "attributes": {}, "body": {"custom": {"name": "n", "properties": {}}}}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn those_used_last_are_known() {
        let mut seen = Seen::new(2);
        let mut is_new = |feature| seen.is_new(&used(feature, "u"), None, &[]);
        assert!(is_new("a") && is_new("b") && !is_new("a"));
        assert!(is_new("c"), "which makes b the oldest, and forgotten");
        assert!(!is_new("a") && is_new("b"));
        assert!(seen.turns.len() == 2 && seen.order.len() == 2);
        assert!(seen.is_new(&logged(), None, &[]) && seen.is_new(&logged(), None, &[]));
        let mut none = Seen::new(0);
        assert!(none.is_new(&used("a", "u"), None, &[]) && none.is_new(&used("a", "u"), None, &[]));
    }

    #[test]
    fn users_are_told_apart_by_all_attributes_or_by_those_named() {
        let mut seen = Seen::new(10);
        assert!(seen.is_new(&used("a", "u"), None, &[]) && seen.is_new(&used("a", "v"), None, &[]));
        let mut seen = Seen::new(10);
        let by: [Box<str>; 1] = ["n".into()];
        assert!(
            seen.is_new(&used("a", "u"), None, &by) && !seen.is_new(&used("a", "v"), None, &by)
        );
        let by: [Box<str>; 1] = ["id".into()];
        assert!(seen.is_new(&used("a", "u"), None, &by) && seen.is_new(&used("a", "v"), None, &by));
    }

    /// E16.
    #[test]
    fn a_million_users_leave_nothing_behind() {
        let mut seen = Seen::new(1_000);
        let users = if cfg!(debug_assertions) {
            20_000
        } else {
            1_000_000
        };
        for user in 0..users {
            assert!(
                seen.is_new(&used("a", &user.to_string()), None, &[]),
                "none is lost"
            );
        }
        assert_eq!((seen.turns.len(), seen.order.len()), (1_000, 1_000));
    }
}
