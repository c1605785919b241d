//! Explanations as people read them, and in `programs` as programs do.

mod conditions;
mod experiments;
mod limits;
mod programs;

use growthbook_core::engine::{self, Subject};
use growthbook_core::explanation::Explanation;
use growthbook_core::{Attributes, UserContext};
use serde_json::json;

use super::ruleset;

pub(super) fn user(attributes: &str) -> UserContext {
    UserContext::new(Attributes::from_json(attributes).unwrap())
}

pub(super) fn explain(payload: &str, feature: &str, user: &UserContext) -> Explanation {
    engine::explain(&ruleset(payload), feature, &Subject::new(user), None)
}

/// The feature `f` with these rules and the default `"d"`, beside others.
fn payload(rules: &str) -> String {
    format!(
        r#"{{"features": {{
            "f": {{"defaultValue": "d", "rules": {rules}}},
            "p": {{"defaultValue": 2}},
            "loop": {{"rules": [{{"parentConditions": [{{"id": "loop"}}], "force": 1}}]}}
        }},
        "savedGroups": {{
            "list": {{"type": "list", "attributeKey": "id", "values": ["1", "2", 3]}},
            "circle": {{"type": "condition", "condition": {{"a": 1, "$savedGroup": {{"id": "circle"}}}}}},
            "inner": {{"type": "condition", "condition": {{"a": {{"$gt": 0}}}}}},
            "new": {{"type": "zodiac"}},
            "remote": {{"type": "remote", "attributeKey": "id"}},
            "old": ["1"]
        }},
        "contextualBandits": {{"cb": {{"contexts": [
            {{"leafId": 1, "condition": {{"a": 2}}, "weights": [0, 1]}},
            {{"leafId": 2, "condition": {{"a": 1}}, "weights": [0.1, 0.9]}}
        ]}}}}}}"#
    )
}

fn check(rules: &str, user: &UserContext, expected: &str) {
    let explanation = explain(&payload(rules), "f", user);
    assert_eq!(
        explanation.to_string(),
        expected.trim_start_matches('\n'),
        "{rules}"
    );
}

#[test]
fn features_that_have_no_rules_to_tell() {
    let nobody = UserContext::default();
    check("[]", &nobody, "f = \"d\" [defaultValue]: it has no rules\n");
    check(
        r#"[{"force": 1}]"#,
        &nobody.clone().with_forced_value("f", json!({"a": [1, 2]})),
        "f = {\"a\":[1,2]} [override]: forced by the program\n",
    );
    let unknown = explain(&payload("[]"), "no such", &nobody);
    assert_eq!(
        unknown.to_string(),
        "\"no such\" = null [unknownFeature]: there is no such feature\n"
    );
}

#[test]
fn prerequisites_are_told_under_the_rule_that_asks_and_once() {
    check(
        r#"[
            {"parentConditions": [{"id": "p", "condition": {"value": {"$gt": 2}}}], "force": 1},
            {"parentConditions": [{"id": "p"}, {"id": "gone", "condition": {"value": 1}}], "force": 1},
            {"parentConditions": [5], "force": 1},
            {"parentConditions": [{"condition": {"value": 1}}], "force": 1},
            {"id": "fr_open", "parentConditions": [{"id": "p", "gate": true}]},
            {"id": "fr_gate", "parentConditions": [{"id": "p", "condition": {"value": 1}, "gate": true}]},
            {"force": "never reached"}
        ]"#,
        &UserContext::default(),
        r"
f = null [prerequisite]: the gate of rules[5] fr_gate is closed
  rules[0] (force): skipped, a prerequisite is not met
    needs p: not met
      p = 2 [defaultValue]: it has no rules
      no   value $gt 2   found 2
  rules[1] (force): skipped, a prerequisite is not met
    needs p: met
      p = 2 (told above)
    needs gone: not met
      gone = null [unknownFeature]: there is no such feature
      no   value = 1   found nothing
  rules[2] (force): skipped, a prerequisite is not met
    needs what a malformed entry says: not met
  rules[3] (force): skipped, a prerequisite is not met
    needs a feature that is not named: not met
      no   value = 1   found nothing
  rules[4] fr_open (gate): passed, it serves nothing itself
    needs p (gate): met
      p = 2 (told above)
  rules[5] fr_gate (gate): ends here, the gate is closed
    needs p (gate): not met
      p = 2 (told above)
      no   value = 1   found 2
",
    );
    check(
        r#"[{"parentConditions": [{"id": "loop"}], "force": 1}]"#,
        &UserContext::default(),
        r"
f = null [cyclicPrerequisite]: prerequisites lead in a circle, or further than is allowed
  rules[0] (force): ends here, a prerequisite leads in a circle
    needs loop: not met, it leads in a circle or too far
      loop = null [cyclicPrerequisite]: prerequisites lead in a circle, or further than is allowed
        rules[0] (force): ends here, a prerequisite leads in a circle
          needs loop: not met, it leads in a circle or too far
            loop = null (told above)
",
    );
}

