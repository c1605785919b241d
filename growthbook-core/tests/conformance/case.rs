//! Cases as JSON that keeps the order of its keys, and how they are compared.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use growthbook_core::{Attributes, Ruleset, UserContext};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// The upstream corpus, by suite.
pub(crate) static UPSTREAM: LazyLock<Members> = LazyLock::new(|| {
    let path = std::env::var_os("GROWTHBOOK_CORPUS").map_or_else(default_path, PathBuf::from);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "the corpus is not at {}: {error}. Run `cargo xtask corpus pull`",
            path.display()
        )
    });
    serde_json::from_str(&text).unwrap()
});

fn default_path() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../target").into());
    target.join("corpus/growthbook-0.12.0.json")
}

/// Our own cases, by suite.
pub(crate) static LOCAL: LazyLock<Members> = LazyLock::new(|| {
    let text = include_str!("../../../conformance/local.json");
    serde_json::from_str(text).unwrap()
});

/// One case: a list, whose meaning its suite knows.
#[derive(Clone, Debug)]
pub(crate) struct Case(Vec<Box<RawValue>>);

impl Case {
    pub(crate) fn list(suite: &RawValue) -> Vec<Self> {
        let cases: Vec<Vec<Box<RawValue>>> = serde_json::from_str(suite.get()).unwrap();
        cases.into_iter().map(Self).collect()
    }

    /// The text of an item.
    pub(crate) fn text(&self, index: usize) -> &str {
        self.0[index].get()
    }

    pub(crate) fn optional_text(&self, index: usize) -> Option<&str> {
        self.0.get(index).map(|raw| raw.get())
    }

    pub(crate) fn value(&self, index: usize) -> Value {
        self.get(index)
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, index: usize) -> T {
        serde_json::from_str(self.text(index)).unwrap()
    }

    pub(crate) fn context(&self, index: usize) -> Context {
        Context(self.get(index))
    }
}

/// What an evaluation runs in.
pub(crate) struct Context(Members);

impl Context {
    fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member).map(|raw| raw.get())
    }

    fn get<T: DeserializeOwned>(&self, member: &str) -> Option<T> {
        self.text(member)
            .map(|text| serde_json::from_str(text).unwrap())
    }

    /// The sections of the context as a payload.
    pub(crate) fn ruleset(&self) -> Ruleset {
        let mut sections = vec![format!(
            "\"features\":{}",
            self.text("features").unwrap_or("{}")
        )];
        for section in ["savedGroups", "contextualBandits", "experiments"] {
            sections.extend(
                self.text(section)
                    .map(|text| format!("\"{section}\":{text}")),
            );
        }
        Ruleset::from_json(format!("{{{}}}", sections.join(",")).as_bytes(), None).unwrap()
    }

    /// Whether users have sticky buckets.
    pub(crate) fn is_sticky(&self) -> bool {
        self.get("sticky").unwrap_or(false)
    }

    pub(crate) fn user(&self) -> UserContext {
        let attributes = self
            .text("attributes")
            .map(|text| Attributes::from_json(text).unwrap());
        let mut user = UserContext::new(attributes.unwrap_or_default())
            .with_enabled(self.get("enabled").unwrap_or(true))
            .with_qa_mode(self.get("qaMode").unwrap_or(false));
        if let Some(url) = self.get::<String>("url") {
            user = user.with_url(url);
        }
        let forced: BTreeMap<String, usize> = self.get("forcedVariations").unwrap_or_default();
        for (experiment, index) in forced {
            user = user.with_forced_variation(experiment, index);
        }
        let forced: BTreeMap<String, Value> = self.get("forcedFeatures").unwrap_or_default();
        for (feature, value) in forced {
            user = user.with_forced_value(feature, value);
        }
        if let Some(ids) = self.get::<Vec<String>>("remoteGroupIds") {
            user = user.with_remote_groups(ids);
        }
        user
    }
}

/// JSON equality with numbers by value and without an order of keys. `None` if equal.
pub(crate) fn difference(actual: &Value, expected: &Value) -> Result<(), String> {
    if same(actual, expected) {
        Ok(())
    } else {
        Err(format!("got {actual}, expected {expected}"))
    }
}

pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|it| same(value, it)))
        }
        _ => left == right,
    }
}
