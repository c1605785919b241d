use std::collections::BTreeMap;
use std::sync::Arc;

use growthbook_core::engine::{
    self, AutoOptions, Exposure, FeatureUsage, Recorder, Silent, Subject,
};
use growthbook_core::{
    Attributes, Experiment, ExperimentOverride, GlobalContext, GrowthBookClient, Ruleset,
    StickyDocuments, StickyIdentity, StickyWrite, UserContext,
};

use super::explain::{check_experiment, check_feature};
use super::{check_getters, lines};
use crate::grammar::Choices;

/// Who asks what: everything that an evaluation can depend on.
pub(crate) struct Case {
    pub(crate) payload: String,
    pub(crate) user: UserContext,
    pub(crate) global: GlobalContext,
    pub(crate) sticky: StickyDocuments,
    pub(crate) experiment: String,
}

impl Case {
    pub(crate) fn choose(choices: &mut Choices<'_>) -> Self {
        let mut user = UserContext::new(attributes(&choices.attributes()));
        let mut global = GlobalContext::new();
        if choices.one_in(2) {
            user = user.with_url(choices.url());
        }
        if choices.one_in(4) {
            global = global.with_attributes(attributes(&choices.attributes()));
        }
        if choices.one_in(8) {
            user = user.with_attribute_overrides(attributes(&choices.attributes()));
        }
        if choices.one_in(8) {
            user = user.with_remote_groups(["g", "vip"]);
        }
        if choices.one_in(8) {
            let index = choices.below(5).into();
            user = user.with_forced_variation(choices.pick(&["e", "exp", "k", "f", ""]), index);
        }
        if choices.one_in(8) {
            let value = serde_json::from_str(&choices.value(2)).unwrap_or_default();
            user = user.with_forced_value(choices.pick(&["f", "g", "nowhere"]), value);
        }
        if choices.one_in(16) {
            user = user.with_qa_mode(true);
        }
        if choices.one_in(16) {
            user = user.with_all_experiments_skipped(true);
        }
        if choices.one_in(16) {
            global = global.with_enabled(false);
        }
        if choices.one_in(8) {
            global = global.with_group("g", true);
            let key = choices.pick(&["e", "exp", "k", "f"]);
            if let Ok(parts) = ExperimentOverride::from_json(&choices.auto_experiment()) {
                global = global.with_override(key, parts);
            }
        }
        let mut sticky = StickyDocuments::new();
        for _ in 0..choices.below(3) {
            let identity = StickyIdentity::new(
                choices.pick(&["id", "dev", "a", ""]),
                choices.pick(&["1", "a", "b", "10"]),
            );
            let assignments: BTreeMap<String, String> = (0..choices.below(4))
                .map(|_| {
                    let key = choices.pick(&["e", "exp", "k", "f"]);
                    let version = choices.pick(&["0", "1", "2", "1.5"]);
                    (
                        format!("{key}__{version}"),
                        choices.pick(&["0", "1", "a", "b", "id"]).to_owned(),
                    )
                })
                .collect();
            sticky.insert(identity, assignments);
        }
        Self {
            experiment: choices.auto_experiment(),
            payload: choices.payload(),
            user,
            global,
            sticky,
        }
    }

    /// A payload, attributes, an address and an experiment, a line each.
    fn read(bytes: &[u8]) -> Option<Self> {
        let lines = lines(bytes)?;
        let line = |index: usize| lines.get(index).copied().unwrap_or_default();
        let mut user = UserContext::new(attributes(line(1)));
        if let Some(url) = lines.get(2) {
            user = user.with_url(*url);
        }
        Some(Self {
            payload: line(0).to_owned(),
            user,
            global: GlobalContext::new(),
            sticky: StickyDocuments::new(),
            experiment: line(3).to_owned(),
        })
    }
}

fn attributes(text: &str) -> Attributes {
    Attributes::from_json(text).unwrap_or_default()
}

/// A payload and everything that its evaluation depends on, in lines or chosen by the bytes: every answer is the same
/// twice, from every method that gives it, and in its explanation.
pub fn eval_any(bytes: &[u8]) {
    let case = if bytes.first() == Some(&b'{') {
        Case::read(bytes)
    } else {
        Some(Case::choose(&mut Choices::wild(bytes)))
    };
    if let Some(case) = case {
        check_case(case);
    }
}