#[test]
fn a_coverage_miss_is_not_a_targeting_miss() {
    check(
        r#"[
            {"filters": [{"seed": "s", "ranges": [[0, 0.1], [0.9, 1]]}, {"ranges": [[0, 1]]}], "force": 1},
            {"force": 1, "coverage": 0.5, "hashVersion": 9},
            {"force": 1, "range": [0.1, 0.2], "hashAttribute": "device"},
            {"id": "fr_miss", "condition": {"id": "u"}, "force": 1, "coverage": 0.5},
            {"filters": [{"seed": "s", "ranges": [[0, 0.2]]}], "force": "x", "range": [0.8, 0.9], "tracks": [
                {"experiment": {"key": "e", "variations": [1, 2]}, "result": {"variationId": 1}}
            ]}
        ]"#,
        &user(r#"{"id": "u"}"#),
        r#"
f = "x" [force]: rules[4]
  rules[0] (force): skipped, the user is outside its filters
    no   filter: id "u" has bucket 0.1444, outside [0, 0.1), [0.9, 1) (seed "s", hash version 2)
  rules[1] (force): skipped, the user is outside the rollout
    no   rollout: id "u", but the hash version is unknown to this SDK
  rules[2] (force): skipped, the user is outside the rollout
    no   rollout: device has no value that can be hashed
  rules[3] fr_miss (force): skipped, the user is outside the rollout
    yes  id = "u"   found "u"
    no   rollout: id "u" has bucket 0.85, outside coverage 0.5 (seed "f", hash version 1)
  rules[4] (force): applies
    yes  filter: id "u" has bucket 0.1444, inside [0, 0.2) (seed "s", hash version 2)
    yes  rollout: id "u" has bucket 0.85, inside [0.8, 0.9) (seed "f", hash version 1)
    reports variation 1 of experiment e, as evaluated elsewhere
"#,
    );
}

#[test]
fn bandits_are_told_with_the_leaves_that_were_tried() {
    check(
        r#"[
            {"id": "", "contextualVariations": ["x", "y"], "contextualBanditRef": "cb", "coverage": 0.01},
            {"contextualVariations": ["x", "y"], "contextualBanditRef": "none", "meta": [{}, {"key": "in", "passthrough": true}]},
            {"key": "e", "contextualVariations": ["x", "y"], "contextualBanditRef": "cb"}
        ]"#,
        &user(r#"{"id": "u", "a": 1}"#),
        r#"
f = "y" [experiment]: variation 1 of rules[2]
  rules[0] (experiment): skipped, the user is not in the experiment
    experiment f: not in it, the bucket is in no variation's range (step 15)
      bandit cb: weights of leaf 2
        no   leaf 1
          no   a = 2   found 1
        yes  leaf 2
          yes  a = 1   found 1
      id "u" has bucket 0.85 (seed "f", hash version 1)
        0  [0, 0.001)
        1  [0.1, 0.109)
  rules[1] (experiment): passed, in the experiment but the rules below decide
    experiment f: variation in, chosen by the bucket (step 20)
      bandit none: not in the payload, own weights
      id "u" has bucket 0.85 (seed "f", hash version 1)
        0     [0, 0.5)
        1 in  [0.5, 1)  <- here
  rules[2] (experiment): applies
    experiment e: variation 1, chosen by the bucket (step 20)
      bandit cb: weights of leaf 2
        no   leaf 1
          no   a = 2   found 1
        yes  leaf 2
          yes  a = 1   found 1
      id "u" has bucket 0.231 (seed "e", hash version 1)
        0  [0, 0.1)
        1  [0.1, 1)  <- here
"#,
    );
}
