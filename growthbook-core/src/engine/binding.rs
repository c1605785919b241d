use std::fmt;
use std::sync::Arc;

use super::Subject;
use crate::attributes::Slots;
use crate::ruleset::Ruleset;
use crate::user::{GlobalContext, UserContext};

/// A user bound to a ruleset, for those who evaluate many of its features for that user: what one evaluation finds out
/// of the user's attributes, the next ones know.
///
/// It changes no answer. A [`Subject`] made by it may be evaluated with another ruleset, too: it is then like one that
/// nobody bound.
///
/// # Example
///
/// ```
/// use growthbook_core::engine::{self, Binding, Silent};
/// use growthbook_core::{Attributes, Ruleset, UserContext};
/// use std::sync::Arc;
///
/// let payload = br#"{"features": {
///     "beta": {"defaultValue": false, "rules": [{"condition": {"plan": "pro"}, "force": true}]},
///     "logo": {"defaultValue": "old", "rules": [{"condition": {"plan": "pro"}, "force": "new"}]}
/// }}"#;
/// let user = UserContext::new(Attributes::new().with("plan", "pro"));
/// let bound = Binding::new(Arc::new(Ruleset::from_json(payload, None)?), user);
///
/// let mut on = Vec::new();
/// engine::evaluate_all(bound.ruleset(), &bound.subject(), None, &mut Silent, |feature| {
///     on.extend(feature.is_on().then(|| feature.key()));
/// });
/// assert_eq!(on, ["beta", "logo"]);
/// # Ok::<(), growthbook_core::PayloadError>(())
/// ```
pub struct Binding {
    ruleset: Arc<Ruleset>,
    user: UserContext,
    global: Option<Arc<GlobalContext>>,
    slots: Slots,
}

impl Binding {
    /// Binds a user to a ruleset. This is cheap: nothing is looked up before an evaluation does.
    pub fn new(ruleset: Arc<Ruleset>, user: UserContext) -> Self {
        Self {
            ruleset,
            user,
            global: None,
            slots: Slots::default(),
        }
    }

    /// The same user, within what holds for all.
    #[must_use]
    pub fn within(self, global: Arc<GlobalContext>) -> Self {
        Self {
            global: Some(global),
            slots: Slots::default(),
            ..self
        }
    }

    /// The ruleset that the user is bound to.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.ruleset
    }

    /// The user.
    pub fn user(&self) -> &UserContext {
        &self.user
    }

    /// The user as somebody to evaluate for.
    #[inline]
    pub fn subject(&self) -> Subject<'_> {
        let subject = Subject::new(&self.user);
        let subject = match &self.global {
            Some(global) => subject.within(global),
            None => subject,
        };
        subject.bound(self)
    }

    /// The slots, if it is this ruleset that they are for.
    #[inline]
    pub(super) fn slots_for(&self, ruleset: &Ruleset) -> Option<&Slots> {
        std::ptr::eq(&raw const *self.ruleset, ruleset).then_some(&self.slots)
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("ruleset", &self.ruleset)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Silent, evaluate};
    use super::*;
    use crate::attributes::Attributes;

    fn ruleset(names: &[&str]) -> Arc<Ruleset> {
        let feature = |name: &&str| {
            format!(
                r#""{name}":{{"defaultValue":0,"rules":[{{"condition":{{"{name}":"{name}"}},"force":1}}]}}"#
            )
        };
        let features: Vec<String> = names.iter().map(feature).collect();
        let payload = format!(r#"{{"features":{{{}}}}}"#, features.join(","));
        Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap())
    }

    fn check(bound: &Binding, ruleset: &Arc<Ruleset>, expected: &[(&str, bool)]) {
        // Once to find out, once to know.
        for _ in 0..2 {
            for (feature, on) in expected {
                let subject = bound.subject();
                let result = evaluate(ruleset, feature, &subject, None, &mut Silent);
                assert_eq!(result.is_on(), *on, "{feature}");
            }
        }
    }

    #[test]
    fn another_ruleset_does_not_see_the_slots() {
        let (ruleset, turned) = (ruleset(&["a", "b", "c"]), ruleset(&["c", "b", "a"]));
        let user = UserContext::new(Attributes::new().with("a", "a").with("b", "x"));
        let expected = [("a", true), ("b", false), ("c", false)];
        let bound = Binding::new(Arc::clone(&ruleset), user);
        check(&bound, &ruleset, &expected);
        check(&bound, &turned, &expected);
    }

    #[test]
    fn other_layers_do_not_see_the_slots() {
        let ruleset = ruleset(&["a", "b", "c"]);
        let global =
            |name: &str| GlobalContext::new().with_attributes(Attributes::new().with(name, name));
        let user = UserContext::new(Attributes::new().with("a", "a").with("c", 1));
        let bound = Binding::new(Arc::clone(&ruleset), user);
        check(&bound, &ruleset, &[("a", true), ("b", false), ("c", false)]);
        let other = global("b");
        let subject = bound.subject().within(&other);
        assert!(evaluate(&ruleset, "b", &subject, None, &mut Silent).is_on());
        let bound = bound.within(Arc::new(global("b")));
        check(&bound, &ruleset, &[("a", true), ("b", true), ("c", false)]);
        let bound = bound.within(Arc::new(global("c")));
        check(&bound, &ruleset, &[("a", true), ("b", false), ("c", false)]);
    }

    #[test]
    fn names_beyond_the_slots_are_found() {
        let names: Vec<String> = (0..300).map(|number| format!("name-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ruleset = ruleset(&names);
        let even = names.iter().step_by(2).map(|name| (*name, *name));
        let bound = Binding::new(
            Arc::clone(&ruleset),
            UserContext::new(even.collect::<Attributes>()),
        );
        let expected: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(at, name)| (*name, at % 2 == 0))
            .collect();
        check(&bound, &ruleset, &expected);
    }
}
