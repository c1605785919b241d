//! Small stacks (K17): evaluation in threads of 64 KiB, loading in threads of 512 KiB.

use growthbook_core::engine::{self, Subject};

use crate::stack_cases::stack_cases;

#[test]
fn evaluation_fits_a_small_stack() {
    for case in stack_cases() {
        let (ruleset, user) = (case.load(), case.user());
        in_thread(EVALUATION, || case.evaluate(&ruleset, &user));
    }
}

#[test]
fn explaining_fits_the_stack_of_loading() {
    for case in stack_cases() {
        let (ruleset, user) = (case.load(), case.user());
        in_thread(LOADING, || {
            let subject = Subject::new(&user);
            let explanation = engine::explain(&ruleset, "f", &subject, None);
            assert!(!explanation.to_string().is_empty(), "{}", case.name);
            assert!(!explanation.to_json().to_string().is_empty());
        });
    }
}

#[test]
fn loading_fits_a_small_stack() {
    for case in stack_cases() {
        in_thread(LOADING, || drop((case.load(), case.user())));
    }
}

#[test]
fn what_nests_too_deep_is_refused_on_a_small_stack() {
    for open in ["[", "{\"a\":", "{\"$not\":", "[[[{\"a\":"] {
        for prefix in [
            "",
            "{\"features\":",
            "{\"features\":{\"f\":{\"rules\":[{\"condition\":",
            "{\"other\":",
        ] {
            let text = format!("{prefix}{}", open.repeat(100_000));
            in_thread(LOADING, || {
                assert!(growthbook_core::Ruleset::from_json(text.as_bytes(), None).is_err());
                assert!(growthbook_core::Attributes::from_json(&text).is_err());
                assert!(growthbook_core::Experiment::from_json(&text).is_err());
            });
        }
    }
}

fn in_thread(stack: usize, work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(stack)
            .spawn_scoped(scope, work)
            .unwrap()
            .join()
            .unwrap();
    });
}

/// Without optimisation a frame keeps every temporary value apart, and takes several times as much.
const EVALUATION: usize = if cfg!(debug_assertions) { 512 } else { 64 } * 1_024;

const LOADING: usize = if cfg!(debug_assertions) { 2_048 } else { 512 } * 1_024;
