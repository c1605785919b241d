//! One user before one snapshot, for one call or a scope's life: how a question becomes an answer and its effects.

mod aloud;
mod asked;
pub(crate) mod effects;
pub(crate) mod everything;
pub(crate) mod question;
pub(crate) mod sticky;

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use self::effects::{Effect, Effects};
use self::question::{Question, ResultOf, Trial, Unknown, ValueAt};
use self::sticky::StickyState;
use super::evaluation_events;
use super::log;
use super::scope::{ScopeState, Track};
use super::shared::{Shared, Snapshot};
use crate::client::reports::seen::{ExposureId, SeenExposures};
use crate::engine::{self, Binding, Exposure, FeatureUsage, Silent, Subject};
use crate::experiment::ExperimentResult;
use crate::explanation::Explanation;
use crate::feature_value::FeatureValue;
use crate::tracking::{
    CustomEvent, Evaluated, ExperimentViewed, FeatureEvaluated, Interest, Occasion, TrackingEvent,
};
use crate::user::UserContext;

#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) user: &'a UserContext,
    /// The same user, bound to the snapshot's features; `None` outside of scopes.
    pub(crate) binding: Option<&'a Binding>,
    /// What is remembered between calls; `None` outside of scopes.
    pub(crate) scope: Option<&'a ScopeState>,
}

