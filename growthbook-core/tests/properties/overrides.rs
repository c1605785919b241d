//! Row 14: what is forced is given, whatever else is the case.

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{FeatureSource, GlobalContext, StickyDocuments};
use proptest::prelude::*;
use serde_json::Value;

use crate::grammar::Choices;
use crate::support::{bytes, cases, evaluate, experiment, ruleset};
use crate::targets::Case;

proptest! {
    // 2,000: a case compiles an experiment or a payload, and half of what is generated does not apply.
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_forced_value_beats_all(bytes in bytes(300), forced in 0_u32..100, everywhere: bool) {
        let case = Case::choose(&mut Choices::wild(&bytes));
        let ruleset = ruleset(&case.payload);
        let value = Value::from(forced);
        for key in ["f", "g", "nowhere"] {
            let (user, global) = if everywhere {
                (growthbook_core::UserContext::new(case.user.attributes().clone()), GlobalContext::new().with_forced_value(key, value.clone()))
            } else {
                (case.user.clone().with_forced_value(key, value.clone()), GlobalContext::new().with_forced_value(key, Value::Null))
            };
            let subject = Subject::new(&user).within(&global);
            let mut documents = case.sticky.clone();
            let result = engine::evaluate(&ruleset, key, &subject, Some(&mut documents), &mut Silent);
            prop_assert_eq!(result.value(), &value);
            prop_assert_eq!(result.source(), FeatureSource::Override);
            prop_assert_eq!(result.rule_id(), None);
            prop_assert_eq!(&documents, &case.sticky);
        }
    }

    #[test]
    fn a_forced_variation_beats_all_but_the_page_and_the_address(bytes in bytes(200), index in 0_usize..5) {
        let mut choices = Choices::wild(&bytes);
        let json = choices.auto_experiment();
        let attributes = choices.attributes();
        // Steps 1 to 5 of spec 16 come before: too few variations, the page, and what its query says.
        let trial = experiment(&json);
        prop_assume!(trial.info().variation_count() >= 2 && !json.contains("urlPatterns"));
        let user = crate::support::user(&attributes).with_forced_variation(trial.info().key(), index);
        for qa in [false, true] {
            let user = user.clone().with_qa_mode(qa).with_all_experiments_skipped(qa);
            let mut documents = StickyDocuments::new();
            let result = engine::run(
                &std::sync::Arc::new(growthbook_core::Ruleset::empty()), &trial, &Subject::new(&user), Some(&mut documents), &mut Silent,
            );
            let is_one = index < trial.info().variation_count();
            prop_assert_eq!(result.assignment().in_experiment(), is_one);
            prop_assert_eq!(result.assignment().variation_index(), if is_one { index } else { 0 });
            prop_assert!(!result.assignment().hash_used());
            prop_assert_eq!(documents, StickyDocuments::new());
        }
    }

    #[test]
    fn an_address_forces_a_variation_before_anything_but_the_page(bytes in bytes(200), index in 0_usize..5, other in 0_usize..5) {
        let mut choices = Choices::wild(&bytes);
        let json = choices.auto_experiment();
        let attributes = choices.attributes();
        let trial = experiment(&json);
        let count = trial.info().variation_count();
        prop_assume!(count >= 2 && !json.contains("urlPatterns") && !trial.info().key().is_empty());
        let key = trial.info().key();
        let user = crate::support::user(&attributes)
            .with_url(format!("/p?{key}={}", index % count))
            .with_forced_variation(key, other)
            .with_qa_mode(true);
        let result = crate::support::run(&trial, &user);
        prop_assert!(result.assignment().in_experiment());
        prop_assert_eq!(result.assignment().variation_index(), index % count);
    }

    /// A feature's rules, and the experiment in them, do as the user's forced variation says.
    #[test]
    fn a_rules_experiment_can_be_forced(index in 0_usize..3, weight in 0_u32..=100, coverage in 0_u32..=100) {
        let payload = format!(
            "{{\"features\":{{\"f\":{{\"rules\":[{{\"key\":\"k\",\"variations\":[\"a\",\"b\",\"c\"],\
             \"weights\":[{},{},0],\"coverage\":{},\"condition\":{{\"no\":\"body\"}}}}]}}}}}}",
            f64::from(weight) / 100.0, f64::from(100 - weight) / 100.0, f64::from(coverage) / 100.0,
        );
        let user = growthbook_core::UserContext::default().with_forced_variation("k", index);
        let result = evaluate(&ruleset(&payload), "f", &user);
        prop_assert_eq!(result.value(), ["a", "b", "c"][index]);
    }
}
