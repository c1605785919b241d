//! Spec 23, and the edges of reduction.

use growthbook_core::Attributes;
use growthbook_core::reduce::{ReduceError, ReduceOptions, reduce_payload};

use crate::{attributes, reduced, value};

/// Reduces, and compares what the payload comes to with the order of its keys.
#[track_caller]
fn check(payload: &str, known: &str, expected: &str) {
    let compact = |json: &str| json.split('\n').map(str::trim).collect::<String>();
    assert_eq!(reduced(payload, known), compact(expected));
}

/// The saved groups that are left of `groups` with these rules.
#[track_caller]
fn check_groups(rules: &str, groups: &str, known: &str, expected: &str) {
    let payload = format!(r#"{{"features":{{"f":{{"rules":{rules}}}}},"savedGroups":{groups}}}"#);
    let reduced = value(&reduced(&payload, known));
    assert_eq!(reduced["savedGroups"], value(expected), "{rules} {groups}");
}

#[test]
fn the_example_of_section_23() {
    check(
        r#"{"features": {"f": {"defaultValue": 0, "rules": [
            {"condition": {"plan": "pro", "country": "US"}, "force": 1},
            {"condition": {"plan": "free"}, "force": 2},
            {"condition": {"$savedGroup": {"id": "g"}}, "key": "e", "variations": [3, 4]}]}},
          "savedGroups": {"g": {"type": "condition", "condition":
            {"plan": "pro", "$or": [{"age": {"$gt": 20}}, {"plan": "free"}]}}, "unused": ["x"]},
          "dateUpdated": "2026-01-01"}"#,
        r#"{"plan":"pro"}"#,
        r#"{"features":{"f":{"defaultValue":0,"rules":[
            {"condition":{"country":"US"},"force":1},
            {"condition":{"$not":{}},"force":null},
            {"condition":{"$savedGroup":{"id":"g"}},"key":"e","variations":[3,4]}]}},
          "savedGroups":{"g":{"type":"condition","condition":{"$or":[{"age":{"$gt":20}}]}}},
          "dateUpdated":"2026-01-01",
          "experiments":[]}"#,
    );
}

#[test]
fn what_is_malformed_passes_through_or_is_dropped() {
    check(
        r#"{"status":200,"features":{"null":null,"text":"x","list":[],
            "rules":{"rules":{"a":1}},"none":{"rules":null},
            "odd":{"rules":[5,null,[],{"condition":"text"},{"condition":[]},{"condition":null},{"condition":{}},
                {"condition":{"$or":5}},{"parentConditions":5},{"parentConditions":[5,{},{"id":7},{"id":"text"}]}]}},
          "experiments":[null,5,{"key":"e"}],"savedGroups":[1],"contextualBandits":0}"#,
        r#"{"id":"1"}"#,
        r#"{"status":200,"features":{
            "rules":{"rules":{"a":1}},"none":{"rules":null},
            "odd":{"rules":[5,null,[],{"condition":"text"},{"condition":[]},{"condition":null},{},
                {"condition":{"$or":5}},{"parentConditions":5},{"parentConditions":[5,{},{"id":7},{"id":"text"}]}]}},
          "experiments":[{"key":"e"}],"savedGroups":{}}"#,
    );
}

#[test]
fn only_a_rule_loses_its_forced_value() {
    check(
        r#"{"features":{"f":{"rules":[{"force":{"a":1},"condition":{"id":"2"}},{"variations":[1,2],"condition":{"id":"2"}}]}},
          "experiments":[{"key":"e","force":1,"condition":{"id":"2"}}]}"#,
        r#"{"id":"1"}"#,
        r#"{"features":{"f":{"rules":[{"force":null,"condition":{"$not":{}}},{"variations":[1,2],"condition":{"$not":{}}}]}},
          "experiments":[{"key":"e","force":1,"condition":{"$not":{}}}],
          "savedGroups":{}}"#,
    );
}

