//! Features as the npm package `@growthbook/proxy-eval` evaluates them, which GrowthBook's proxy is made of: what a scope
//! gets from there is what it gets from the payload itself.
//!
//! The package is installed beside what cargo builds, where node and npm are; `GROWTHBOOK_TEST_PROXY_EVAL` names a folder of
//! packages to use instead, or is `none`. Without it the answers that it once gave are read from `proxy_eval/answers.json`,
//! which a run with `GROWTHBOOK_TEST_PROXY_EVAL_RECORD` set writes anew.

mod cases;
mod node;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use growthbook_core::GrowthBookClient;
use growthbook_fetch::{Endpoint, RemoteEvaluation};
use serde_json::{Value, json};

use self::cases::{Case, corpus, crowd, shop};
use self::node::Node;
use super::Evaluator;

#[test]
fn an_evaluation_over_there_is_one_here() {
    let mut cases = vec![shop(crowd(300))];
    cases.extend(corpus());
    let payloads: BTreeMap<_, _> = cases
        .iter()
        .map(|case| {
            (
                case.key.clone(),
                serde_json::from_str::<Value>(&case.payload).unwrap(),
            )
        })
        .collect();
    let node = match Node::start(&json!(payloads)) {
        Ok(node) => node,
        Err(why) => {
            node::skipped(&why);
            return;
        }
    };
    let mut compared = 0;
    let mut differences = BTreeSet::new();
    for case in &cases {
        let endpoint = Endpoint::new(&*case.key).api_host(node.url()).no_proxy();
        let remote = RemoteEvaluation::new(endpoint).unwrap();
        compared += compare(case, &remote, &mut differences);
        if remote.stats().failures() > 0 {
            differences.insert(format!("{}: no answer", case.name));
        }
    }
    let is_there = |what: &&str| cases.iter().any(|case| what.starts_with(&case.name));
    let expected = DIFFERENCES.iter().map(|(what, _)| *what).filter(is_there);
    assert_eq!(
        differences,
        expected.map(str::to_owned).collect(),
        "of {compared}"
    );
    assert!(compared > 10_000, "{compared}");
}

