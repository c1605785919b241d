//! Experiments that run without being asked: redirects and visual changes (spec 21).

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::subject::Subject;
use super::witness::Unwitnessed;
use super::{Outcome, Recorder, Run};
use crate::experiment::{ExperimentInfo, ExperimentResult};
use crate::page_url::{differs_in_scheme_or_host, is_absolute, merge_query};
use crate::ruleset::{AutoExperiment, Change, Ruleset};
use crate::sticky::StickyDocuments;

/// Which auto experiments may run.
///
/// # Example
///
/// ```
/// use growthbook_core::engine::AutoOptions;
///
/// let options = AutoOptions::new().without_cross_origin_redirects().trigger("newsletter-popup");
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct AutoOptions {
    no_redirects: bool,
    no_cross_origin_redirects: bool,
    no_visual_changes: bool,
    blocked_changes: Vec<String>,
    triggered: Vec<String>,
}

impl AutoOptions {
    /// Everything may run, except experiments that wait to be triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs no redirects.
    #[must_use]
    pub fn without_redirects(mut self) -> Self {
        self.no_redirects = true;
        self
    }

    /// Runs no redirects that lead to another scheme or host.
    #[must_use]
    pub fn without_cross_origin_redirects(mut self) -> Self {
        self.no_cross_origin_redirects = true;
        self
    }

    /// Runs no visual changes.
    #[must_use]
    pub fn without_visual_changes(mut self) -> Self {
        self.no_visual_changes = true;
        self
    }

    /// Does not run the experiment with this `changeId`.
    #[must_use]
    pub fn block_change(mut self, change_id: impl Into<String>) -> Self {
        self.blocked_changes.push(change_id.into());
        self
    }

    /// Runs a manual experiment, by its key.
    #[must_use]
    pub fn trigger(mut self, experiment: impl Into<String>) -> Self {
        self.triggered.push(experiment.into());
        self
    }
}

/// What came of running all auto experiments.
pub struct AutoExperiments {
    results: Vec<AutoResult>,
    redirect_url: Option<String>,
}

impl AutoExperiments {
    /// The experiments that ran, in order, whether the user is in them or not.
    pub fn results(&self) -> &[AutoResult] {
        &self.results
    }

    /// Where the user is to be sent, if anywhere.
    pub fn redirect_url(&self) -> Option<&str> {
        self.redirect_url.as_deref()
    }
}

impl fmt::Debug for AutoExperiments {
    /// Says whether there is a redirect, and not where to: the page's query may be part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoExperiments")
            .field("results", &self.results)
            .field("redirects", &self.redirect_url.is_some())
            .finish()
    }
}

/// One auto experiment that ran.
#[derive(Debug)]
pub struct AutoResult {
    ruleset: Arc<Ruleset>,
    index: usize,
    result: ExperimentResult<Value>,
}

impl AutoResult {
    /// The experiment.
    pub fn experiment(&self) -> Option<&ExperimentInfo> {
        self.ruleset
            .experiments()
            .get(self.index)
            .map(|auto| &*auto.experiment)
    }

    /// The user's variation: a JSON object with what it changes.
    pub fn result(&self) -> &ExperimentResult<Value> {
        &self.result
    }
}

/// Runs the payload's auto experiments for a user on a page, in order, until a redirect is found.
pub fn run_auto_experiments<'a, R: Recorder<'a>>(
    ruleset: &'a Arc<Ruleset>,
    subject: &Subject<'a>,
    options: &AutoOptions,
    sticky: Option<&mut StickyDocuments>,
    recorder: &mut R,
) -> AutoExperiments {
    let mut done = AutoExperiments {
        results: Vec::new(),
        redirect_url: None,
    };
    let mut run = Run::new(ruleset, subject, sticky, Unwitnessed(recorder));
    for (index, auto) in ruleset.experiments().iter().enumerate() {
        if !options.admit(auto, subject) {
            continue;
        }
        let selected = run.select_leaf(&auto.experiment);
        let outcome = run.experiment(&auto.experiment, None, selected);
        let value = auto.experiment.values.get(outcome.variation);
        let value = value.map_or(Value::Null, |value| ruleset.value(*value).json().clone());
        let result = ExperimentResult::new(value, outcome.assignment());
        done.results.push(AutoResult {
            ruleset: Arc::clone(ruleset),
            index,
            result,
        });
        if let Change::Redirect(targets) = &auto.change
            && outcome.in_experiment
        {
            done.redirect_url = redirect(auto, targets, &outcome, subject);
            break;
        }
    }
    done
}

impl AutoOptions {
    fn admit(&self, auto: &AutoExperiment, subject: &Subject<'_>) -> bool {
        let is_triggered = || {
            self.triggered
                .iter()
                .any(|key| key == auto.experiment.key())
        };
        if auto.is_manual && !is_triggered() {
            return false;
        }
        if auto
            .change_id
            .as_ref()
            .is_some_and(|id| self.blocked_changes.iter().any(|it| **it == **id))
        {
            return false;
        }
        match &auto.change {
            Change::Redirect(targets) => {
                let page = subject.url().map_or("", |url| url.as_str());
                !self.no_redirects
                    && is_absolute(page)
                    && targets.iter().flatten().all(|target| {
                        is_absolute(target)
                            && !(self.no_cross_origin_redirects
                                && differs_in_scheme_or_host(page, target))
                    })
            }
            Change::Unknown => false,
            Change::Visual => !self.no_visual_changes,
        }
    }
}

/// Where a redirect experiment sends the user, unless that is a page that it runs on again.
fn redirect(
    auto: &AutoExperiment,
    targets: &[Option<Box<str>>],
    outcome: &Outcome<'_>,
    subject: &Subject<'_>,
) -> Option<String> {
    let target = targets.get(outcome.variation)?.as_deref()?;
    let target = match subject.url() {
        Some(page) if auto.persists_query => merge_query(page, target),
        _ => target.to_owned(),
    };
    let patterns = auto
        .experiment
        .targeting
        .as_ref()
        .and_then(|it| it.url_patterns.as_ref());
    let would_loop =
        patterns.is_some_and(|patterns| patterns.matches(&crate::page_url::PageUrl::new(&target)));
    (!would_loop).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::Attributes;
    use crate::engine::Silent;
    use crate::user::UserContext;

    #[test]
    fn nothing_printed_says_where_the_user_was_or_goes() {
        let payload = br#"{"features":{},"experiments":[{"key":"move","changeId":"c","persistQueryString":true,
            "urlPatterns":[{"type":"simple","include":true,"pattern":"https://shop.example/old"}],
            "variations":[{},{"urlRedirect":"https://shop.example/new"}],"weights":[0,1]}]}"#;
        let ruleset = Arc::new(Ruleset::from_json(payload, None).unwrap());
        let user = UserContext::new(Attributes::new().with("id", "1"))
            .with_url("https://shop.example/old?mail=canary");
        let options = AutoOptions::new();
        let subject = Subject::new(&user);
        let done = run_auto_experiments(&ruleset, &subject, &options, None, &mut Silent);
        assert!(done.redirect_url().unwrap().contains("canary"));
        assert!(!format!("{done:?}").contains("canary"));
    }
}
