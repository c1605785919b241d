//! JSON as text: members stay in the order in which they are written.

use std::fmt::Write as _;

pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut json = String::from("{");
    for (name, value) in members {
        let comma = if json.len() > 1 { "," } else { "" };
        // Writing to a string does not fail.
        let _ = write!(json, "{comma}{}:{value}", text(name));
    }
    json.push('}');
    json
}

pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

pub(crate) fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    list(items.into_iter().map(text))
}

pub(crate) fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(crate) fn hundredths(count: usize) -> String {
    format!("{}.{:02}", count / 100, count % 100)
}