#[test]
fn bandits_that_are_used_keep_the_contexts_that_may_match() {
    check(
        r#"{"features":{"f":{"rules":[{"contextualBanditRef":"b"},{"contextualBanditRef":""},{"contextualBanditRef":"text"}]}},
          "contextualBandits":{"":{},"unused":{},"text":"x","auto":{"contexts":5},
            "b":{"contexts":[null,{"leafId":1,"condition":{"id":"2"}},{"leafId":1.0,"condition":{"id":"1"}},
                {"leafId":3},{"leafId":4,"condition":null},{"leafId":5,"condition":{"id":"1","x":1}},
                {"leafId":6,"condition":"odd"},{"leafId":7,"condition":{"$or":5}}]}},
          "experiments":[{"contextualBanditRef":"auto"},{"contextualBanditRef":"nowhere"}]}"#,
        r#"{"id":"1"}"#,
        r#"{"features":{"f":{"rules":[{"contextualBanditRef":"b"},{"contextualBanditRef":""},{"contextualBanditRef":"text"}]}},
          "contextualBandits":{"text":"x","auto":{"contexts":[]},
            "b":{"contexts":[null,{"leafId":1.0,"condition":{}},
                {"leafId":3,"condition":{}},{"leafId":4,"condition":{}},{"leafId":5,"condition":{"x":1}},
                {"leafId":6,"condition":"odd"},{"leafId":7,"condition":{"$or":5}}]}},
          "experiments":[{"contextualBanditRef":"auto"},{"contextualBanditRef":"nowhere"}],
          "savedGroups":{}}"#,
    );
}

