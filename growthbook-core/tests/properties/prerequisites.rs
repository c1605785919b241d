//! Row 15: features that ask for features.

use growthbook_core::{FeatureSource, UserContext};
use proptest::prelude::*;

use crate::support::{cases, evaluate, ruleset};

/// One rule: the features that it asks for, whether each must be on, and whether the rule is a gate.
#[derive(Clone, Debug)]
struct Rule {
    parents: Vec<(usize, bool)>,
    gate: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Cyclic,
    Gated,
    Off,
    On,
}

fn graph(features: usize) -> impl Strategy<Value = Vec<Vec<Rule>>> {
    let parents = prop::collection::vec((0..features + 1, any::<bool>()), 0..3);
    let rule = (parents, any::<bool>()).prop_map(|(parents, gate)| Rule { parents, gate });
    prop::collection::vec(prop::collection::vec(rule, 0..3), features)
}

fn payload(graph: &[Vec<Rule>]) -> String {
    let features: Vec<String> = (0..)
        .zip(graph)
        .map(|(index, rules)| {
            let rules: Vec<String> = rules.iter().map(rule).collect();
            format!(
                "\"f{index}\":{{\"defaultValue\":\"off\",\"rules\":[{}]}}",
                rules.join(",")
            )
        })
        .collect();
    format!("{{\"features\":{{{}}}}}", features.join(","))
}

fn rule(rule: &Rule) -> String {
    let parents: Vec<String> = rule
        .parents
        .iter()
        .map(|(parent, on)| {
            let wanted = if *on { "\"on\"" } else { "{\"$ne\":\"on\"}" };
            format!(
                "{{\"id\":\"f{parent}\",\"condition\":{{\"value\":{wanted}}},\"gate\":{}}}",
                rule.gate
            )
        })
        .collect();
    format!(
        "{{\"parentConditions\":[{}],\"force\":\"on\"}}",
        parents.join(",")
    )
}

/// Section 13, as it says. A feature past the end of the graph does not exist.
fn naive(graph: &[Vec<Rule>], feature: usize, ancestors: &[usize]) -> Answer {
    if ancestors.contains(&feature) {
        return Answer::Cyclic;
    }
    let Some(rules) = graph.get(feature) else {
        return Answer::Off;
    };
    let path = [ancestors, &[feature]].concat();
    'rules: for rule in rules {
        for (parent, on) in &rule.parents {
            let answer = naive(graph, *parent, &path);
            if answer == Answer::Cyclic {
                return Answer::Cyclic;
            }
            if (answer == Answer::On) != *on {
                if rule.gate {
                    return Answer::Gated;
                }
                continue 'rules;
            }
        }
        return Answer::On;
    }
    Answer::Off
}

fn check(graph: &[Vec<Rule>]) -> Result<(), TestCaseError> {
    let ruleset = ruleset(&payload(graph));
    let user = UserContext::default();
    for feature in 0..graph.len() {
        let result = evaluate(&ruleset, &format!("f{feature}"), &user);
        let answer = match (result.source(), result.value().as_str()) {
            (FeatureSource::CyclicPrerequisite, None) => Answer::Cyclic,
            (FeatureSource::Prerequisite, None) => Answer::Gated,
            (FeatureSource::DefaultValue, Some("off")) => Answer::Off,
            (FeatureSource::Force, Some("on")) => Answer::On,
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        prop_assert_eq!(
            answer,
            naive(graph, feature, &[]),
            "f{} of {:?}",
            feature,
            graph
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn any_small_graph_is_evaluated_as_the_specification_says(graph in graph(5)) {
        check(&graph)?;
    }

    #[test]
    fn any_graph_without_cycles_is_evaluated_from_its_leaves(mut graph in graph(10)) {
        for (feature, rules) in graph.iter_mut().enumerate() {
            for rule in rules {
                // Only later features, or the one that does not exist.
                rule.parents.iter_mut().for_each(|(parent, _)| *parent = 11.min(*parent + feature + 1));
            }
        }
        check(&graph)?;
    }
}

proptest! {
    // 200: a case evaluates forty features that ask for up to six others each, wherever they are.
    #![proptest_config(cases(200))]

    /// Too large for the naive interpreter: it ends, and ends the same way twice.
    #[test]
    fn any_large_graph_ends(graph in graph(40)) {
        let ruleset = ruleset(&payload(&graph));
        for feature in 0..graph.len() {
            let key = format!("f{feature}");
            let result = evaluate(&ruleset, &key, &UserContext::default());
            prop_assert_eq!(&result, &evaluate(&ruleset, &key, &UserContext::default()));
        }
    }
}

/// Layers of two features, each asking for both of the next layer: 2^depth paths.
fn diamonds(depth: usize) -> Vec<Vec<Rule>> {
    let mut graph: Vec<Vec<Rule>> = (0..depth)
        .flat_map(|layer| {
            let parents = vec![(2 * layer + 2, true), (2 * layer + 3, true)];
            let rule = Rule {
                parents,
                gate: true,
            };
            [vec![rule.clone()], vec![rule]]
        })
        .collect();
    let leaf = Rule {
        parents: Vec::new(),
        gate: false,
    };
    graph.extend([vec![leaf.clone()], vec![leaf]]);
    graph
}

#[test]
fn diamonds_are_evaluated_without_walking_every_path() {
    for depth in [1, 2, 10, 40, 60, 64] {
        let result = evaluate(
            &ruleset(&payload(&diamonds(depth))),
            "f0",
            &UserContext::default(),
        );
        assert_eq!(
            (result.source(), result.value().as_str()),
            (FeatureSource::Force, Some("on")),
            "{depth}"
        );
    }
    for depth in [65, 100, 400] {
        let result = evaluate(
            &ruleset(&payload(&diamonds(depth))),
            "f0",
            &UserContext::default(),
        );
        assert_eq!(
            result.source(),
            FeatureSource::CyclicPrerequisite,
            "{depth}"
        );
    }
}

#[test]
fn chains_may_be_sixty_four_long() {
    let chain = |length: usize| -> Vec<Vec<Rule>> {
        let link = |feature: usize| {
            vec![Rule {
                parents: vec![(feature + 1, true)],
                gate: true,
            }]
        };
        let mut graph: Vec<_> = (0..length).map(link).collect();
        graph.push(vec![Rule {
            parents: Vec::new(),
            gate: false,
        }]);
        graph
    };
    for length in [0, 1, 2, 31, 63, 64, 65, 66, 128, 1_000] {
        let result = evaluate(
            &ruleset(&payload(&chain(length))),
            "f0",
            &UserContext::default(),
        );
        let expected = if length <= 64 {
            FeatureSource::Force
        } else {
            FeatureSource::CyclicPrerequisite
        };
        assert_eq!(result.source(), expected, "{length}");
    }
}

#[test]
fn a_ring_is_a_cycle_from_everywhere() {
    for length in [1, 2, 3, 64, 65, 500] {
        let graph: Vec<Vec<Rule>> = (0..length)
            .map(|feature| {
                vec![Rule {
                    parents: vec![((feature + 1) % length, true)],
                    gate: false,
                }]
            })
            .collect();
        let ruleset = ruleset(&payload(&graph));
        for feature in [0, length / 2, length - 1] {
            let result = evaluate(&ruleset, &format!("f{feature}"), &UserContext::default());
            assert_eq!(
                result.source(),
                FeatureSource::CyclicPrerequisite,
                "f{feature} of {length}"
            );
            assert!(result.value().is_null());
        }
    }
}
