//! Explanations of payloads that are made to make them long.

use growthbook_core::UserContext;

use super::{explain, user};

#[test]
fn a_long_list_of_members_is_a_number() {
    let ids: Vec<String> = (0..100_000).map(|id| format!("\"user-{id}\"")).collect();
    let ids = ids.join(",");
    let payload = format!(
        r#"{{"features": {{"f": {{"rules": [
            {{"condition": {{"id": {{"$inGroup": "g"}}}}, "force": 1}},
            {{"condition": {{"id": {{"$in": [{ids}]}}}}, "force": 2}}
        ]}}}}, "savedGroups": {{"g": {{"type": "list", "attributeKey": "id", "values": [{ids}]}}}}}}"#
    );
    let text = explain(&payload, "f", &user(r#"{"id": "u"}"#)).to_string();
    assert_eq!(
        text,
        "\
f = null [defaultValue]: no rule applied
  rules[0] (force): skipped, its condition does not hold
    no   id $inGroup \"g\"   found \"u\" (a list of 100000 values)
  rules[1] (force): skipped, its condition does not hold
    no   id $in [\"user-0\",\"user-1\",\"user-2\",\"user-3\",\"user-4\",\"… 100000 in all\"]   found \"u\"
"
    );
}

#[test]
fn what_does_not_fit_is_cut_and_says_so() {
    let rule = r#"{"condition": {"a": 1}, "force": 1}"#;
    let rules = vec![rule; 50_000].join(",");
    let payload = format!(r#"{{"features": {{"f": {{"defaultValue": 7, "rules": [{rules}]}}}}}}"#);
    let explanation = explain(&payload, "f", &UserContext::default());
    assert!(explanation.is_cut());
    assert_eq!(explanation.value(), 7);
    assert!(explanation.rules().len() <= 10_000);
    assert_eq!(explanation.to_json()["cut"], true);
    let text = explanation.to_string();
    assert!(text.ends_with("(cut: there is more to this than an explanation holds)\n"));
}

#[test]
fn groups_that_fan_out_do_not_take_for_ever() {
    let group = |next: usize| {
        let entry = format!(r#"{{"$savedGroup": {{"id": "g{next}"}}}}"#);
        format!(r#"{{"type": "condition", "condition": {{"$or": [{entry}, {entry}]}}}}"#)
    };
    let groups: Vec<String> = (0..40)
        .map(|at| format!(r#""g{at}": {}"#, group(at + 1)))
        .collect();
    let payload = format!(
        r#"{{"features": {{"f": {{"rules": [{{"condition": {{"$savedGroup": {{"id": "g0"}}}}, "force": 1}}]}}}},
        "savedGroups": {{{}}}}}"#,
        groups.join(",")
    );
    let explanation = explain(&payload, "f", &UserContext::default());
    assert!(explanation.is_cut());
    assert!(explanation.to_string().len() < 2_000_000);
}

#[test]
fn deep_nesting_is_told_down_to_a_depth() {
    let condition = format!(
        "{}{{\"a\": 1}}{}",
        "{\"$not\":".repeat(100),
        "}".repeat(100)
    );
    let payload = format!(
        r#"{{"features": {{"f": {{"rules": [{{"condition": {condition}, "force": 1}}]}}}}}}"#
    );
    let explanation = explain(&payload, "f", &UserContext::default());
    assert!(!explanation.is_cut());
    let text = explanation.to_string();
    assert_eq!(text.lines().count(), 19, "{text}");
    assert!(text.ends_with("(nested too deep to be told)\n"));
}

#[test]
fn a_chain_of_features_is_told_link_by_link() {
    let features: Vec<String> = (0..40)
        .map(|at| {
            let next = at + 1;
            format!(r#""f{at}": {{"defaultValue": {at}, "rules": [{{"parentConditions": [{{"id": "f{next}", "condition": {{"value": -1}}}}], "force": -1}}]}}"#)
        })
        .collect();
    let payload = format!(r#"{{"features": {{{}}}}}"#, features.join(","));
    let explanation = explain(&payload, "f0", &UserContext::default());
    assert_eq!(explanation.others().len(), 40);
    let text = explanation.to_string();
    for at in 0..40 {
        let headline = format!("f{at} = {at} [defaultValue]: no rule applied\n");
        assert_eq!(text.matches(&headline).count(), 1, "{text}");
    }
    // Far to the right, what is asked for is told further down.
    assert!(text.contains("(told below)"));
    assert!(text.lines().all(|line| line.len() < 120), "{text}");
}