pub(crate) fn check_case(case: Case) {
    let Ok(ruleset) = Ruleset::from_json(case.payload.as_bytes(), None).map(Arc::new) else {
        return;
    };
    let subject = Subject::new(&case.user).within(&case.global);
    let mut keys: Vec<&str> = ruleset.feature_keys().collect();
    keys.push("nowhere");
    let mut results = Vec::new();
    for key in &keys {
        let result = engine::evaluate(&ruleset, key, &subject, None, &mut Silent);
        let mut heard = Heard::default();
        assert_eq!(
            result,
            engine::evaluate(&ruleset, key, &subject, None, &mut heard)
        );
        assert!(heard.0.iter().all(|it| !it.starts_with("sticky")));
        check_getters(&result, key);

        let (mut first, mut second) = (case.sticky.clone(), case.sticky.clone());
        let (mut heard, mut heard_again) = (Heard::default(), Heard::default());
        let sticky = engine::evaluate(&ruleset, key, &subject, Some(&mut first), &mut heard);
        let again = engine::evaluate(&ruleset, key, &subject, Some(&mut second), &mut heard_again);
        assert_eq!(
            (&sticky, &first, &heard.0),
            (&again, &second, &heard_again.0)
        );
        check_getters(&sticky, key);
        // What an evaluation has assigned is what the next one finds.
        let settled = first.clone();
        let mut silent = Heard::default();
        let later = engine::evaluate(&ruleset, key, &subject, Some(&mut first), &mut silent);
        if settled == case.sticky {
            assert_eq!(sticky, later);
        }
        check_feature(&ruleset, key, &subject, None);
        check_feature(&ruleset, key, &subject, Some(&case.sticky));
        results.push(result);
    }
    let run = |documents: Option<&mut StickyDocuments>| {
        let done = engine::run_auto_experiments(
            &ruleset,
            &subject,
            &AutoOptions::new().trigger("e"),
            documents,
            &mut Silent,
        );
        let results: Vec<_> = done
            .results()
            .iter()
            .map(|it| it.result().clone())
            .collect();
        (results, done.redirect_url().map(str::to_owned))
    };
    assert_eq!(run(None), run(None));
    assert_eq!(
        run(Some(&mut case.sticky.clone())),
        run(Some(&mut case.sticky.clone()))
    );
    if let Ok(experiment) = Experiment::from_json(&case.experiment) {
        let run = || engine::run(&ruleset, &experiment, &subject, None, &mut Silent);
        assert_eq!(run(), run());
        assert_eq!(
            run().value(),
            &experiment.variation(run().assignment().variation_index())
        );
        check_experiment(&ruleset, &experiment, &subject, &case.sticky);
    }
    let client = GrowthBookClient::builder()
        .global_context(case.global)
        .build()
        .unwrap();
    client.load(case.payload.as_bytes()).unwrap();
    for (key, result) in keys.iter().zip(&results) {
        assert_eq!(client.evaluate(key, &case.user), *result);
        assert_eq!(client.is_on(key, &case.user), result.is_on());
        assert_eq!(client.is_off(key, &case.user), result.is_off());
        let value: Option<serde_json::Value> = client.value_as(key, &case.user).ok();
        assert_eq!(
            value.as_ref().unwrap_or(&serde_json::Value::Null),
            result.value()
        );
    }
}

/// What an evaluation said that it did, as text.
#[derive(Default)]
struct Heard(Vec<String>);

impl Recorder<'_> for Heard {
    fn experiment_viewed(&mut self, exposure: &Exposure<'_>) {
        self.0.push(format!("viewed {}", exposure.to_json()));
    }

    fn feature_evaluated(&mut self, usage: &FeatureUsage<'_>) {
        self.0.push(format!(
            "evaluated {} {} {}",
            usage.key(),
            usage.value(),
            usage.source()
        ));
    }

    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        self.0.push(format!("sticky {write:?}"));
    }
}
