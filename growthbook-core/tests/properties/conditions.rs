//! Rows 9 and 10: what negation and order can and cannot change. And both interpreters, over all that the grammar has.

use std::sync::Arc;

use growthbook_core::Ruleset;
use proptest::prelude::*;

use crate::grammar::Choices;
use crate::naive::{self, Json, Stop, number_text};
use crate::support::{bytes, cases, evaluate, feature, user};
use crate::targets;
use crate::targets::check_condition;

/// A condition with a definite answer, attributes and groups.
fn definite(bytes: &[u8]) -> Option<[String; 3]> {
    let mut choices = Choices::definite(bytes);
    let texts = [choices.condition(4), choices.attributes(), choices.groups()];
    let [condition, attributes, groups] = [0, 1, 2].map(|index: usize| Json::parse(&texts[index]));
    // Groups within groups may ask for more than may be asked for: that is an error, and has no negation.
    match naive::evaluate(&condition?, &attributes?, &groups?) {
        Err(Stop::Malformed) => None,
        _ => Some(texts),
    }
}

/// The answers to several conditions at once.
fn answers<const N: usize>(conditions: [String; N], attributes: &str, groups: &str) -> [bool; N] {
    let features: Vec<String> = (0..)
        .zip(&conditions)
        .map(|(index, condition)| {
            format!("\"{index}\":{{\"rules\":[{{\"condition\":{condition},\"force\":true}}]}}")
        })
        .collect();
    let payload = format!(
        "{{\"features\":{{{}}},\"savedGroups\":{groups}}}",
        features.join(",")
    );
    let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap());
    let user = user(attributes);
    let mut index = 0;
    conditions.map(|_| {
        index += 1;
        evaluate(&ruleset, &(index - 1).to_string(), &user).is_on()
    })
}

proptest! {
    #![proptest_config(cases(10_000))]

    /// Row 9.
    #[test]
    fn exactly_one_of_a_condition_and_its_negation_holds(bytes in bytes(160)) {
        let Some([c, attributes, groups]) = definite(&bytes) else { return Ok(()) };
        let [plain, not, nor, not_or, and, nand] = answers(
            [
                c.clone(),
                format!("{{\"$not\":{c}}}"),
                format!("{{\"$nor\":[{c}]}}"),
                format!("{{\"$not\":{{\"$or\":[{c}]}}}}"),
                format!("{{\"$and\":[{c}]}}"),
                format!("{{\"$not\":{{\"$and\":[{c}]}}}}"),
            ],
            &attributes,
            &groups,
        );
        prop_assert!(plain != not, "{} {} {}", c, attributes, groups);
        prop_assert_eq!([nor, not_or, and, nand], [not, not, plain, not]);
    }

    /// Row 10.
    #[test]
    fn the_order_of_a_conditions_parts_does_not_matter(bytes in bytes(200), turn in 0_usize..4) {
        let Some([condition, attributes, groups]) = definite(&bytes) else { return Ok(()) };
        let turned = write(&turned(&Json::parse(&condition).unwrap(), turn));
        // Another order may ask for more groups than may be asked for.
        if naive::evaluate(&Json::parse(&turned).unwrap(), &Json::parse(&attributes).unwrap(), &Json::parse(&groups).unwrap())
            == Err(Stop::Malformed)
        {
            return Ok(());
        }
        let [before, after] = answers([condition.clone(), turned.clone()], &attributes, &groups);
        prop_assert_eq!(before, after, "{} {} {} {}", condition, turned, attributes, groups);
    }

    /// Row 10.
    #[test]
    fn the_order_of_rules_that_exclude_each_other_does_not_matter(
        plans in prop::collection::hash_set("[a-e]", 1..5), mine in "[a-e]", turn in 0_usize..5,
    ) {
        let mut rules: Vec<String> = plans
            .iter()
            .map(|plan| format!("{{\"condition\":{{\"plan\":\"{plan}\"}},\"force\":\"for {plan}\"}}"))
            .collect();
        let user = user(&format!("{{\"plan\":\"{mine}\"}}"));
        let value = |rules: &[String]| {
            evaluate(&feature(&format!("[{}]", rules.join(","))), "f", &user).value().clone()
        };
        let before = value(&rules);
        rules.rotate_left(turn % plans.len());
        prop_assert_eq!(&before, &value(&rules));
        rules.reverse();
        prop_assert_eq!(&before, &value(&rules));
    }
}

