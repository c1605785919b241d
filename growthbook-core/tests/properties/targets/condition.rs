use std::sync::Arc;

use growthbook_core::{Attributes, Ruleset, UserContext};

use super::{evaluate, lines};
use crate::grammar::Choices;
use crate::naive::{self, Json, Stop, Tri};

/// A condition, attributes and saved groups, a line each or chosen by the bytes: both interpreters agree, and negation
/// and De Morgan's laws hold.
pub fn condition(bytes: &[u8]) {
    if bytes.first() == Some(&b'{') {
        let Some(lines) = lines(bytes) else { return };
        let line = |index: usize| lines.get(index).copied().unwrap_or("{}");
        check_condition(line(0), line(1), line(2));
    } else {
        let mut choices = Choices::wild(bytes);
        let condition = choices.condition(4);
        let attributes = choices.attributes();
        let groups = choices.groups();
        check_condition(&condition, &attributes, &groups);
    }
}

/// The answer of both interpreters, once they agree. Nothing if the texts are no condition, attributes and groups, or
/// the second interpreter has no answer.
pub(crate) fn check_condition(condition: &str, attributes: &str, groups: &str) -> Option<bool> {
    let parsed = Json::parse(condition)?;
    let (Json::Object(entries), attributes_json, groups_json) =
        (&parsed, Json::parse(attributes)?, Json::parse(groups)?)
    else {
        return None;
    };
    if !matches!(attributes_json, Json::Object(_)) || !matches!(groups_json, Json::Object(_)) {
        return None;
    }
    let variants = [
        condition.to_owned(),
        format!("{{\"$not\":{condition}}}"),
        format!("{{\"$nor\":[{condition},{condition}]}}"),
        format!("{{\"$not\":{{\"$or\":[{condition},{condition}]}}}}"),
        format!("{{\"$and\":[{condition}]}}"),
        format!("{{\"$not\":{{\"$and\":[{{\"$not\":{condition}}},{{\"$not\":{condition}}}]}}}}"),
    ];
    let rules: Vec<String> = (0..)
        .zip(&variants)
        .map(|(index, variant)| {
            format!("\"{index}\":{{\"rules\":[{{\"condition\":{variant},\"force\":true}}]}}")
        })
        .collect();
    let payload = format!(
        "{{\"features\":{{{}}},\"savedGroups\":{groups}}}",
        rules.join(",")
    );
    // The texts may nest just too deep inside the payload.
    let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).ok()?);
    let user = UserContext::new(Attributes::from_json(attributes).ok()?);
    let [plain, not, nor, not_or, and, not_and_not] =
        ["0", "1", "2", "3", "4", "5"].map(|feature| evaluate(&ruleset, feature, &user).is_on());
    assert_eq!(plain, and, "{condition} {attributes} {groups}");
    assert_eq!(nor, not_or, "{condition} {attributes} {groups}");
    if !entries.is_empty() {
        match naive::evaluate(&parsed, &attributes_json, &groups_json) {
            Ok(answer) => {
                assert_eq!(
                    plain,
                    answer == Tri::Yes,
                    "{condition} {attributes} {groups}"
                );
                assert_eq!(not, answer == Tri::No, "{condition} {attributes} {groups}");
                // A condition that is asked for twice may run out of what may be asked for.
                if resolutions_are_few(groups) {
                    assert_eq!(nor, answer == Tri::No, "{condition} {attributes} {groups}");
                    assert_eq!(
                        not_and_not,
                        answer == Tri::Yes,
                        "{condition} {attributes} {groups}"
                    );
                }
            }
            Err(Stop::Malformed) => {
                assert!(
                    !plain && !not && !nor && !not_and_not,
                    "{condition} {attributes} {groups}"
                );
            }
            Err(Stop::Beyond) => return None,
        }
    }
    Some(plain)
}

fn resolutions_are_few(groups: &str) -> bool {
    groups.len() < 400
}
