//! Payloads and users for measurements: the same for the same seed, on every machine.
//!
//! Twelve features, `w1-default` to `w7-chain-3`, are the named workloads; the rest are fillers
//! with the mix of rules that real payloads have. JSON is written as text, so that the order of
//! keys in a condition is the one that is meant.

use std::fmt::Write as _;

/// A payload as the API sends it, with `features` features (never fewer than the named ones) in
/// shuffled order, and a saved group of each size in `groups`. The primary user is in the middle
/// of each group. The named groups are 1,000, 10,000 and 100,000 ids: `sg_1k`, `sg_10k`, `sg_100k`.
pub(crate) fn payload(features: usize, groups: &[usize]) -> String {
    let features = members(features);
    let features = features
        .iter()
        .map(|(key, feature)| (key.as_str(), feature.clone()));
    let groups: Vec<(String, String)> = groups.iter().map(|size| group(*size)).collect();
    let groups = groups
        .iter()
        .map(|(name, ids)| (name.as_str(), ids.clone()));
    object([
        ("status", "200".to_owned()),
        ("features", object(features)),
        ("experiments", "[]".to_owned()),
        ("dateUpdated", text("2026-11-20T00:00:00.000Z")),
        ("savedGroups", object(groups)),
    ])
}

/// The attributes of a user who is in the rollout `w3-rollout`, in the second variation of
/// `w4-experiment`, matches `w5-heavy`, and is in every saved group.
pub(crate) fn primary_user() -> String {
    let mut random = Random::new(SEED + 2);
    object([
        ("id", text(&primary_id())),
        ("deviceId", text(&random.uuid())),
        ("email", text("jane.doe.1234@acme.com")),
        ("country", text("US")),
        ("plan", text("pro")),
        ("appVersion", text("3.4.1")),
        ("browser", text("chrome")),
        ("os", text("macos")),
        ("age", "34".to_owned()),
        ("ltv", "182.5".to_owned()),
        ("loggedIn", "true".to_owned()),
        (
            "url",
            text("https://www.example.com/checkout/new-layout?ref=42"),
        ),
        (
            "company",
            object([
                ("id", text(&random.hex(12))),
                ("size", "250".to_owned()),
                ("industry", text("tech")),
            ]),
        ),
        ("tags", texts(["power-user", "beta", "newsletter"])),
        ("roles", texts(["editor", "billing"])),
    ])
}

/// The keys of the features that [`payload`] makes, in another shuffled order.
pub(crate) fn feature_keys(features: usize) -> Vec<String> {
    let mut keys: Vec<String> = members(features).into_iter().map(|(key, _)| key).collect();
    Random::new(SEED + 1).shuffle(&mut keys);
    keys
}

/// Keys and features, as JSON.
fn members(count: usize) -> Vec<(String, String)> {
    let mut random = Random::new(SEED ^ count as u64);
    let mut members = named_features();
    let mut parents = Vec::new();
    for number in 0..count.saturating_sub(members.len()) {
        members.push(filler(&mut random, number, &mut parents));
    }
    random.shuffle(&mut members);
    members
}

fn named_features() -> Vec<(String, String)> {
    let mut features: Vec<(String, String)> = NAMED_FEATURES
        .iter()
        .map(|(key, feature)| {
            let feature = feature
                .replace("$W3_SEED", W3_SEED)
                .replace("$W4_SEED", W4_SEED);
            ((*key).to_owned(), feature)
        })
        .collect();
    for size in ["1k", "10k", "100k"] {
        let feature = format!(
            r#"{{"defaultValue":false,"rules":[{{"id":"fr_w6_{size}","condition":{{"id":{{"$inGroup":"sg_{size}"}}}},"force":true}}]}}"#
        );
        features.push((format!("w6-group-{size}"), feature));
    }
    features
}

/// A feature of the crowd. `parents` collects those that others may have as a prerequisite.
fn filler(random: &mut Random, number: usize, parents: &mut Vec<String>) -> (String, String) {
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

/// A condition on `clauses` different attributes.
fn condition(random: &mut Random, clauses: usize) -> String {
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

/// A saved group of `size` ids, and its name.
fn group(size: usize) -> (String, String) {
    let mut random = Random::new(SEED ^ (size as u64).rotate_left(32));
    let ids = (0..size).map(|at| {
        if at == size / 2 {
            primary_id()
        } else {
            random.hex(24)
        }
    });
    let name = match size {
        1_000 => "sg_1k".to_owned(),
        10_000 => "sg_10k".to_owned(),
        100_000 => "sg_100k".to_owned(),
        _ => format!("sg_{size}"),
    };
    (name, list(ids.map(|id| text(&id))))
}

/// The first random id in the first 40 % of the rollout and well inside the second variation.
fn primary_id() -> String {
    let mut random = Random::new(SEED);
    loop {
        let id = random.hex(24);
        let is_in_second = (0.55..0.95).contains(&bucket(W4_SEED, &id));
        if bucket(W3_SEED, &id) < 0.4 && is_in_second {
            return id;
        }
    }
}

/// Version 2 of the bucketing hash, for ASCII: written again here, so that measurements do not
/// depend on what they measure.
fn bucket(seed: &str, id: &str) -> f64 {
    let fnv1a = |text: &str| {
        text.bytes().fold(0x811C_9DC5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    };
    let first = fnv1a(&format!("{seed}{id}"));
    f64::from(fnv1a(&first.to_string()) % 10_000) / 10_000.0
}

/// The `SplitMix64` generator: small, fast, and good enough to shuffle with.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 if there is none.
    fn below(&mut self, limit: usize) -> usize {
        let number = self.next().checked_rem(limit as u64).unwrap_or_default();
        usize::try_from(number).unwrap_or_default()
    }

    fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to.saturating_sub(from))
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        from.get(self.below(from.len()))
            .copied()
            .unwrap_or_default()
    }

    fn sample<T: Copy>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let mut sample = from.to_vec();
        self.shuffle(&mut sample);
        sample.truncate(count);
        sample
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    fn hex(&mut self, digits: usize) -> String {
        let digit = |random: &mut Self| u32::try_from(random.below(16)).ok();
        let digits = (0..digits).filter_map(|_| char::from_digit(digit(self)?, 16));
        digits.collect()
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|digits| self.hex(digits)).join("-")
    }
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut json = String::from("{");
    for (name, value) in members {
        let comma = if json.len() > 1 { "," } else { "" };
        // Writing to a string does not fail.
        let _ = write!(json, "{comma}{}:{value}", text(name));
    }
    json.push('}');
    json
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    list(items.into_iter().map(text))
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn hundredths(count: usize) -> String {
    format!("{}.{:02}", count / 100, count % 100)
}

