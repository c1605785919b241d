//! The features that are measured by name, and the user that they are measured with.

use super::json::{list, object, text, texts};
use super::random::Random;

/// Keys and features, as JSON.
pub(crate) fn named_features() -> Vec<(String, String)> {
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

/// A saved group of `size` ids, and its name.
pub(crate) fn group(size: usize) -> (String, String) {
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
pub(crate) fn primary_id() -> String {
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
pub(crate) fn bucket(seed: &str, id: &str) -> f64 {
    let fnv1a = |text: &str| {
        text.bytes().fold(0x811C_9DC5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    };
    let first = fnv1a(&format!("{seed}{id}"));
    f64::from(fnv1a(&first.to_string()) % 10_000) / 10_000.0
}

pub(crate) const SEED: u64 = 20_261_120;
pub(crate) const W3_SEED: &str = "c0c6f6f3-2f61-4d7a-8f3f-5e8b0f5f7b11";
pub(crate) const W4_SEED: &str = "7b1a0d34-5f0c-4a8e-9a57-0e3a6a1c9f02";

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