impl<'a> Visit<'a> {
    /// Asks the engine, stores what is to be stored, and tells those who want to hear.
    #[inline]
    pub(crate) fn ask<Q: Question<'a>>(&self, question: &Q) -> Q::Answer {
        let wanted = self.wanted();
        if wanted.is_none() && !self.is_sticky() {
            let ruleset = &self.snapshot.ruleset;
            return question.ask(ruleset, &self.subject(), None, &mut Silent);
        }
        self.ask_and_perform(question, wanted)
    }

    /// The value of a feature. The key is looked up and not kept: the value comes from the ruleset or the user.
    #[inline]
    pub(crate) fn value(&self, feature: &str) -> &'a FeatureValue {
        if evaluation_events::are_wanted(self.shared) {
            return self.value_aloud(feature);
        }
        let Some(place) = self.snapshot.ruleset.feature_place(feature) else {
            return self.unknown(feature);
        };
        self.ask(&ValueAt(place))
    }

    #[cold]
    fn unknown(&self, feature: &str) -> &'a FeatureValue {
        self.look_around();
        self.ask(&Unknown(feature));
        let forced = self.subject().forced_value(feature);
        forced.unwrap_or(&crate::feature_value::NULL)
    }

    /// Runs an experiment of the program's.
    pub(crate) fn run<'e: 'a, T>(&self, trial: &Trial<'e, T>) -> ExperimentResult<&'e T> {
        let result = self.ask(trial);
        let is_off = self.scope.is_some_and(|scope| scope.track == Track::Off);
        if !is_off && !self.shared.is_closed() {
            let subscribers = &self.shared.subscribers;
            let failed = subscribers.tell(trial.0.info(), result.assignment());
            if failed > 0 {
                self.shared.panicked("subscriber", failed);
            }
        }
        result
    }

    /// Why a feature has the value that it has. With sticky buckets, of which the store is asked as for an evaluation.
    pub(crate) fn explain(&self, feature: &str) -> Explanation {
        let (ruleset, subject) = (&self.snapshot.ruleset, self.subject());
        if !self.is_sticky() {
            return engine::explain(ruleset, feature, &subject, None);
        }
        let own = StickyState::default();
        let sticky = self.scope.map_or(&own, |scope| &scope.sticky);
        sticky.prepare(self.shared, || {
            ResultOf(feature).identities(ruleset, &subject)
        });
        engine::explain(ruleset, feature, &subject, Some(&sticky.documents()))
    }

    pub(crate) fn log_event<N: Into<String>, V: Into<Value>>(
        &self,
        name: &str,
        properties: impl IntoIterator<Item = (N, V)>,
    ) {
        if self.shared.interest().contains(Interest::CUSTOM) {
            let properties = properties.into_iter();
            let properties: Map<_, _> = properties.map(|(k, v)| (k.into(), v.into())).collect();
            let event = TrackingEvent::Custom(CustomEvent {
                name,
                properties: &Arc::new(properties),
                occasion: self.occasion(),
            });
            let everybody = self.shared.listeners.wanting(Interest::CUSTOM);
            self.shared.tell(&event, everybody);
        } else if log::IS_HEARD && !self.shared.is_closed() {
            self.shared.log(log::unheard);
        }
    }

    fn ask_and_perform<Q: Question<'a>>(&self, question: &Q, wanted: Interest) -> Q::Answer {
        let subject = self.subject();
        let mut effects = Effects::new(self, wanted);
        let answer = match (self.scope, self.is_sticky()) {
            (_, false) => {
                let ruleset = &self.snapshot.ruleset;
                question.ask(ruleset, &subject, None, &mut effects)
            }
            (Some(scope), true) => {
                scope
                    .sticky
                    .ask(self.shared, self.snapshot, &subject, question, &mut effects)
            }
            (None, true) => StickyState::default().ask(
                self.shared,
                self.snapshot,
                &subject,
                question,
                &mut effects,
            ),
        };
        for effect in effects.told() {
            self.perform(effect);
        }
        answer
    }

    pub(crate) fn subject(&self) -> Subject<'a> {
        match self.binding {
            Some(binding) => binding.subject(),
            None => Subject::new(self.user).within(&self.snapshot.global),
        }
    }

    /// The events that somebody wants of this visit.
    #[inline]
    fn wanted(&self) -> Interest {
        let wanted = self.shared.interest();
        match self.scope.map_or(Track::On, |scope| scope.track) {
            Track::On => wanted,
            Track::Off => Interest::NONE,
            Track::Deferred => wanted | Interest::EXPERIMENT_VIEWED,
        }
    }

    #[inline]
    fn is_sticky(&self) -> bool {
        self.shared.sticky.is_some() || self.scope.is_some_and(|scope| scope.sticky.is_supplied())
    }

    fn is_deferred(&self) -> bool {
        self.scope
            .is_some_and(|scope| scope.track == Track::Deferred)
    }

    /// What remembers exposures: the client, or if it is told not to, the scope.
    fn seen(&self) -> Option<&'a SeenExposures> {
        let in_scope = || self.scope.and_then(|scope| scope.memory.seen.as_ref());
        self.shared.seen.as_ref().or_else(in_scope)
    }

    /// Whether an exposure was reported to everybody, as far as is remembered.
    pub(crate) fn has_reported(&self, id: ExposureId) -> bool {
        match self.scope {
            Some(scope) if scope.track == Track::Deferred => scope.memory.deferred.knows(id),
            _ => self
                .seen()
                .is_some_and(|seen| seen.knows(id, self.shared.viewers)),
        }
    }

    /// Whether a feature's value is another one than the scope reported before.
    pub(crate) fn is_news(&self, usage: &FeatureUsage<'_>) -> bool {
        self.scope.is_none_or(|scope| scope.reported.is_news(usage))
    }

    fn perform(&self, effect: &Effect<'a>) {
        let occasion = self.occasion();
        match effect {
            Effect::Used(usage) => {
                if let Some(scope) = self.scope
                    && !scope.reported.claim(usage)
                {
                    return;
                }
                let event = TrackingEvent::FeatureEvaluated(FeatureEvaluated {
                    what: Evaluated::Now(*usage),
                    occasion,
                });
                let everybody = self.shared.listeners.wanting(Interest::FEATURE_EVALUATED);
                self.shared.tell(&event, everybody);
            }
            Effect::Viewed(id, exposure) => self.report(*id, exposure, occasion),
        }
    }

    fn report(&self, id: ExposureId, exposure: &Exposure<'a>, occasion: Occasion<'a>) {
        let event = TrackingEvent::ExperimentViewed(ExperimentViewed {
            exposure: *exposure,
            occasion,
        });
        if let Some(scope) = self.scope.filter(|_| self.is_deferred()) {
            scope.memory.deferred.add(id, || event.into_owned());
            return;
        }
        let Some(seen) = self.seen() else {
            self.shared.tell(&event, self.shared.viewers);
            return;
        };
        // Whoever else evaluates meanwhile, another thread or a listener itself, finds it claimed.
        let due = seen.claim(id, self.shared.viewers);
        let missed = self.shared.tell(&event, due);
        seen.release(id, missed);
    }

    pub(crate) fn occasion(&self) -> Occasion<'a> {
        Occasion {
            global: &self.snapshot.global,
            user: self.user,
            at: self.shared.now().unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }
}