proptest! {
    // 2_000: a case compiles six conditions, and the fuzz target runs the same.
    #![proptest_config(cases(2_000))]

    /// The differential of the fuzz target, over bytes that nobody guides.
    #[test]
    fn both_interpreters_agree(bytes in bytes(300)) {
        targets::condition(&bytes);
    }
}

proptest! {
    // 4_000: a case compiles a payload of many conditions.
    #![proptest_config(cases(4_000))]

    /// Row 9: pairs of operators that are each other's negation, on any values. Not `$gt` and `$lte`: on values that
    /// have no order both are false.
    #[test]
    fn operators_and_their_opposites_complement_each_other(bytes in bytes(60)) {
        let mut choices = Choices::wild(&bytes);
        let (value, operand) = (choices.value(3), choices.value(2));
        let list = format!("[{},{}]", choices.value(2), choices.value(1));
        let pattern = crate::grammar::quoted(&choices.value(1));
        let attributes = format!("{{\"a\":{value}}}");
        let test = |operator: &str, operand: &str| format!("{{\"a\":{{\"{operator}\":{operand}}}}}");
        let found = answers(
            [
                test("$eq", &operand), test("$ne", &operand),
                test("$in", &list), test("$nin", &list),
                test("$ini", &list), test("$nini", &list),
                test("$exists", "true"), test("$exists", "false"),
                test("$veq", &operand), test("$vne", &operand),
                test("$regex", &pattern), test("$notRegex", &pattern),
                test("$inGroup", "\"g\""), test("$notInGroup", "\"g\""),
            ],
            &attributes,
            &format!("{{\"g\":{list}}}"),
        );
        for pair in found.chunks_exact(2) {
            prop_assert!(pair[0] != pair[1], "{} {} {} {:?}", value, operand, list, found);
        }
        let [everybody] = answers(["{\"$and\":[{}]}".to_owned()], &attributes, "{}");
        prop_assert!(everybody);
    }
}

proptest! {
    // 4_000: a case compiles a payload of many conditions.
    #![proptest_config(cases(4_000))]

    /// Row 9: De Morgan.
    #[test]
    fn negation_swaps_any_and_all(bytes in bytes(160), more in bytes(80)) {
        let Some([c, attributes, groups]) = definite(&bytes) else { return Ok(()) };
        let d = Choices::definite(&more).condition(2);
        let Some(()) = (match naive::evaluate(
            &Json::parse(&format!("{{\"$and\":[{{\"$or\":[{{}},{d}]}},{{\"$not\":{d}}},{d}]}}")).unwrap(),
            &Json::parse(&attributes).unwrap(),
            &Json::parse(&groups).unwrap(),
        ) {
            Err(Stop::Malformed) => None,
            _ => Some(()),
        }) else { return Ok(()) };
        let [not_any, all_not, not_all, any_not] = answers(
            [
                format!("{{\"$not\":{{\"$or\":[{c},{d}]}}}}"),
                format!("{{\"$and\":[{{\"$not\":{c}}},{{\"$not\":{d}}}]}}"),
                format!("{{\"$not\":{{\"$and\":[{c},{d}]}}}}"),
                format!("{{\"$or\":[{{\"$not\":{c}}},{{\"$not\":{d}}}]}}"),
            ],
            &attributes,
            &groups,
        );
        prop_assert_eq!(not_any, all_not, "{} {} {} {}", c, d, attributes, groups);
        prop_assert_eq!(not_all, any_not, "{} {} {} {}", c, d, attributes, groups);
    }
}

