//! Payloads and users that nest as deep as anything can: what needs most of a thread's stack.

use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{Attributes, Ruleset, UserContext};

/// A payload whose feature `f` is evaluated for a user.
pub struct StackCase {
    /// What nests.
    pub name: &'static str,
    /// The payload.
    pub payload: String,
    /// The user's attributes.
    pub attributes: String,
    /// Whether `f` must be on; `None` where a limit decides.
    pub on: Option<bool>,
}

impl StackCase {
    fn new(
        name: &'static str,
        payload: String,
        attributes: impl Into<String>,
        on: Option<bool>,
    ) -> Self {
        Self {
            name,
            payload,
            attributes: attributes.into(),
            on,
        }
    }

    fn condition(
        name: &'static str,
        condition: &str,
        attributes: impl Into<String>,
        on: Option<bool>,
    ) -> Self {
        Self::new(name, payload(condition, "{}"), attributes, on)
    }

    /// Reads the payload, as a thread that refreshes it does.
    pub fn load(&self) -> Arc<Ruleset> {
        Arc::new(
            Ruleset::from_json(self.payload.as_bytes(), None)
                .unwrap_or_else(|error| panic!("{}: {error}", self.name)),
        )
    }

    /// The user.
    pub fn user(&self) -> UserContext {
        UserContext::new(
            Attributes::from_json(&self.attributes)
                .unwrap_or_else(|error| panic!("{}: {error}", self.name)),
        )
    }

    /// Evaluates the feature, as a thread that serves a request does.
    pub fn evaluate(&self, ruleset: &Arc<Ruleset>, user: &UserContext) {
        let result = engine::evaluate(ruleset, "f", &Subject::new(user), None, &mut Silent);
        if let Some(on) = self.on {
            assert_eq!(result.is_on(), on, "{}: {:?}", self.name, result.source());
        }
        assert_eq!(result.to_json()["on"], result.is_on());
    }
}

