//! Payloads made to exhaust the stack or the clock. Every test runs on a thread of 2 MiB.

use std::fmt::Write as _;

use growthbook_core::UserContext;

use crate::{attributes, evaluate, pruned, reduced, ruleset, value};

/// Runs on a small stack. What grows faster than its payload would run for minutes here.
fn check(test: fn()) {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(test).unwrap().join().unwrap();
}

/// `count` groups, of which each one's condition is `condition` of the next one's id.
fn groups(count: usize, condition: impl Fn(&str) -> String) -> String {
    let mut groups = String::new();
    for place in 0..count {
        let condition = condition(&format!("g{}", place + 1));
        let _ = write!(
            groups,
            r#""g{place}":{{"type":"condition","condition":{condition}}},"#
        );
    }
    groups
}

fn in_next(id: &str) -> String {
    format!(r#"{{"plan":"pro","$savedGroup":{{"id":"{id}"}}}}"#)
}

fn payload(groups: &str, last: &str) -> String {
    format!(
        r#"{{"features":{{"f":{{"defaultValue":0,"rules":[{{"condition":{{"$savedGroup":{{"id":"g0"}}}},"force":1}}]}}}},
        "savedGroups":{{{groups}"{last}"#
    )
}

const COUNT: usize = 50_000;

/// For tests whose work is a multiple of the payload's size.
const FEWER: usize = 5_000;

const PRO: &str = r#"{"plan":"pro"}"#;

#[test]
fn a_chain_that_evaluation_gives_up_on_stays_as_it_is() {
    check(|| {
        let end =
            format!(r#"g{COUNT}":{{"type":"condition","condition":{{"x":1,"plan":"pro"}}}}}}}}"#);
        let payload = payload(&groups(COUNT, in_next), &end);
        let reduced = reduced(&payload, PRO);
        assert_eq!(
            value(&reduced)["savedGroups"],
            value(&payload)["savedGroups"]
        );
    });
}

#[test]
fn a_chain_that_evaluation_follows_is_pruned() {
    check(|| {
        let end = r#"g900":{"type":"condition","condition":{"x":1,"plan":"pro"}}}}"#;
        let payload = payload(&groups(900, in_next), end);
        let short = reduced(&payload, PRO);
        let reduced_groups = &value(&short)["savedGroups"];
        assert_eq!(
            reduced_groups["g0"]["condition"],
            value(r#"{"$savedGroup":{"id":"g1"}}"#)
        );
        assert_eq!(reduced_groups["g900"]["condition"], value(r#"{"x":1}"#));
        let user = UserContext::new(attributes(r#"{"plan":"pro","x":1}"#));
        for payload in [&payload, &short] {
            assert_eq!(evaluate(&ruleset(payload), "f", &user).value(), &value("1"));
        }
        let decided = reduced(&payload, r#"{"plan":"free"}"#);
        assert_eq!(value(&decided)["savedGroups"], value("{}"));
    });
}

#[test]
fn limits_of_evaluation_are_not_reduced_away() {
    check(|| {
        // A thousand and one hops: evaluation gives up, although every single group holds.
        let end = r#"g1000":{"type":"condition","condition":{"plan":"pro"}}}}"#;
        let payload = payload(&groups(1_000, in_next), end);
        let user = UserContext::new(attributes(PRO));
        for payload in [&payload, &reduced(&payload, PRO)] {
            assert_eq!(evaluate(&ruleset(payload), "f", &user).value(), &value("0"));
        }
    });
}

/// Evaluation gives up on a condition that looks at too many parts. Knowing some of them must not turn that into a yes.
#[test]
fn work_that_evaluation_gives_up_on_is_not_reduced_away() {
    check(|| {
        let parts = vec![r#"{"k":1}"#; 300].join(",");
        let references = vec![r#"{"$savedGroup":{"id":"g"}}"#; 1_000].join(",");
        let payload = format!(
            r#"{{"features":{{"f":{{"defaultValue":0,"rules":[{{"condition":{{"$and":[{references}]}},"force":7}}]}}}},
            "savedGroups":{{"g":{{"type":"condition","condition":{{"$and":[{parts}],"c":"US"}}}}}}}}"#
        );
        let reduced = reduced(&payload, r#"{"k":1}"#);
        let user = r#"{"k":1,"c":"US"}"#;
        assert_eq!(
            evaluate(&ruleset(&payload), "f", &UserContext::new(attributes(user))).value(),
            0
        );
        assert_eq!(
            evaluate(&ruleset(&reduced), "f", &UserContext::new(attributes(user))).value(),
            0
        );
    });
}

#[test]
fn groups_that_name_the_next_twice_are_resolved_once() {
    check(|| {
        let twice = |id: &str| format!(r#"{{"$and":[{0},{0}]}}"#, in_next(id));
        let end = format!(r#"g{FEWER}":{{"type":"condition","condition":{{"x":1}}}}}}}}"#);
        reduced(&payload(&groups(FEWER, twice), &end), PRO);
    });
}

#[test]
fn a_ring_and_what_leads_into_it() {
    check(|| {
        let end = format!(
            r#"g{FEWER}":{{"type":"condition","condition":{}}}}}}}"#,
            in_next("g0")
        );
        let payload = payload(&groups(FEWER, in_next), &end);
        assert_eq!(
            value(&reduced(&payload, PRO))["savedGroups"],
            value(&payload)["savedGroups"]
        );

        // As many rules as groups, each entering the ring elsewhere, and a ring in which all name all.
        let rule = |place| format!(r#"{{"condition":{{"$savedGroup":{{"id":"g{place}"}}}}}}"#);
        let rules: Vec<String> = (0..FEWER).map(rule).collect();
        let features = format!(r#""f":{{"rules":[{}]}}"#, rules.join(","));
        let entered = payload.replacen(r#""f":{"defaultValue":0,"rules":[{"condition":{"$savedGroup":{"id":"g0"}},"force":1}]}"#, &features, 1);
        assert!(entered.len() > payload.len());
        reduced(&entered, PRO);
    });
}

#[test]
fn a_clique_costs_no_more_than_the_limit() {
    check(|| {
        let ids = 0..300;
        let items: Vec<String> = ids
            .clone()
            .map(|it| format!(r#"{{"$savedGroup":{{"id":"g{it}"}}}}"#))
            .collect();
        let condition = format!(r#"{{"$or":[{}],"x":1}}"#, items.join(","));
        let entries: Vec<String> = ids
            .map(|it| format!(r#""g{it}":{{"type":"condition","condition":{condition}}}"#))
            .collect();
        let groups = format!("{{{}}}", entries.join(","));
        assert_eq!(
            pruned(&condition, &attributes(PRO), Some(&groups)),
            condition
        );
        let payload = format!(
            r#"{{"features":{{"f":{{"rules":[{}]}}}},"savedGroups":{groups}}}"#,
            items
                .iter()
                .map(|it| format!(r#"{{"condition":{it}}}"#))
                .collect::<Vec<_>>()
                .join(",")
        );
        reduced(&payload, PRO);
    });
}

#[test]
fn a_chain_and_a_fan_of_prerequisites() {
    check(|| {
        let mut features = String::new();
        for place in 0..COUNT {
            let _ = write!(
                features,
                r#""f{place}":{{"rules":[{{"condition":{{"plan":"pro"}},"parentConditions":[{{"id":"f{}"}},{{"id":"f{}"}}]}}]}},"#,
                place + 1,
                (place * 7) % COUNT,
            );
        }
        let payload =
            format!(r#"{{"features":{{{features}"last":{{"metadata":{{"tags":["x"]}}}}}}}}"#);
        let reduced = value(&reduced(&payload, PRO));
        assert_eq!(reduced["features"].as_object().unwrap().len(), COUNT + 1);
        assert_eq!(
            reduced["features"]["f7"]["rules"][0]["condition"],
            value("null")
        );
    });
}

#[test]
fn conditions_as_deep_as_json_allows() {
    check(|| {
        let nested = |levels: usize, inside: &str| {
            format!(
                r"{}{{{inside}}}{}",
                r#"{"$not":"#.repeat(levels),
                "}".repeat(levels)
            )
        };
        let deep = nested(126, r#""plan":"pro""#);
        assert_eq!(pruned(&deep, &attributes(PRO), None), "true");
        assert_eq!(pruned(&deep, &attributes("{}"), None), deep);
        let lists = format!(
            r#"{}{{"plan":"pro"}}{}"#,
            r#"{"$or":["#.repeat(63),
            "]}".repeat(63)
        );
        assert_eq!(pruned(&lists, &attributes(PRO), None), "true");

        // A ring of groups that are as deep: the parts of one another's conditions.
        let ring: Vec<String> = (0..50)
            .map(|it| {
                let inside = format!(r#""$savedGroup":{{"id":"g{}"}}"#, (it + 1) % 50);
                format!(
                    r#""g{it}":{{"type":"condition","condition":{}}}"#,
                    nested(110, &inside)
                )
            })
            .collect();
        let groups = format!("{{{}}}", ring.join(","));
        let condition = nested(120, r#""$savedGroup":{"id":"g0"}"#);
        assert_eq!(
            pruned(&condition, &attributes(PRO), Some(&groups)),
            condition
        );
    });
}
