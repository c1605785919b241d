//! Spec 22 and 28.2, and the edges of pruning.

use crate::{attributes, pruned, value};

#[track_caller]
fn check(condition: &str, known: &str, expected: &str) {
    check_with(condition, known, expected, "{}");
}

/// Compares as JSON, with the order of keys.
#[track_caller]
fn check_with(condition: &str, known: &str, expected: &str, groups: &str) {
    let left = pruned(condition, &attributes(known), Some(groups));
    assert_eq!(
        left,
        expected.replace(": ", ":").replace(", ", ","),
        "{condition} with {known}"
    );
}

#[test]
fn the_table_of_section_22() {
    check(
        r#"{"id":{"$ne":"789"},"country":"US"}"#,
        r#"{"id":"123"}"#,
        r#"{"country":"US"}"#,
    );
    check(r#"{"country":"US","id":"456"}"#, r#"{"id":"123"}"#, "false");
    for list in ["$or", "$nor"] {
        check(
            &format!(r#"{{"{list}":[{{"id":"456"}},{{"country":"US"}}]}}"#),
            r#"{"id":"123"}"#,
            &format!(r#"{{"{list}":[{{"country":"US"}}]}}"#),
        );
    }
    check(
        r#"{"$not":{"$and":[{"id":"123"},{"country":"US"}]}}"#,
        r#"{"id":"123"}"#,
        r#"{"$not":{"$and":[{"country":"US"}]}}"#,
    );
    check(
        r#"{"id":{"$notAnOperator":"x"}}"#,
        r#"{"id":"123"}"#,
        r#"{"id":{"$notAnOperator":"x"}}"#,
    );
    check(
        r#"{"id":{"$notAnOperator":"x","$eq":"456"}}"#,
        r#"{"id":"123"}"#,
        "false",
    );
    check(r#"{"zz":{}}"#, r#"{"id":"123"}"#, r#"{"zz":{}}"#);
}

#[test]
fn the_cases_of_section_28_2() {
    let id = r#"{"id":"123"}"#;
    check(r#"{"$or":[{"id":"123"},{"$not":null}]}"#, id, "true");
    check(
        r#"{"id":"123","$or":null}"#,
        id,
        r#"{"id":"123","$or":null}"#,
    );
    check(r#"{"id":"no","$or":null}"#, id, "false");
    check(
        r#"{"$not":{"$not":{"country":"US"}}}"#,
        id,
        r#"{"$not":{"$not":{"country":"US"}}}"#,
    );
    check(r#"{"$and":[{},{"id":"123"}]}"#, id, "true");
    check(r#"{"country":"US","$savedGroups":["a"]}"#, "{}", "false");
    check(r#"{"zz":{}}"#, id, r#"{"zz":{}}"#);
    check(r#"{"id":{}}"#, id, "true");
    check(
        r#"{"$or":[{"id":{"$later":1}},{"id":"no"}]}"#,
        id,
        r#"{"$or":[{"id":{"$later":1}}]}"#,
    );
    let group = r#"{"$savedGroup":{"id":"g"}}"#;
    check_with(
        group,
        r#"{"user":{"id":"1"}}"#,
        group,
        r#"{"g":{"type":"list","attributeKey":"user.id","values":["1"]}}"#,
    );
    check_with(
        group,
        "{}",
        "false",
        r#"{"g":{"type":"list","attributeKey":"zz","values":null}}"#,
    );
    check_with(
        r#"{"id":"123","$savedGroup":{"id":"g"}}"#,
        id,
        r#"{"id":"123","$savedGroup":{"id":"g"}}"#,
        r#"{"g":{"type":"condition","condition":{"$not":null}}}"#,
    );
    check_with(
        r#"{"$savedGroup":{"id":"a"}}"#,
        r#"{"x":true}"#,
        "true",
        r#"{"a":{"type":"condition","condition":{"$or":[{"$savedGroup":{"id":"a"}},{"x":true}]}}}"#,
    );
}

/// A test of something unknown may turn out to be an error, which ends evaluation before it gets to what decides.
#[test]
fn a_decision_does_not_pass_over_what_may_fail() {
    for condition in [
        r#"{"$or":[{"plan":{"$elemMatch":5}},{}]}"#,
        r#"{"$not":{"plan":{"$elemMatch":{"$or":5}},"id":"no"}}"#,
        r#"{"$or":[{"$and":[{"plan":{"$not":{"$elemMatch":5}}}]},{"id":"123"}]}"#,
    ] {
        assert_eq!(
            pruned(condition, &attributes(r#"{"id":"123"}"#), None),
            condition
        );
    }
    for (condition, left) in [
        (
            r#"{"plan":{"$elemMatch":5},"id":"123"}"#,
            r#"{"plan":{"$elemMatch":5}}"#,
        ),
        (
            r#"{"plan":{"$elemMatch":5},"$or":[{"id":"123"}]}"#,
            r#"{"plan":{"$elemMatch":5}}"#,
        ),
        (r#"{"id":"no","plan":{"$elemMatch":5}}"#, "false"),
    ] {
        assert_eq!(
            pruned(condition, &attributes(r#"{"id":"123"}"#), None),
            left
        );
    }
}

#[test]
fn an_error_counts_only_where_it_is_reached() {
    let id = r#"{"id":"123"}"#;
    check(
        r#"{"$or":[{"$not":null},{"id":"123"}]}"#,
        id,
        r#"{"$or":[{"$not":null},{"id":"123"}]}"#,
    );
    check(r#"{"$or":[{"id":"123"},{"$not":null}]}"#, id, "true");
    check(r#"{"$and":[{"id":"no"},5]}"#, id, "false");
    check(
        r#"{"$and":[{"id":"123"},5]}"#,
        id,
        r#"{"$and":[{"id":"123"},5]}"#,
    );
    check(r#"{"id":{"$elemMatch":5}}"#, r#"{"id":[]}"#, "false");
    check(
        r#"{"id":{"$elemMatch":5}}"#,
        r#"{"id":[1]}"#,
        r#"{"id":{"$elemMatch":5}}"#,
    );
    // Unknown, so not reached, and not an error yet.
    check(
        r#"{"tags":{"$elemMatch":5},"id":"123"}"#,
        id,
        r#"{"tags":{"$elemMatch":5}}"#,
    );
}

#[test]
fn only_plain_names_are_known() {
    let known = r#"{"a":{"b":1},"a.b":1,"n":null,"":0}"#;
    check(r#"{"a.b":1}"#, known, r#"{"a.b":1}"#);
    check(r#"{"a":{"b":1}}"#, known, "true");
    check(r#"{"n":null}"#, known, "true");
    check(r#"{"n":{"$exists":true}}"#, known, "false");
    check(r#"{"":0}"#, known, "true");
    check(r#"{"$eq":1}"#, known, r#"{"$eq":1}"#);
    check(r#"{"$eq":1}"#, r#"{"$eq":1}"#, "true");
}

#[test]
fn empty_lists_are_decided() {
    check(r#"{"$or":[]}"#, "{}", "true");
    check(r#"{"$nor":[]}"#, "{}", "false");
    check(r#"{"$and":[]}"#, "{}", "true");
    check("{}", "{}", "true");
    check(r#"{"$not":{}}"#, "{}", "false");
    check(r#"{"$or":[{}]}"#, "{}", "true");
}

#[test]
fn references_that_cannot_hold_fail() {
    let groups = r#"{"v1":["1"],"null":null,"text":"x","list":{"type":"list","attributeKey":"id","values":["1"]},
        "keyless":{"type":"list","values":["1"]},"bare":{"type":"condition","condition":[]},
        "remote":{"type":"remote","attributeKey":"id"},"later":{"type":5}}"#;
    for reference in [
        "5",
        "{}",
        r#"{"id":5}"#,
        r#"{"id":"nowhere"}"#,
        r#"{"id":"v1"}"#,
        r#"{"id":"null"}"#,
        r#"{"id":"text"}"#,
        r#"{"id":"keyless"}"#,
        r#"{"id":"bare"}"#,
        r#"{"id":"list","attributeKey":null}"#,
        r#"{"id":"list","attributeKey":5}"#,
        r#"{"id":"remote","attributeKey":"other"}"#,
    ] {
        let condition = format!(r#"{{"$savedGroup":{reference}}}"#);
        check_with(&condition, r#"{"id":"1"}"#, "false", groups);
        check_with(
            &format!(r#"{{"$not":{condition}}}"#),
            r#"{"id":"1"}"#,
            "true",
            groups,
        );
    }
    let stays = r#"{"$savedGroup":{"id":"later"}}"#;
    check_with(stays, r#"{"id":"1"}"#, stays, groups);
    let keyed = r#"{"$savedGroup":{"id":"keyless","attributeKey":"id"}}"#;
    check_with(keyed, r#"{"id":["0","1"]}"#, "true", groups);
    check_with(keyed, r#"{"id":"0"}"#, "false", groups);
}

#[test]
fn remote_groups_are_decided_once_they_are_resolved() {
    let groups = r#"{"r":{"type":"remote","attributeKey":"id"}}"#;
    let member = r#"{"$savedGroup":{"id":"r","attributeKey":"id"}}"#;
    check_with(member, r#"{"id":"1"}"#, member, groups);
    check_with(
        member,
        r#"{"__gb_remoteGroupIds":["x","r"]}"#,
        "true",
        groups,
    );
    check_with(member, r#"{"__gb_remoteGroupIds":[]}"#, "false", groups);
    check_with(member, r#"{"__gb_remoteGroupIds":"r"}"#, "false", groups);
    check_with(member, r#"{"__gb_remoteGroupIds":null}"#, "false", groups);
}

#[test]
fn a_cycle_depends_on_where_it_is_entered() {
    let groups = r#"{"a":{"type":"condition","condition":{"$or":[{"$savedGroup":{"id":"b"}},{"x":true}]}},
        "b":{"type":"condition","condition":{"$not":{"$savedGroup":{"id":"a"}}}},
        "in":{"type":"condition","condition":{"$savedGroup":{"id":"b"}}}}"#;
    // a = b or x, where b = not a and a is being resolved: true. b = not (not-b.. or x) likewise.
    check_with(
        r#"{"$savedGroup":{"id":"a"}}"#,
        r#"{"x":false}"#,
        "true",
        groups,
    );
    check_with(
        r#"{"$savedGroup":{"id":"b"}}"#,
        r#"{"x":false}"#,
        "true",
        groups,
    );
    check_with(
        r#"{"$savedGroup":{"id":"b"}}"#,
        r#"{"x":true}"#,
        "false",
        groups,
    );
    check_with(
        r#"{"$savedGroup":{"id":"in"}}"#,
        r#"{"x":true}"#,
        "false",
        groups,
    );
    check_with(
        r#"{"$and":[{"$savedGroup":{"id":"a"}},{"$savedGroup":{"id":"in"}}]}"#,
        r#"{"x":false}"#,
        "true",
        groups,
    );
}

#[test]
fn what_is_left_keeps_its_order_and_its_numbers() {
    let left = pruned(
        r#"{"b":1.0,"$or":[{"z":1},{"id":0},{"a":1e2}],"a":12345678901234567,"id":1}"#,
        &attributes(r#"{"id":1}"#),
        None,
    );
    assert_eq!(
        left,
        r#"{"b":1.0,"$or":[{"z":1},{"a":100.0}],"a":12345678901234567}"#
    );
    assert_eq!(value(&left)["a"], 12_345_678_901_234_567_u64);
}