/// All of them.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn stack_cases() -> Vec<StackCase> {
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let mut cases = vec![
        StackCase::condition(
            "negated conditions",
            &nested("{\"$not\":", "{\"a\":1}", "}", 120),
            "{\"a\":1}",
            Some(true),
        ),
        StackCase::condition(
            "negated tests",
            &format!("{{\"a\":{}}}", nested("{\"$not\":", "\"x\"", "}", 118)),
            "{\"a\":\"x\"}",
            None,
        ),
        StackCase::condition(
            "any of all of",
            &nested("{\"$and\":[{\"$or\":[", "{\"a\":1}", "]}]}", 30),
            "{\"a\":1}",
            Some(true),
        ),
        StackCase::condition(
            "items of items",
            &nested("{\"a\":{\"$elemMatch\":", "{\"b\":1}", "}}", 16),
            nested("{\"a\":[", "{\"b\":1}", "]}", 16),
            Some(true),
        ),
        StackCase::condition(
            "more items of items than are looked at",
            &nested("{\"a\":{\"$elemMatch\":", "{\"b\":1}", "}}", 58),
            nested("{\"a\":[", "{\"b\":1}", "]}", 58),
            Some(false),
        ),
        StackCase::condition(
            "all of all of",
            &format!(
                "{{\"a\":{}}}",
                nested("{\"$all\":[", "{\"$gt\":0}", "]}", 58)
            ),
            format!("{{\"a\":{}}}", nested("[", "1", "]", 58)),
            None,
        ),
        StackCase::condition(
            "literals",
            &format!("{{\"a\":{}}}", nested("[", "1", "]", 118)),
            format!("{{\"a\":{}}}", nested("[", "1", "]", 118)),
            Some(true),
        ),
        StackCase::condition(
            "objects",
            &format!("{{\"a\":{}}}", nested("{\"x\":", "1", "}", 118)),
            format!("{{\"a\":{}}}", nested("{\"x\":", "1", "}", 118)),
            Some(true),
        ),
        StackCase::condition(
            "groups of a pattern",
            &format!(
                "{{\"a\":{{\"$regex\":\"{}\"}}}}",
                nested("(", "a", ")", 200)
            ),
            "{\"a\":\"ba\"}",
            None,
        ),
        StackCase::condition(
            "repeated groups of a pattern",
            &format!(
                "{{\"a\":{{\"$regex\":\"{}\"}}}}",
                nested("(?:b|", "a", ")*c", 200)
            ),
            "{\"a\":\"bacbabac\"}",
            None,
        ),
        StackCase::condition(
            "look-aheads",
            &format!(
                "{{\"a\":{{\"$regex\":\"{}\"}}}}",
                nested("(?=", "a", ")", 200)
            ),
            "{\"a\":\"a\"}",
            None,
        ),
        StackCase::new(
            "values",
            format!(
                "{{\"features\":{{\"f\":{{\"defaultValue\":{}}}}}}}",
                nested("[", "1", "]", 123)
            ),
            "{}",
            Some(true),
        ),
    ];
    let chain = |hop: &dyn Fn(usize) -> String, last: &str, length: usize| {
        let groups: Vec<String> = (0..length)
            .map(|index| {
                format!(
                    "\"g{index}\":{{\"type\":\"condition\",\"condition\":{}}}",
                    hop(index + 1)
                )
            })
            .collect();
        format!(
            "{{{},\"g{length}\":{{\"type\":\"condition\",\"condition\":{last}}}}}",
            groups.join(",")
        )
    };
    let next = |index: usize| format!("{{\"$savedGroup\":{{\"id\":\"g{index}\"}}}}");
    let first = "{\"$savedGroup\":{\"id\":\"g0\"}}";
    cases.push(StackCase::new(
        "a chain of saved groups",
        payload(first, &chain(&next, "{\"a\":1}", 999)),
        "{\"a\":1}",
        Some(true),
    ));
    cases.push(StackCase::new(
        "a longer chain than is followed",
        payload(first, &chain(&next, "{\"a\":1}", 1_001)),
        "{\"a\":1}",
        Some(false),
    ));
    // Every hop looks into an item, under as many negations as one document can hold.
    let under = |index: usize| {
        let inner = format!("{{\"$elemMatch\":{}}}", next(index));
        format!("{{\"a\":{}}}", nested("{\"$not\":", &inner, "}", 100))
    };
    let items = nested("{\"a\":[", "{\"b\":1}", "]}", 16);
    let groups_of_items = chain(&under, "{\"b\":1}", 40);
    cases.push(StackCase::new(
        "saved groups, items and negations",
        payload(first, &groups_of_items),
        items.clone(),
        Some(false),
    ));
    // As many prerequisites as are followed, and at the bottom the deepest condition.
    let features: Vec<String> = (1..=64)
        .map(|index| {
            let key = if index == 1 { "f".to_owned() } else { format!("f{index}") };
            format!("\"{key}\":{{\"rules\":[{{\"parentConditions\":[{{\"id\":\"f{}\",\"condition\":{{\"value\":1}},\"gate\":true}}],\"force\":1}}]}}", index + 1)
        })
        .collect();
    for (name, condition, attributes, groups, on) in [
        (
            "prerequisites and negations",
            format!("{{\"a\":{}}}", nested("{\"$not\":", "\"x\"", "}", 118)),
            "{\"a\":\"x\"}".to_owned(),
            "{}",
            None,
        ),
        (
            "prerequisites and items",
            nested("{\"a\":{\"$elemMatch\":", "{\"b\":1}", "}}", 16),
            items.clone(),
            "{}",
            Some(true),
        ),
        (
            "prerequisites, saved groups, items and negations",
            first.to_owned(),
            items,
            &*groups_of_items,
            Some(false),
        ),
    ] {
        let last = format!("\"f65\":{{\"rules\":[{{\"condition\":{condition},\"force\":1}}]}}");
        let payload = format!(
            "{{\"features\":{{{},{last}}},\"savedGroups\":{groups}}}",
            features.join(",")
        );
        cases.push(StackCase::new(name, payload, attributes, on));
    }
    cases
}

fn payload(condition: &str, groups: &str) -> String {
    format!(
        "{{\"features\":{{\"f\":{{\"rules\":[{{\"condition\":{condition},\"force\":true}}]}}}},\"savedGroups\":{groups}}}"
    )
}
