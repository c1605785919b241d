//! Rows 4 to 8: what becomes of users when experiments and rollouts change.

use proptest::prelude::*;

use crate::support::{cases, evaluate, experiment, feature, user_with_id, variation};

/// A whole number of thousandths as a share, so that boundaries meet buckets.
fn share(thousandths: u32) -> f64 {
    f64::from(thousandths) / 1_000.0
}

/// Weights that add up to one.
fn weights() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0_u32..20, 2..6).prop_map(|parts| {
        let total: u32 = parts.iter().sum();
        if total == 0 {
            let equal = 1.0 / f64::from(u32::try_from(parts.len()).unwrap());
            return vec![equal; parts.len()];
        }
        parts
            .into_iter()
            .map(|part| f64::from(part) / f64::from(total))
            .collect()
    })
}

fn list(numbers: &[f64]) -> String {
    format!(
        "[{}]",
        numbers
            .iter()
            .map(f64::to_string)
            .collect::<Vec<_>>()
            .join(",")
    )
}

fn indices(count: usize) -> String {
    format!(
        "[{}]",
        (0..count)
            .map(|index| index.to_string())
            .collect::<Vec<_>>()
            .join(",")
    )
}

proptest! {
    #![proptest_config(cases(10_000))]

    /// Row 4.
    #[test]
    fn growing_coverage_only_adds_users(
        weights in weights(), less in 0_u32..=1_000, more in 0_u32..=1_000, version in 1_u8..=2, seed in "[a-z]{1,4}", id in 0_u32..100_000,
    ) {
        let (less, more) = (less.min(more), less.max(more));
        let at = |coverage: u32| {
            let experiment = experiment(&format!(
                "{{\"key\":\"{seed}\",\"variations\":{},\"weights\":{},\"coverage\":{},\"hashVersion\":{version}}}",
                indices(weights.len()), list(&weights), share(coverage),
            ));
            variation(&experiment, &id.to_string())
        };
        let before = at(less);
        prop_assert!(before.is_none() || before == at(more));
        prop_assert!(at(0).is_none());
    }

    /// Row 5.
    #[test]
    fn growing_rollouts_only_add_users(
        less in 0_u32..=1_000, more in 0_u32..=1_000, version in 1_u8..=2, seed in "[a-z]{1,4}", id in 0_u32..100_000,
    ) {
        let (less, more) = (less.min(more), less.max(more));
        let user = user_with_id(&id.to_string());
        let at = |coverage: u32| {
            let rules = format!("[{{\"force\":true,\"coverage\":{},\"seed\":\"{seed}\",\"hashVersion\":{version}}}]", share(coverage));
            evaluate(&feature(&rules), "f", &user).value() == true
        };
        prop_assert!(!at(less) || at(more));
        prop_assert!(!at(0));
    }

    /// Row 6: in a payload, space that nobody is in yet is what `ranges` leave over.
    #[test]
    fn a_new_variation_from_unused_space_moves_nobody(
        cuts in prop::collection::vec(0_u32..1_000, 4..8), version in 1_u8..=2, id in 0_u32..100_000,
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        // Every second stretch is a variation's, the others are nobody's.
        let stretch = |pair: &[u32]| format!("[{},{}]", share(pair[0]), share(pair[1]));
        let taken: Vec<String> = cuts.chunks_exact(2).map(stretch).collect();
        let unused = stretch(&cuts[1..3]);
        let with = |ranges: &[String]| {
            let json = format!(
                "{{\"key\":\"k\",\"variations\":{},\"ranges\":[{}],\"hashVersion\":{version}}}",
                indices(ranges.len()), ranges.join(","),
            );
            variation(&experiment(&json), &id.to_string())
        };
        let before = with(&taken);
        let after = with(&[&taken[..], &[unused]].concat());
        prop_assert!(before.is_none() || before == after);
        prop_assert!(before == after || after == Some(taken.len()));
    }
}

proptest! {
    // 4_000: a case compiles four or five payloads or experiments.
    #![proptest_config(cases(4_000))]

    /// Row 7.
    #[test]
    fn namespaces_share_no_user_and_leave_none_out(cut in 0_u32..=1_000, gap in 0_u32..100, id in "\\PC{1,8}", space in "[a-z]{0,3}") {
        let within = |start: f64, end: f64| {
            let json = format!(
                "{{\"key\":\"k\",\"variations\":[0,1],\"namespace\":[\"{space}\",{start},{end}]}}",
            );
            variation(&experiment(&json), &id).is_some()
        };
        let cut_at = share(cut);
        prop_assert!(within(0.0, cut_at) != within(cut_at, 1.0));
        prop_assert!(!(within(0.0, cut_at) && within(share(cut + gap), 1.0)));
    }
}

proptest! {
    // 4_000: a case compiles four or five payloads or experiments.
    #![proptest_config(cases(4_000))]

    /// Row 8.
    #[test]
    fn disjoint_ranges_give_one_variation_and_hold_their_start_only(
        cuts in prop::collection::vec(0_u32..=1_000, 3..8), id in 0_u32..100_000,
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let ranges: Vec<String> = cuts.windows(2).map(|pair| format!("[{},{}]", share(pair[0]), share(pair[1]))).collect();
        let json = format!(
            "{{\"key\":\"k\",\"variations\":{},\"ranges\":[{}]}}",
            indices(ranges.len()), ranges.join(","),
        );
        let bucket = growthbook_core::bucketing::hash("k", &id.to_string(), 1.0).unwrap();
        let holding: Vec<usize> = (0..ranges.len())
            .filter(|index| share(cuts[*index]) <= bucket && bucket < share(cuts[index + 1]))
            .collect();
        prop_assert!(holding.len() <= 1);
        prop_assert_eq!(variation(&experiment(&json), &id.to_string()), holding.first().copied());

        // The user's own bucket as a boundary: in as a start, out as an end.
        let rule = |start: f64, end: f64| {
            let rules = format!("[{{\"force\":true,\"seed\":\"k\",\"range\":[{start},{end}]}}]");
            evaluate(&feature(&rules), "f", &user_with_id(&id.to_string())).value() == true
        };
        prop_assert!(rule(bucket, 1.0));
        prop_assert!(!rule(0.0, bucket));
        let filtered = |start: f64, end: f64| {
            let rules = format!(
                "[{{\"force\":true,\"filters\":[{{\"seed\":\"k\",\"hashVersion\":1,\"ranges\":[[{start},{end}]]}}]}}]",
            );
            evaluate(&feature(&rules), "f", &user_with_id(&id.to_string())).value() == true
        };
        prop_assert!(filtered(bucket, 1.0));
        prop_assert!(!filtered(0.0, bucket));
    }
}
