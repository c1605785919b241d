//! Property 12: once assigned, users keep their variation whatever becomes of the experiment, until its version rises or its
//! least version blocks them; and to write the same twice changes nothing.

use std::collections::BTreeMap;

use growthbook_core::{
    Attributes, Experiment, GrowthBookClient, Saved, StickyBucketService, StickyIdentity,
    StickyWrite, UserContext,
};
use proptest::prelude::*;
use serde_json::json;

use super::{Shared, document, run, somebody};

/// With handles that several processes may have at the same time.
pub(crate) fn users_keep_their_variation(count: u32, shared: &Shared) {
    let clients = shared.clients();
    let without = GrowthBookClient::builder().build().unwrap();
    let any = ("\\PC{0,4}", prop::collection::vec(change(), 2..7));
    run(count, &any, |(name, changes)| {
        let id = somebody(&name);
        let user = UserContext::new(Attributes::new().with("id", &*id));
        let identity = StickyIdentity::new("id", id);
        let mut assigned = BTreeMap::new();
        for change in &changes {
            let place = change.process % clients.len();
            let experiment = change.experiment();
            let result = clients[place].run(&experiment, &user);
            let assignment = result.assignment();
            let served = assignment.in_experiment().then(|| **result.value());
            if assigned.keys().any(|version| *version < change.minimum) {
                prop_assert_eq!(served, None, "blocked");
            } else if let Some(variation) = assigned.get(&change.version) {
                prop_assert_eq!(served, Some(*variation), "kept");
                prop_assert!(assignment.sticky_bucket_used());
            } else {
                let by_hash = without.run(&experiment, &user);
                let expected = by_hash.assignment().in_experiment();
                prop_assert_eq!(served, expected.then(|| **by_hash.value()), "by hash");
                prop_assert!(!assignment.sticky_bucket_used());
                assigned.extend(served.map(|variation| (change.version, variation)));
            }
            let expected = assigned.iter();
            let expected = expected
                .map(|(version, variation)| (key(*version), KEYS[*variation].to_owned()))
                .collect();
            let handle = &shared.handles[place];
            if let Some(variation) = assigned.get(&change.version) {
                let key = key(change.version);
                let again = StickyWrite::new(&identity, &key, KEYS[*variation]);
                prop_assert_eq!(handle.save(&again).unwrap(), Saved::Stored, "again");
            }
            prop_assert_eq!(document(handle, &identity), expected);
        }
        let standing = shared.standing(&identity);
        let variations = assigned.values().map(|variation| KEYS[*variation]);
        prop_assert!(standing.values().map(String::as_str).eq(variations));
        Ok(())
    });
    assert!(clients.iter().all(|it| it.status().sticky_failures() == 0));
}

/// What the experiment is from now on, and who asks about it.
#[derive(Clone, Debug)]
struct Change {
    share: u8,
    coverage: u8,
    is_for_nobody: bool,
    seed: u8,
    hash_version: u8,
    version: u32,
    minimum: u32,
    process: usize,
}

fn change() -> impl Strategy<Value = Change> {
    let dealt = (0..=100_u8, 0..=2_u8, any::<bool>(), 0..3_u8, 1..=2_u8);
    // Mostly of one version, so that there is something to keep.
    let version = prop_oneof![4 => Just(1), 1 => 0..4_u32];
    let minimum = prop_oneof![4 => Just(0), 1 => 0..4_u32];
    let change = (dealt, version, minimum, 0..8_usize);
    change.prop_map(|(dealt, version, minimum, process)| {
        let (share, coverage, is_for_nobody, seed, hash_version) = dealt;
        Change {
            share,
            coverage,
            is_for_nobody: is_for_nobody && seed == 2,
            seed,
            hash_version,
            version,
            minimum,
            process,
        }
    })
}

impl Change {
    fn experiment(&self) -> Experiment<usize> {
        let share = f64::from(self.share) / 100.0;
        let builder = Experiment::builder("exp", [0, 1, 2])
            .variation_keys(KEYS)
            .weights([share, 1.0 - share, 0.0])
            .coverage(f64::from(self.coverage) / 2.0)
            .seed(self.seed.to_string())
            .hash_version(self.hash_version)
            .bucket_version(self.version)
            .min_bucket_version(self.minimum);
        let builder = if self.is_for_nobody {
            builder.condition(&json!({"no": "body"}))
        } else {
            builder
        };
        builder.build().unwrap()
    }
}

fn key(version: u32) -> String {
    format!("exp__{version}")
}

/// No indices.
const KEYS: [&str; 3] = ["control", "größer", "z"];
