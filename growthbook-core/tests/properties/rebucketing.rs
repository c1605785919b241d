//! Who changes their variation when an experiment changes, as the engine has it, and whether it is announced.

use std::collections::BTreeSet;
use std::sync::Arc;

use growthbook_core::bucketing::{HashSeed, HashVersion};
use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{Rebucketing, RebucketingCause, Ruleset};
use proptest::prelude::*;

use crate::support::{cases, ruleset, user_with_id};

/// An experiment of the feature `f`, as its rule is written.
#[derive(Clone, Debug)]
struct Definition {
    seed: u8,
    version: u8,
    keys: Vec<&'static str>,
    /// Hundredths.
    split: Split,
    /// Tenths.
    namespace: Option<(u8, u8)>,
}

#[derive(Clone, Debug)]
enum Split {
    Ranges(Vec<(u8, u8)>),
    Weights { first: u8, coverage: u8 },
}

impl Definition {
    fn without_namespace(&self) -> Self {
        Self {
            namespace: None,
            ..self.clone()
        }
    }

    fn ruleset(&self) -> Arc<Ruleset> {
        let list = |items: Vec<String>| format!("[{}]", items.join(","));
        let count = self.keys.len();
        let pair = |(from, to): &(u8, u8)| {
            let (from, to) = (f64::from(*from) / 1e2, f64::from(*to) / 1e2);
            format!("[{from},{to}]")
        };
        let split = match &self.split {
            Split::Ranges(ranges) => {
                format!("\"ranges\":{}", list(ranges.iter().map(pair).collect()))
            }
            Split::Weights { first, coverage } => {
                let first = f64::from(*first) / 1e2;
                let others = (1.0 - first) / f64::from(u8::try_from(count).unwrap() - 1);
                let weights = (0..count).map(|index| if index == 0 { first } else { others });
                let weights = list(weights.map(|weight| weight.to_string()).collect());
                let coverage = f64::from(*coverage) / 1e2;
                format!("\"weights\":{weights},\"coverage\":{coverage}")
            }
        };
        let namespace = self.namespace.map_or_else(String::new, |(from, to)| {
            let (from, to) = (f64::from(from) / 10.0, f64::from(to) / 10.0);
            format!(",\"namespace\":[\"n\",{from},{to}]")
        });
        let keys = self.keys.iter().map(|key| format!("{{\"key\":\"{key}\"}}"));
        ruleset(&format!(
            "{{\"features\":{{\"f\":{{\"rules\":[{{\"key\":\"k\",\"seed\":\"s{}\",\"hashVersion\":{},\
             \"variations\":{},\"meta\":{},{split}{namespace}}}]}}}}}}",
            self.seed,
            self.version,
            list((0..count).map(|index| index.to_string()).collect()),
            list(keys.collect()),
        ))
    }
}

fn split() -> impl Strategy<Value = Split> {
    let pair = (0_u8..=100, 0_u8..=100);
    prop_oneof![
        prop::collection::vec(pair, 1..4).prop_map(Split::Ranges),
        (0_u8..=100, 0_u8..=100).prop_map(|(first, coverage)| Split::Weights { first, coverage }),
    ]
}

fn keys() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::select(vec![vec!["a", "b"], vec!["b", "a"], vec!["a", "b", "c"]])
}

prop_compose! {
    fn definition()(
        seed in 0_u8..2,
        version in 1_u8..=2,
        keys in keys(),
        split in split(),
        namespace in prop::option::weighted(0.3, (0_u8..=10, 0_u8..=10)),
    ) -> Definition {
        Definition { seed, version, keys, split, namespace }
    }
}

/// A definition, and another one that differs from it in some respects.
fn pairs() -> impl Strategy<Value = [Definition; 2]> {
    (definition(), definition(), any::<[bool; 4]>()).prop_map(|(before, other, differs)| {
        let mut after = before.clone();
        let [hash, keys, split, namespace] = differs;
        if hash {
            (after.seed, after.version) = (other.seed, other.version);
        }
        if keys {
            after.keys = other.keys;
        }
        if split {
            after.split = other.split;
        }
        if namespace {
            after.namespace = other.namespace;
        }
        [before, after]
    })
}

