//! Payloads and users for measurements: the same for the same seed, on every machine.
//!
//! Twelve features, `w1-default` to `w7-chain-3`, are the named workloads; the rest are fillers.

mod condition;
mod filler;
mod json;
mod random;
mod workloads;

use filler::filler;
use json::{object, text};
use random::Random;
use workloads::{SEED, group, named_features};

pub(crate) use workloads::primary_user;

/// A payload as the API sends it, with `features` features (never fewer than the named ones) in
/// shuffled order, and a saved group of each size in `groups`. The primary user is in the middle
/// of each group. The named groups are 1,000, 10,000 and 100,000 ids: `sg_1k`, `sg_10k`, `sg_100k`.
pub(crate) fn payload(features: usize, groups: &[usize]) -> String {
    let features = members(features);
    let features = features
        .iter()
        .map(|(key, feature)| (key.as_str(), feature.clone()));
    let groups: Vec<(String, String)> = groups.iter().map(|size| group(*size)).collect();
    let groups = groups
        .iter()
        .map(|(name, ids)| (name.as_str(), ids.clone()));
    object([
        ("status", "200".to_owned()),
        ("features", object(features)),
        ("experiments", "[]".to_owned()),
        ("dateUpdated", text("2026-11-20T00:00:00.000Z")),
        ("savedGroups", object(groups)),
    ])
}

/// The keys of the features that [`payload`] makes, in another shuffled order.
pub(crate) fn feature_keys(features: usize) -> Vec<String> {
    let mut keys: Vec<String> = members(features).into_iter().map(|(key, _)| key).collect();
    Random::new(SEED + 1).shuffle(&mut keys);
    keys
}

/// Keys and features, as JSON.
fn members(count: usize) -> Vec<(String, String)> {
    let mut random = Random::new(SEED ^ count as u64);
    let mut members = named_features();
    let mut parents = Vec::new();
    for number in 0..count.saturating_sub(members.len()) {
        members.push(filler(&mut random, number, &mut parents));
    }
    random.shuffle(&mut members);
    members
}

// A benchmark without libtest's harness is built with `cfg(test)` and without these functions: what
// they need, they import themselves.
#[cfg(test)]
mod tests {
    #[test]
    fn payloads_parse_and_have_what_was_asked_for() {
        use super::workloads::{W3_SEED, W4_SEED, primary_id};
        use serde_json::Value;

        let payload = super::payload(1_000, &[1_000, 10_000]);
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let features = payload["features"].as_object().unwrap();
        assert_eq!(features.len(), 1_000);
        let rule = |key: &str| &features[key]["rules"][0];
        assert_eq!(features["w1-default"]["defaultValue"], true);
        assert_eq!(rule("w3-rollout")["seed"], W3_SEED);
        assert_eq!(rule("w4-experiment")["seed"], W4_SEED);
        assert_eq!(rule("w5-heavy")["condition"].as_object().unwrap().len(), 8);
        assert_eq!(
            rule("w6-group-100k")["condition"]["id"]["$inGroup"],
            "sg_100k"
        );
        let groups = payload["savedGroups"].as_object().unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups["sg_1k"].as_array().unwrap().len(), 1_000);
        assert_eq!(groups["sg_10k"][5_000], primary_id());
    }

    #[test]
    fn the_same_again() {
        assert_eq!(super::payload(100, &[1_000]), super::payload(100, &[1_000]));
        assert_ne!(super::feature_keys(100), super::feature_keys(101));
    }

    #[test]
    fn keys_are_those_of_the_payload() {
        use serde_json::Value;

        let payload: Value = serde_json::from_str(&super::payload(100, &[])).unwrap();
        let keys = super::feature_keys(100);
        assert_eq!(keys.len(), 100);
        assert!(
            keys.iter()
                .all(|key| payload["features"].get(key).is_some())
        );
        assert_eq!(super::feature_keys(1).len(), 12);
    }

    #[test]
    fn the_primary_user_is_where_the_workloads_need_it() {
        use super::workloads::{W3_SEED, W4_SEED, bucket, primary_id};
        use serde_json::Value;

        assert!(bucket(W3_SEED, &primary_id()) < 0.4);
        assert!(bucket(W4_SEED, &primary_id()) > 0.55);
        let user: Value = serde_json::from_str(&super::primary_user()).unwrap();
        assert_eq!(user["id"], primary_id());
        assert_eq!(user.as_object().unwrap().len(), 15);
    }
}
