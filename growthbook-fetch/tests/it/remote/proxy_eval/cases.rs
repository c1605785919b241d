//! What is evaluated in both places: payloads and users.

use std::path::PathBuf;

use growthbook_core::{Attributes, UserContext};
use serde_json::{Map, Value, json};

use super::node::skipped;

/// A payload, and users to evaluate it for.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) payload: String,
    /// The keys of experiments that run without being asked.
    pub(super) autos: Vec<Value>,
    pub(super) users: Vec<UserContext>,
}

/// The shop of the examples.
pub(super) fn shop(users: Vec<UserContext>) -> Case {
    let payload = include_str!("../../../../../growthbook/examples/data/shop.json");
    Case {
        name: "shop".to_owned(),
        key: "sdk-shop".to_owned(),
        payload: payload.to_owned(),
        autos: vec![json!("sale-page")],
        users,
    }
}

/// Users of the shop, of all sorts: the same each time.
pub(super) fn crowd(count: usize) -> Vec<UserContext> {
    let one_of = |list: &[Value], number: usize| list[number % list.len()].clone();
    let countries = ["DE", "US", "FR", "PL", "BR", ""].map(Value::from);
    let cities = [json!("Berlin"), json!("PARIS"), json!("Oslo"), json!(null)];
    let devices = ["phone", "desktop", "tablet"].map(Value::from);
    let loyalties = [json!("gold"), json!("silver"), json!(null), json!("none")];
    let versions = ["3.9.9", "4.0.0", "4.2.0-beta.1", "4.10.1", "v5"].map(Value::from);
    let companies = [
        json!(null),
        json!({"employees": 9}),
        json!({"employees": 250, "vatNumber": "DE 1"}),
        json!("none"),
    ];
    let emails = ["a@shop.example", "B@SHOP.EXAMPLE", "c@h.example"].map(Value::from);
    let user = |n: usize| {
        let mut attributes = json!({
            "id": format!("u-{}", 1000 + n),
            "deviceId": format!("d-{n:06}"),
            "country": one_of(&countries, n),
            "city": one_of(&cities, n / 2),
            "device": one_of(&devices, n / 3),
            "loyalty": one_of(&loyalties, n / 5),
            "appVersion": one_of(&versions, n / 7),
            "company": one_of(&companies, n / 4),
            "email": one_of(&emails, n / 6),
            "loggedIn": !n.is_multiple_of(3),
            "orders": n % 60,
            "tags": ["sale", "größe", format!("t{}", n % 4)],
        });
        if n.is_multiple_of(11) {
            attributes.as_object_mut().unwrap().remove("id");
        }
        let user = UserContext::new(Attributes::try_from(attributes).unwrap());
        match n % 10 {
            0 => user.with_url("https://shop.example/sale?promo=1"),
            1 => user.with_forced_variation("checkout-steps", 2),
            2 => user.with_forced_value("dark-mode", json!(true)),
            _ => user,
        }
    };
    (0..count).map(user).collect()
}

/// The cases of the upstream corpus that say nothing but what a server is told.
pub(super) fn corpus() -> Vec<Case> {
    let path = std::env::var_os("GROWTHBOOK_CORPUS").map(PathBuf::from);
    let path = path.unwrap_or_else(|| {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).unwrap().to_owned();
        target.join("corpus/growthbook-0.12.0.json")
    });
    let Ok(text) = std::fs::read_to_string(path) else {
        skipped("the corpus is not there: run `cargo xtask corpus pull`");
        return Vec::new();
    };
    let corpus: Value = serde_json::from_str(&text).unwrap();
    let cases = corpus["feature"].as_array().unwrap();
    cases
        .iter()
        .enumerate()
        .filter_map(|(n, case)| of_corpus(n, case))
        .collect()
}

fn of_corpus(number: usize, case: &Value) -> Option<Case> {
    let context = case[1].as_object()?;
    if !context.keys().all(|key| KNOWN.contains(&&**key)) || !context.contains_key("features") {
        return None;
    }
    let attributes = context
        .get("attributes")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let mut user = UserContext::new(Attributes::try_from(attributes).ok()?);
    if let Some(url) = context.get("url").and_then(Value::as_str) {
        user = user.with_url(url);
    }
    let forced = context.get("forcedVariations").and_then(Value::as_object);
    for (experiment, index) in forced.into_iter().flatten() {
        user = user.with_forced_variation(experiment, usize::try_from(index.as_u64()?).ok()?);
    }
    let sections = context
        .iter()
        .filter(|(key, _)| matches!(&***key, "features" | "savedGroups"));
    let payload: Map<String, Value> = sections
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Some(Case {
        name: case[0].as_str()?.to_owned(),
        key: format!("sdk-corpus-{number}"),
        payload: Value::Object(payload).to_string(),
        autos: Vec::new(),
        users: vec![user],
    })
}

const KNOWN: [&str; 5] = [
    "attributes",
    "features",
    "forcedVariations",
    "savedGroups",
    "url",
];
