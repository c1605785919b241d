use std::sync::Arc;

use growthbook_core::Experiment;
use growthbook_core::engine::{self, AutoOptions, Silent, Subject};
use serde_json::{Value, json};

use crate::case::{Case, difference};
use crate::report::{part, suite};

/// `[name, context, experiment, expected value, in experiment, hash used]`
fn check(case: &Case) -> Result<(), String> {
    let context = case.context(1);
    let (ruleset, user) = (Arc::new(context.ruleset()), context.user());
    let experiment = Experiment::from_json(case.text(2)).unwrap();
    let result = engine::run(
        &ruleset,
        &experiment,
        &Subject::new(&user),
        None,
        &mut Silent,
    );
    let assignment = result.assignment();
    let explanation = engine::explain_experiment(&ruleset, &experiment, &Subject::new(&user), None);
    if explanation.experiment().assignment() != assignment {
        return Err(format!("explained otherwise: {explanation}"));
    }
    difference(
        &json!([
            result.value(),
            assignment.in_experiment(),
            assignment.hash_used()
        ]),
        &json!([case.value(3), case.value(4), case.value(5)]),
    )
}

#[test]
fn run() {
    suite("run", check);
}

#[test]
fn saved_group_references_v2() {
    part("savedGroupReferencesV2", "run", check);
}

/// `[name, context, expected list of {inExperiment, urlRedirect, urlWithParams}]`
#[test]
fn url_redirect() {
    suite("urlRedirect", |case| {
        let context = case.context(1);
        let (ruleset, user) = (Arc::new(context.ruleset()), context.user());
        let subject = Subject::new(&user);
        let done = engine::run_auto_experiments(
            &ruleset,
            &subject,
            &AutoOptions::new(),
            None,
            &mut Silent,
        );
        let exposed = done
            .results()
            .iter()
            .filter(|it| it.result().assignment().hash_used());
        let actual: Vec<Value> = exposed
            .map(|it| {
                json!({
                    "inExperiment": it.result().assignment().in_experiment(),
                    "urlRedirect": it.result().value().get("urlRedirect"),
                    "urlWithParams": done.redirect_url().unwrap_or_default(),
                })
            })
            .collect();
        difference(&json!(actual), &case.value(2))
    });
}
