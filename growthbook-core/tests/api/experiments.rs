//! The steps of spec 16 that the corpus does not reach. The user `1` is bucketed into variation 1 of `exp`.

use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{
    Assignment, Attributes, Experiment, ExperimentError, ExperimentOverride, GlobalContext,
    Ruleset, UserContext,
};

use super::user;

/// Runs an experiment, and says `variation, in experiment, hash used`.
fn run(experiment: &str, user: &UserContext, global: &GlobalContext) -> (usize, bool, bool) {
    let ruleset = Ruleset::from_json(
        br#"{"features":{"on":{"defaultValue":true},"loop":{"rules":[{"parentConditions":[{"id":"loop"}],"force":1}]}}}"#,
        None,
    );
    let experiment = Experiment::from_json(experiment).unwrap();
    let subject = Subject::new(user).within(global);
    let result = engine::run(
        &Arc::new(ruleset.unwrap()),
        &experiment,
        &subject,
        None,
        &mut Silent,
    );
    let assignment = result.assignment();
    (
        assignment.variation_index(),
        assignment.in_experiment(),
        assignment.hash_used(),
    )
}

const IN: (usize, bool, bool) = (1, true, true);
const OUT: (usize, bool, bool) = (0, false, false);

fn with(fields: &str) -> String {
    format!(r#"{{"key":"exp","seed":"my-test","variations":["a","b"]{fields}}}"#)
}

fn check(fields: &str, user: &UserContext, expected: (usize, bool, bool)) {
    assert_eq!(
        run(&with(fields), user, &GlobalContext::new()),
        expected,
        "{fields}"
    );
}

#[test]
fn the_user_is_in() {
    check("", &user("1"), IN);
}

#[test]
fn status_decides_after_coverage_and_before_the_exposure() {
    check(r#","status":"draft""#, &user("1"), OUT);
    check(r#","status":"stopped""#, &user("1"), OUT);
    check(
        r#","status":"stopped","force":0"#,
        &user("1"),
        (0, true, false),
    );
    check(r#","status":"some-new-status""#, &user("1"), IN);
    check(r#","active":false"#, &user("1"), OUT);
    check(r#","active":null"#, &user("1"), IN);
}

#[test]
fn a_forced_index_must_be_one() {
    check(r#","force":0"#, &user("1"), (0, true, false));
    for force in ["2", "-1", "0.5", "\"0\"", "true"] {
        check(&format!(r#","force":{force}"#), &user("1"), OUT);
    }
    check(r#","force":null"#, &user("1"), IN);
}

#[test]
fn pages_restrict_before_anything_forces() {
    let patterns = r#","urlPatterns":[{"type":"simple","include":true,"pattern":"/shop/*"}]"#;
    let on_page = user("1").with_url("https://example.com/shop/cart");
    check(patterns, &on_page, IN);
    check(patterns, &user("1"), OUT);
    let elsewhere = user("1")
        .with_url("https://example.com/help?exp=1")
        .with_forced_variation("exp", 1);
    check(patterns, &elsewhere, OUT);
    check(r#","urlPatterns":[]"#, &on_page, OUT);
}

#[test]
fn the_legacy_url_restricts_last() {
    check(
        r#","url":"/shop/""#,
        &user("1").with_url("https://example.com/shop/cart"),
        IN,
    );
    check(
        r#","url":"^/shop/""#,
        &user("1").with_url("https://example.com/shop/cart"),
        IN,
    );
    check(
        r#","url":"/shop/""#,
        &user("1").with_url("https://example.com/help"),
        OUT,
    );
    check(r#","url":"/shop/""#, &user("1"), OUT);
    check(r#","url":"(""#, &user("1"), IN);
    let forced = user("1").with_forced_variation("exp", 1);
    check(r#","url":"/shop/""#, &forced, (1, true, false));
}

#[test]
fn forcing_beats_qa_mode_and_skipping() {
    let forced = user("1").with_forced_variation("exp", 1);
    for user in [
        forced.clone().with_qa_mode(true),
        forced.clone().with_all_experiments_skipped(true),
    ] {
        check("", &user, (1, true, false));
    }
    check("", &forced.with_enabled(false), OUT);
    check("", &user("1").with_qa_mode(true), OUT);
    check("", &user("1").with_all_experiments_skipped(true), OUT);
    check("", &user("1").with_forced_variation("exp", 9), OUT);
}

#[test]
fn prerequisites_must_all_be_met_and_gates_mean_nothing() {
    let on = r#"{"id":"on","condition":{"value":true}}"#;
    check(&format!(r#","parentConditions":[{on}]"#), &user("1"), IN);
    for parents in [
        r#"{"id":"on","condition":{"value":false},"gate":true}"#,
        r#"{"id":"loop"}"#,
        r#"{"id":"nowhere","condition":{"value":true}}"#,
        "5",
    ] {
        check(
            &format!(r#","parentConditions":[{on},{parents}]"#),
            &user("1"),
            OUT,
        );
    }
}

#[test]
fn legacy_groups_are_asked() {
    let member = GlobalContext::new()
        .with_group("staff", true)
        .with_group("press", false);
    let groups = with(r#","groups":["press","staff"]"#);
    assert_eq!(run(&groups, &user("1"), &member), IN);
    assert_eq!(run(&groups, &user("1"), &GlobalContext::new()), OUT);
    assert_eq!(
        run(&with(r#","groups":["press"]"#), &user("1"), &member),
        OUT
    );
}

#[test]
fn overrides_replace_parts_of_a_copy() {
    let run_with = |fields: &str, parts: &str| {
        let parts = ExperimentOverride::from_json(parts).unwrap();
        run(
            &with(fields),
            &user("1"),
            &GlobalContext::new().with_override("exp", parts),
        )
    };
    for (parts, expected) in [
        ("{}", IN),
        (r#"{"weights":[1,0]}"#, (0, true, true)),
        (r#"{"weights":[3,4]}"#, IN),
        (r#"{"coverage":0}"#, OUT),
        (r#"{"force":0}"#, (0, true, false)),
        (r#"{"status":"stopped"}"#, OUT),
        (r#"{"active":false}"#, OUT),
        (r#"{"condition":{"id":"2"}}"#, OUT),
        (r#"{"namespace":["n",0,0]}"#, OUT),
        (r#"{"groups":["nobody"]}"#, OUT),
        (r#"{"url":"/shop/"}"#, OUT),
        (r#"{"hashVersion":99,"variations":[]}"#, IN),
    ] {
        assert_eq!(run_with("", parts), expected, "{parts}");
    }
    let filters = r#","filters":[{"seed":"z","ranges":[[0,1]]}]"#;
    assert_eq!(run_with(filters, r#"{"namespace":["n",0,0]}"#), IN);
    assert_eq!(run_with(r#","coverage":0"#, r#"{"coverage":1}"#), IN);
    assert_eq!(
        run_with(r#","condition":{"id":"2"}"#, r#"{"condition":{}}"#),
        IN
    );
    assert_eq!(
        run_with(r#","ranges":[[0,1],[0,0]]"#, r#"{"weights":[0,1]}"#),
        (0, true, true)
    );
}

#[test]
fn globals_hold_for_everybody_and_the_user_wins() {
    let global = GlobalContext::new()
        .with_attributes(Attributes::new().with("id", "nobody").with("tier", "gold"))
        .with_forced_variation("exp", 0);
    assert_eq!(run(&with(""), &user("1"), &global), (0, true, false));
    assert_eq!(
        run(
            &with(""),
            &user("1").with_forced_variation("exp", 1),
            &global
        ),
        (1, true, false)
    );
    let tiered = with(r#","condition":{"tier":"gold","id":"1"}"#);
    let global = GlobalContext::new()
        .with_attributes(Attributes::new().with("id", "x").with("tier", "gold"));
    assert_eq!(run(&tiered, &user("1"), &global), IN);
    let overridden = user("1").with_attribute_overrides(Attributes::new().with("tier", "lead"));
    assert_eq!(run(&tiered, &overridden, &global), OUT);
}

#[test]
fn the_builder_refuses_what_cannot_work() {
    let builder = || Experiment::builder("exp", ["a", "b"]);
    assert_eq!(
        Experiment::builder("exp", ["a"]).build().unwrap_err(),
        ExperimentError::FewVariations { count: 1 },
    );
    assert_eq!(
        Experiment::builder("", [1, 2]).build().unwrap_err(),
        ExperimentError::MissingKey
    );
    for (builder, error) in [
        (
            builder().weights([0.9, 0.3]),
            ExperimentError::InvalidWeights,
        ),
        (builder().weights([1.0]), ExperimentError::InvalidWeights),
        (builder().coverage(1.5), ExperimentError::InvalidCoverage),
        (
            builder().coverage(f64::NAN),
            ExperimentError::InvalidCoverage,
        ),
        (
            builder().hash_version(3),
            ExperimentError::UnsupportedHashVersion,
        ),
        (
            builder().condition_json("[]"),
            ExperimentError::InvalidCondition,
        ),
    ] {
        assert_eq!(builder.build().unwrap_err(), error);
    }
}

#[test]
fn the_builder_says_what_the_json_says() {
    let built = Experiment::builder("exp", ["a", "b"])
        .weights([0.3, 0.7])
        .coverage(0.8)
        .hash_attribute("device")
        .hash_version(2)
        .seed("s")
        .namespace("ns", 0.0, 0.9)
        .condition(&serde_json::json!({"plan": {"$in": ["pro"]}}))
        .variation_keys(["ctl", "new"])
        .build()
        .unwrap();
    let written = Experiment::from_json(
        r#"{"key":"exp","variations":["a","b"],"weights":[0.3,0.7],"coverage":0.8,"hashAttribute":"device",
            "hashVersion":2,"seed":"s","namespace":["ns",0,0.9],"condition":{"plan":{"$in":["pro"]}},
            "meta":[{"key":"ctl"},{"key":"new"}]}"#,
    )
    .unwrap();
    let ruleset = Arc::new(Ruleset::empty());
    for device in 0..500 {
        let attributes = Attributes::new().with("device", device).with("plan", "pro");
        let user = UserContext::new(attributes);
        let subject = Subject::new(&user);
        let one = engine::run(&ruleset, &built, &subject, None, &mut Silent);
        let other = engine::run(&ruleset, &written, &subject, None, &mut Silent);
        assert_eq!(one.assignment(), other.assignment());
        assert_eq!(**one.value(), **other.value());
    }
}

#[test]
fn a_rule_has_no_status_of_its_own() {
    for field in [
        r#""active":false"#,
        r#""status":"draft""#,
        r#""status":"stopped""#,
        r#""force2":0"#,
    ] {
        let payload =
            format!(r#"{{"features":{{"f":{{"rules":[{{"variations":[0,1],{field}}}]}}}}}}"#);
        let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap());
        let user = user("1");
        let result = engine::evaluate(&ruleset, "f", &Subject::new(&user), None, &mut Silent);
        assert!(
            result.assignment().is_some_and(Assignment::in_experiment),
            "{field}"
        );
    }
}

#[test]
fn malformed_groups_let_nobody_in() {
    let press = GlobalContext::new().with_group("press", true);
    for groups in ["[5]", "\"press\"", "{\"a\":1}"] {
        assert_eq!(
            run(&with(&format!(r#","groups":{groups}"#)), &user("1"), &press),
            OUT,
            "{groups}"
        );
    }
    for groups in ["[]", "null", "[5,\"press\"]"] {
        assert_eq!(
            run(&with(&format!(r#","groups":{groups}"#)), &user("1"), &press),
            IN,
            "{groups}"
        );
    }
}

#[test]
fn a_check_of_ones_own_is_asked() {
    let ruleset = Arc::new(Ruleset::empty());
    for (admitted, expected) in [(true, true), (false, false)] {
        let experiment = Experiment::builder("exp", ["a", "b"])
            .include(admitted)
            .build()
            .unwrap();
        let user = user("1");
        let result = engine::run(
            &ruleset,
            &experiment,
            &Subject::new(&user),
            None,
            &mut Silent,
        );
        assert_eq!(result.assignment().in_experiment(), expected);
    }
}
