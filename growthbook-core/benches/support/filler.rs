//! The crowd around the named features, with the mix of rules that real payloads have.

use super::condition::condition;
use super::json::{hundredths, list, object, text};
use super::random::Random;

/// A feature of the crowd. `parents` collects those that others may have as a prerequisite.
pub(crate) fn filler(
    random: &mut Random,
    number: usize,
    parents: &mut Vec<String>,
) -> (String, String) {
    let key = format!("{}-{}-{number:05}", random.pick(AREAS), random.pick(THINGS));
    let value = Value::random(random);
    let rule_id = text(&format!("fr_{}", random.hex(16)));
    let (on, off) = (value.switched(), value.json());
    let kind = random.below(100);
    let rules = match kind {
        0..30 => None,
        30..52 => Some(force(&rule_id, condition(random, 1), on)),
        52..67 => Some(rollout(random, &rule_id, &key, on)),
        67..85 => Some(experiment(random, &key, &value)),
        85..92 => Some(heavy(random, &rule_id, on)),
        92..97 => {
            let operator = if random.chance(70) {
                "$inGroup"
            } else {
                "$notInGroup"
            };
            let group = object([("id", object([(operator, text("sg_1k"))]))]);
            Some(force(&rule_id, group, on))
        }
        _ => Some(prerequisite(random, &rule_id, parents, on)),
    };
    if value == Value::Switch && kind < 97 {
        parents.push(key.clone());
    }
    let mut feature = vec![("defaultValue", off)];
    feature.extend(rules.map(|rules| ("rules", format!("[{rules}]"))));
    (key, object(feature))
}

fn force(id: &str, condition: String, value: String) -> String {
    object([
        ("id", id.to_owned()),
        ("condition", condition),
        ("force", value),
    ])
}

fn rollout(random: &mut Random, id: &str, key: &str, value: String) -> String {
    let mut rule = vec![
        ("id", id.to_owned()),
        ("force", value),
        ("coverage", hundredths(random.below(101))),
        ("hashAttribute", text("id")),
        ("seed", text(key)),
        ("hashVersion", "2".to_owned()),
    ];
    if random.chance(30) {
        rule.push(("condition", condition(random, 1)));
    }
    object(rule)
}

fn experiment(random: &mut Random, key: &str, value: &Value) -> String {
    let variations = match value {
        Value::Switch => 2,
        _ => random.pick(&[2, 2, 2, 3, 4]),
    };
    let weight = match variations {
        3 => "0.3333",
        4 => "0.25",
        _ => "0.5",
    };
    let names = (0..variations).map(|index| match index {
        0 => r#"{"key":"0","name":"Control"}"#.to_owned(),
        _ => format!(r#"{{"key":"{index}","name":"Variation {index}"}}"#),
    });
    let mut rule = vec![
        ("id", text(&format!("fr_{}", random.hex(16)))),
        ("coverage", "1".to_owned()),
        ("hashAttribute", text("id")),
        ("bucketVersion", "1".to_owned()),
        ("seed", text(&random.uuid())),
        ("hashVersion", "2".to_owned()),
        (
            "variations",
            list((0..variations).map(|index| value.variation(random, index))),
        ),
        ("weights", list((0..variations).map(|_| weight.to_owned()))),
        ("key", text(&format!("{key}-exp"))),
        ("meta", list(names)),
        ("phase", text("0")),
        ("name", text(&key.replace('-', " "))),
    ];
    let space = random.below(5);
    match random.below(100) {
        0..15 => rule.push(("namespace", format!(r#"["ns{space}",0,0.5]"#))),
        15..30 => rule.push((
            "filters",
            format!(
                r#"[{{"attribute":"id","seed":"ns{space}","hashVersion":2,"ranges":[[0,0.6]]}}]"#
            ),
        )),
        _ => {}
    }
    if random.chance(40) {
        let clauses = random.pick(&[1, 1, 2]);
        rule.push(("condition", condition(random, clauses)));
    }
    if random.chance(30) {
        rule.retain(|(name, _)| *name != "coverage");
        rule.push(("coverage", hundredths(random.between(20, 101))));
    }
    object(rule)
}

/// Two rules with many clauses, the second one with connectives.
fn heavy(random: &mut Random, id: &str, value: String) -> String {
    let either = [condition(random, 2), condition(random, 2)];
    let connected = object([("$or", list(either)), ("$not", condition(random, 1))]);
    let second = force(&id.replace("fr_", "fr_b"), connected, value.clone());
    let first = force(id, condition(random, 5), value);
    format!("{first},{second}")
}

fn prerequisite(random: &mut Random, id: &str, parents: &[String], value: String) -> String {
    let parent = parents.get(random.below(parents.len().max(1)));
    let parent = parent.map_or("w1-default", String::as_str);
    let condition = object([("value", random.chance(50).to_string())]);
    let parent = object([
        ("id", text(parent)),
        ("condition", condition),
        ("gate", random.chance(50).to_string()),
    ]);
    object([
        ("id", id.to_owned()),
        ("parentConditions", list([parent])),
        ("force", value),
    ])
}

/// What a filler feature yields when nothing applies.
#[derive(Debug, PartialEq, Eq)]
enum Value {
    Count(usize),
    Name(&'static str),
    Settings { theme: &'static str, limit: usize },
    Switch,
}

impl Value {
    fn random(random: &mut Random) -> Self {
        match random.below(10) {
            0..6 => Self::Switch,
            6..8 => Self::Name(random.pick(THINGS)),
            8 => Self::Count(random.below(100)),
            _ => Self::Settings {
                theme: random.pick(&["dark", "light"]),
                limit: random.below(100),
            },
        }
    }

    fn json(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Name(name) => text(name),
            Self::Settings { theme, limit } => settings(theme, *limit),
            Self::Switch => "false".to_owned(),
        }
    }

    /// Another value of the same type.
    fn switched(&self) -> String {
        match self {
            Self::Count(count) => (count + 1).to_string(),
            Self::Name(name) => text(&format!("{name}-on")),
            Self::Settings { limit, .. } => settings("contrast", *limit),
            Self::Switch => "true".to_owned(),
        }
    }

    fn variation(&self, random: &mut Random, index: usize) -> String {
        match self {
            Self::Count(_) => (index * 10).to_string(),
            Self::Name(_) => text(&format!("{}-{index}", random.pick(THINGS))),
            Self::Settings { .. } => settings(random.pick(&["dark", "light"]), index * 10),
            Self::Switch => (index > 0).to_string(),
        }
    }
}

fn settings(theme: &str, limit: usize) -> String {
    object([("theme", text(theme)), ("limit", limit.to_string())])
}

const AREAS: &[&str] = &[
    "checkout",
    "search",
    "profile",
    "billing",
    "onboarding",
    "dashboard",
    "editor",
    "notifications",
    "feed",
    "settings",
    "admin",
    "mobile",
    "api",
    "reports",
    "sharing",
];
const THINGS: &[&str] = &[
    "new-layout",
    "button-color",
    "ranking-model",
    "rate-limit",
    "copy-test",
    "upsell-banner",
    "cache-layer",
    "dark-mode",
    "fast-path",
    "retry-policy",
    "pricing-table",
    "tooltip",
    "empty-state",
    "bulk-actions",
    "autosave",
];