const SEED: u64 = 20_261_120;
const W3_SEED: &str = "c0c6f6f3-2f61-4d7a-8f3f-5e8b0f5f7b11";
const W4_SEED: &str = "7b1a0d34-5f0c-4a8e-9a57-0e3a6a1c9f02";

/// The workloads without saved groups.
const NAMED_FEATURES: &[(&str, &str)] = &[
    ("w1-default", r#"{"defaultValue":true}"#),
    (
        "w2-simple-force",
        r#"{"defaultValue":false,"rules":[{"id":"fr_w2","condition":{"country":"US"},"force":true}]}"#,
    ),
    (
        "w3-rollout",
        r#"{"defaultValue":false,"rules":[{"id":"fr_w3","force":true,"coverage":0.5,"hashAttribute":"id","seed":"$W3_SEED","hashVersion":2}]}"#,
    ),
    (
        "w4-experiment",
        r#"{"defaultValue":"control","rules":[{"id":"fr_5507a06d3ec9e13a","coverage":1,"hashAttribute":"id","bucketVersion":1,"seed":"$W4_SEED","hashVersion":2,"variations":["control","treatment"],"weights":[0.5,0.5],"key":"w4-exp","meta":[{"key":"0","name":"Control"},{"key":"1","name":"Variation 1"}],"phase":"0","name":"W4 experiment"}]}"#,
    ),
    (
        "w5-heavy",
        r#"{"defaultValue":"off","rules":[{"id":"fr_w5","condition":{"country":{"$in":["GB","DE","FR","ES","IT","NL","SE","NO","DK","FI","US","CA"]},"appVersion":{"$vgte":"2.10.0"},"email":{"$regex":"@(example|acme)\\.com$"},"plan":{"$ne":"free"},"age":{"$gte":18,"$lt":65},"loggedIn":true,"company.size":{"$gt":50},"tags":{"$elemMatch":{"$eq":"beta"}}},"force":"on"}]}"#,
    ),
    (
        "w7-chain-0",
        r#"{"defaultValue":false,"rules":[{"id":"fr_w70","parentConditions":[{"id":"w7-chain-1","condition":{"value":true},"gate":true}],"force":true}]}"#,
    ),
    (
        "w7-chain-1",
        r#"{"defaultValue":false,"rules":[{"id":"fr_w71","parentConditions":[{"id":"w7-chain-2","condition":{"value":true},"gate":true}],"force":true}]}"#,
    ),
    (
        "w7-chain-2",
        r#"{"defaultValue":false,"rules":[{"id":"fr_w72","parentConditions":[{"id":"w7-chain-3","condition":{"value":true},"gate":true}],"force":true}]}"#,
    ),
    (
        "w7-chain-3",
        r#"{"defaultValue":false,"rules":[{"id":"fr_w73","condition":{"country":"US"},"force":true}]}"#,
    ),
];

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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> serde_json::Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn payloads_parse_and_have_what_was_asked_for() {
        let payload = parsed(&payload(1_000, &[1_000, 10_000]));
        let features = payload["features"].as_object().unwrap();
        assert_eq!(features.len(), 1_000);
        let rule = |key: &str| &features[key]["rules"][0];
        assert_eq!(features["w1-default"]["defaultValue"], true);
        assert_eq!(rule("w3-rollout")["seed"], W3_SEED);
        assert_eq!(rule("w4-experiment")["seed"], W4_SEED);
        assert_eq!(rule("w5-heavy")["condition"].as_object().unwrap().len(), 8);
        assert_eq!(
            rule("w6-group-100k")["condition"]["id"]["$inGroup"],
            "sg_100k"
        );
        let groups = payload["savedGroups"].as_object().unwrap();
        assert_eq!(groups.keys().collect::<Vec<_>>(), ["sg_10k", "sg_1k"]);
        assert_eq!(groups["sg_10k"][5_000], parsed(&primary_user())["id"]);
    }

    #[test]
    fn the_same_again() {
        assert_eq!(payload(100, &[1_000]), payload(100, &[1_000]));
        assert_ne!(feature_keys(100), feature_keys(101));
    }

    #[test]
    fn keys_are_those_of_the_payload() {
        let mut keys = feature_keys(100);
        keys.sort();
        let payload = parsed(&payload(100, &[]));
        let mut features: Vec<_> = payload["features"].as_object().unwrap().keys().collect();
        features.sort();
        assert_eq!(features, keys.iter().collect::<Vec<_>>());
        assert_eq!(feature_keys(1).len(), 12);
    }

    #[test]
    fn the_primary_user_is_where_the_workloads_need_it() {
        let id = primary_id();
        assert!(bucket(W3_SEED, &id) < 0.4);
        assert!(bucket(W4_SEED, &id) > 0.55);
        assert_eq!(parsed(&primary_user()).as_object().unwrap().len(), 15);
    }
}