/// The key of the variation that a user is in.
fn variation(ruleset: &Arc<Ruleset>, id: &str) -> Option<String> {
    let user = user_with_id(id);
    let result = engine::evaluate(ruleset, "f", &Subject::new(&user), None, &mut Silent);
    let assignment = result.assignment().filter(|it| it.in_experiment())?;
    Some(assignment.variation_key().to_owned())
}

/// Whether a user is in a variation of both, and in different ones.
fn moves(rulesets: &[Arc<Ruleset>; 2], id: &str) -> bool {
    let [before, after] = rulesets.each_ref().map(|ruleset| variation(ruleset, id));
    before.is_some() && after.is_some() && before != after
}

/// What is announced to a program without sticky buckets.
fn announced(rulesets: &[Arc<Ruleset>; 2]) -> Vec<RebucketingCause> {
    let [before, after] = rulesets;
    let changes = after.changes_since(before);
    let rebucketings = changes.rebucketings();
    let moving = rebucketings.filter(Rebucketing::moves_without_sticky_buckets);
    moving.map(|it| it.cause()).collect()
}

/// An id for each bucket of the definition's hash.
fn one_id_per_bucket(definition: &Definition) -> Vec<String> {
    let buckets = if definition.version == 1 {
        1_000
    } else {
        10_000
    };
    let seed = HashSeed::new(&format!("s{}", definition.seed));
    let version = HashVersion::from_number(definition.version.into()).unwrap();
    let mut known = BTreeSet::new();
    let ids = (0_u32..).map(|id| id.to_string());
    ids.filter(|id| known.insert(seed.bucket(id, version).to_bits()))
        .take(buckets)
        .collect()
}

/// Whether somebody is in the namespaces of both.
fn namespaces_meet(before: &Definition, after: &Definition) -> bool {
    let all = (0, 10);
    let (one, other) = (
        before.namespace.unwrap_or(all),
        after.namespace.unwrap_or(all),
    );
    one.0.max(other.0) < one.1.min(other.1)
}

/// The variations that users get, if nothing but buckets decides.
fn reached(definition: &Definition) -> BTreeSet<String> {
    let ruleset = definition.without_namespace().ruleset();
    let ids = one_id_per_bucket(definition);
    ids.iter()
        .filter_map(|id| variation(&ruleset, id))
        .collect()
}

/// Whether there can be a user who moves: with the same hash a bucket that does, else somewhere to come from and somewhere
/// else to go.
fn can_move(before: &Definition, after: &Definition) -> bool {
    if !namespaces_meet(before, after) {
        return false;
    }
    if (before.seed, before.version) != (after.seed, after.version) {
        let (from, to) = (reached(before), reached(after));
        return from.iter().any(|from| to.iter().any(|to| from != to));
    }
    let rulesets = [before, after].map(|it| it.without_namespace().ruleset());
    let ids = one_id_per_bucket(before);
    ids.iter().any(|id| moves(&rulesets, id))
}

proptest! {
    // 300: a case asks for 2,000 users twice.
    #![proptest_config(cases(300))]

    #[test]
    fn nobody_moves_unannounced([before, after] in pairs()) {
        let rulesets = [before.ruleset(), after.ruleset()];
        let causes = announced(&rulesets);
        prop_assert!(causes.len() <= 1);
        let moved = (0..2_000).filter(|id: &u32| moves(&rulesets, &id.to_string())).count();
        prop_assert!(moved == 0 || !causes.is_empty(), "{} users moved", moved);
    }

    #[test]
    fn growing_coverage_is_not_announced(
        first in 0_u8..=100, less in 0_u8..=100, more in 0_u8..=100, version in 1_u8..=2, keys in keys(),
    ) {
        let at = |coverage| Definition {
            seed: 0,
            version,
            keys: keys.clone(),
            split: Split::Weights { first, coverage },
            namespace: None,
        };
        let rulesets = [at(less).ruleset(), at(more).ruleset()];
        let changes = rulesets[1].changes_since(&rulesets[0]);
        prop_assert_eq!(changes.is_empty(), less == more);
        prop_assert_eq!(changes.rebucketings().count(), 0);
    }
}

proptest! {
    // 100: a case asks for a user of each bucket, of which there may be 10,000.
    #![proptest_config(cases(100))]

    #[test]
    fn what_is_announced_can_move_somebody([before, after] in pairs()) {
        let causes = announced(&[before.ruleset(), after.ruleset()]);
        prop_assert_eq!(!causes.is_empty(), can_move(&before, &after), "{:?}", causes);
    }
}
