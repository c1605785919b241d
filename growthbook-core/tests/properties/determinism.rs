//! Row 3: the same question has the same answer, wherever and whenever it is asked.

use std::sync::Arc;

use growthbook_core::{Attributes, Ruleset};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::grammar::Choices;
use crate::naive::Json;
use crate::support::{bytes, cases, evaluate, ruleset, user_with_id};
use crate::targets::{self, Case};

proptest! {
    // 1,000: a case asks for every feature of a payload in six ways.
    #![proptest_config(cases(1_000))]

    /// The fuzz target over bytes that nobody guides: evaluated twice, and by every method.
    #[test]
    fn every_way_to_ask_gives_one_answer(bytes in bytes(400)) {
        targets::eval_any(&bytes);
    }
}

proptest! {
    // 1,000: a case compiles two payloads.
    #![proptest_config(cases(1_000))]

    #[test]
    fn the_order_of_features_groups_and_attributes_does_not_matter(bytes in bytes(400), turn in 0_usize..5) {
        let mut choices = Choices::wild(&bytes);
        let case = Case::choose(&mut choices);
        let Some(Json::Object(mut sections)) = Json::parse(&case.payload) else { return Ok(()) };
        for (name, section) in &mut sections {
            if let (true, Json::Object(members)) = (name != "experiments", section) {
                members.reverse();
                let count = members.len().max(1);
                members.rotate_left(turn % count);
            }
        }
        sections.reverse();
        let turned = crate::conditions::write(&Json::Object(sections));
        let mut attributes: Vec<_> = case.user.attributes().clone().into_iter().collect();
        attributes.reverse();
        let other_user = growthbook_core::UserContext::new(attributes.into_iter().collect::<Attributes>());
        let same_user = growthbook_core::UserContext::new(case.user.attributes().clone());
        let (before, after) = (ruleset(&case.payload), ruleset(&turned));
        for key in before.feature_keys() {
            let result = evaluate(&before, key, &same_user);
            prop_assert_eq!(result.to_json(), evaluate(&after, key, &other_user).to_json(), "{} {}", case.payload, turned);
        }
    }
}

proptest! {
    // 100: a case starts four threads.
    #![proptest_config(cases(100))]

    #[test]
    fn every_thread_gets_the_same_answer(bytes in bytes(600)) {
        let payload = Choices::wild(&bytes).payload();
        let ruleset = ruleset(&payload);
        let answers = |ruleset: &Arc<Ruleset>| -> Vec<String> {
            (0..20)
                .flat_map(|id| {
                    let user = user_with_id(&id.to_string());
                    ruleset.feature_keys().map(move |key| evaluate(ruleset, key, &user).to_json().to_string()).collect::<Vec<_>>()
                })
                .collect()
        };
        let here = answers(&ruleset);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| answers(&ruleset))).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), here);
            }
        });
    }
}

/// Another process, with other addresses and other hash seeds, comes to the same digest of five hundred payloads.
#[test]
#[expect(
    clippy::disallowed_types,
    reason = "another process is what this is about"
)]
fn every_process_gets_the_same_answer() {
    let other_process = || {
        let this = std::env::current_exe().unwrap();
        let output = std::process::Command::new(this)
            .args([
                "--exact",
                "determinism::digest_of_answers",
                "--ignored",
                "--nocapture",
            ])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let digest = text
            .split_whitespace()
            .find_map(|word| word.strip_prefix("digest=").map(str::to_owned));
        digest.unwrap_or_else(|| panic!("no digest in {text}"))
    };
    assert_eq!(other_process(), digest());
}

#[test]
#[ignore = "a part of `every_process_gets_the_same_answer`"]
fn digest_of_answers() {
    println!("digest={}", digest());
}

fn digest() -> String {
    let mut hasher = Sha256::new();
    let mut state = 1_u64;
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..300)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            })
            .collect();
        let case = Case::choose(&mut Choices::wild(&bytes));
        let ruleset = ruleset(&case.payload);
        for key in ruleset.feature_keys() {
            hasher.update(evaluate(&ruleset, key, &case.user).to_json().to_string());
        }
        for diagnostic in ruleset.diagnostics() {
            hasher.update(diagnostic.to_string());
        }
    }
    format!("{:?}", hasher.finalize()).replace([' ', '\n'], "")
}
