use growthbook_core::Attributes;
use growthbook_core::reduce::{PrunedCondition, ReduceOptions, prune_condition, reduce_payload};
use serde_json::Value;

use crate::case::{Members, difference};
use crate::report::suite;

/// `[name, condition, known attributes, expected, savedGroups?]`
#[test]
fn prune() {
    suite("pruneCondition", |case| {
        let known = Attributes::from_json(case.text(2)).unwrap();
        let pruned = prune_condition(case.text(1), &known, case.optional_text(4)).unwrap();
        let actual = match pruned {
            PrunedCondition::Decided(holds) => Value::Bool(holds),
            PrunedCondition::Left(text) => serde_json::from_str(&text).unwrap(),
        };
        difference(&actual, &case.value(3))
    });
}

/// `[name, {payload, attributes?, globalAttributes?, include?, exclude?, prerequisites?}, expected payload]`
#[test]
fn reduce() {
    suite("reducePayload", |case| {
        let input: Members = case.get(1);
        let attributes = |member: &str| {
            let text = input.get(member).map_or("{}", |raw| raw.get());
            Attributes::from_json(text).unwrap()
        };
        let mut known = attributes("globalAttributes");
        known.extend(attributes("attributes"));
        let options = ReduceOptions::from_json(case.text(1)).unwrap();
        let reduced = reduce_payload(input["payload"].get(), &known, &options).unwrap();
        difference(&serde_json::from_str(&reduced).unwrap(), &case.value(2))
    });
}