/// What the package said of some users when it was there: the same without it.
#[test]
fn the_answers_it_once_gave_are_those_of_today() {
    let case = shop(crowd(RECORDED));
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/remote/proxy_eval/answers.json"
    ));
    let payload: Value = serde_json::from_str(&case.payload).unwrap();
    match Node::start(&json!({ case.key.clone(): payload })) {
        Ok(node) => {
            let answers = ask_all(&case, &node.url());
            if std::env::var_os("GROWTHBOOK_TEST_PROXY_EVAL_RECORD").is_some() {
                let lines: Vec<_> = answers.iter().map(Value::to_string).collect();
                std::fs::write(path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
            }
            let recorded = std::fs::read_to_string(path).unwrap();
            assert_eq!(
                serde_json::from_str::<Vec<Value>>(&recorded).unwrap(),
                answers
            );
        }
        Err(why) => node::skipped(&format!("{why}; answers from a file instead")),
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    let answers: Vec<Value> = serde_json::from_str(&recorded).unwrap();
    assert_eq!(answers.len(), RECORDED);
    let mut differences = BTreeSet::new();
    let mut compared = 0;
    for (user, answer) in case.users.iter().zip(answers) {
        let evaluator = Evaluator::answering(answer.to_string().as_bytes());
        let remote = RemoteEvaluation::new(evaluator.endpoint()).unwrap();
        let one = Case {
            users: vec![user.clone()],
            ..case.clone()
        };
        compared += compare(&one, &remote, &mut differences);
    }
    let known = DIFFERENCES.map(|(what, _)| what.to_owned());
    assert!(differences.is_subset(&known.into()), "{differences:?}");
    assert!(compared > 100, "{compared}");
}

/// Compares what both say of each user and feature, and which exposures come of it. Says how much there was to compare.
fn compare(case: &Case, remote: &RemoteEvaluation, differences: &mut BTreeSet<String>) -> usize {
    let (here, there) = (Side::new(Some(&case.payload)), Side::new(None));
    let mut compared = 0;
    for user in &case.users {
        let local = here.client.scope(user.clone());
        let evaluated = remote.scope(&there.client, user.clone());
        for feature in local.ruleset().feature_keys() {
            compared += 1;
            let [own, others] = [&local, &evaluated].map(|scope| scope.evaluate(feature));
            if own.value() != others.value() {
                differences.insert(format!("{}: {feature}", case.name));
            }
        }
        let (own, others) = (here.take(), there.take());
        let known = |it: &String| {
            DIFFERENCES
                .iter()
                .any(|(what, _)| *what == format!("{}: {it}", case.name))
        };
        // The package runs the payload's own experiments, too, where a server leaves them alone.
        let is_auto = |it: &Value| case.autos.contains(&it["experiment"]["key"]);
        let counts = |(feature, exposure): &(String, Value)| !known(feature) && !is_auto(exposure);
        let all = |viewed: Vec<(String, Value)>| -> BTreeMap<_, _> {
            viewed
                .into_iter()
                .filter(counts)
                .map(by_experiment)
                .collect()
        };
        let (own, others) = (all(own), all(others));
        if own != others {
            differences.insert(format!("{}: exposures", case.name));
        }
    }
    compared
}

/// The feature that an exposure is reported of depends on the order in which features are asked for.
fn by_experiment((_, exposure): (String, Value)) -> (String, Value) {
    let key = exposure["experiment"]["key"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let result = &exposure["result"];
    let parts = [
        "variationId",
        "key",
        "inExperiment",
        "hashUsed",
        "hashAttribute",
        "hashValue",
        "value",
        "bucket",
    ];
    let parts = parts.map(|part| (part.to_owned(), result[part].clone()));
    (key, Value::Object(parts.into_iter().collect()))
}

/// A client, and the exposures that it reports, with their features.
struct Side {
    client: GrowthBookClient,
    viewed: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Side {
    fn new(payload: Option<&str>) -> Self {
        let viewed = Arc::<Mutex<Vec<(String, Value)>>>::default();
        let viewing = Arc::clone(&viewed);
        let builder = GrowthBookClient::builder()
            // Each user is somebody else, and corpus cases share an id.
            .exposure_memory(0)
            .on_experiment_viewed(move |it| {
                let feature = it.feature().unwrap_or_default().to_owned();
                viewing.lock().unwrap().push((feature, it.to_json()));
            });
        let builder = match payload {
            Some(payload) => builder.payload(payload),
            None => builder,
        };
        Self {
            client: builder.build().unwrap(),
            viewed,
        }
    }

    fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.viewed.lock().unwrap())
    }
}

/// What the server says of each user, without what it only passes through.
fn ask_all(case: &Case, host: &str) -> Vec<Value> {
    let noted = Arc::<Mutex<Vec<Value>>>::default();
    let endpoint = Endpoint::new(&*case.key).api_host(host).no_proxy();
    let remote = RemoteEvaluation::new(endpoint).unwrap();
    let client = GrowthBookClient::builder().build().unwrap();
    for user in &case.users {
        let scope = remote.scope(&client, user.clone());
        let answer: Value = serde_json::from_slice(scope.ruleset().payload()).unwrap();
        noted
            .lock()
            .unwrap()
            .push(json!({"features": answer["features"]}));
    }
    Arc::into_inner(noted).unwrap().into_inner().unwrap()
}

/// What the package does otherwise, and why.
const DIFFERENCES: [(&str, &str); 6] = [
    (
        "Malformed prerequisite condition does not match, skip rule: childFlag",
        "the SDK that it evaluates with throws",
    ),
    (
        "Malformed prerequisite condition does not match, skip rule: no answer",
        "the same",
    ),
    (
        "Malformed prerequisite condition does not match, skip rule: parentFlag",
        "the same",
    ),
    (
        "force rules - coverage equal to hash excluded: feature",
        "that SDK takes in who lies on the boundary",
    ),
    (
        "include experiments when forced: exposures",
        "it reports an experiment whose variation is forced, if nothing else is to be reported",
    ),
    (
        "shop: recommendations",
        "it does not tell its SDK of contextual bandits",
    ),
];

const RECORDED: usize = 8;