#[test]
fn prerequisites_are_kept_and_holdouts_always() {
    let payload = r#"{"features":{
        "f":{"metadata":{"tags":["a"]},"rules":[{"parentConditions":[{"id":"p"},{"id":"$holdout:h"}]}]},
        "p":{"rules":[{"parentConditions":[{"id":"q"},{"id":"f"}]}]},"q":{},"other":{},
        "$holdout:h":{"rules":[{"parentConditions":[{"id":"q"}]}]}}}"#;
    let keys = |options: &str| {
        let options = ReduceOptions::from_json(options).unwrap();
        let reduced = reduce_payload(payload, &Attributes::new(), &options).unwrap();
        let features = value(&reduced)["features"].clone();
        let keys = features.as_object().unwrap().keys().cloned();
        keys.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(r#"{"include":{"tags":["a"]}}"#), "$holdout:h f p q");
    assert_eq!(
        keys(r#"{"include":{"tags":["a"]},"prerequisites":"filter"}"#),
        "$holdout:h f"
    );
    assert_eq!(keys(r#"{"include":{"tags":["b"]}}"#), "");
    assert_eq!(keys("{}"), "$holdout:h f other p q");
}

#[test]
fn groups_are_kept_for_any_string_that_names_them() {
    let rule = r#"[{"condition":{"x":{"$later":["g"]}},"force":1}]"#;
    check_groups(rule, r#"{"g":["1"],"h":["g"]}"#, "{}", r#"{"g":["1"]}"#);
    // Not as a key, and not from within a list.
    check_groups(r#"[{"force":{"g":1}}]"#, r#"{"g":["1"]}"#, "{}", "{}");
    check_groups(
        r#"[{"force":"l"}]"#,
        r#"{"l":{"type":"list","values":["g"],"attributeKey":"g"},"g":[]}"#,
        "{}",
        r#"{"l":{"type":"list","values":["g"],"attributeKey":"g"}}"#,
    );
    // A remote group keeps the group that its values come from, and a newer one whatever it names.
    let sources = r#"{"r":{"type":"remote","attributeKey":"id","valuesFrom":"s"},"s":{"type":"remote"},
        "n":{"type":"later","of":["t"]},"t":null}"#;
    check_groups(r#"[{"force":["r","n"]}]"#, sources, "{}", sources);
}

#[test]
fn a_group_that_was_pruned_first_and_is_needed_whole_stays_whole() {
    // `inner` is named normally, by way of `outer`, and below `$elemMatch` in what is left of `deep`.
    let groups = r#"{"inner":{"type":"condition","condition":{"id":"1","x":1}},
        "outer":{"type":"condition","condition":{"$savedGroup":{"id":"inner"},"id":"1"}},
        "deep":{"type":"condition","condition":{"id":"1","items":{"$elemMatch":{"$savedGroup":{"id":"outer"}}}}}}"#;
    let rules = |ids: [&str; 2]| {
        let rule = |id| format!(r#"{{"condition":{{"$savedGroup":{{"id":"{id}"}}}},"force":1}}"#);
        format!("[{},{}]", rule(ids[0]), rule(ids[1]))
    };
    let expected = r#"{"inner":{"type":"condition","condition":{"id":"1","x":1}},
        "outer":{"type":"condition","condition":{"$savedGroup":{"id":"inner"},"id":"1"}},
        "deep":{"type":"condition","condition":{"items":{"$elemMatch":{"$savedGroup":{"id":"outer"}}}}}}"#;
    for order in [["outer", "deep"], ["deep", "outer"]] {
        check_groups(&rules(order), groups, r#"{"id":"1"}"#, expected);
    }
}

#[test]
fn groups_around_a_cycle_are_pruned_and_those_on_it_are_not() {
    let condition = |id: &str| {
        format!(r#"{{"id":"1","u":1,"$or":[{{"$savedGroup":{{"id":"{id}"}}}},{{"v":1}}]}}"#)
    };
    let left =
        |id: &str| format!(r#"{{"u":1,"$or":[{{"$savedGroup":{{"id":"{id}"}}}},{{"v":1}}]}}"#);
    let group = |condition: String| format!(r#"{{"type":"condition","condition":{condition}}}"#);
    let rest = r#""after":{"type":"later"}"#;
    check_groups(
        r#"[{"condition":{"$savedGroup":{"id":"before"}},"force":1}]"#,
        &format!(
            r#"{{"before":{},"a":{},"b":{},"out":{},{rest}}}"#,
            group(condition("a")),
            group(condition("b")),
            group(format!(
                r#"{{"$and":[{},{}]}}"#,
                condition("a"),
                condition("out")
            )),
            group(condition("after")),
        ),
        r#"{"id":"1"}"#,
        &format!(
            r#"{{"before":{},"a":{},"b":{},"out":{},{rest}}}"#,
            group(left("a")),
            group(condition("b")),
            group(format!(
                r#"{{"$and":[{},{}]}}"#,
                condition("a"),
                condition("out")
            )),
            group(left("after")),
        ),
    );
}

#[test]
fn what_cannot_be_reduced_is_refused() {
    let reduce = |payload: &str| {
        reduce_payload(payload, &Attributes::new(), &ReduceOptions::new()).unwrap_err()
    };
    assert_eq!(
        reduce(r#"{"experiments":[]}"#),
        ReduceError::MissingFeatures
    );
    assert_eq!(reduce(r#"{"features":null}"#), ReduceError::MissingFeatures);
    assert_eq!(
        reduce(r#"{"encryptedFeatures":"a.b"}"#),
        ReduceError::Sealed
    );
    assert_eq!(
        reduce(r#"{"features":{},"encryptedSavedGroups":"a.b"}"#),
        ReduceError::Sealed
    );
    assert_eq!(
        reduce("[]"),
        ReduceError::NotAnObject {
            document: "payload"
        }
    );
    assert_eq!(
        reduce("{\n x").to_string(),
        "the payload is not valid JSON (line 2, column 2)"
    );
    let large = format!(r#"{{"features":{{"f":"{}"}}}}"#, "x".repeat(16 << 20));
    assert_eq!(
        reduce(&large).to_string(),
        "the payload is larger than 16777216 bytes"
    );
    let deep = format!(r#"{{"features":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert!(matches!(
        reduce(&deep),
        ReduceError::Json {
            document: "payload",
            ..
        }
    ));
    assert_eq!(
        ReduceOptions::from_json("5"),
        Err(ReduceError::NotAnObject {
            document: "options"
        })
    );
    assert!(attributes("{}").is_empty());
}
