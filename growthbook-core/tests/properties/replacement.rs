//! Rows 16 and 17: what a damaged feature, and a damaged payload, leave alone.

use std::sync::Arc;

use growthbook_core::GrowthBookClient;
use proptest::prelude::*;

use crate::grammar::Choices;
use crate::naive::Json;
use crate::support::{bytes, cases, evaluate, ruleset};
use crate::targets::{self, Case};

proptest! {
    // 2,000: a case compiles two payloads or more.
    #![proptest_config(cases(2_000))]

    /// Row 16.
    #[test]
    fn a_corrupt_feature_touches_only_those_that_ask_for_it(bytes in bytes(400), garbage in bytes(40), place in 0_usize..6) {
        let case = Case::choose(&mut Choices::wild(&bytes));
        let Some(mut payload) = Json::parse(&case.payload) else { return Ok(()) };
        let before = ruleset(&case.payload);
        let Json::Object(sections) = &mut payload else { return Ok(()) };
        let Some((_, Json::Object(features))) = sections.iter_mut().find(|(name, _)| name == "features") else {
            return Ok(());
        };
        prop_assume!(!features.is_empty());
        let place = place % features.len();
        let corrupt = features[place].0.clone();
        let names = features.clone();
        features[place].1 = Json::parse(&Choices::wild(&garbage).value(3)).unwrap();
        let after = ruleset(&crate::conditions::write(&payload));
        let mut touched = vec![corrupt];
        // Whoever asks for one that is touched, is touched.
        loop {
            let next = names.iter().find(|(name, feature)| !touched.contains(name) && mentions(feature, &touched));
            let Some((name, _)) = next else { break };
            touched.push(name.clone());
        }
        for (name, _) in names.iter().filter(|(name, _)| !touched.contains(name)) {
            prop_assert_eq!(evaluate(&before, name, &case.user).to_json(), evaluate(&after, name, &case.user).to_json());
        }
    }

    /// Row 17.
    #[test]
    fn a_rejected_payload_changes_nothing(bytes in bytes(300), cut in 1_usize..500, stray: u8) {
        let case = Case::choose(&mut Choices::wild(&bytes));
        let client = GrowthBookClient::builder().payload(case.payload.clone()).build().unwrap();
        let before = client.ruleset();
        let keys: Vec<&str> = before.feature_keys().collect();
        let answers = || -> Vec<_> { keys.iter().map(|key| client.evaluate(key, &case.user)).collect() };
        let expected = answers();
        let text = case.payload.as_bytes();
        let cut = cut % text.len();
        for damaged in [text[..cut].to_vec(), [&text[..cut], &[stray], &text[cut..]].concat(), [text, b"}"].concat()] {
            if client.load(&damaged).is_ok() {
                client.load(text).unwrap();
                prop_assert_eq!(&answers(), &expected);
            }
        }
        let before = client.ruleset();
        prop_assert!(client.load(&text[..cut]).is_err());
        prop_assert!(Arc::ptr_eq(&before, &client.ruleset()));
        prop_assert_eq!(&answers(), &expected);
    }

    /// The fuzz target over bytes that nobody guides.
    #[test]
    fn the_gate_takes_any_bytes(bytes in bytes(100)) {
        targets::payload_gate(&bytes);
    }
}

/// Whether any text in the feature is one of the names.
fn mentions(json: &Json, names: &[String]) -> bool {
    match json {
        Json::String(text) => names.contains(text),
        Json::Array(items) => items.iter().any(|item| mentions(item, names)),
        Json::Object(members) => members.iter().any(|(_, value)| mentions(value, names)),
        _ => false,
    }
}
