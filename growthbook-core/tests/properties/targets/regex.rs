use std::sync::Arc;

use growthbook_core::{Attributes, Ruleset, UserContext};

use super::evaluate;
use crate::grammar::quoted;

/// A pattern and a subject, with a line's end between them: negated operators are exact negations, and both answer the
/// same every time.
pub fn regex(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (pattern, subject) = text.split_once('\n').unwrap_or((&text, ""));
    let user =
        UserContext::new(Attributes::new().with("s", subject).with("id", "1")).with_url(subject);
    let payload = ["$regex", "$notRegex", "$regexi", "$notRegexi"].map(|operator| {
        let pattern = quoted(pattern);
        format!("\"{operator}\":{{\"rules\":[{{\"condition\":{{\"s\":{{\"{operator}\":{pattern}}}}},\"force\":true}}]}}")
    });
    let payload = format!("{{\"features\":{{{}}}}}", payload.join(","));
    let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap());
    let answer = |operator: &str| evaluate(&ruleset, operator, &user).is_on();
    for (operator, negated) in [("$regex", "$notRegex"), ("$regexi", "$notRegexi")] {
        let found = answer(operator);
        assert_ne!(found, answer(negated), "{pattern:?} {subject:?}");
        assert_eq!(found, answer(operator), "{pattern:?} {subject:?}");
        if found
            && operator == "$regex"
            && subject.is_ascii()
            && pattern.bytes().all(|it| it.is_ascii_alphanumeric())
        {
            assert!(subject.contains(pattern), "{pattern:?} {subject:?}");
        }
    }
}