/// A large group that is asked for again and again is not looked at for ever, and running out is an error: no negation
/// turns it into a pass.
#[test]
fn work_in_saved_groups_is_bounded() {
    let tests: Vec<String> = (0..1_000).map(|it| format!("{{\"a\":{it}}}")).collect();
    let groups = format!(
        "{{\"g\":{{\"type\":\"condition\",\"condition\":{{\"$or\":[{}]}}}}}}",
        tests.join(",")
    );
    let not_in_any_of = |count: usize| {
        let references = vec!["{\"$savedGroup\":{\"id\":\"g\"}}"; count].join(",");
        format!("{{\"$nor\":[{references}]}}")
    };
    let answers = answers(
        [not_in_any_of(100), not_in_any_of(4_000)],
        "{\"a\":-1}",
        &groups,
    );
    assert_eq!(answers, [true, false]);
}

/// The check depth that saved groups add up to is bounded, and what is beyond is an error in both interpreters.
#[test]
fn tests_within_tests_across_groups_are_bounded() {
    // Each group tests an item of an item under negations, and goes on in the next group.
    let groups: Vec<String> = (0..20)
        .map(|index| {
            let inner = format!(
                "{{\"$elemMatch\":{{\"$savedGroup\":{{\"id\":\"g{}\"}}}}}}",
                index + 1
            );
            let check = format!("{}{inner}{}", "{\"$not\":".repeat(20), "}".repeat(20));
            format!("\"g{index}\":{{\"type\":\"condition\",\"condition\":{{\"x\":{check}}}}}")
        })
        .collect();
    let last = "\"g20\":{\"type\":\"condition\",\"condition\":{\"y\":1}}";
    let groups = format!("{{{},{last}}}", groups.join(","));
    let attributes = format!("{}{{\"y\":1}}{}", "{\"x\":[".repeat(20), "]}".repeat(20));
    for start in 0..=20 {
        let condition = format!("{{\"$savedGroup\":{{\"id\":\"g{start}\"}}}}");
        let inner = format!(
            "{}{{\"y\":1}}{}",
            "{\"x\":[".repeat(20 - start),
            "]}".repeat(20 - start)
        );
        let answer = check_condition(&condition, &inner, &groups);
        assert_eq!(answer, Some(start >= 17), "{start}");
    }
    assert_eq!(
        check_condition(
            "{\"$not\":{\"$savedGroup\":{\"id\":\"g0\"}}}",
            &attributes,
            &groups
        ),
        Some(false)
    );
}

/// The same condition with its parts in another order.
fn turned(condition: &Json, turn: usize) -> Json {
    let Json::Object(entries) = condition else {
        return condition.clone();
    };
    let mut entries: Vec<(String, Json)> = entries
        .iter()
        .map(|(key, value)| {
            let value = match (key.as_str(), value) {
                ("$or" | "$nor" | "$and", Json::Array(items)) => {
                    let mut items: Vec<Json> =
                        items.iter().map(|item| turned(item, turn)).collect();
                    rotate(&mut items, turn);
                    Json::Array(items)
                }
                ("$not", value) => turned(value, turn),
                ("$savedGroup", value) => value.clone(),
                (_, Json::Object(operators))
                    if operators.iter().all(|(name, _)| name.starts_with('$')) =>
                {
                    let mut operators = operators.clone();
                    rotate(&mut operators, turn);
                    Json::Object(operators)
                }
                (_, value) => value.clone(),
            };
            (key.clone(), value)
        })
        .collect();
    rotate(&mut entries, turn);
    Json::Object(entries)
}

fn rotate<T>(items: &mut [T], turn: usize) {
    items.reverse();
    if !items.is_empty() {
        items.rotate_left(turn % items.len());
    }
}

pub(crate) fn write(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number_text(*number),
        Json::String(text) => crate::grammar::quoted(text),
        Json::Array(items) => format!(
            "[{}]",
            items.iter().map(write).collect::<Vec<_>>().join(",")
        ),
        Json::Object(entries) => {
            let members: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", crate::grammar::quoted(key), write(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}
