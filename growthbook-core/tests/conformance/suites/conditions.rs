use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{Attributes, Ruleset, UserContext};
use std::sync::Arc;

use crate::case::Case;
use crate::report::{part, suite};

/// `[name, condition, attributes, expected, savedGroups?]`: a rule with that condition applies, or it does not.
fn check(case: &Case) -> Result<(), String> {
    let payload = format!(
        r#"{{"features":{{"f":{{"rules":[{{"condition":{},"force":true}}]}}}},"savedGroups":{}}}"#,
        case.text(1),
        case.optional_text(4).unwrap_or("{}"),
    );
    let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap());
    let user = UserContext::new(Attributes::from_json(case.text(2)).unwrap());
    let holds = engine::evaluate(&ruleset, "f", &Subject::new(&user), None, &mut Silent).is_on();
    let expected: bool = case.get(3);
    if holds == expected {
        Ok(())
    } else {
        Err(format!("got {holds}, expected {expected}"))
    }
}

#[test]
fn eval_condition() {
    suite("evalCondition", check);
}

#[test]
fn saved_group_references_v2() {
    part("savedGroupReferencesV2", "evalCondition", check);
}

#[test]
fn saved_group_references_remote() {
    part("savedGroupReferencesRemote", "evalCondition", check);
}
