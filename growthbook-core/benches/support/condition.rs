//! Conditions as people write them.

use super::json::{object, text, texts};
use super::random::Random;

/// A condition on `clauses` different attributes.
pub(crate) fn condition(random: &mut Random, clauses: usize) -> String {
    let mut condition: Vec<(&str, String)> = Vec::new();
    while condition.len() < clauses {
        let (attribute, test) = clause(random);
        match condition.iter_mut().find(|(known, _)| *known == attribute) {
            Some((_, known)) => *known = test,
            None => condition.push((attribute, test)),
        }
    }
    object(condition)
}

fn clause(random: &mut Random) -> (&'static str, String) {
    let one = |operator: &str, operand: String| object([(operator, operand)]);
    match random.below(12) {
        0 => ("country", text(random.pick(COUNTRIES))),
        1 => {
            let count = random.between(2, 10);
            (
                "country",
                one("$in", texts(random.sample(COUNTRIES, count))),
            )
        }
        2 => ("plan", one("$ne", text(random.pick(PLANS)))),
        3 => {
            let operator = random.pick(&["$vgte", "$vlt"]);
            let version = format!("{}.{}.0", random.between(1, 5), random.below(30));
            ("appVersion", one(operator, text(&version)))
        }
        4 => ("email", one("$regex", text(random.pick(PATTERNS)))),
        5 => ("age", one("$gte", random.between(18, 60).to_string())),
        6 => ("loggedIn", "true".to_owned()),
        7 => (
            "company.size",
            one("$gt", random.between(10, 1_500).to_string()),
        ),
        8 => (
            "tags",
            one("$elemMatch", one("$eq", text(random.pick(TAGS)))),
        ),
        9 => ("browser", one("$nin", texts(random.sample(BROWSERS, 2)))),
        10 => ("roles", one("$in", texts(random.sample(ROLES, 2)))),
        _ => ("os", text(random.pick(SYSTEMS))),
    }
}

const BROWSERS: &[&str] = &["chrome", "firefox", "safari", "edge", "samsung"];
const COUNTRIES: &[&str] = &[
    "US", "CA", "GB", "DE", "FR", "ES", "IT", "NL", "SE", "NO", "DK", "FI", "PL", "BR", "MX", "AR",
    "JP", "KR", "IN", "AU", "NZ", "ZA", "IE", "PT",
];
const PATTERNS: &[&str] = &[
    r"@(example|acme)\.com$",
    "^admin",
    r"\.internal@",
    r"@corp\.io$",
];
const PLANS: &[&str] = &["free", "starter", "pro", "business", "enterprise"];
const ROLES: &[&str] = &["viewer", "editor", "admin", "owner", "billing"];
const SYSTEMS: &[&str] = &["macos", "windows", "linux", "ios", "android"];
const TAGS: &[&str] = &[
    "beta",
    "vip",
    "internal",
    "trial",
    "churn-risk",
    "power-user",
    "early-access",
    "newsletter",
];
